/*
 * How a domain ends, over control operations and by itself: by steps, once, under no CPU's
 * feet, with its report; and that one which asked for it comes again. What stays of it:
 * test_control_records.c.
 */
#include <criterion/criterion.h>

#include "host_names.h"

#include <parley/control.h>
#include <parley/errno.h>
#include <parley/sched.h>

#include "channel/gnttab_types.h"
#include "control_fixture.h"
#include "cpu/percpu.h"
#include "domain/builder.h"
#include "domain/grace.h"
#include "domain/image.h"
#include "domain/lifecycle.h"
#include "domain/sched.h"
#include "domain/spec.h"
#include "domain/timer.h"
#include "domain/watchdog.h"
#include "fake_points.h"
#include "lib/string.h"
#include "living.h"
#include "mm/alloc.h"

TestSuite(control_end, .init = control_setup, .fini = control_teardown);

Test(control_end, destroyed_is_freed_by_steps_and_remembered)
{
	struct domain *d = living_domain("one", false);
	u64 with = alloc_free_count();
	u16 id = d->id;

	cr_assert_eq(on_domain(PV_CONTROLOP_pause, id), 0);
	cr_assert_eq(on_domain(PV_CONTROLOP_destroy, id), 0);
	cr_assert_eq(living_told(id), PV_DOMAIN_STATE_SHUTDOWN);
	cr_assert_eq(state_of(id), PV_CONTROL_STATE_dying);
	cr_assert_null(domain_find(id));
	cr_assert_eq(on_domain(PV_CONTROLOP_destroy, id), 0, "again: nothing");
	cr_assert_eq(alloc_free_count(), with, "not before CPUs have passed");
	living_run(TURNS);
	cr_assert_gt(alloc_free_count(), with + LIVING_PAGES - 10);
	cr_assert_eq(living_told(id), PV_DOMAIN_STATE_GONE);
	cr_assert_eq(state_of(id), PV_CONTROL_STATE_shutdown);
	cr_assert_str_eq(call.list.domains[0].text, "destroyed");
	call = (union control_args){ .oops = { .domid = id } };
	cr_assert_eq(control_do(&by_line, PV_CONTROLOP_oops, &call), -PV_ENODATA);
	cr_assert_eq(on_domain(PV_CONTROLOP_destroy, id), 0, "forgotten");
	cr_assert_eq(on_domain(PV_CONTROLOP_destroy, id), -PV_ESRCH);
}

static u32 locks_of_life;
static struct domain *freed;

/* The other CPU comes between two locks of the life lock: what was found is freed, and what lies there lives. */
static void free_meanwhile(enum fake_point point, void *what)
{
	if (point == FAKE_POINT_LOCK && what == &domain_life_lock && ++locks_of_life == 2) {
		fake_point_hook = NULL;
		living_run(TURNS);
		freed->life = DOMAIN_ALIVE;
	}
}

Test(control_end, destroy_of_what_is_freed_at_that_moment)
{
	u16 id;

	freed = living_domain("one", false);
	id = freed->id;
	cr_assert_eq(on_domain(PV_CONTROLOP_destroy, id), 0);
	fake_point_hook = free_meanwhile;
	cr_assert_eq(on_domain(PV_CONTROLOP_destroy, id), 0);
	fake_point_hook = NULL;
	cr_assert(locks_of_life < 2 || freed->life == DOMAIN_ALIVE, "it was used after its end");
}

Test(control_end, a_domain_ends_once)
{
	struct domain *d = living_domain("one", false);
	u16 id = d->id;

	cr_assert_not_null(living_domain("other", false));
	domain_shutdown(d, PV_SHUTDOWN_poweroff);
	domain_shutdown(d, PV_SHUTDOWN_watchdog);
	cr_assert_eq(lifecycle_count(), 1, "it is counted out once");
	living_run(TURNS);
	cr_assert_eq(state_of(id), PV_CONTROL_STATE_shutdown);
	cr_assert_eq(call.list.domains[0].reason, PV_SHUTDOWN_poweroff, "the first reason stays");
}

static void pass_on_second_cpu(void)
{
	fake_cpu_info.cpu = 1;
	grace_pass();
	fake_cpu_info.cpu = 0;
}

/* A CPU that still holds its registers, then one that has not passed since: both are waited for. */
Test(control_end, nothing_is_freed_under_a_cpu)
{
	struct domain *d = living_domain("one", false);
	u64 with = alloc_free_count();
	u16 id = d->id;

	cpu_count = 2;
	d->vcpus[1]->sched.loaded = true;
	cr_assert_eq(on_domain(PV_CONTROLOP_destroy, id), 0);
	for (u32 i = 0; i < TURNS; i++) {
		pass_on_second_cpu();
		living_step();
	}
	cr_assert_eq(alloc_free_count(), with, "it is loaded");
	d->vcpus[1]->sched.loaded = false;
	living_run(TURNS);
	cr_assert_eq(alloc_free_count(), with, "the second CPU may have found it");
	pass_on_second_cpu();
	cpu_count = 1;
	living_run(TURNS);
	cr_assert_eq(living_told(id), PV_DOMAIN_STATE_GONE);
}

