/* System calls that stay within one process. Read next: memory.c. */
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

static void run_getppid(unsigned n)
{
	while (n-- > 0) {
		syscall(SYS_getppid);
	}
}

static int ends[2];

static void setup_pipe(void)
{
	if (pipe(ends) != 0) {
		bench_fail("pipe");
	}
}

static void run_pipe(unsigned n)
{
	char byte = 0;

	while (n-- > 0) {
		if (write(ends[1], &byte, 1) != 1 || read(ends[0], &byte, 1) != 1) {
			bench_fail("pipe of one process");
		}
	}
}

static volatile sig_atomic_t signals;

static void on_signal(int number)
{
	(void)number;
	signals++;
}

static void setup_signal(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	if (sigaction(SIGUSR1, &action, NULL) != 0) {
		bench_fail("sigaction");
	}
}

static void run_signal(unsigned n)
{
	while (n-- > 0) {
		raise(SIGUSR1);
	}
}

static void run_nanosleep(unsigned n)
{
	const struct timespec shortest = { .tv_nsec = 1 };

	while (n-- > 0) {
		if (nanosleep(&shortest, NULL) != 0) {
			bench_fail("nanosleep");
		}
	}
}

const struct bench_op bench_call_ops[] = {
	{ "getppid", 2000, run_getppid, NULL },
	{ "pipe", 500, run_pipe, setup_pipe },
	{ "signal", 300, run_signal, setup_signal },
	{ "nanosleep", 50, run_nanosleep, NULL },
	{ NULL, 0, NULL, NULL },
};

static void run_idle(unsigned n)
{
	while (n-- > 0) {
		sleep(1);
	}
}

const struct bench_op bench_idle_ops[] = {
	{ "idle", 1, run_idle, NULL },
	{ NULL, 0, NULL, NULL },
};
