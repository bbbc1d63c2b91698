/*
 * Control operations, over domains that are really built: what each does, refuses
 * and leaves alone; records of those that ended; and that all of it comes back.
 */
#include <criterion/criterion.h>
#include <signal.h>

#include "host_names.h"

#include <parley/control.h>
#include <parley/errno.h>
#include <parley/sched.h>

#include "channel/gnttab_types.h"
#include "cpu/percpu.h"
#include "domain/builder.h"
#include "domain/create.h"
#include "domain/ended.h"
#include "domain/grace.h"
#include "domain/lifecycle.h"
#include "domain/sched.h"
#include "domain/reap.h"
#include "domain/spec.h"
#include "domain/store.h"
#include "domain/timer.h"
#include "domain/trace_state.h"
#include "domain/image.h"
#include "domain/watchdog.h"
#include "fake_guest.h"
#include "fake_ivshmem.h"
#include "fake_points.h"
#include "hypercall/handlers.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "living.h"
#include "mm/alloc.h"
#include "mm/types.h"

#define TURNS 400U /* enough for anything here */

static const struct control_caller line;
static u64 free_before;
static union control_args a;

/* All that is there ends, and is forgotten. */
static void end_all(void)
{
	for (u16 id = 1; id < 200; id++) {
		a = (union control_args){ .id = { .domid = id } };
		(void)!control_do(&line, PV_CONTROLOP_destroy, &a);
	}
	living_run(TURNS);
}

static void setup(void)
{
	living_init();
	free_before = alloc_free_count();
}

/* Whatever a test did: when all domains are ended and forgotten, every page is back. */
static void teardown(void)
{
	for (u32 number = 1; number < 100; number++) {
		(void)!image_free(number);
	}
	end_all();
	end_all();
	cr_assert_eq(alloc_free_count(), free_before, "%ld pages are missing",
		     (long)(free_before - alloc_free_count()));
}

TestSuite(control, .init = setup, .fini = teardown);

static long on_domain(u32 op, u16 domid)
{
	a = (union control_args){ .id = { .domid = domid } };
	return control_do(&line, op, &a);
}

static u8 state_of(u16 domid)
{
	a = (union control_args){ .list = { .first = domid } };
	cr_assert_eq(control_do(&line, PV_CONTROLOP_list, &a), 0);
	return a.list.count > 0 && a.list.domains[0].domid == domid ? a.list.domains[0].state : 255;
}

static struct pv_control_create request_for(const char *name, u32 image)
{
	struct pv_control_create c = {
		.memory_pages = LIVING_PAGES,
		.vcpu_count = 1,
		.kernel = image,
		.weight = 256,
	};

	string_copy(c.name, name, sizeof(c.name));
	return c;
}

/* As a vCPU does it: the same call until it is answered. */
static long create_by(struct domain *d, struct pv_control_create *c)
{
	struct control_caller who = { .domain = d };
	long rc;

	do {
		a.create = *c;
		rc = control_do(&who, PV_CONTROLOP_create, &a);
		living_step();
	} while (rc == CONTROL_AGAIN);
	c->domid = a.create.domid;
	return rc;
}

/* ---- looking ---- */

Test(control, machine_counts)
{
	cr_assert_not_null(living_domain("one", false));
	a = (union control_args){ 0 };
	cr_assert_eq(control_do(&line, PV_CONTROLOP_machine, &a), 0);
	cr_assert_eq(a.machine.version, PV_CONTROL_VERSION);
	cr_assert_eq(a.machine.cpus, 1);
	cr_assert_eq(a.machine.domains, 1);
	cr_assert_eq(a.machine.ended, 0);
	cr_assert_eq(a.machine.free_pages, alloc_free_count());
	cr_assert_eq(a.machine.image_pages, 3, "its kernel is kept");
}

Test(control, list_goes_on_where_it_was)
{
	char name[8] = "n?";
	u32 seen = 0;

	for (u32 i = 0; i < 10; i++) {
		name[1] = (char)('0' + i);
		cr_assert_not_null(living_domain(name, false));
	}
	a = (union control_args){ 0 };
	do {
		a.list.count = 0;
		cr_assert_eq(control_do(&line, PV_CONTROLOP_list, &a), 0);
		for (u32 i = 0; i < a.list.count; i++) {
			cr_assert_eq(a.list.domains[i].name[1], (char)('0' + seen));
			cr_assert_eq(a.list.domains[i].memory_pages, LIVING_PAGES);
			cr_assert_eq(a.list.domains[i].vcpu_count, 2);
			cr_assert_eq(a.list.domains[i].vcpus_online, 1);
			seen++;
		}
	} while (a.list.first != 0);
	cr_assert_eq(seen, 10);
	a = (union control_args){ .list = { .reserved = 1 } };
	cr_assert_eq(control_do(&line, PV_CONTROLOP_list, &a), -PV_EINVAL);
}

/* ---- changing ---- */

Test(control, pauses_are_counted)
{
	struct domain *d = living_domain("one", false);

	cr_assert_eq(on_domain(PV_CONTROLOP_unpause, d->id), -PV_EINVAL);
	cr_assert_eq(on_domain(PV_CONTROLOP_pause, d->id), 0);
	cr_assert_eq(on_domain(PV_CONTROLOP_pause, d->id), 0);
	cr_assert_eq(state_of(d->id), PV_CONTROL_STATE_paused);
	cr_assert_eq(living_told(d->id), PV_DOMAIN_STATE_PAUSED);
	cr_assert_not(d->vcpus[0]->sched.queued);
	cr_assert_eq(on_domain(PV_CONTROLOP_unpause, d->id), 0);
	cr_assert_eq(state_of(d->id), PV_CONTROL_STATE_paused);
	cr_assert_eq(on_domain(PV_CONTROLOP_unpause, d->id), 0);
	cr_assert_eq(state_of(d->id), PV_CONTROL_STATE_running);
	cr_assert(d->vcpus[0]->sched.queued);
	cr_assert_eq(d->pause_count, 0);
	d->control_pauses = 65535;
	cr_assert_eq(on_domain(PV_CONTROLOP_pause, d->id), -PV_EOVERFLOW);
	d->control_pauses = 0;
}

