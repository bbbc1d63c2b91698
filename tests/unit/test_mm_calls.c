/* The page-table hypercalls on the small machine, as a guest makes them: arguments, errors, restarts. */
#include <criterion/criterion.h>
#include <string.h>

#include <parley/errno.h>
#include <parley/memory.h>
#include <parley/mmu.h>
#include <parley/types.h>
#include <seam/budget.h>
#include <seam/cpu.h>
#include <seam/directmap.h>

#include "fake_guest.h"
#include "fake_tlb.h"
#include "machine.h"
#include "mm/guest.h"
#include "mm/paging.h"

static struct domain *d;
static struct machine_space s;
static mfn_t page;
static struct {
	u64 words[64];
	struct pv_mmu_update updates[16];
	struct pv_mmuext_op ops[16];
	u32 done;
} buffer; /* the guest's arguments */
static u64 extents[300];

static long mmuext(u32 cmd, u64 arg1, u64 arg2)
{
	buffer.ops[0] = (struct pv_mmuext_op){ .cmd = cmd, .arg1.mfn = arg1, .arg2.src_mfn = arg2 };
	return machine_call(PV_HYPERCALL_mmuext_op, (u64)buffer.ops, 1, 0, PV_DOMID_SELF);
}

static long update(u64 ptr, u64 val)
{
	buffer.updates[0] = (struct pv_mmu_update){ ptr, val };
	return machine_call(PV_HYPERCALL_mmu_update, (u64)buffer.updates, 1, 0, PV_DOMID_SELF);
}

static u64 maddr_of(mfn_t m, u32 index)
{
	return (m.v << PAGE_SHIFT) + 8UL * index;
}

static void setup(void)
{
	machine_init(256);
	fake_guest_reset();
	fake_guest_map_here(&buffer, sizeof(buffer));
	fake_guest_map_here(extents, sizeof(extents));
	d = machine_domain(1, 2, 200);
	s = machine_space(d);
	page = machine_frame(d);
	machine_poke(s.table[1], 1, pte_make(page, PAGE_RW));
	cr_assert_eq(mm_begin(&d->mm), 0);
	cr_assert_eq(frame_pin(&d->mm, s.table[4], FRAME_L4), 0);
	cr_assert_eq(frame_get_type(&d->mm, s.table[4], FRAME_L4), 0);
	mm_end(&d->mm);
	vcpu_set_kernel_root(d->vcpus[0], mfn_to_maddr(s.table[4]).v);
	machine_run(0, d->vcpus[0]);
}

static void teardown(void)
{
	fake_mm_budget = MM_BUDGET_DEFAULT;
	cr_assert_null(machine_check(), "%s", machine_check());
	machine_kill(d);
}

TestSuite(mm_calls, .init = setup, .fini = teardown);

/*
 * Bits 48 to 63 of an address are not looked at by a walk; a name of a
 * hypervisor's slot that is not canonical must not lead there.
 */
Test(mm_calls, update_va_mapping_stays_out_of_the_hypervisors_slots)
{
	for (u64 slot = HV_L4_FIRST_SLOT; slot <= HV_L4_LAST_SLOT; slot++) {
		for (u64 high = 0; high < 0x10000; high += 0x1111) {
			u64 va = (high << 48) | (slot << 39) | (1 << PAGE_SHIFT);

			cr_assert_eq(machine_call(PV_HYPERCALL_update_va_mapping, va, 0, 0, 0),
				     -PV_EINVAL, "%#lx", va);
			cr_assert_null(machine_check());
		}
	}
	cr_assert_eq(machine_call(PV_HYPERCALL_update_va_mapping, 1UL << 48, 0, 0, 0), -PV_EINVAL);
	cr_assert_eq(machine_call(PV_HYPERCALL_update_va_mapping, 1UL << 12, 0, 0, 0), 0);
	cr_assert_eq(machine_peek(s.table[1], 1), 0);
	cr_assert_eq(frame_at(page)->refs, 1);
}

