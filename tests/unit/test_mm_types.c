/*
 * mm/types.c on the small machine: references, type uses, promotion and demotion of tables. What
 * takes more than one run, and the end of a domain: test_mm_jobs.c.
 */
#include <criterion/criterion.h>
#include <parley/errno.h>
#include <seam/directmap.h>

#include "machine.h"
#include "mm/paging.h"
#include "mm_fixture.h"

TestSuite(mm_types, .init = mm_setup, .fini = mm_check);

Test(mm_types, alloc_gives_a_clean_frame_of_the_owner)
{
	mfn_t m = machine_frame(d);
	const struct frame *f = frame_at(m);

	cr_assert_eq(f->owner, d->id);
	cr_assert_eq(f->type, FRAME_NONE);
	cr_assert_eq(f->flags, FRAME_ALLOCATED);
	cr_assert_counts(m, 1, 0);
	cr_assert_eq(d->mm.frames.count, 1);
	for (u32 i = 0; i < PTE_TABLE_ENTRIES; i++) {
		cr_assert_eq(machine_peek(m, i), 0);
	}
}

Test(mm_types, alloc_stops_at_the_limit)
{
	d->mm.max_frames = 2;
	cr_assert_neq(machine_frame(d).v, MFN_INVALID.v);
	cr_assert_neq(machine_frame(d).v, MFN_INVALID.v);
	cr_assert_eq(machine_frame(d).v, MFN_INVALID.v);
	cr_assert_eq(d->mm.frames.count, 2);
}

Test(mm_types, alloc_stops_when_memory_ends)
{
	u64 n = alloc_free_count();

	d->mm.max_frames = n + 10;
	for (u64 i = 0; i < n; i++) {
		cr_assert_neq(machine_frame(d).v, MFN_INVALID.v);
	}
	cr_assert_eq(machine_frame(d).v, MFN_INVALID.v);
	for (u64 i = 0; i < 8; i++) { /* the audit needs some */
		cr_assert_eq(release(mfn(d->mm.frames.head)), 0);
	}
}

Test(mm_types, release_frees_an_unused_frame)
{
	u64 before = alloc_free_count();
	mfn_t m = machine_frame(d);

	cr_assert_eq(release(m), 0);
	cr_assert_eq(frame_at(m)->owner, FRAME_OWNER_FREE);
	cr_assert_eq(m2p_array()[m.v], M2P_INVALID);
	cr_assert_eq(alloc_free_count(), before);
	cr_assert_eq(d->mm.frames.count, 0);
}

Test(mm_types, release_is_refused)
{
	mfn_t mine = machine_frame(d), theirs = machine_frame(other), pinned = machine_frame(d);

	cr_assert_eq(release(theirs), -PV_EINVAL);
	cr_assert_eq(release(d->shared_mfn), -PV_EINVAL, "never allocated to it");
	cr_assert_eq(release(mfn(1)), -PV_EINVAL, "the hypervisor's");
	cr_assert_eq(release(mfn(frame_count)), -PV_EINVAL);
	cr_assert_eq(release(MFN_INVALID), -PV_EINVAL);
	cr_assert_eq(pin(pinned, FRAME_L1), 0);
	cr_assert_eq(release(pinned), -PV_EINVAL);
	cr_assert_eq(DO(frame_get(&d->mm, mine)), 0);
	cr_assert_eq(release(mine), 0);
	cr_assert_eq(release(mine), -PV_EINVAL, "only once");
	cr_assert_counts(mine, 1, 0);
	frame_put(&d->mm, mine);
}

Test(mm_types, a_released_frame_goes_with_its_last_reference)
{
	mfn_t m = machine_frame(d);

	cr_assert_eq(DO(frame_get(&d->mm, m)), 0);
	cr_assert_counts(m, 2, 0);
	cr_assert_eq(release(m), 0);
	cr_assert_eq(frame_at(m)->owner, d->id);
	frame_put(&d->mm, m);
	cr_assert_eq(frame_at(m)->owner, FRAME_OWNER_FREE);
}

Test(mm_types, get_is_for_own_frames)
{
	cr_assert_eq(DO(frame_get(&d->mm, machine_frame(other))), -PV_EINVAL);
	cr_assert_eq(DO(frame_get(&d->mm, mfn(frame_count))), -PV_EINVAL);
	cr_assert_eq(DO(frame_get_type(&d->mm, machine_frame(other), FRAME_WRITABLE)), -PV_EINVAL);
	cr_assert_eq(DO(frame_get_type(&d->mm, mfn(~0UL >> 12), FRAME_L1)), -PV_EINVAL);
}