/* What was set lies in memory that is free now: it must not be on a heap. */
Test(control_end, no_timer_is_left)
{
	struct domain *d = living_domain("one", false);
	struct vcpu *v = d->vcpus[1];
	u64 late = time_now_ns() + (1UL << 60);

	timer_set(&v->singleshot, late);
	timer_set(&d->sched.refill, late);
	cr_assert_eq(watchdog_set(d, 0, 1U << 30), 1);
	cr_assert_eq(on_domain(PV_CONTROLOP_destroy, d->id), 0);
	living_run(TURNS);
	cr_assert_not(timer_is_set(&v->singleshot));
	cr_assert_not(timer_is_set(&d->sched.refill));
	cr_assert_not(timer_is_set(&d->watchdogs.dogs[0].timer));
}

Test(control_end, one_whose_grants_are_held_waits)
{
	struct domain *d = living_domain("one", false);
	u16 id = d->id;

	d->grants->pins = 1;
	cr_assert_eq(on_domain(PV_CONTROLOP_destroy, id), 0);
	living_run(TURNS);
	cr_assert_eq(state_of(id), PV_CONTROL_STATE_dying);
	d->grants->pins = 0;
	living_run(TURNS);
	cr_assert_eq(living_told(id), PV_DOMAIN_STATE_GONE);
}

/* The last moment of a build: it is whole, but does not run yet. */
Test(control_end, destroyed_before_it_starts)
{
	struct domain_spec *spec = spec_new();
	u32 image = living_image();
	struct domain *d;

	string_copy(spec->name, "one", sizeof(spec->name));
	spec->memory_pages = LIVING_PAGES;
	spec->vcpu_count = 1;
	spec->weight = 256;
	spec->affinity = 1;
	spec->kernel = image_get(image);
	cr_assert_eq(domain_build(spec, &d), 0);
	lifecycle_begin();
	cr_assert_eq(on_domain(PV_CONTROLOP_destroy, d->id), 0);
	domain_start(d);
	cr_assert_null(domain_find(d->id));
	cr_assert_eq(lifecycle_count(), 0);
}

Test(control_end, crash_leaves_its_report)
{
	struct domain *d = living_domain("one", false);
	struct cpu_regs regs = { 0 };
	u16 id = d->id;

	fake_cpu_info.current = d->vcpus[0];
	domain_crash(d, "bad luck %u", 13U);
	cr_assert(d->vcpus[0]->crash_report);
	call = (union control_args){ .oops = { .domid = id } };
	cr_assert_eq(control_do(&by_line, PV_CONTROLOP_oops, &call), -PV_EAGAIN);
	domain_report_crash(d->vcpus[0], &regs);
	fake_cpu_info.current = NULL;
	cr_assert_eq(living_told(id), PV_DOMAIN_STATE_CRASHED);
	living_run(TURNS);
	cr_assert_eq(state_of(id), PV_CONTROL_STATE_crashed);
	call = (union control_args){ .oops = { .domid = id } };
	cr_assert_eq(control_do(&by_line, PV_CONTROLOP_oops, &call), 0);
	cr_assert_str_eq(call.oops.text, "report: bad luck 13\n");
	cr_assert_eq(call.oops.size, strlen(call.oops.text));
	call = (union control_args){ .oops = { .domid = id, .offset = 8 } };
	cr_assert_eq(control_do(&by_line, PV_CONTROLOP_oops, &call), 0);
	cr_assert_eq(strncmp(call.oops.text, "bad luck", 8), 0);
	call = (union control_args){ .oops = { .domid = id, .offset = ~0U } };
	cr_assert_eq(control_do(&by_line, PV_CONTROLOP_oops, &call), 0);
	cr_assert_eq(call.oops.size, 0);
}

Test(control_end, one_that_asks_to_reboot_comes_again)
{
	struct domain *d = living_domain("one", false);
	u16 id = d->id;

	for (u32 i = 0; i < SPEC_STARTS_MAX; i++, id++) {
		d = domain_find(id);
		cr_assert_not_null(d, "life %u", i);
		cr_assert_str_eq(d->name, "one");
		cr_assert_eq(d->vcpu_count, 2);
		domain_shutdown(d, PV_SHUTDOWN_reboot);
		cr_assert_eq(lifecycle_count(), i + 1 < SPEC_STARTS_MAX);
		living_run(TURNS);
		cr_assert_eq(living_told(id), PV_DOMAIN_STATE_GONE);
	}
	cr_assert_null(domain_find(id), "not for ever");
	cr_assert_eq(state_of((u16)(id - 1)), PV_CONTROL_STATE_shutdown);
	cr_assert_eq(call.list.domains[0].reason, PV_SHUTDOWN_reboot);
}

Test(control_end, one_that_is_made_once_does_not_come_again)
{
	struct domain *keeper = living_domain("keeper", true);
	struct pv_control_create c = request_for("made", living_image());

	c.flags = PV_CONTROL_FLAG_once;
	cr_assert_eq(create_by(keeper, &c), 0);
	domain_shutdown(domain_find(c.domid), PV_SHUTDOWN_reboot);
	living_run(TURNS);
	cr_assert_eq(lifecycle_count(), 1);
	cr_assert_eq(state_of(c.domid), PV_CONTROL_STATE_shutdown);
}