/* A tree is half pinned, and the guest makes another call before it goes on with that. */
static void half_pin(mfn_t root)
{
	u64 a[4] = { (u64)buffer.ops, 1, 0, PV_DOMID_SELF };
	long rc;

	buffer.ops[0] = (struct pv_mmuext_op){ .cmd = PV_MMUEXT_PIN_L4_TABLE, .arg1.mfn = root.v };
	fake_mm_budget = 1;
	do {
		cr_assert(machine_call_once(PV_HYPERCALL_mmuext_op, a, &rc));
	} while (!mm_has_debt(&d->mm));
}

#define cr_assert_ends(nr, ...)                                               \
	do {                                                                  \
		u64 a[4] = { __VA_ARGS__ };                                   \
		u32 calls = 0;                                                \
		long rc;                                                      \
		while (machine_call_once(nr, a, &rc)) {                       \
			cr_assert_lt(++calls, 10000, "restarts without end"); \
		}                                                             \
		cr_assert_eq(rc, 0);                                          \
	} while (0)

Test(mm_calls, each_call_pays_the_debt_that_it_finds)
{
	struct machine_space t = machine_space(d);
	mfn_t gdt = machine_frame(d);

	half_pin(t.table[4]);
	buffer.words[0] = gdt.v;
	cr_assert_ends(PV_HYPERCALL_set_gdt, (u64)buffer.words, 512);
	half_pin(machine_space(d).table[4]);
	cr_assert_ends(PV_HYPERCALL_update_descriptor, maddr_of(gdt, 3), 0);
	half_pin(machine_space(d).table[4]);
	cr_assert_ends(PV_HYPERCALL_update_va_mapping, 1UL << 12, 0, 0);
	half_pin(machine_space(d).table[4]);
	buffer.updates[0] = (struct pv_mmu_update){ maddr_of(s.table[1], 1), 0 };
	cr_assert_ends(PV_HYPERCALL_mmu_update, (u64)buffer.updates, 1, 0, PV_DOMID_SELF);
}

/* A table that only a held tree uses: writing to it drops the tree in the end, and the table with it. */
Test(mm_calls, a_held_tree_goes_while_one_of_its_tables_is_written)
{
	struct machine_space t = machine_space(d);
	u64 a[4] = { (u64)buffer.updates, 1, 0, PV_DOMID_SELF };
	long rc;

	half_pin(t.table[4]);
	buffer.updates[0] = (struct pv_mmu_update){ maddr_of(t.table[2], 0), 0 };
	while (machine_call_once(PV_HYPERCALL_mmu_update, a, &rc)) {
	}
	fake_mm_budget = MM_BUDGET_DEFAULT;
	for (u32 level = 1; level <= 4; level++) {
		cr_assert_eq(frame_at(t.table[level])->refs, 1, "level %u", level);
		cr_assert_eq(frame_at(t.table[level])->type_refs, 0);
	}
}

Test(mm_calls, mmu_update_of_each_level)
{
	mfn_t table[4];

	for (u32 level = 1; level <= 3; level++) {
		table[level] = machine_frame(d);
		cr_assert_eq(update(maddr_of(s.table[level + 1], 5),
				    pte_make(table[level], PAGE_RW)),
			     0);
		cr_assert_eq(frame_at(table[level])->type, level);
		cr_assert_eq(frame_at(table[level])->type_refs, 1);
		cr_assert_eq(update(maddr_of(s.table[level + 1], 5), PTE_PSE | PAGE_RW),
			     -PV_EINVAL);
	}
	cr_assert_eq(update(maddr_of(s.table[1], 5), pte_make(table[1], PAGE_RW)), -PV_EINVAL,
		     "a writable mapping of a table");
	cr_assert_eq(update(maddr_of(s.table[1], 5), pte_make(table[1], PAGE_RO)), 0);
	cr_assert_eq(frame_at(table[1])->refs, 3);
	for (u32 level = 3; level >= 1; level--) {
		cr_assert_eq(update(maddr_of(s.table[level + 1], 5), 0), 0);
		cr_assert_eq(frame_at(table[level])->type_refs, 0);
	}
}