Test(mm_types, one_type_at_a_time)
{
	static const enum frame_type types[] = { FRAME_L1, FRAME_L2,      FRAME_L3,
						 FRAME_L4, FRAME_SEGDESC, FRAME_WRITABLE };

	for (u32 a = 0; a < ARRAY_SIZE(types); a++) {
		mfn_t m = machine_frame(d);

		cr_assert_eq(DO(frame_get_type(&d->mm, m, types[a])), 0);
		cr_assert_eq(frame_at(m)->type, types[a]);
		for (u32 b = 0; b < ARRAY_SIZE(types); b++) {
			int rc = DO(frame_get_type(&d->mm, m, types[b]));

			cr_assert_eq(rc, a == b ? 0 : -PV_EINVAL, "%u then %u", a, b);
		}
		cr_assert_counts(m, 3, 2);
		frame_put_type(&d->mm, m);
		frame_put_type(&d->mm, m);
		cr_assert_counts(m, 1, 0);
		/* Without a use it may become anything. */
		cr_assert_eq(DO(frame_get_type(&d->mm, m, types[(a + 1) % 6])), 0);
		cr_assert_eq(frame_at(m)->type, types[(a + 1) % 6]);
		frame_put_type(&d->mm, m);
	}
}

Test(mm_types, pin_takes_a_tree_and_unpin_gives_it_back)
{
	struct machine_space s = machine_space(d);
	mfn_t page = machine_frame(d);

	machine_poke(s.table[1], 3, pte_make(page, PAGE_RW));
	machine_poke(s.table[1], 4, pte_make(page, PAGE_RO));
	cr_assert_eq(pin(s.table[4], FRAME_L4), 0);
	for (u32 level = 1; level <= 4; level++) {
		const struct frame *f = frame_at(s.table[level]);

		cr_assert_counts(s.table[level], 2, 1);
		cr_assert_eq(f->type, level);
		cr_assert(f->flags & FRAME_VALIDATED);
	}
	cr_assert_counts(page, 3, 1);
	cr_assert_eq(frame_at(page)->type, FRAME_WRITABLE);
	cr_assert_eq(pin(s.table[4], FRAME_L4), -PV_EINVAL, "pinned already");
	cr_assert_eq(unpin(s.table[4]), 0);
	cr_assert_eq(unpin(s.table[4]), -PV_EINVAL, "not pinned any more");
	for (u32 level = 1; level <= 4; level++) {
		cr_assert_counts(s.table[level], 1, 0);
	}
	cr_assert_counts(page, 1, 0);
}

/* The sixteen slots are the hypervisor's, whatever the guest left in them. */
Test(mm_types, promotion_installs_the_hypervisors_slots)
{
	struct machine_space s = machine_space(d);

	for (u32 i = HV_L4_FIRST_SLOT; i <= HV_L4_LAST_SLOT; i++) {
		machine_poke(s.table[4], i, pte_make(s.table[3], PAGE_RW));
	}
	cr_assert_eq(pin(s.table[4], FRAME_L4), 0);
	cr_assert_counts(s.table[3], 2, 1);
	for (u32 i = HV_L4_FIRST_SLOT; i <= HV_L4_LAST_SLOT; i++) {
		cr_assert(paging_is_hv_slot(i, machine_peek(s.table[4], i)));
	}
	cr_assert_eq(unpin(s.table[4]), 0);
	cr_assert_counts(s.table[3], 1, 0);
}

Test(mm_types, entries_get_their_hardware_form)
{
	struct machine_space s = machine_space(d);
	mfn_t page = machine_frame(d);

	machine_poke(s.table[2], 0, pte_make(s.table[1], PTE_PRESENT));
	machine_poke(s.table[1], 0, pte_make(page, PTE_PRESENT | PTE_GLOBAL));
	machine_poke(s.table[1], 1, pte_make(page, PTE_PRESENT | PTE_USER));
	machine_poke(s.table[1], 2, pte_make(page, PTE_WRITE)); /* not present: as it is */
	cr_assert_eq(pin(s.table[4], FRAME_L4), 0);
	cr_assert_eq(machine_peek(s.table[2], 0), pte_make(s.table[1], PTE_PRESENT | PTE_USER));
	cr_assert_eq(machine_peek(s.table[1], 0),
		     pte_make(page, PTE_PRESENT | PTE_USER | PTE_GUEST_KERNEL));
	cr_assert_eq(machine_peek(s.table[1], 1),
		     pte_make(page, PTE_PRESENT | PTE_USER | PTE_GLOBAL));
	cr_assert_eq(machine_peek(s.table[1], 2), pte_make(page, PTE_WRITE));
	cr_assert_counts(page, 3, 0);
}