Test(control, nobody_is_refused)
{
	static const u16 wrong[] = { 0, 2, 1023, 1024, PV_DOMID_SELF, 0xffff };

	cr_assert_not_null(living_domain("one", false));
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		cr_assert_eq(on_domain(PV_CONTROLOP_pause, wrong[i]), -PV_ESRCH);
		cr_assert_eq(on_domain(PV_CONTROLOP_unpause, wrong[i]), -PV_ESRCH);
		cr_assert_eq(on_domain(PV_CONTROLOP_destroy, wrong[i]), -PV_ESRCH);
		a = (union control_args){ .shutdown = { .domid = wrong[i] } };
		cr_assert_eq(control_do(&line, PV_CONTROLOP_shutdown, &a), -PV_ESRCH);
		a = (union control_args){ .memory = { .domid = wrong[i], .pages = 1 } };
		cr_assert_eq(control_do(&line, PV_CONTROLOP_memory_set, &a), -PV_ESRCH);
		a = (union control_args){ .vcpus = { .domid = wrong[i], .count = 1 } };
		cr_assert_eq(control_do(&line, PV_CONTROLOP_vcpus_set, &a), -PV_ESRCH);
		a = (union control_args){ .oops = { .domid = wrong[i] } };
		cr_assert_eq(control_do(&line, PV_CONTROLOP_oops, &a), -PV_ESRCH);
		a = (union control_args){ .stats = { .domid = wrong[i] } };
		cr_assert_eq(control_do(&line, PV_CONTROLOP_stats, &a), -PV_ESRCH);
	}
}

Test(control, nobody_ends_or_pauses_itself)
{
	struct domain *d = living_domain("one", true);
	struct control_caller who = { .domain = d };

	a = (union control_args){ .id = { .domid = d->id } };
	cr_assert_eq(control_do(&who, PV_CONTROLOP_destroy, &a), -PV_EINVAL);
	cr_assert_eq(control_do(&who, PV_CONTROLOP_pause, &a), -PV_EINVAL);
	a.id.domid = PV_DOMID_SELF;
	cr_assert_eq(control_do(&who, PV_CONTROLOP_destroy, &a), -PV_EINVAL);
	cr_assert_eq(state_of(d->id), PV_CONTROL_STATE_running);
}

Test(control, reserved_bytes_must_be_zero)
{
	struct domain *d = living_domain("one", false);

	for (u32 op = 0; op < PV_CONTROLOPS; op++) {
		a = (union control_args){ .id = { .domid = d->id, .reserved = { 0, 1 } } };
		if (op == PV_CONTROLOP_pause || op == PV_CONTROLOP_unpause ||
		    op == PV_CONTROLOP_destroy || op == PV_CONTROLOP_shutdown ||
		    op == PV_CONTROLOP_memory_set || op == PV_CONTROLOP_oops ||
		    op == PV_CONTROLOP_stats || op == PV_CONTROLOP_create) {
			cr_assert_eq(control_do(&line, op, &a), -PV_EINVAL, "operation %u", op);
		}
	}
	a = (union control_args){ .vcpus = { .domid = d->id, .reserved = 1, .count = 1 } };
	cr_assert_eq(control_do(&line, PV_CONTROLOP_vcpus_set, &a), -PV_EINVAL);
	a = (union control_args){ .off = { .reserved = 1 } };
	cr_assert_eq(control_do(&line, PV_CONTROLOP_off, &a), -PV_EINVAL);
	a = (union control_args){ .off = { .force = 2 } };
	cr_assert_eq(control_do(&line, PV_CONTROLOP_off, &a), -PV_EINVAL);
	a = (union control_args){ .off = { .force = 0 } };
	cr_assert_eq(control_do(&line, PV_CONTROLOP_off, &a), -PV_EBUSY);
	cr_assert_eq(state_of(d->id), PV_CONTROL_STATE_running);
}