Test(mm_calls, mmu_update_is_refused)
{
	struct domain *other = machine_domain(2, 1, 10);
	mfn_t theirs = machine_frame(other);

	cr_assert_eq(update(maddr_of(s.table[1], 0) + 4, 0), -PV_EINVAL, "misaligned");
	cr_assert_eq(update(maddr_of(theirs, 0), 0), -PV_EINVAL);
	cr_assert_eq(update(maddr_of(mfn(1), 0), 0), -PV_EINVAL);
	cr_assert_eq(update(~7UL, 0), -PV_EINVAL);
	cr_assert_eq(update(maddr_of(s.table[1], 0), pte_make(theirs, PAGE_RO)), -PV_EINVAL);
	cr_assert_eq(update(maddr_of(theirs, 0) | PV_MMU_MACHPHYS_UPDATE, 7), -PV_EINVAL);
	cr_assert_eq(update(maddr_of(s.table[4], HV_L4_FIRST_SLOT), 0), -PV_EINVAL);
	cr_assert_eq(update(maddr_of(s.table[4], HV_L4_FIRST_SLOT),
			    machine_peek(s.table[4], HV_L4_FIRST_SLOT)),
		     0, "guests copy what is there");
	cr_assert_eq(machine_call(PV_HYPERCALL_mmu_update, (u64)buffer.updates, 1, 0, 2),
		     -PV_EPERM);
	cr_assert_eq(machine_call(PV_HYPERCALL_mmu_update, (u64)buffer.updates, 1, 0,
				  PV_DOMID_SELF | 3UL << 16),
		     -PV_EPERM);
	cr_assert_eq(machine_call(PV_HYPERCALL_mmu_update, HV_VIRT_START, 1, 0, PV_DOMID_SELF),
		     -PV_EFAULT);
	cr_assert_eq(
		machine_call(PV_HYPERCALL_mmu_update, (u64)buffer.updates, 0, 0, PV_DOMID_SELF), 0);
	machine_kill(other);
}

/* A batch stops at its first error, and says how many were done. */
Test(mm_calls, mmu_update_counts_what_was_done)
{
	for (u32 i = 0; i < 8; i++) {
		buffer.updates[i] = (struct pv_mmu_update){ maddr_of(s.table[1], 100 + i),
							    pte_make(page, PAGE_RO) };
	}
	buffer.updates[5].val |= PTE_PCD;
	for (fake_mm_budget = 1; fake_mm_budget < 10; fake_mm_budget++) {
		cr_assert_eq(machine_call(PV_HYPERCALL_mmu_update, (u64)buffer.updates, 8,
					  (u64)&buffer.done, PV_DOMID_SELF),
			     -PV_EINVAL);
		cr_assert_eq(buffer.done, 5);
	}
	cr_assert_eq(frame_at(page)->refs, 2 + 5);
}

Test(mm_calls, preserve_ad_keeps_what_the_processor_set)
{
	u64 at = maddr_of(s.table[1], 1);

	machine_poke(s.table[1], 1, machine_peek(s.table[1], 1) | PTE_ACCESSED | PTE_DIRTY);
	cr_assert_eq(update(at | PV_MMU_PT_UPDATE_PRESERVE_AD, pte_make(page, PAGE_RO)), 0);
	cr_assert_eq(machine_peek(s.table[1], 1) & (PTE_ACCESSED | PTE_DIRTY | PTE_WRITE),
		     PTE_ACCESSED | PTE_DIRTY);
	cr_assert_eq(frame_at(page)->type_refs, 0);
	cr_assert_eq(update(at, pte_make(page, PAGE_RO)), 0);
	cr_assert_eq(machine_peek(s.table[1], 1) & (PTE_ACCESSED | PTE_DIRTY), 0);
}

/* An entry that is not present is the guest's own business, at each level. */
Test(mm_calls, what_is_not_present_stands_as_given)
{
	for (u32 level = 1; level <= 4; level++) {
		u64 at = maddr_of(s.table[level], 3) | PV_MMU_PT_UPDATE_PRESERVE_AD;
		mfn_t below = level == 1 ? page : s.table[level - 1];
		u64 entry = pte_make(below, PAGE_RO | PTE_ACCESSED | PTE_DIRTY);

		cr_assert_eq(update(at, entry), 0);
		cr_assert_eq(update(at, 0x1000), 0);
		cr_assert_eq(machine_peek(s.table[level], 3), 0x1000);
	}
}