static void refuse(struct machine_space s, u32 level, u64 entry)
{
	for (u32 index = 0; index < PTE_TABLE_ENTRIES; index += index < 2 ? 1 : 509) {
		mfn_t top = s.table[level];
		u64 was = machine_peek(top, index);

		machine_poke(top, index, entry);
		cr_assert_eq(pin(top, (enum frame_type)level), -PV_EINVAL, "level %u entry %#lx",
			     level, entry);
		for (u32 l = 1; l <= 4; l++) {
			cr_assert_counts(s.table[l], 1, 0);
		}
		machine_poke(top, index, was);
	}
}

Test(mm_types, refused_entries)
{
	struct machine_space s = machine_space(d);
	mfn_t theirs = machine_frame(other);

	for (u32 level = 1; level <= 4; level++) {
		mfn_t below = level == 1 ? machine_frame(d) : s.table[level - 1];

		refuse(s, level, pte_make(below, PAGE_RO | PTE_PWT));
		refuse(s, level, pte_make(below, PAGE_RO | PTE_PCD));
		refuse(s, level, pte_make(below, PAGE_RO | PTE_PSE));
		refuse(s, level, pte_make(theirs, PAGE_RO));
		refuse(s, level, pte_make(mfn(0), PAGE_RO));
		refuse(s, level, pte_make(mfn(frame_count - 1), PAGE_RO));
		refuse(s, level, pte_make(mfn(frame_count), PAGE_RO));
		refuse(s, level, PTE_ADDR | PAGE_RO);
		if (level > 1) {
			refuse(s, level, pte_make(below, PAGE_RO | PTE_GLOBAL));
			refuse(s, level, pte_make(s.table[level], PAGE_RO));
			refuse(s, level, pte_make(d->shared_mfn, PAGE_RO));
		}
		if (level == 2 || level == 3) {
			refuse(s, level, pte_make(s.table[level + 1], PAGE_RO));
		}
		if (level == 1) {
			refuse(s, level, pte_make(s.table[1], PAGE_RW));
		}
	}
}

Test(mm_types, failed_pin_of_a_tree_gives_back_what_it_took)
{
	struct machine_space s = machine_space(d);
	mfn_t page = machine_frame(d);

	machine_poke(s.table[1], 7, pte_make(page, PAGE_RW));
	machine_poke(s.table[1], 9, pte_make(mfn(frame_count), PAGE_RW));
	cr_assert_eq(pin(s.table[4], FRAME_L4), -PV_EINVAL);
	for (u32 level = 1; level <= 4; level++) {
		cr_assert_counts(s.table[level], 1, 0);
	}
	cr_assert_counts(page, 1, 0);
}

/* A table used in many places is looked at once and counted everywhere. */
Test(mm_types, a_table_may_be_shared)
{
	struct machine_space s = machine_space(d);

	for (u32 i = 1; i < 5; i++) {
		machine_poke(s.table[2], i, machine_peek(s.table[2], 0));
		machine_poke(s.table[3], i, machine_peek(s.table[3], 0));
	}
	cr_assert_eq(pin(s.table[4], FRAME_L4), 0);
	cr_assert_counts(s.table[1], 6, 5);
	cr_assert_counts(s.table[2], 6, 5);
	cr_assert_eq(unpin(s.table[4]), 0);
	cr_assert_counts(s.table[1], 1, 0);
	cr_assert_counts(s.table[2], 1, 0);
}

Test(mm_types, descriptor_pages)
{
	mfn_t m = machine_frame(d);
	u64 code = 0x00af9a000000ffff, work;

	machine_poke(m, 5, code);
	work = d->mm.work;
	cr_assert_eq(DO(frame_get_type(&d->mm, m, FRAME_SEGDESC)), 0);
	cr_assert_geq(d->mm.work - work, 512, "512 descriptors are work");
	cr_assert_eq(machine_peek(m, 5), code | (3UL << 45) | (1UL << 40));
	cr_assert_counts(m, 2, 1);
	frame_put_type(&d->mm, m);
	machine_poke(m, 6, 0x0000ec0000000000); /* a call gate */
	cr_assert_eq(DO(frame_get_type(&d->mm, m, FRAME_SEGDESC)), -PV_EINVAL);
	cr_assert_counts(m, 1, 0);
}