Test(control, wishes_reach_the_guest_by_its_store)
{
	struct domain *d = living_domain("one", false);
	char value[32];

	a = (union control_args){ .shutdown = { .domid = d->id, .reason = PV_SHUTDOWN_reboot } };
	cr_assert_eq(control_do(&line, PV_CONTROLOP_shutdown, &a), 0);
	cr_assert_gt(store_read(d, "control/shutdown", value, sizeof(value)), 0);
	cr_assert_str_eq(value, "reboot");
	a.shutdown.reason = PV_SHUTDOWN_crash;
	cr_assert_eq(control_do(&line, PV_CONTROLOP_shutdown, &a), -PV_EINVAL);

	a = (union control_args){ .memory = { .domid = d->id, .pages = 1000 } };
	cr_assert_eq(control_do(&line, PV_CONTROLOP_memory_set, &a), 0);
	cr_assert_gt(store_read(d, "memory/target", value, sizeof(value)), 0);
	cr_assert_str_eq(value, "4000");
	cr_assert_eq(d->mm.max_frames, 1000);
	cr_assert_eq(frame_alloc(&d->mm).v, MFN_INVALID.v, "it has more than it may already");
	a.memory.pages = LIVING_PAGES + 1;
	cr_assert_eq(control_do(&line, PV_CONTROLOP_memory_set, &a), -PV_EINVAL);
	a.memory.pages = 0;
	cr_assert_eq(control_do(&line, PV_CONTROLOP_memory_set, &a), -PV_EINVAL);
	cr_assert_eq(d->mm.max_frames, 1000);
	a.memory.pages = LIVING_PAGES;
	cr_assert_eq(control_do(&line, PV_CONTROLOP_memory_set, &a), 0);

	a = (union control_args){ .vcpus = { .domid = d->id, .count = 1 } };
	cr_assert_eq(control_do(&line, PV_CONTROLOP_vcpus_set, &a), 0);
	cr_assert_gt(store_read(d, "cpu/0/availability", value, sizeof(value)), 0);
	cr_assert_str_eq(value, "online");
	cr_assert_gt(store_read(d, "cpu/1/availability", value, sizeof(value)), 0);
	cr_assert_str_eq(value, "offline");
	a.vcpus.count = 3;
	cr_assert_eq(control_do(&line, PV_CONTROLOP_vcpus_set, &a), -PV_EINVAL);
}

Test(control, shares_change_as_named)
{
	struct domain *d = living_domain("one", false);
	struct pv_control_sched op = { .domid = d->id, .weight = 77, .cap = 50, .affinity = 1 };

	for (u32 what = 0; what < 16; what++) {
		a.sched = op;
		a.sched.what = what;
		cr_assert_eq(control_do(&line, PV_CONTROLOP_sched_set, &a),
			     what == 0 || what > 7 ? -PV_EINVAL : 0, "what %u", what);
	}
	(void)state_of(d->id);
	cr_assert_eq(a.list.domains[0].weight, 77);
	cr_assert_eq(a.list.domains[0].cap, 50);
	a.sched = op;
	a.sched.what = PV_CONTROL_SCHED_weight;
	a.sched.weight = 0;
	cr_assert_eq(control_do(&line, PV_CONTROLOP_sched_set, &a), -PV_EINVAL);
	a.sched.what = PV_CONTROL_SCHED_affinity;
	a.sched.affinity = 2;
	cr_assert_eq(control_do(&line, PV_CONTROLOP_sched_set, &a), -PV_EINVAL, "no such CPU");
	(void)state_of(d->id);
	cr_assert_eq(a.list.domains[0].weight, 77);
}

/* ---- ending ---- */

Test(control, destroyed_is_freed_by_steps_and_remembered)
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
	cr_assert_str_eq(a.list.domains[0].text, "destroyed");
	a = (union control_args){ .oops = { .domid = id } };
	cr_assert_eq(control_do(&line, PV_CONTROLOP_oops, &a), -PV_ENODATA);
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

Test(control, destroy_of_what_is_freed_at_that_moment)
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

Test(control, a_domain_ends_once)
{
	struct domain *d = living_domain("one", false);
	u16 id = d->id;

	cr_assert_not_null(living_domain("other", false));
	domain_shutdown(d, PV_SHUTDOWN_poweroff);
	domain_shutdown(d, PV_SHUTDOWN_watchdog);
	cr_assert_eq(lifecycle_count(), 1, "it is counted out once");
	living_run(TURNS);
	cr_assert_eq(state_of(id), PV_CONTROL_STATE_shutdown);
	cr_assert_eq(a.list.domains[0].reason, PV_SHUTDOWN_poweroff, "the first reason stays");
}

static void pass_on_second_cpu(void)
{
	fake_cpu_info.cpu = 1;
	grace_pass();
	fake_cpu_info.cpu = 0;
}

/* A CPU that still holds its registers, then one that has not passed since: both are waited for. */
Test(control, nothing_is_freed_under_a_cpu)
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
Test(control, no_timer_is_left)
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

Test(control, one_whose_grants_are_held_waits)
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
Test(control, destroyed_before_it_starts)
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

Test(control, crash_leaves_its_report)
{
	struct domain *d = living_domain("one", false);
	struct cpu_regs regs = { 0 };
	u16 id = d->id;

	fake_cpu_info.current = d->vcpus[0];
	domain_crash(d, "bad luck %u", 13U);
	cr_assert(d->vcpus[0]->crash_report);
	a = (union control_args){ .oops = { .domid = id } };
	cr_assert_eq(control_do(&line, PV_CONTROLOP_oops, &a), -PV_EAGAIN);
	domain_report_crash(d->vcpus[0], &regs);
	fake_cpu_info.current = NULL;
	cr_assert_eq(living_told(id), PV_DOMAIN_STATE_CRASHED);
	living_run(TURNS);
	cr_assert_eq(state_of(id), PV_CONTROL_STATE_crashed);
	a = (union control_args){ .oops = { .domid = id } };
	cr_assert_eq(control_do(&line, PV_CONTROLOP_oops, &a), 0);
	cr_assert_str_eq(a.oops.text, "report: bad luck 13\n");
	cr_assert_eq(a.oops.size, strlen(a.oops.text));
	a = (union control_args){ .oops = { .domid = id, .offset = 8 } };
	cr_assert_eq(control_do(&line, PV_CONTROLOP_oops, &a), 0);
	cr_assert_eq(strncmp(a.oops.text, "bad luck", 8), 0);
	a = (union control_args){ .oops = { .domid = id, .offset = ~0U } };
	cr_assert_eq(control_do(&line, PV_CONTROLOP_oops, &a), 0);
	cr_assert_eq(a.oops.size, 0);
}

