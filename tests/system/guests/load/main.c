/*
 * load: what schedulers and clocks are measured with. The first word of the command
 * line says what it is:
 *	hog      works on every vCPU and tells how much it got done
 *	sleeper  sleeps and wakes, and tells how late it ran each time
 *	clock    all vCPUs read the clock and compare: it must never go back
 *	timers   all vCPUs set deadlines, and go down and up: once each, never early
 *	idle     sleeps, and tells how often the hypervisor was entered meanwhile
 *	stuck    sets a watchdog, pokes it for a while, then works on without
 * All do so for ms=N (1000) from system time start=MS (1000) on, so that those of
 * several domains begin and end at once.
 */
#include "load.h"

#include <stddef.h>

#include "cpu.h"
#include "printf.h"
#include "smp.h"
#include "start.h"
#include "string.h"
#include "timer.h"

static const struct {
	const char *word;
	bool (*run)(void);
} roles[] = {
	{ "hog", load_hog },       { "sleeper", load_sleeper }, { "clock", load_clock },
	{ "timers", load_timers }, { "idle", load_idle },       { "stuck", load_stuck },
};

static void (*everywhere)(void *arg);
static unsigned done;

uint64_t load_start(void)
{
	return start_option_number("start", 1000) * NS_PER_MS;
}

uint64_t load_end(void)
{
	return load_start() + start_option_number("ms", 1000) * NS_PER_MS;
}

static void run_one(void *arg)
{
	everywhere(arg);
	__atomic_fetch_add(&done, 1, __ATOMIC_SEQ_CST);
}

bool load_on_all(void (*function)(void *arg))
{
	unsigned count = smp_count();

	everywhere = function;
	done = 0;
	for (unsigned id = 1; id < count; id++) {
		if (smp_start(id, run_one, NULL) != 0) {
			return false;
		}
	}
	run_one(NULL);
	while (__atomic_load_n(&done, __ATOMIC_SEQ_CST) < count) {
		timer_sleep_ns(NS_PER_MS);
	}
	return true;
}

int main(void)
{
	for (unsigned i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		if (start_option(roles[i].word, NULL)) {
			return roles[i].run() ? 0 : 1;
		}
	}
	printf("load: which? hog, sleeper, clock, timers, idle or stuck\n");
	return 1;
}
