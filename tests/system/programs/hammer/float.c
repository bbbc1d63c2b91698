/*
 * Floating point: several processes and a signal handler compute with different
 * values at once; registers that a context switch lost or mixed show in the sums.
 */
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hammer.h"

#define PROCESSES 4
#define STEPS     2000

static volatile double handler_sum;

static void compute_in_handler(int signal)
{
	(void)signal;
	for (int i = 1; i <= 20; i++) {
		handler_sum = handler_sum + 1.0 / i;
	}
}

/* A sum whose state lives in registers across system calls that switch away. */
static double compute(double start, int yields)
{
	double a = start, b = start * 0.5, c = start * 0.25, d = 1.0;

	for (int i = 1; i <= STEPS; i++) {
		a += b / i;
		b += c / (i + 1);
		c = c * 0.999 + d / (i + 2);
		d = (d + a / 1e6) * 0.9999;
		if (yields && i % 16 == 0) {
			sched_yield();
		}
		if (yields && i % 128 == 0) {
			raise(SIGUSR2);
		}
	}
	return a + b + c + d;
}

uint64_t hammer_float(unsigned int rounds)
{
	uint64_t result = HAMMER_HASH;

	CHECK(signal(SIGUSR2, compute_in_handler) != SIG_ERR);
	for (unsigned int round = 0; round < rounds; round++) {
		pid_t pids[PROCESSES];

		for (int i = 0; i < PROCESSES; i++) {
			pids[i] = fork();
			CHECK(pids[i] >= 0);
			if (pids[i] == 0) {
				double start = 1.0 + round * PROCESSES + i;
				double quiet = compute(start, 0);
				double busy = compute(start, 1);

				CHECK(memcmp(&quiet, &busy, sizeof(quiet)) == 0);
				_exit((int)((long long)(quiet * 1000) % 251));
			}
		}
		for (int i = 0; i < PROCESSES; i++) {
			int status = hammer_wait(pids[i]);

			result = hammer_hash(result, &status, sizeof(status));
		}
	}
	return result;
}