Test(mm_calls, plain_memory_is_stored_to)
{
	mfn_t m = machine_frame(d);

	cr_assert_eq(update(maddr_of(m, 511), 0x123456789abcdef), 0);
	cr_assert_eq(machine_peek(m, 511), 0x123456789abcdef);
	cr_assert_eq(frame_at(m)->type_refs, 0);
	cr_assert_eq(frame_at(m)->refs, 1);
}

/* An emulated store whose entry has changed meanwhile: nothing is taken, nothing dropped. */
Test(mm_calls, a_late_emulated_store)
{
	struct ptable_slot slot = { s.table[1], 1 };
	mfn_t fresh = machine_frame(d);
	u64 entry = pte_make(fresh, PAGE_RW), was = machine_peek(s.table[1], 1);

	cr_assert_eq(mm_begin(&d->mm), 0);
	cr_assert_eq(ptable_replace_l1(&d->mm, slot, was ^ PTE_DIRTY, entry), -PV_EAGAIN);
	cr_assert_eq(ptable_replace_l1(&d->mm, slot, was ^ PTE_DIRTY, 0), -PV_EAGAIN);
	cr_assert_eq(ptable_replace_l1(&d->mm, slot, was ^ PTE_DIRTY, was | PTE_ACCESSED),
		     -PV_EAGAIN);
	cr_assert_eq(frame_at(fresh)->refs, 1);
	cr_assert_eq(frame_at(fresh)->type_refs, 0);
	cr_assert_eq(frame_at(page)->refs, 2);
	cr_assert_eq(ptable_replace_l1(&d->mm, slot, was, was | PTE_PCD), -PV_EINVAL);
	cr_assert_eq(ptable_replace_l1(&d->mm, slot, was, pte_make(s.table[2], PAGE_RW)),
		     -PV_EINVAL);
	cr_assert_eq(machine_peek(s.table[1], 1), was);
	cr_assert_eq(ptable_replace_l1(&d->mm, slot, was, entry), 0);
	cr_assert_eq(frame_at(page)->refs, 1);
	cr_assert_eq(frame_at(fresh)->type_refs, 1);
	mm_end(&d->mm);
}

static long reservation(u32 op, u64 list, u64 count)
{
	struct pv_memory_reservation *r = (void *)&buffer.words[60];

	*r = (struct pv_memory_reservation){ .extent_start = list,
					     .nr_extents = count,
					     .domid = PV_DOMID_SELF };
	return machine_call(PV_HYPERCALL_memory_op, op, (u64)r, 0, 0);
}

/* Long lists are worked through in steps. */
Test(mm_calls, long_reservations)
{
	u64 before = d->mm.frames.count, restarts = machine_restarts;

	for (u32 i = 0; i < ARRAY_SIZE(extents); i++) {
		extents[i] = 1000 + i;
	}
	cr_assert_eq(reservation(PV_MEMORY_populate_physmap, (u64)extents, 130), 130);
	cr_assert_eq(d->mm.frames.count, before + 130);
	cr_assert_eq(m2p_array()[extents[129]], 1129);
	cr_assert_eq(reservation(PV_MEMORY_populate_physmap, (u64)&extents[130], 100),
		     (long)(d->mm.max_frames - before - 130), "as many as it may have");
	cr_assert_eq(reservation(PV_MEMORY_decrease_reservation, (u64)extents, 130), 130);
	cr_assert_eq(m2p_array()[extents[129]], M2P_INVALID);
	cr_assert_eq(reservation(PV_MEMORY_decrease_reservation, (u64)extents, 1), 0,
		     "gone already");
	cr_assert_eq(reservation(PV_MEMORY_populate_physmap, 0x1000, 1), 0, "no list there");
	cr_assert_geq(machine_restarts, restarts + 4);
}

#define BATCH        64U
#define FRAMES       50U
#define WORK_OF_CALL (FRAMES * MM_WORK_FRAME)

