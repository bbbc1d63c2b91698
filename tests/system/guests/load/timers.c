/*
 * timers: every vCPU sets a deadline, works for some time of its own, and then sleeps till
 * the timer's event has come, which must be once and not before the deadline. There are more
 * vCPUs than CPUs, so they move, with their timers set. Those but the first also
 * go down with a timer set, now and then, and are brought up again by the first, which
 * finds the event waiting. Prints
 *	timers: 900 fired once, 0 early, 0 missing, 0 twice, 20 while down
 */
#include "load.h"

#include <stddef.h>

#include "cpu.h"
#include "events.h"
#include "hypercall.h"
#include "printf.h"
#include "smp.h"
#include "timer.h"

#define DOWN_EVERY 8u

static unsigned long fired, early, missing, twice, down;
static unsigned running = 1; /* vCPUs that are not done yet, and the first */

static uint32_t random_next(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

static void work(uint64_t ns)
{
	uint64_t end = timer_now_ns() + ns;

	while (timer_now_ns() < end) {
		cpu_pause();
	}
}

/* Upcalls are disabled, so the event can only come in events_wait(), or be found pending. */
static void judge(uint64_t deadline, unsigned before)
{
	uint64_t now = timer_now_ns();
	unsigned events = timer_event_count() - before;

	__atomic_fetch_add(&fired, events == 1 && now >= deadline, __ATOMIC_RELAXED);
	__atomic_fetch_add(&early, events != 0 && now < deadline, __ATOMIC_RELAXED);
	__atomic_fetch_add(&missing, events == 0, __ATOMIC_RELAXED);
	__atomic_fetch_add(&twice, events > 1, __ATOMIC_RELAXED);
}

static void one_deadline(uint32_t *random, unsigned round)
{
	unsigned id = cpu_current()->id;
	unsigned before = timer_event_count();
	uint64_t deadline;

	events_disable();
	deadline = timer_now_ns() + 100000 + random_next(random) % 4000000;
	timer_set_deadline(deadline);
	if (id != 0 && round % DOWN_EVERY == 0) {
		hypercall_vcpu_op(PV_VCPUOP_down, id, NULL);
		__atomic_fetch_add(&down, 1, __ATOMIC_RELAXED);
	} else {
		work(random_next(random) % 3000000);
	}
	if (timer_event_count() == before) {
		events_wait();
	}
	judge(deadline, before);
	events_enable();
	work(20000); /* a second one would come now */
	if (timer_event_count() - before > 1) {
		__atomic_fetch_add(&twice, 1, __ATOMIC_RELAXED);
	}
}

/* Whoever is down is brought up; it is the first vCPU that does this. */
static void bring_up(void)
{
	for (unsigned id = 1; id < smp_count(); id++) {
		if (!smp_is_up(id)) {
			hypercall_vcpu_op(PV_VCPUOP_up, id, NULL);
		}
	}
}

static void set_timers(void *arg)
{
	unsigned id = cpu_current()->id;
	uint64_t end = load_end();
	uint32_t random = id + 1;

	for (unsigned round = 1; timer_now_ns() < end; round++) {
		one_deadline(&random, round);
		if (id == 0) {
			bring_up();
		}
	}
	if (id != 0) {
		__atomic_fetch_add(&running, 1, __ATOMIC_SEQ_CST);
	}
	while (id == 0 && __atomic_load_n(&running, __ATOMIC_SEQ_CST) < smp_count()) {
		timer_sleep_ns(NS_PER_MS);
		bring_up();
	}
}

bool load_timers(void)
{
	if (!load_on_all(set_timers)) {
		return false;
	}
	printf("timers: %lu fired once, %lu early, %lu missing, %lu twice, %lu while down\n", fired,
	       early, missing, twice, down);
	return fired != 0 && early == 0 && missing == 0 && twice == 0 &&
	       (down != 0 || smp_count() == 1);
}
