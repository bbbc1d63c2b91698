/*
 * sleeper: sets a deadline, sleeps, and looks at the clock as soon as it runs again, over
 * and over. every=US (3100) is how long it sleeps. Prints
 *	sleeper: 322 wakes, late by ns: least 9000 half 10000 most 20000
 * A wake before its deadline is a failure.
 */
#include "load.h"

#include <stddef.h>

#include "events.h"
#include "hypercall.h"
#include "printf.h"
#include "start.h"
#include "timer.h"

#define WAKES_MAX 4096

static uint64_t late[WAKES_MAX];

/* The time at which the upcall's handler or, without one, the code behind the sleep first ran. */
static uint64_t sleep_until(uint64_t deadline)
{
	uint64_t now = 0;
	bool enabled = events_disable();

	timer_set_deadline(deadline);
	events_wait();
	now = timer_now_ns();
	events_restore(enabled);
	return now;
}

static void sort(uint64_t *values, unsigned count)
{
	for (unsigned i = 1; i < count; i++) {
		uint64_t value = values[i];
		unsigned at = i;

		for (; at > 0 && values[at - 1] > value; at--) {
			values[at] = values[at - 1];
		}
		values[at] = value;
	}
}

bool load_sleeper(void)
{
	uint64_t every = start_option_number("every", 3100) * 1000, end = load_end(), deadline;
	unsigned count = 0, early = 0;

	timer_sleep_ns(load_start() - timer_now_ns());
	while (count < WAKES_MAX && (deadline = timer_now_ns() + every) < end) {
		uint64_t now = sleep_until(deadline);

		early += now < deadline;
		late[count++] = now - deadline;
	}
	sort(late, count);
	printf("sleeper: %u wakes, late by ns: least %lu half %lu most %lu\n", count, late[0],
	       late[count / 2], late[count - 1]);
	if (early != 0) {
		printf("sleeper: FAILED, %u were early\n", early);
	}
	return early == 0;
}