/* Calls that look at no table count as work as well: no run of a batch does more than one too much. */
Test(mm_calls, a_batch_of_long_calls_is_done_in_runs)
{
	static struct pv_multicall_entry batch[BATCH];
	struct pv_memory_reservation r = { .extent_start = (u64)extents,
					   .nr_extents = FRAMES,
					   .domid = PV_DOMID_SELF };
	u64 a[4] = { (u64)batch, BATCH }, runs = 1, before;
	bool more;
	long rc;

	fake_guest_map_here(batch, sizeof(batch));
	fake_guest_map_here(&r, sizeof(r));
	for (u32 i = 0; i < BATCH; i++) {
		batch[i] = (struct pv_multicall_entry){
			.op = PV_HYPERCALL_memory_op,
			.args = { i % 2 == 0 ? PV_MEMORY_populate_physmap :
					       PV_MEMORY_decrease_reservation,
				  (u64)&r },
		};
	}
	do {
		before = d->mm.work;
		more = machine_call_once(PV_HYPERCALL_multicall, a, &rc);
		runs += more;
		cr_assert_leq(d->mm.work - before, MM_BUDGET + WORK_OF_CALL);
	} while (more);
	cr_assert_eq(rc, 0);
	cr_assert_geq(runs, BATCH * WORK_OF_CALL / (MM_BUDGET + WORK_OF_CALL));
	for (u32 i = 0; i < BATCH; i++) {
		cr_assert_eq(batch[i].result, FRAMES, "call %u: %ld", i, (long)batch[i].result);
	}
}

/* Of one's own memory only, and in single frames. */
Test(mm_calls, reservations_are_refused)
{
	struct domain *other = machine_domain(2, 1, 10);
	struct pv_memory_reservation *r = (void *)&buffer.words[60];
	mfn_t theirs = machine_frame(other);

	for (u32 op = PV_MEMORY_decrease_reservation; op <= PV_MEMORY_populate_physmap; op++) {
		if (op != PV_MEMORY_decrease_reservation && op != PV_MEMORY_populate_physmap) {
			continue;
		}
		extents[0] = theirs.v;
		*r = (struct pv_memory_reservation){ .extent_start = (u64)extents,
						     .nr_extents = 1,
						     .domid = other->id };
		cr_assert_eq(machine_call(PV_HYPERCALL_memory_op, op, (u64)r, 0, 0), -PV_EPERM);
		r->domid = PV_DOMID_SELF;
		r->extent_order = 1;
		cr_assert_eq(machine_call(PV_HYPERCALL_memory_op, op, (u64)r, 0, 0), -PV_EINVAL);
		r->extent_order = 0;
		r->nr_extents = 1UL << 32;
		cr_assert_eq(machine_call(PV_HYPERCALL_memory_op, op, (u64)r, 0, 0), -PV_EINVAL);
		cr_assert_eq(machine_call(PV_HYPERCALL_memory_op, op, HV_VIRT_START, 0, 0),
			     -PV_EFAULT);
	}
	cr_assert_eq(reservation(PV_MEMORY_decrease_reservation, (u64)extents, 1), 0);
	cr_assert_eq(frame_at(theirs)->refs, 1);
	machine_kill(other);
}

Test(mm_calls, questions_about_memory)
{
	struct pv_machphys_mapping map;
	struct pv_memory_map ram = { .nr_entries = 1, .buffer = (u64)&buffer.words[4] };

	buffer.words[0] = PV_DOMID_SELF;
	cr_assert_eq(machine_call(PV_HYPERCALL_memory_op, PV_MEMORY_current_reservation,
				  (u64)buffer.words, 0, 0),
		     (long)d->mm.frames.count);
	cr_assert_eq(machine_call(PV_HYPERCALL_memory_op, PV_MEMORY_maximum_reservation,
				  (u64)buffer.words, 0, 0),
		     (long)d->mm.max_frames);
	cr_assert_eq(machine_call(PV_HYPERCALL_memory_op, PV_MEMORY_maximum_gpfn, (u64)buffer.words,
				  0, 0),
		     (long)d->max_gfn.v);
	cr_assert_eq(machine_call(PV_HYPERCALL_memory_op, PV_MEMORY_maximum_ram_page, 0, 0, 0),
		     (long)frame_count - 1);
	buffer.words[0] = 77;
	cr_assert_eq(machine_call(PV_HYPERCALL_memory_op, PV_MEMORY_current_reservation,
				  (u64)buffer.words, 0, 0),
		     -PV_ESRCH);
	cr_assert_eq(machine_call(PV_HYPERCALL_memory_op, PV_MEMORY_machphys_mapping,
				  (u64)buffer.words, 0, 0),
		     0);
	memcpy(&map, buffer.words, sizeof(map));
	cr_assert_eq(map.max_mfn, frame_count - 1);
	memcpy(buffer.words, &ram, sizeof(ram));
	cr_assert_eq(machine_call(PV_HYPERCALL_memory_op, PV_MEMORY_memory_map, (u64)buffer.words,
				  0, 0),
		     0);
	cr_assert_eq(buffer.words[5], d->mm.max_frames << PAGE_SHIFT);
}

