/*
 * One that is moved from CPU to CPU while its timer runs (moving.c). Each round sets a deadline,
 * signs, and waits for the event: asleep, at work, or at work without upcalls, by turns.
 */
#include "subjects.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cpu.h"
#include "domains.h"
#include "events.h"
#include "start.h"
#include "timer.h"

/* The event has come by now, if it comes at all in time. */
#define LATE_NS (2000 * NS_PER_MS)

static void wait_asleep(unsigned before, uint64_t late)
{
	events_disable();
	while (timer_event_count() == before && timer_now_ns() < late) {
		events_wait();
	}
	events_enable();
}

static void wait_at_work(unsigned before, uint64_t late)
{
	while (timer_event_count() == before && timer_now_ns() < late) {
		cpu_pause();
	}
}

/* The event waits until upcalls are enabled. */
static void wait_masked(unsigned before, uint64_t deadline)
{
	while (timer_now_ns() < deadline + NS_PER_MS) {
		cpu_pause();
	}
	events_enable();
	wait_at_work(before, deadline + LATE_NS);
}

bool timer_round(unsigned round, uint64_t ns, void (*moved)(void))
{
	unsigned before = timer_event_count();
	bool masked = round % 3 == 2;
	uint64_t deadline, now;

	if (masked) {
		events_disable();
	}
	deadline = timer_now_ns() + ns;
	timer_set_deadline(deadline);
	moved();
	if (masked) {
		wait_masked(before, deadline);
	} else if (round % 3 == 1) {
		wait_at_work(before, deadline + LATE_NS);
	} else {
		wait_asleep(before, deadline + LATE_NS);
	}
	now = timer_now_ns();
	while (timer_now_ns() < now + NS_PER_MS) { /* a second one would come now */
		cpu_pause();
	}
	return timer_event_count() == before + 1 && now >= deadline;
}

int subject_timer(void)
{
	unsigned long rounds = start_option_number("rounds", 10),
		      ns = start_option_number("ns", NS_PER_MS);

	for (unsigned round = 0; round < rounds; round++) {
		if (!timer_round(round, ns, domains_sign)) {
			return 1;
		}
	}
	return 0;
}
