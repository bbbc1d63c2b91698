/*
 * What stays of a domain that ended, its record, its name and its number: how many are kept,
 * when they are forgotten, and that no number serves two.
 */
#include <criterion/criterion.h>

#include "host_names.h"

#include <parley/control.h>
#include <parley/errno.h>

#include "control_fixture.h"
#include "domain/create.h"
#include "domain/ended.h"
#include "domain/image.h"
#include "domain/reap.h"
#include "domain/spec.h"
#include "domain/trace_state.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "living.h"

TestSuite(control_records, .init = control_setup, .fini = control_teardown);

Test(control_records, records_are_bounded_and_go_with_their_name)
{
	char name[8] = "n00";

	for (u32 i = 0; i < ENDED_MAX + 6; i++) {
		name[1] = (char)('0' + i / 10);
		name[2] = (char)('0' + i % 10);
		cr_assert_eq(on_domain(PV_CONTROLOP_destroy, living_domain(name, false)->id), 0);
		living_run(TURNS);
	}
	call = (union control_args){ 0 };
	cr_assert_eq(control_do(&by_line, PV_CONTROLOP_machine, &call), 0);
	cr_assert_eq(call.machine.ended, ENDED_MAX);
	cr_assert_eq(state_of(6), 255, "the oldest are forgotten");
	cr_assert_eq(state_of(7), PV_CONTROL_STATE_shutdown);
	cr_assert_not_null(living_domain("n69", false));
	cr_assert_eq(control_do(&by_line, PV_CONTROLOP_machine, &call), 0);
	cr_assert_eq(call.machine.ended, ENDED_MAX - 1);
}

Test(control_records, numbers_are_not_soon_used_again)
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

Test(control_records, a_record_gives_way_to_a_new_domain)
{
	struct domain *d = living_domain("one", false);

	cr_assert_eq(on_domain(PV_CONTROLOP_destroy, d->id), 0);
	cr_assert_not_null(living_domain("one", false), "it is not freed yet, but its name is");
	living_run(TURNS);
	call = (union control_args){ 0 };
	cr_assert_eq(control_do(&by_line, PV_CONTROLOP_machine, &call), 0);
	cr_assert_eq(call.machine.ended, 0);
}

static u16 make_and_end(const char *name)
{
	u16 id = living_domain(name, false)->id;

	cr_assert_eq(on_domain(PV_CONTROLOP_destroy, id), 0);
	living_run(TURNS);
	return id;
}

Test(control_records, the_newest_record_is_forgotten_alone)
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
Test(control_records, no_two_get_one_number)
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

Test(control_records, a_remembered_number_is_not_given)
{
	u16 id = make_and_end("one");

	for (u32 i = 0; i < DOMAIN_MAX; i++) {
		struct domain *d = unpublished("two");

		cr_assert_neq(d->id, id);
		reap_unborn(d);
	}
}

/* A domain that cannot be made for want of a number has none, and takes nothing from those who have it. */
Test(control_records, numbers_run_out)
{
	struct pv_control_trace trace = { .kinds = PV_TRACE_ALL };
	static struct domain *all[DOMAIN_MAX];
	u32 image = living_image(), count = 0;
	char name[8];

	call = (union control_args){ .trace = trace };
	cr_assert_eq(control_do(&by_line, PV_CONTROLOP_trace_set, &call), 0);
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
	call = (union control_args){ 0 };
	cr_assert_eq(control_do(&by_line, PV_CONTROLOP_trace_set, &call), 0);
	free_before -= 1UL << TRACE_RING_ORDER; /* they are kept */
}
