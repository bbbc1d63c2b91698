/*
 * clock: every vCPU reads the clock and the latest reading of all, in this order reversed:
 * what others have read before must not be later than what it reads now. Also its own
 * record's version must be even whenever the record is whole. Prints
 *	clock: 123456 readings, 0 went back
 */
#include "load.h"

#include "cpu.h"
#include "printf.h"
#include "smp.h"
#include "timer.h"

static uint64_t latest __attribute__((aligned(64)));
static unsigned long readings, went_back, odd;
static unsigned long most_ns; /* by which one went back */

static void read_on(void *arg)
{
	uint64_t end = load_end(), now, seen;
	unsigned long count = 0, back = 0;

	do {
		seen = __atomic_load_n(&latest, __ATOMIC_SEQ_CST);
		now = timer_now_ns();
		if (now < seen) {
			back++;
			most_ns = seen - now > most_ns ? seen - now : most_ns;
		}
		/* Only forwards: who comes late must not take back what others have published. */
		while (seen < now &&
		       !__atomic_compare_exchange_n(&latest, &seen, now, false, __ATOMIC_SEQ_CST,
						    __ATOMIC_SEQ_CST)) {
		}
		if (++count % 64 == 0) {
			cpu_pause();
		}
	} while (now < end);
	__atomic_fetch_add(&readings, count, __ATOMIC_SEQ_CST);
	__atomic_fetch_add(&went_back, back, __ATOMIC_SEQ_CST);
	__atomic_fetch_add(&odd, cpu_current()->info->time.version & 1, __ATOMIC_SEQ_CST);
}

bool load_clock(void)
{
	if (!load_on_all(read_on)) {
		return false;
	}
	printf("clock: %lu readings, %lu went back", readings, went_back);
	if (went_back != 0) {
		printf(", by up to %lu ns: FAILED", most_ns);
	}
	printf("\n");
	return went_back == 0 && odd == 0;
}
