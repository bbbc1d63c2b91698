/*
 * sched_set: weight, cap and affinity, each alone and together, to their limits; that what it
 * says is so: a cap is kept, and another affinity takes effect (moving.c). Read next: asking.c.
 */
#include "groups.h"

#include "calls.h"
#include "domains.h"
#include "timer.h"

#define WEIGHT_MAX 65535u

static uint16_t id;

static long set(uint32_t what, uint32_t weight, uint32_t cap, uint64_t affinity)
{
	struct pv_control_sched sched = {
		.domid = id,
		.what = what,
		.weight = weight,
		.cap = cap,
		.affinity = affinity,
	};

	return control_call(PV_CONTROLOP_sched_set, &sched);
}

static void expect(const char *name, uint32_t weight, uint32_t cap, uint64_t affinity)
{
	struct pv_control_domain d = { 0 };

	domains_describe(id, &d);
	check_true(name, d.weight == weight && d.cap == cap && d.affinity == affinity);
}

static void check_values(void)
{
	const uint32_t all = PV_CONTROL_SCHED_weight | PV_CONTROL_SCHED_cap |
			     PV_CONTROL_SCHED_affinity;

	DOES("control.sched_set", "the least weight", set(PV_CONTROL_SCHED_weight, 1, 9, 9), 0);
	expect("control.sched_set: and only that", 1, 0, 3);
	DOES("control.sched_set", "the largest weight",
	     set(PV_CONTROL_SCHED_weight, WEIGHT_MAX, 0, 0), 0);
	REFUSES("control.sched_set", PV_EINVAL, "no weight", set(PV_CONTROL_SCHED_weight, 0, 0, 0));
	REFUSES("control.sched_set", PV_EINVAL, "a weight above 65535",
		set(PV_CONTROL_SCHED_weight, WEIGHT_MAX + 1, 0, 0));
	expect("control.sched_set: nothing changed", WEIGHT_MAX, 0, 3);
	DOES("control.sched_set", "one CPU", set(PV_CONTROL_SCHED_affinity, 0, 0, 2), 0);
	expect("control.sched_set: and only that", WEIGHT_MAX, 0, 2);
	DOES("control.sched_set", "CPUs of which one exists",
	     set(PV_CONTROL_SCHED_affinity, 0, 0, ~0ul << 1), 0);
	expect("control.sched_set: that one", WEIGHT_MAX, 0, 2);
	REFUSES("control.sched_set", PV_EINVAL, "no CPU", set(PV_CONTROL_SCHED_affinity, 0, 0, 0));
	REFUSES("control.sched_set", PV_EINVAL, "a CPU that does not exist",
		set(PV_CONTROL_SCHED_affinity, 0, 0, 4));
	REFUSES("control.sched_set", PV_EINVAL, "one value is wrong", set(all, 0, 10, 3));
	expect("control.sched_set: and none changed", WEIGHT_MAX, 0, 2);
	DOES("control.sched_set", "all", set(all, 77, 50, 3), 0);
	expect("control.sched_set: all", 77, 50, 3);
	DOES("control.sched_set", "no cap, the largest", set(PV_CONTROL_SCHED_cap, 0, ~0u, 0), 0);
	DOES("control.sched_set", "no cap", set(PV_CONTROL_SCHED_cap, 0, 0, 0), 0);
	REFUSES("control.sched_set", PV_EINVAL, "nothing is named", set(0, 1, 0, 3));
	REFUSES("control.sched_set", PV_EINVAL, "one that is not known", set(all | 8, 1, 0, 3));
	expect("control.sched_set: nothing changed", 77, 0, 3);
}

static void check_whom(void)
{
	struct pv_control_sched sched = { .domid = NOBODY,
					  .what = PV_CONTROL_SCHED_weight,
					  .weight = 256 };

	REFUSES("control.sched_set", PV_ESRCH, "nobody",
		control_call(PV_CONTROLOP_sched_set, &sched));
	sched.domid = domains_own();
	DOES("control.sched_set", "itself", control_call(PV_CONTROLOP_sched_set, &sched), 0);
	sched.reserved = 1;
	REFUSES("control.sched_set", PV_EINVAL, "reserved",
		control_call(PV_CONTROLOP_sched_set, &sched));
}

static uint64_t ran_ns(void)
{
	struct pv_control_domain d = { 0 };

	domains_describe(id, &d);
	return d.cpu_time_ns;
}

/* It works all the time, and has a CPU to itself. What it gets to 2 % is tests/system/scheduler.c's. */
static void check_cap(void)
{
	uint64_t ran, began;

	set(PV_CONTROL_SCHED_cap | PV_CONTROL_SCHED_affinity, 0, 25, 2);
	timer_sleep_ns(50 * NS_PER_MS);
	ran = ran_ns();
	began = timer_now_ns();
	timer_sleep_ns(400 * NS_PER_MS);
	ran = (ran_ns() - ran) * 100 / (timer_now_ns() - began);
	check_true("control.sched_set: capped at a quarter it has not half of a CPU",
		   ran >= 5 && ran <= 60);
	set(PV_CONTROL_SCHED_cap | PV_CONTROL_SCHED_affinity, 0, 0, 3);
}

void sharing_check(void)
{
	id = domains_make("shared", "act=busy");
	domains_await_signs(id, 1);
	check_values();
	check_whom();
	check_cap();
	domains_put_away(id);
}