Test(control, records_are_bounded_and_go_with_their_name)
{
	char name[8] = "n00";

	for (u32 i = 0; i < ENDED_MAX + 6; i++) {
		name[1] = (char)('0' + i / 10);
		name[2] = (char)('0' + i % 10);
		cr_assert_eq(on_domain(PV_CONTROLOP_destroy, living_domain(name, false)->id), 0);
		living_run(TURNS);
	}
	a = (union control_args){ 0 };
	cr_assert_eq(control_do(&line, PV_CONTROLOP_machine, &a), 0);
	cr_assert_eq(a.machine.ended, ENDED_MAX);
	cr_assert_eq(state_of(6), 255, "the oldest are forgotten");
	cr_assert_eq(state_of(7), PV_CONTROL_STATE_shutdown);
	cr_assert_not_null(living_domain("n69", false));
	cr_assert_eq(control_do(&line, PV_CONTROLOP_machine, &a), 0);
	cr_assert_eq(a.machine.ended, ENDED_MAX - 1);
}

Test(control, numbers_are_not_soon_used_again)
{
	u16 before = 0;

	for (u32 i = 0; i < 20; i++) {
		struct domain *d = living_domain("one", false);

		cr_assert_gt(d->id, before);
		before = d->id;
		cr_assert_eq(on_domain(PV_CONTROLOP_destroy, d->id), 0);
		living_run(TURNS);
	}
}

Test(control, a_record_gives_way_to_a_new_domain)
{
	struct domain *d = living_domain("one", false);

	cr_assert_eq(on_domain(PV_CONTROLOP_destroy, d->id), 0);
	cr_assert_not_null(living_domain("one", false), "it is not freed yet, but its name is");
	living_run(TURNS);
	a = (union control_args){ 0 };
	cr_assert_eq(control_do(&line, PV_CONTROLOP_machine, &a), 0);
	cr_assert_eq(a.machine.ended, 0);
}

static u16 make_and_end(const char *name)
{
	u16 id = living_domain(name, false)->id;

	cr_assert_eq(on_domain(PV_CONTROLOP_destroy, id), 0);
	living_run(TURNS);
	return id;
}

Test(control, the_newest_record_is_forgotten_alone)
{
	u16 first = make_and_end("first"), second = make_and_end("second"), third;

	cr_assert_eq(on_domain(PV_CONTROLOP_destroy, second), 0);
	third = make_and_end("third");
	cr_assert_eq(state_of(first), PV_CONTROL_STATE_shutdown);
	cr_assert_eq(state_of(second), 255);
	cr_assert_eq(state_of(third), PV_CONTROL_STATE_shutdown);
}

static struct domain *unpublished(const char *name)
{
	struct domain_spec spec = {
		.memory_pages = 1, .vcpu_count = 1, .weight = 256, .affinity = 1
	};

	string_copy(spec.name, name, sizeof(spec.name));
	return domain_create(&spec);
}

/* Two are made at once while nearly all numbers are in use: the search for the second ends at the first's. */
Test(control, no_two_get_one_number)
{
	struct domain *one = unpublished("one"), *two = unpublished("two");

	while (two->id != one->id) {
		reap_unborn(two);
		two = unpublished("two");
	}
	cr_assert_eq(domain_publish(one), 0);
	cr_assert_eq(domain_publish(two), -PV_ENOMEM);
	reap_unborn(two);
	cr_assert_eq(domain_by_id(one->id), one);
	reap_unborn(one);
}

Test(control, a_remembered_number_is_not_given)
{
	u16 id = make_and_end("one");

	for (u32 i = 0; i < DOMAIN_MAX; i++) {
		struct domain *d = unpublished("two");

		cr_assert_neq(d->id, id);
		reap_unborn(d);
	}
}

/* A domain that cannot be made for want of a number has none, and takes nothing from those who have it. */
Test(control, numbers_run_out)
{
	struct pv_control_trace trace = { .kinds = PV_TRACE_ALL };
	static struct domain *all[DOMAIN_MAX];
	u32 image = living_image(), count = 0;
	char name[8];

	a = (union control_args){ .trace = trace };
	cr_assert_eq(control_do(&line, PV_CONTROLOP_trace_set, &a), 0);
	for (;; count++) {
		snprintf(name, sizeof(name), "n%u", count);
		all[count] = unpublished(name);
		if (all[count] == NULL) {
			break;
		}
		cr_assert_eq(domain_publish(all[count]), 0);
	}
	cr_assert_eq(count, DOMAIN_MAX - 1);
	cr_assert_eq(trace_default_kinds, PV_TRACE_ALL, "the line's trace goes on");
	cr_assert_eq(image_free(image), 0, "the line's image is there");
	while (count > 0) {
		reap_unborn(all[--count]);
	}
	a = (union control_args){ 0 };
	cr_assert_eq(control_do(&line, PV_CONTROLOP_trace_set, &a), 0);
	free_before -= 1UL << TRACE_RING_ORDER; /* they are kept */
}

Test(control, one_that_asks_to_reboot_comes_again)
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
	cr_assert_eq(a.list.domains[0].reason, PV_SHUTDOWN_reboot);
}

Test(control, one_that_is_made_once_does_not_come_again)
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

/* ---- making ---- */