/* Another domain's number may be one's own, by either name. */
Test(mm_calls, own_numbers)
{
	cr_assert_eq(machine_call(PV_HYPERCALL_mmu_update, (u64)buffer.updates, 0, 0, 1), 0);
	cr_assert_eq(machine_call(PV_HYPERCALL_mmu_update, (u64)buffer.updates, 0, 0,
				  PV_DOMID_SELF | 2UL << 16),
		     0);
	cr_assert_eq(machine_call(PV_HYPERCALL_mmuext_op, (u64)buffer.ops, 0, 0, 1), 0);
	cr_assert_eq(machine_call(PV_HYPERCALL_mmuext_op, (u64)buffer.ops, 0, 0, 2), -PV_EPERM);
}

/* What is asked of an upper table's entry that goes or changes: that no CPU walks to it any more. */
Test(mm_calls, upper_entries_are_flushed)
{
	u64 at = maddr_of(s.table[2], 0), flushes;

	machine_run(1, NULL);
	cr_assert_eq(update(at, pte_make(s.table[1], PAGE_RO)), 0);
	flushes = fake_tlb_flushes[0];
	cr_assert_eq(update(at, pte_make(s.table[1], PAGE_RW)), 0);
	cr_assert_gt(fake_tlb_flushes[0], flushes, "rights changed");
	flushes = fake_tlb_flushes[0];
	cr_assert_eq(update(at, 0), 0);
	cr_assert_gt(fake_tlb_flushes[0], flushes, "it went");
}

/* Element i of a list: sums that wrap lead nowhere. */
Test(mm_calls, elements_of_lists)
{
	u64 word;

	cr_assert_eq(guest_read_at(&word, (u64)buffer.words, 3, 8), 0);
	cr_assert_eq(guest_read_at(&word, (u64)buffer.words, 1UL << 61, 8), -PV_EFAULT);
	cr_assert_eq(guest_read_at(&word, (u64)buffer.words, (1UL << 61) - 1, 8), -PV_EFAULT);
	cr_assert_eq(guest_write_at((u64)buffer.words, 1UL << 61, &word, 8), -PV_EFAULT);
	cr_assert_eq(guest_write_at((u64)buffer.words, (1UL << 61) - 1, &word, 8), -PV_EFAULT);
}

Test(mm_calls, base_pointers)
{
	struct machine_space t = machine_space(d);

	cr_assert_eq(mmuext(PV_MMUEXT_NEW_BASEPTR, page.v, 0), -PV_EINVAL);
	cr_assert_eq(mmuext(PV_MMUEXT_NEW_BASEPTR, 0, 0), -PV_EINVAL);
	cr_assert_eq(machine_cr3(0), mfn_to_maddr(s.table[4]).v);
	cr_assert_eq(mmuext(PV_MMUEXT_NEW_BASEPTR, t.table[4].v, 0), 0);
	cr_assert_eq(machine_cr3(0), mfn_to_maddr(t.table[4]).v);
	cr_assert_eq(frame_at(t.table[4])->type_refs, 1);
	cr_assert_eq(frame_at(s.table[4])->type_refs, 1, "its pin");
	cr_assert_eq(mmuext(PV_MMUEXT_NEW_USER_BASEPTR, s.table[4].v, 0), 0);
	cr_assert_eq(frame_at(s.table[4])->type_refs, 2);
	cr_assert_eq(mmuext(PV_MMUEXT_NEW_USER_BASEPTR, 0, 0), 0);
	cr_assert_eq(d->vcpus[0]->user_cr3, 0);
	cr_assert_eq(mmuext(PV_MMUEXT_UNPIN_TABLE, s.table[4].v, 0), 0);
	cr_assert_eq(frame_at(s.table[1])->type_refs, 0);
}

