/*
 * Watchdogs: two a domain, taken, set anew, given up. That one ends its domain is seen from
 * outside (tests/system/scheduler.c).
 */
#include "groups.h"

#include "check.h"
#include "hypercall.h"
#include "timer.h"

/* Some hypervisors cut the error to 32 bits. */
static int set(unsigned id, unsigned seconds)
{
	struct pv_sched_watchdog dog = { .id = id, .timeout = seconds };

	return (int)hypercall_sched_op(PV_SCHEDOP_watchdog, &dog);
}

void watchdogs_check(void)
{
	check_result("watchdogs: one that nobody took", set(1, 60), -PV_EINVAL);
	check_result("watchdogs: a number that is none", set(3, 60), -PV_EINVAL);
	check_result("watchdogs: nor this", set(~0u, 0), -PV_EINVAL);
	check_result("watchdogs: take one", set(0, 1), 1);
	check_result("watchdogs: take another", set(0, ~0u), 2);
	check_result("watchdogs: no third", set(0, 60), -PV_ENOSPC);
	timer_sleep_ns(700000000ul);
	check_result("watchdogs: set anew", set(1, 1), 0);
	timer_sleep_ns(700000000ul);
	check_result("watchdogs: still here; give it up", set(1, 0), 0);
	check_result("watchdogs: it is given up", set(1, 60), -PV_EINVAL);
	check_result("watchdogs: the other one", set(2, 0), 0);
	timer_sleep_ns(1000000000ul);
	check_result("watchdogs: free again", set(0, 60), 1);
	check_result("watchdogs: and given up", set(1, 0), 0);
}
