/*
 * mm/types.c on the small machine, where work does not end in one run: an operation stops at its
 * budget and goes on, its outcome waits, debts are paid; and a domain is taken apart.
 */
#include <criterion/criterion.h>
#include <parley/errno.h>

#include "machine.h"
#include "mm_fixture.h"

TestSuite(mm_jobs, .init = mm_setup, .fini = mm_check);

/* ---- stopping and going on ---- */

Test(mm_jobs, an_operation_stops_at_its_budget_and_goes_on)
{
	struct machine_space s = machine_space(d);
	mfn_t page = machine_frame(d);

	for (u32 i = 0; i < 6; i++) {
		machine_poke(s.table[1], i, pte_make(page, PAGE_RW));
		machine_poke(s.table[3], i, machine_peek(s.table[3], 0));
	}
	for (fake_mm_budget = 1; fake_mm_budget < 600; fake_mm_budget += 1 + fake_mm_budget / 8) {
		cr_assert_eq(pin(s.table[4], FRAME_L4), 0);
		cr_assert_counts(s.table[4], 2, 1);
		cr_assert_counts(s.table[2], 7, 6);
		cr_assert_counts(page, 7, 6);
		cr_assert_eq(unpin(s.table[4]), 0);
		cr_assert_counts(s.table[4], 1, 0);
		cr_assert_counts(page, 1, 0);
		cr_assert_eq(d->mm.job.state, MM_JOB_IDLE);
	}
}

/* One run between two chances to be preempted: what it did beyond its budget, at most. */
static u64 most_beyond;
static u32 runs;

#define RUN(expression)                                          \
	({                                                       \
		u64 run_from = d->mm.work, run_work;             \
		int run_rc = mm_begin(&d->mm);                   \
		if (run_rc == 0) {                               \
			run_rc = expression;                     \
			mm_end(&d->mm);                          \
		}                                                \
		run_work = d->mm.work - run_from;                \
		if (run_work > fake_mm_budget + most_beyond) {   \
			most_beyond = run_work - fake_mm_budget; \
		}                                                \
		runs++;                                          \
		run_rc;                                          \
	})

/* The worst tree of few frames: every table full, all entries alike. */
Test(mm_jobs, no_walk_does_more_than_its_budget)
{
	struct machine_space s = machine_space(d);
	mfn_t page = machine_frame(d);

	for (u32 i = 0; i < PTE_TABLE_ENTRIES; i++) {
		machine_poke(s.table[1], i, pte_make(page, PAGE_RO));
		for (u32 level = 2; level <= 4; level++) {
			machine_poke(s.table[level], i, machine_peek(s.table[level], 0));
		}
	}
	for (fake_mm_budget = 1; fake_mm_budget <= 1000; fake_mm_budget *= 10) {
		while (RUN(frame_pin(&d->mm, s.table[4], FRAME_L4)) == MM_RESTART) {
		}
		cr_assert_counts(s.table[1], 513, 512);
		cr_assert_eq(RUN(frame_unpin(&d->mm, s.table[4])), 0);
		while (mm_has_debt(&d->mm)) {
			(void)!RUN(0);
		}
		cr_assert_counts(s.table[1], 1, 0);
	}
	/* a level-1 table, and entries that are nobody's */
	cr_assert_leq(most_beyond, PTE_TABLE_ENTRIES + HV_L4_SLOTS, "%lu", most_beyond);
	cr_assert_gt(runs, 3000);
}

/* Start to pin a tree, and let others finish it: its outcome waits. */
static void leave_held(mfn_t root)
{
	fake_mm_budget = 1;
	cr_assert_eq(mm_begin(&d->mm), 0);
	cr_assert_eq(frame_pin(&d->mm, root, FRAME_L4), MM_RESTART);
	mm_end(&d->mm);
	cr_assert_eq(DO(0), 0);
	fake_mm_budget = MM_BUDGET_DEFAULT;
	cr_assert_geq(d->mm.job.state, MM_JOB_HELD);
}

Test(mm_jobs, a_held_tree_is_taken_by_its_operation)
{
	struct machine_space s = machine_space(d);

	leave_held(s.table[4]);
	cr_assert_counts(s.table[4], 2, 1);
	cr_assert_eq(pin(s.table[4], FRAME_L4), 0);
	cr_assert_eq(d->mm.job.state, MM_JOB_IDLE);
	cr_assert_counts(s.table[4], 2, 1);
}

Test(mm_jobs, a_failure_waits_for_its_operation)
{
	struct machine_space s = machine_space(d);

	machine_poke(s.table[1], 5, pte_make(mfn(0), PAGE_RO));
	leave_held(s.table[4]);
	cr_assert_eq(d->mm.job.state, MM_JOB_FAILED);
	cr_assert_counts(s.table[4], 1, 0);
	cr_assert_eq(pin(s.table[4], FRAME_L4), -PV_EINVAL);
	cr_assert_eq(d->mm.job.state, MM_JOB_IDLE);
}

/* Others wait for a while, then the tree that nobody fetches is dropped. */
Test(mm_jobs, a_held_tree_is_dropped_for_others_in_the_end)
{
	struct machine_space s = machine_space(d);
	mfn_t lone = machine_frame(d);

	leave_held(s.table[4]);
	cr_assert_eq(pin(lone, FRAME_L1), 0);
	cr_assert_counts(lone, 2, 1);
	cr_assert_counts(s.table[4], 1, 0);
	cr_assert_counts(s.table[1], 1, 0);
}