Test(control, create_by_a_domain)
{
	struct domain *keeper = living_domain("keeper", true);
	u32 image = living_image();
	struct pv_control_create c = request_for("made", image);
	struct domain *d;

	cr_assert_eq(create_by(keeper, &c), 0);
	d = domain_find(c.domid);
	cr_assert_not_null(d);
	cr_assert_str_eq(d->name, "made");
	cr_assert_eq(d->mm.frames.count, LIVING_PAGES);
	cr_assert_eq(living_told(d->id), PV_DOMAIN_STATE_RUNNING);
	cr_assert_eq(create_by(keeper, &c), -PV_EEXIST);
	cr_assert_eq(image_free(image), 0);
	c = request_for("other", image);
	cr_assert_eq(create_by(keeper, &c), -PV_ENOENT);
}

Test(control, create_paused)
{
	struct domain *keeper = living_domain("keeper", true);
	struct pv_control_create c = request_for("made", living_image());

	c.flags = PV_CONTROL_FLAG_paused;
	cr_assert_eq(create_by(keeper, &c), 0);
	cr_assert_eq(living_told(c.domid), PV_DOMAIN_STATE_PAUSED);
	cr_assert_eq(state_of(c.domid), PV_CONTROL_STATE_paused);
	cr_assert_not(domain_find(c.domid)->vcpus[0]->sched.queued);
	cr_assert_eq(on_domain(PV_CONTROLOP_unpause, c.domid), 0);
	cr_assert(domain_find(c.domid)->vcpus[0]->sched.queued);
}