Test(mm_calls, clear_and_copy_page)
{
	mfn_t from = machine_frame(d), to = machine_frame(d);

	machine_poke(from, 9, 99);
	cr_assert_eq(mmuext(PV_MMUEXT_COPY_PAGE, to.v, from.v), 0);
	cr_assert_eq(machine_peek(to, 9), 99);
	cr_assert_eq(mmuext(PV_MMUEXT_CLEAR_PAGE, to.v, 0), 0);
	cr_assert_eq(machine_peek(to, 9), 0);
	cr_assert_eq(mmuext(PV_MMUEXT_CLEAR_PAGE, s.table[1].v, 0), -PV_EINVAL, "a table");
	cr_assert_eq(mmuext(PV_MMUEXT_COPY_PAGE, s.table[2].v, from.v), -PV_EINVAL);
	cr_assert_eq(mmuext(PV_MMUEXT_COPY_PAGE, to.v, 1), -PV_EINVAL, "the hypervisor's");
	cr_assert_eq(mmuext(PV_MMUEXT_COPY_PAGE, to.v, s.table[1].v), 0, "tables may be read");
}

Test(mm_calls, descriptor_tables)
{
	mfn_t gdt = machine_frame(d), ldt = machine_frame(d);

	buffer.words[0] = gdt.v;
	buffer.words[1] = page.v; /* mapped writable */
	cr_assert_eq(machine_call(PV_HYPERCALL_set_gdt, (u64)buffer.words, 1024, 0, 0), -PV_EINVAL);
	cr_assert_eq(frame_at(gdt)->refs, 1);
	cr_assert_eq(machine_call(PV_HYPERCALL_set_gdt, (u64)buffer.words, 512, 0, 0), 0);
	cr_assert_eq(frame_at(gdt)->type, FRAME_SEGDESC);
	cr_assert_eq(machine_call(PV_HYPERCALL_set_gdt, (u64)buffer.words,
				  GDT_GUEST_PAGES * 512 + 1, 0, 0),
		     -PV_EINVAL);
	cr_assert_eq(machine_call(PV_HYPERCALL_update_descriptor, maddr_of(gdt, 2),
				  0x00af9a000000ffff, 0, 0),
		     0);
	cr_assert_eq(machine_peek(gdt, 2), 0x00affb000000ffff);
	cr_assert_eq(machine_call(PV_HYPERCALL_update_descriptor, maddr_of(gdt, 2),
				  0x0000ec0000000000, 0, 0),
		     -PV_EINVAL);
	cr_assert_eq(update(maddr_of(s.table[1], 8), pte_make(gdt, PAGE_RW)), -PV_EINVAL);
	cr_assert_eq(update(maddr_of(gdt, 8), 0), -PV_EINVAL);
	cr_assert_eq(update(maddr_of(s.table[1], 8), pte_make(ldt, PAGE_RO)), 0);
	cr_assert_eq(mmuext(PV_MMUEXT_SET_LDT, 8 << PAGE_SHIFT, 10), 0);
	cr_assert_eq(frame_at(ldt)->type_refs, 1);
	cr_assert_eq(mmuext(PV_MMUEXT_SET_LDT, (8 << PAGE_SHIFT) + 8, 10), -PV_EINVAL);
	cr_assert_eq(mmuext(PV_MMUEXT_SET_LDT, 9 << PAGE_SHIFT, 10), -PV_EINVAL, "not mapped");
	cr_assert_eq(mmuext(PV_MMUEXT_SET_LDT, 8 << PAGE_SHIFT, 8193), -PV_EINVAL);
	cr_assert_eq(mmuext(PV_MMUEXT_SET_LDT, HV_VIRT_START, 10), -PV_EINVAL);
	cr_assert_eq(mmuext(PV_MMUEXT_SET_LDT, 0, 0), 0);
	cr_assert_eq(frame_at(ldt)->type_refs, 0);
	cr_assert_eq(machine_call(PV_HYPERCALL_set_gdt, 0, 0, 0, 0), 0);
	cr_assert_eq(frame_at(gdt)->type_refs, 0);
}