Test(mm_jobs, a_held_tree_that_found_another_use_stays)
{
	struct machine_space s = machine_space(d);
	mfn_t lone = machine_frame(d);

	leave_held(s.table[4]);
	frame_at(s.table[4])->refs++;
	frame_at(s.table[4])->type_refs++;
	vcpu_set_kernel_root(d->vcpus[0], mfn_to_maddr(s.table[4]).v);
	cr_assert_eq(pin(lone, FRAME_L1), 0);
	cr_assert_counts(s.table[4], 2, 1);
	cr_assert_counts(s.table[1], 2, 1);
}

/* What dies with the held tree may be the very frame that is wanted. */
Test(mm_jobs, dropping_a_held_tree_frees_what_is_about_to_be_pinned)
{
	struct machine_space s = machine_space(d);
	mfn_t wanted = machine_frame(d);
	u64 before = alloc_free_count();

	machine_poke(wanted, 0, pte_make(mfn(0), PAGE_RW)); /* no table */
	machine_poke(s.table[1], 0, pte_make(wanted, PAGE_RO));
	leave_held(s.table[4]);
	cr_assert_eq(release(wanted), 0);
	cr_assert_counts(wanted, 1, 0);
	cr_assert_eq(pin(wanted, FRAME_L1), -PV_EINVAL);
	cr_assert_eq(frame_at(wanted)->owner, FRAME_OWNER_FREE);
	cr_assert_eq(alloc_free_count(), before + 1);
}

/* ---- the end ---- */

Test(mm_jobs, teardown_frees_all)
{
	for (fake_mm_budget = 1; fake_mm_budget < 3000; fake_mm_budget *= 3) {
		u64 before = alloc_free_count();
		struct domain *dying = machine_domain(3, 1, 100), *was = d;
		struct machine_space s = machine_space(dying), t = machine_space(dying);
		mfn_t page = machine_frame(dying);

		d = dying;
		machine_poke(s.table[1], 0, pte_make(page, PAGE_RW));
		machine_poke(t.table[3], 1, pte_make(s.table[2], PAGE_RW));
		cr_assert_eq(pin(s.table[4], FRAME_L4), 0);
		cr_assert_eq(pin(s.table[2], FRAME_L2), 0);
		cr_assert_eq(pin(t.table[3], FRAME_L3), 0);
		cr_assert_eq(release(page), 0);
		machine_kill(dying);
		cr_assert_eq(alloc_free_count(), before);
		d = was;
	}
}

/* Unpinning one frame frees its neighbours in the list. */
Test(mm_jobs, teardown_when_a_pin_holds_other_frames)
{
	u64 before = alloc_free_count();
	struct domain *dying = machine_domain(3, 1, 100), *was = d;
	mfn_t table[3], page[3];

	d = dying;
	for (u32 i = 0; i < 3; i++) {
		table[i] = machine_frame(dying);
		page[i] = machine_frame(dying);
		machine_poke(table[i], 0, pte_make(page[i], PAGE_RO));
		cr_assert_eq(pin(table[i], FRAME_L1), 0);
		cr_assert_eq(release(page[i]), 0);
	}
	machine_kill(dying);
	cr_assert_eq(alloc_free_count(), before);
	d = was;
}

Test(mm_jobs, teardown_drops_a_held_tree)
{
	u64 before = alloc_free_count();
	struct domain *was = d;
	struct machine_space s;

	d = machine_domain(3, 1, 100);
	s = machine_space(d);
	leave_held(s.table[4]);
	machine_kill(d);
	cr_assert_eq(alloc_free_count(), before);
	d = was;
}

/* Called alone, as for a domain that was never finished: debts first, then what is held for nobody. */
Test(mm_jobs, teardown_pays_debts)
{
	for (u32 held = 0; held < 2; held++) {
		struct machine_space s = machine_space(d);
		int rc;

		fake_mm_budget = 1;
		if (held) {
			leave_held(s.table[4]);
		} else {
			cr_assert_eq(mm_begin(&d->mm), 0);
			cr_assert_eq(frame_pin(&d->mm, s.table[4], FRAME_L4), MM_RESTART);
			mm_end(&d->mm);
		}
		do {
			spin_lock(&d->mm.lock);
			d->mm.work_limit = d->mm.work + fake_mm_budget;
			rc = mm_teardown(&d->mm);
			spin_unlock(&d->mm.lock);
		} while (rc == MM_RESTART);
		cr_assert_eq(rc, 0);
		cr_assert_eq(d->mm.frames.count, 0);
	}
}

Test(mm_jobs, lists)
{
	struct frame_list list;

	frame_list_init(&list);
	cr_assert_eq(list.count, 0);
	cr_assert_eq(list.head, FRAME_LIST_END);
	cr_assert_eq(list.tail, FRAME_LIST_END);
}

Test(mm_jobs, teardown_says_what_is_still_held)
{
	mfn_t m = machine_frame(d);

	cr_assert_eq(DO(frame_get(&d->mm, m)), 0);
	cr_assert_eq(DO(mm_teardown(&d->mm)), -PV_EBUSY);
	cr_assert_counts(m, 1, 0);
	frame_put(&d->mm, m);
}
