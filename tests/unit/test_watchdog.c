/* domain/watchdog.c: taken, set anew, given up, and what ends a domain. */
#include <criterion/criterion.h>

#include "host_names.h"

#include <parley/errno.h>
#include <parley/sched.h>
#include <seam/cpu.h>

#include "domain/sched.h"
#include "domain/watchdog.h"
#include "sched_machine.h"

#define SECOND_NS 1000000000UL
#define STEP_NS   10000000UL

static struct domain *d;

static void setup(void)
{
	machine_init(1);
	d = machine_domain(1, 1);
	sched_online(d->vcpus[0]);
}

TestSuite(watchdog, .init = setup);

static void pass_seconds(u32 n)
{
	machine_run(n * SECOND_NS, STEP_NS, NULL);
}

Test(watchdog, two_and_no_more)
{
	cr_assert_eq(watchdog_set(d, 1, 5), -PV_EINVAL, "not in use");
	cr_assert_eq(watchdog_set(d, 0, 5), 1);
	cr_assert_eq(watchdog_set(d, 0, 5), 2);
	cr_assert_eq(watchdog_set(d, 0, 5), -PV_ENOSPC);
	cr_assert_eq(watchdog_set(d, 3, 5), -PV_EINVAL);
	cr_assert_eq(watchdog_set(d, UINT32_MAX, 0), -PV_EINVAL);
	cr_assert_eq(watchdog_set(d, 1, 0), 0);
	cr_assert_eq(watchdog_set(d, 1, 0), -PV_EINVAL);
	cr_assert_eq(watchdog_set(d, 0, 5), 1);
}

Test(watchdog, ends_the_domain_unless_it_is_set_anew)
{
	cr_assert_eq(watchdog_set(d, 0, 3), 1);
	for (u32 i = 0; i < 5; i++) {
		pass_seconds(2);
		cr_assert_eq(watchdog_set(d, 1, 3), 0);
	}
	cr_assert_eq(d->life, DOMAIN_ALIVE);
	pass_seconds(4);
	cr_assert_eq(d->life, DOMAIN_DYING);
	cr_assert_eq(d->shutdown_reason, PV_SHUTDOWN_watchdog);
}

Test(watchdog, one_that_is_given_up_does_nothing)
{
	cr_assert_eq(watchdog_set(d, 0, 1), 1);
	cr_assert_eq(watchdog_set(d, 1, 0), 0);
	pass_seconds(5);
	cr_assert_eq(d->life, DOMAIN_ALIVE);
}

/* As the ABI has it: no time at all is over at once. */
Test(watchdog, of_no_seconds)
{
	cr_assert_eq(watchdog_set(d, 0, 0), 1);
	pass_seconds(1);
	cr_assert_eq(d->life, DOMAIN_DYING);
}

Test(watchdog, the_longest_does_not_wrap)
{
	cr_assert_eq(watchdog_set(d, 0, UINT32_MAX), 1);
	pass_seconds(10);
	cr_assert_eq(d->life, DOMAIN_ALIVE);
}

Test(watchdog, a_pause_does_not_count)
{
	cr_assert_eq(watchdog_set(d, 0, 3), 1);
	pass_seconds(2);
	sched_pause_domain(d);
	pass_seconds(5);
	sched_unpause_domain(d);
	pass_seconds(2);
	cr_assert_eq(d->life, DOMAIN_ALIVE);
	pass_seconds(2);
	cr_assert_eq(d->life, DOMAIN_DYING);
}

Test(watchdog, nothing_fires_when_the_domain_is_gone)
{
	cr_assert_eq(watchdog_set(d, 0, 1), 1);
	cr_assert_eq(watchdog_set(d, 0, 1), 2);
	watchdog_fini(d);
	pass_seconds(3);
	cr_assert_eq(d->life, DOMAIN_ALIVE);
}