Test(control, create_refuses)
{
	struct domain *keeper = living_domain("keeper", true);
	u32 image = living_image();
	struct pv_control_create c;
	u64 before = alloc_free_count();

#define REFUSED(change, error)                                                \
	do {                                                                  \
		c = request_for("made", image);                               \
		change;                                                       \
		cr_assert_eq(create_by(keeper, &c), -(error), "%s", #change); \
	} while (0)

	REFUSED(c.name[0] = '\0', PV_EINVAL);
	REFUSED(c.name[2] = ' ', PV_EINVAL);
	REFUSED(c.name[2] = '\x1b', PV_EINVAL);
	REFUSED(memset(c.name, 'x', sizeof(c.name)), PV_EINVAL);
	REFUSED(memset(c.cmdline, 'x', sizeof(c.cmdline)), PV_EINVAL);
	REFUSED(c.reserved[1] = 1, PV_EINVAL);
	REFUSED(c.flags = 8, PV_EINVAL);
	REFUSED(c.vcpu_count = 0, PV_EINVAL);
	REFUSED(c.vcpu_count = DOMAIN_VCPU_MAX + 1, PV_EINVAL);
	REFUSED(c.weight = 0, PV_EINVAL);
	REFUSED(c.weight = 65536, PV_EINVAL);
	REFUSED(c.affinity = 2, PV_EINVAL);
	REFUSED(c.memory_pages = 0, PV_EINVAL);
	REFUSED(c.memory_pages = 100, PV_EINVAL);
	REFUSED(c.memory_pages = 1UL << 20, PV_ENOMEM);
	REFUSED(c.memory_pages = 1UL << 40, PV_EINVAL);
	REFUSED(c.kernel = 99, PV_ENOENT);
	REFUSED(c.kernel = PV_CONTROL_IMAGE_NONE, PV_ENOENT);
	REFUSED(c.ramdisk = 99, PV_ENOENT);
	REFUSED(string_copy(c.name, "keeper", sizeof(c.name)), PV_EEXIST);
	living_run(TURNS);
	cr_assert_eq(alloc_free_count(), before);
}

Test(control, no_kernel_is_told)
{
	struct domain *keeper = living_domain("keeper", true);
	union control_args args = { .image = { .size = 100 } };
	struct pv_control_create c;

	cr_assert_eq(control_do(&line, PV_CONTROLOP_image_new, &args), 0);
	c = request_for("made", args.image.image);
	cr_assert_eq(create_by(keeper, &c), -PV_ENOEXEC);
}

/* At each step of the build in turn: destroyed, and nothing of it remains (teardown). */
Test(control, destroyed_while_being_built)
{
	struct domain *keeper = living_domain("keeper", true);
	struct control_caller who = { .domain = keeper };
	u32 image = living_image();
	u32 step = 0;
	long rc;

	do {
		u64 before = alloc_free_count();
		u16 id = 0;

		a.create = request_for("made", image);
		rc = control_do(&who, PV_CONTROLOP_create, &a);
		cr_assert_eq(rc, CONTROL_AGAIN);
		for (u32 i = 0; i < step; i++) {
			living_step();
		}
		for (u16 i = keeper->id + 1; i < 200; i++) {
			if (state_of(i) == PV_CONTROL_STATE_building) {
				id = i;
			}
		}
		if (id != 0) {
			cr_assert_eq(on_domain(PV_CONTROLOP_destroy, id), 0);
		}
		do {
			a.create = request_for("made", image);
			rc = control_do(&who, PV_CONTROLOP_create, &a);
			living_step();
		} while (rc == CONTROL_AGAIN);
		cr_assert_eq(rc, id != 0 ? -PV_ESRCH : 0);
		if (rc == 0) {
			break;
		}
		living_run(TURNS);
		cr_assert_eq(alloc_free_count(), before, "step %u", step);
		step++;
	} while (step < 1000);
	cr_assert_geq(step, 10, "it takes so many steps at least");
	cr_assert_lt(step, 1000);
}

Test(control, a_vcpu_makes_one_at_a_time)
{
	struct domain *keeper = living_domain("keeper", true);
	struct control_caller who = { .domain = keeper }, other = { .domain = keeper, .vcpu = 1 };
	u32 image = living_image();

	a.create = request_for("first", image);
	cr_assert_eq(control_do(&who, PV_CONTROLOP_create, &a), CONTROL_AGAIN);
	a.create = request_for("second", image);
	cr_assert_eq(control_do(&who, PV_CONTROLOP_create, &a), -PV_EBUSY);
	a.create = request_for("second", image);
	cr_assert_eq(control_do(&other, PV_CONTROLOP_create, &a), CONTROL_AGAIN);
	living_run(TURNS);
	/* The first's outcome was never fetched: the next request forgets it. */
	a.create = request_for("third", image);
	cr_assert_eq(control_do(&who, PV_CONTROLOP_create, &a), CONTROL_AGAIN);
	a.create = request_for("second", image);
	cr_assert_eq(control_do(&other, PV_CONTROLOP_create, &a), 0);
	cr_assert_str_eq(domain_find(a.create.domid)->name, "second");
}

Test(control, who_asked_may_end_meanwhile)
{
	struct domain *keeper = living_domain("keeper", true);
	static struct domain heir;
	struct control_caller who = { .domain = keeper };
	u32 image = living_image();

	a.create = request_for("made", image);
	cr_assert_eq(control_do(&who, PV_CONTROLOP_create, &a), CONTROL_AGAIN);
	cr_assert_eq(on_domain(PV_CONTROLOP_destroy, keeper->id), 0);
	heir.id = keeper->id;
	living_run(TURNS);
	cr_assert_eq(lifecycle_count(), 1, "what it asked for is made");
	who.domain = &heir;
	a.create = request_for("made", image);
	cr_assert_eq(control_do(&who, PV_CONTROLOP_create, &a), -PV_EEXIST,
		     "the outcome is not told to whoever has the number");
}

Test(control, memory_runs_out_anywhere)
{
	struct domain *keeper = living_domain("keeper", true);
	u32 image = living_image();
	u32 failed = 0;

	/* Fill memory, then free a bit more each time until it is enough. */
	static void *pages[16384];
	u32 count = 0;

	while ((pages[count] = alloc_page()) != NULL) {
		count++;
	}
	for (;;) {
		struct pv_control_create c = request_for("made", image);
		long rc = create_by(keeper, &c);

		living_run(TURNS);
		if (rc == 0) {
			break;
		}
		cr_assert_eq(rc, -PV_ENOMEM);
		failed++;
		for (u32 i = 0; i < (failed < 60 ? 1U : 40U); i++) {
			alloc_free_page(pages[--count]);
		}
	}
	cr_assert_gt(failed, 60);
	while (count > 0) {
		alloc_free_page(pages[--count]);
	}
}

/* ---- images ---- */

static long write_image(u32 image, u64 offset, u32 bytes)
{
	static u8 data[PV_CONTROL_WRITE_MAX];
	struct control_caller who = { .data = data, .data_size = bytes };

	a = (union control_args){ .image_write = {
					  .image = image, .offset = offset, .bytes = bytes } };
	return control_do(&who, PV_CONTROLOP_image_write, &a);
}

/* At 4000, out of where `data` says, by the line. */
static long write_from(const struct control_caller *who, u32 image, u32 bytes, u64 data)
{
	a = (union control_args){
		.image_write = { .image = image, .offset = 4000, .bytes = bytes, .data = data }
	};
	return control_do(who, PV_CONTROLOP_image_write, &a);
}

Test(control, images_refuse)
{
	struct domain *keeper = living_domain("keeper", true);
	struct pv_control_create c;
	u32 image;

	a = (union control_args){ .image = { .size = 0 } };
	cr_assert_eq(control_do(&line, PV_CONTROLOP_image_new, &a), -PV_EINVAL);
	a = (union control_args){ .image = { .size = (1UL << 30) + 1 } };
	cr_assert_eq(control_do(&line, PV_CONTROLOP_image_new, &a), -PV_EINVAL);
	a = (union control_args){ .image = { .size = 1UL << 30 } };
	cr_assert_eq(control_do(&line, PV_CONTROLOP_image_new, &a), -PV_ENOMEM);
	a = (union control_args){ .image = { .size = 5000, .reserved = 1 } };
	cr_assert_eq(control_do(&line, PV_CONTROLOP_image_new, &a), -PV_EINVAL);
	a = (union control_args){ .image = { .size = 5000 } };
	cr_assert_eq(control_do(&line, PV_CONTROLOP_image_new, &a), 0);
	image = a.image.image;
	cr_assert_eq(write_image(image, 0, 5000), 0);
	cr_assert_eq(write_image(image, 4999, 1), 0);
	cr_assert_eq(write_image(image, 4999, 2), -PV_EINVAL);
	cr_assert_eq(write_image(image, 5000, 1), -PV_EINVAL);
	cr_assert_eq(write_image(image, ~0UL, 1), -PV_EINVAL);
	cr_assert_eq(write_image(image, 0, 0), -PV_EINVAL);
	cr_assert_eq(write_image(image, 0, PV_CONTROL_WRITE_MAX + 1), -PV_EINVAL);
	cr_assert_eq(write_image(99, 0, 1), -PV_ENOENT);
	a = (union control_args){ .image = { .image = 99 } };
	cr_assert_eq(control_do(&line, PV_CONTROLOP_image_free, &a), -PV_ENOENT);
	image = living_image();
	c = request_for("made", image);
	cr_assert_eq(create_by(keeper, &c), 0);
	cr_assert_eq(write_image(image, 0, 1), -PV_EBUSY);
}

Test(control, images_come_through_the_window)
{
	static const char bytes[] = "some of a kernel";
	struct control_caller talks = { .data = (const u8 *)bytes, .data_size = 1 };
	struct image *made;
	char got[sizeof(bytes)];
	u32 image;

	a = (union control_args){ .image = { .size = 5000 } };
	cr_assert_eq(control_do(&line, PV_CONTROLOP_image_new, &a), 0);
	image = a.image.image;
	memcpy(fake_window, bytes, sizeof(bytes));
	cr_assert_eq(write_from(&line, image, sizeof(bytes), PV_CONTROL_DATA_WINDOW),
		     -PV_EOPNOTSUPP, "there is none");
	fake_window_size = sizeof(bytes);
	cr_assert_eq(write_from(&line, image, sizeof(bytes) + 1, PV_CONTROL_DATA_WINDOW),
		     -PV_EOPNOTSUPP, "it is smaller");
	cr_assert_eq(write_from(&talks, image, 1, PV_CONTROL_DATA_WINDOW), -PV_EINVAL,
		     "bytes in both places");
	cr_assert_eq(write_from(&talks, image, 1, PV_CONTROL_DATA_WINDOW + 1), -PV_EINVAL);
	cr_assert_eq(write_from(&line, image, sizeof(bytes), PV_CONTROL_DATA_WINDOW), 0);
	made = image_get(image);
	image_read(made, 4000, got, sizeof(got));
	cr_assert_str_eq(got, bytes);
	image_put(made);
	fake_window_size = 0;
}

Test(control, images_are_promised_memory_once)
{
	u64 free = alloc_free_count();
	u32 first;

	a = (union control_args){ .image = { .size = (free - 200) << PAGE_SHIFT } };
	cr_assert_eq(control_do(&line, PV_CONTROLOP_image_new, &a), 0);
	first = a.image.image;
	a = (union control_args){ .image = { .size = 400 << PAGE_SHIFT } };
	cr_assert_eq(control_do(&line, PV_CONTROLOP_image_new, &a), -PV_ENOMEM);
	a = (union control_args){ .image = { .image = first } };
	cr_assert_eq(control_do(&line, PV_CONTROLOP_image_free, &a), 0);
	a = (union control_args){ .image = { .size = 400 << PAGE_SHIFT } };
	cr_assert_eq(control_do(&line, PV_CONTROLOP_image_new, &a), 0);
}

/* What is written is held and not promised any more, what is sealed is promised nothing more. */
Test(control, what_images_have_is_not_promised_again)
{
	u64 pages = 1000, free = alloc_free_count();
	struct domain *keeper = living_domain("keeper", true);
	struct pv_control_create c;
	u32 written, sealed;

	a = (union control_args){ .image = { .size = pages << PAGE_SHIFT } };
	cr_assert_eq(control_do(&line, PV_CONTROLOP_image_new, &a), 0);
	written = a.image.image;
	for (u64 page = 0; page < pages; page++) {
		cr_assert_eq(write_image(written, page << PAGE_SHIFT, 1), 0);
	}
	a = (union control_args){ .image = { .size = 5000UL << PAGE_SHIFT } };
	cr_assert_eq(control_do(&line, PV_CONTROLOP_image_new, &a), 0);
	sealed = a.image.image;
	c = request_for("made", sealed);
	cr_assert_eq(create_by(keeper, &c), -PV_ENOEXEC);
	a = (union control_args){ .image = { .size = (alloc_free_count() - 50) << PAGE_SHIFT } };
	cr_assert_eq(control_do(&line, PV_CONTROLOP_image_new, &a), 0);
	cr_assert_lt(alloc_free_count(), free);
}

Test(control, there_are_so_many_images)
{
	long rc = 0;
	u32 count = 0;

	while (rc == 0) {
		a = (union control_args){ .image = { .size = 1 } };
		rc = control_do(&line, PV_CONTROLOP_image_new, &a);
		count++;
	}
	cr_assert_eq(rc, -PV_ENOSPC);
	cr_assert_eq(count, IMAGE_MAX + 1);
	for (u32 i = 0; i < 2 * IMAGE_MAX; i++) {
		(void)!image_free(i);
	}
}

Test(control, images_of_one_that_ended_lose_their_numbers)
{
	struct domain *keeper = living_domain("keeper", true);
	struct control_caller who = { .domain = keeper };
	u32 of_the_line = living_image(), of_the_keeper;

	a = (union control_args){ .image = { .size = 100 } };
	cr_assert_eq(control_do(&who, PV_CONTROLOP_image_new, &a), 0);
	of_the_keeper = a.image.image;
	cr_assert_eq(write_image(of_the_keeper, 0, 1), 0);
	cr_assert_eq(on_domain(PV_CONTROLOP_destroy, keeper->id), 0);
	living_run(TURNS);
	cr_assert_eq(image_free(of_the_keeper), -PV_ENOENT);
	cr_assert_eq(image_free(of_the_line), 0);
}

/* ---- who may, and over which way ---- */

Test(control, only_those_with_the_right)
{
	struct domain *d = living_domain("one", false), *keeper = living_domain("keeper", true);
	struct pv_control_machine m = { 0 };
	u64 gva = fake_guest_map_here(&m, sizeof(m));

	fake_cpu_info.current = d->vcpus[0];
	for (u64 op = 0; op < PV_CONTROLOPS + 2; op++) {
		cr_assert_eq(hypercall_control(op, gva, 0, 0, 0, 0), -PV_EPERM);
	}
	fake_cpu_info.current = keeper->vcpus[0];
	cr_assert_eq(hypercall_control(PV_CONTROLOP_machine, gva, 0, 0, 0, 0), 0);
	cr_assert_eq(m.domains, 2);
	cr_assert_eq(hypercall_control(PV_CONTROLOPS, gva, 0, 0, 0, 0), -PV_ENOSYS);
	cr_assert_eq(hypercall_control(1UL << 32, gva, 0, 0, 0, 0), -PV_ENOSYS);
	cr_assert_eq(hypercall_control(PV_CONTROLOP_machine, gva + 8, 0, 0, 0, 0), -PV_EFAULT);
	cr_assert_eq(hypercall_control(PV_CONTROLOP_destroy, gva + sizeof(m), 0, 0, 0, 0),
		     -PV_EFAULT);
	fake_cpu_info.current = NULL;
}

static __attribute__((noinline)) void dirty_the_stack(void)
{
	volatile u8 bytes[16384];

	for (u32 i = 0; i < sizeof(bytes); i++) {
		bytes[i] = 0xa5;
	}
}

static bool is_zero_from(const void *structure, size_t from, size_t size)
{
	return control_is_zero((const u8 *)structure + from, size - from);
}

/* Nobody but the caller: behind the one that is listed, all bytes of the reply are zero. */
Test(control, a_reply_has_no_bytes_of_ours)
{
	struct domain *keeper = living_domain("keeper", true);
	static struct pv_control_list list;
	u64 gva = fake_guest_map_here(&list, sizeof(list));

	fake_cpu_info.current = keeper->vcpus[0];
	dirty_the_stack();
	cr_assert_eq(hypercall_control(PV_CONTROLOP_list, gva, 0, 0, 0, 0), 0);
	fake_cpu_info.current = NULL;
	cr_assert_eq(list.count, 1);
	cr_assert(is_zero_from(&list, offsetof(struct pv_control_list, domains[1]), sizeof(list)));
}

static s32 ask_line(u32 op, const void *structure, u32 size, void *reply, u32 reply_size)
{
	u8 payload[PV_LINE_PAYLOAD_MAX];
	struct pv_line_request request = { .sequence = 5, .op = op };

	memcpy(payload, &request, sizeof(request));
	memcpy(payload + sizeof(request), structure, size);
	control_line_request(payload, (u32)sizeof(request) + size);
	return living_reply(reply, reply_size);
}

Test(control, the_line_asks_the_same)
{
	struct domain *d = living_domain("one", false);
	struct pv_control_domain_id id = { .domid = d->id };
	struct pv_control_machine m;

	cr_assert_eq(ask_line(PV_CONTROLOP_machine, "", 0, &m, sizeof(m)), 0);
	cr_assert_eq(m.domains, 1);
	cr_assert_eq(ask_line(PV_CONTROLOP_pause, &id, sizeof(id), &id, 0), 0);
	cr_assert_eq(ask_line(PV_CONTROLOP_pause, &id, 7, &id, 0), -PV_EMSGSIZE);
	cr_assert_eq(ask_line(PV_CONTROLOP_pause, &m, 9, &id, 0), -PV_EMSGSIZE);
	cr_assert_eq(ask_line(77, &id, sizeof(id), &id, 0), -PV_ENOSYS);
	cr_assert_eq(d->control_pauses, 1);
	cr_assert_eq(living_frames(PV_LINE_REPLY), 5);
	control_line_request((const u8 *)&m, 7);
	cr_assert_eq(living_frames(PV_LINE_REPLY), 5, "without a number no reply");
}

/* The CPU that takes the line's request may have nobody loaded. */
Test(control, the_line_is_nobody_itself)
{
	struct pv_control_trace trace = { .domid = PV_DOMID_SELF, .kinds = PV_TRACE_ALL };
	struct pv_control_domain_id id = { .domid = PV_DOMID_SELF };

	fake_cpu_info.current = NULL;
	cr_assert_eq(ask_line(PV_CONTROLOP_trace_set, &trace, sizeof(trace), &id, 0), -PV_ESRCH);
	for (u32 op = PV_CONTROLOP_pause; op <= PV_CONTROLOP_destroy; op++) {
		cr_assert_eq(ask_line(op, &id, sizeof(id), &id, 0), -PV_ESRCH, "operation %u", op);
	}
}

Test(control, a_reply_over_the_line_has_no_bytes_of_ours)
{
	static struct pv_control_list list;
	u64 first = 0;

	cr_assert_not_null(living_domain("one", false));
	dirty_the_stack();
	cr_assert_eq(ask_line(PV_CONTROLOP_list, &first, sizeof(first), &list, sizeof(list)), 0);
	cr_assert_eq(list.count, 1);
	cr_assert(is_zero_from(&list, offsetof(struct pv_control_list, domains[1]), sizeof(list)));
}

Test(control, the_line_waits_for_its_domain)
{
	struct pv_control_create c = request_for("made", living_image()), made;
	struct pv_control_machine m;
	u32 replies = living_frames(PV_LINE_REPLY);

	ask_line(PV_CONTROLOP_create, &c, sizeof(c), &made, 0);
	cr_assert_eq(living_frames(PV_LINE_REPLY), replies, "not yet");
	cr_assert_eq(ask_line(PV_CONTROLOP_machine, "", 0, &m, 0), -PV_EBUSY);
	living_run(TURNS);
	cr_assert_eq(living_frames(PV_LINE_REPLY), replies + 2);
	cr_assert_eq(living_reply(&made, sizeof(made)), 0);
	cr_assert_str_eq(domain_find(made.domid)->name, "made");
	cr_assert_eq(ask_line(PV_CONTROLOP_machine, "", 0, &m, sizeof(m)), 0);
	cr_assert_eq(m.domains, 1);
}
