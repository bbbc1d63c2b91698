/*
 * How mappings by grants end, on the small machine: overwritten in the peer's tables, unmapped with
 * its CPUs flushed, with a frame that is given back, with the end of a domain.
 */
#include <criterion/criterion.h>

#include <parley/errno.h>
#include <parley/mmu.h>
#include <parley/types.h>

#include "fake_tlb.h"
#include "gnttab_fixture.h"
#include "machine.h"
#include "simtlb.h"

TestSuite(gnttab_end, .init = gnttab_setup, .fini = gnttab_teardown);

/* ---- the peer's tables ---- */

Test(gnttab_end, an_overwritten_mapping_keeps_its_pin)
{
	mfn_t own = machine_frame(peer);

	give(8, PV_GTF_permit_access, 2, page.v);
	cr_assert_eq(map(8, 0x5000, PV_GNTMAP_host_map), PV_GNTST_okay);
	/* Who may use it is the guest's own affair; what it names is not. */
	cr_assert_eq(peer_update(0x5000, (peer_entry(0x5000) & ~PTE_NX) | PTE_ACCESSED), 0);
	cr_assert_eq(peer_update(0x5000, peer_entry(0x5000) & ~PTE_WRITE), -PV_EINVAL);
	cr_assert_eq(peer_update(0x6000, peer_entry(0x5000)), -PV_EINVAL);
	cr_assert_eq(peer_update(0x5000, pte_make(own, PAGE_RW)), 0);
	cr_assert_eq(pins(8), 1);
	cr_assert_eq(unmap(0, 0x5000, 0), PV_GNTST_general_error);
	cr_assert_eq(peer_update(0x5000, pte_make(page, PAGE_RW)), -PV_EINVAL);
	all_is_well();
	machine_kill(peer);
	peer = NULL;
	cr_assert_eq(frame_at(page)->refs, 1);
	cr_assert_eq(entry(8)->flags, PV_GTF_permit_access);
	machine_be(0);
}

static long peer_ext(u32 cmd, mfn_t m)
{
	buffer.ext[0] = (struct pv_mmuext_op){ .cmd = cmd, .arg1.mfn = m.v };
	return machine_call(PV_HYPERCALL_mmuext_op, (u64)buffer.ext, 1, 0, PV_DOMID_SELF);
}

/* A table with such an entry is no table again. */
Test(gnttab_end, a_table_that_was_unpinned_is_refused)
{
	mfn_t table = machine_frame(peer);
	u64 l2_entry = pte_make(table, PAGE_RW);

	cr_assert_eq(peer_ext(PV_MMUEXT_PIN_L1_TABLE, table), 0);
	buffer.update[0] =
		(struct pv_mmu_update){ (peer_space.table[2].v << PAGE_SHIFT) + 8, l2_entry };
	cr_assert_eq(machine_call(PV_HYPERCALL_mmu_update, (u64)buffer.update, 1, 0, PV_DOMID_SELF),
		     0);
	give(8, PV_GTF_permit_access, 2, page.v);
	cr_assert_eq(map(8, 0x205000, PV_GNTMAP_host_map), PV_GNTST_okay);
	buffer.update[0].val = 0;
	cr_assert_eq(machine_call(PV_HYPERCALL_mmu_update, (u64)buffer.update, 1, 0, PV_DOMID_SELF),
		     0);
	cr_assert_eq(peer_ext(PV_MMUEXT_UNPIN_TABLE, table), 0);
	all_is_well();
	cr_assert_eq(peer_ext(PV_MMUEXT_PIN_L1_TABLE, table), -PV_EINVAL);
	cr_assert_eq(pins(8), 1);
	cr_assert_eq(unmap(0, 0x205000, 0), PV_GNTST_general_error);
	all_is_well();
}

/* What was mapped there goes as with any other write, and comes back by unmap_and_replace. */
Test(gnttab_end, what_was_mapped_before)
{
	mfn_t own = machine_frame(peer), second = machine_frame(peer);

	give(8, PV_GTF_permit_access, 2, page.v);
	cr_assert_eq(peer_update(0x5000, pte_make(own, PAGE_RW)), 0);
	cr_assert_eq(peer_update(0x6000, pte_make(second, PAGE_RW)), 0);
	cr_assert_eq(map(8, 0x5000, PV_GNTMAP_host_map), PV_GNTST_okay);
	cr_assert_eq(frame_at(own)->refs, 1);
	buffer.replace[0] = (struct pv_gnttab_unmap_and_replace){ 0x5000, 0x5000, 0, POISON };
	cr_assert_eq(op(PV_GNTTABOP_unmap_and_replace, buffer.replace, 1), 0);
	cr_assert_eq(buffer.replace[0].status, PV_GNTST_general_error);
	buffer.replace[0] = (struct pv_gnttab_unmap_and_replace){ 0x5000, 0x40000000, 0, POISON };
	cr_assert_eq(op(PV_GNTTABOP_unmap_and_replace, buffer.replace, 1), 0);
	cr_assert_eq(buffer.replace[0].status, PV_GNTST_general_error);
	cr_assert_eq(pins(8), 1);
	buffer.replace[0] = (struct pv_gnttab_unmap_and_replace){ 0x5000, 0x6000, 0, POISON };
	cr_assert_eq(op(PV_GNTTABOP_unmap_and_replace, buffer.replace, 1), 0);
	cr_assert_eq(buffer.replace[0].status, PV_GNTST_okay);
	cr_assert_eq(peer_entry(0x6000), 0);
	cr_assert_eq(pte_mfn(peer_entry(0x5000)).v, second.v);
	cr_assert_eq(frame_at(second)->refs, 2);
	cr_assert_eq(pins(8), 0);
}

/* ---- flushes ---- */

static u32 refs_at_flush;

static void note_refs(u32 cpu, const struct fake_tlb_event *event)
{
	refs_at_flush = frame_at(page)->refs;
}

Test(gnttab_end, the_peers_cpus_are_flushed_before_the_frame_is_let_go)
{
	u64 before = fake_tlb_flushes[1];

	give(8, PV_GTF_permit_access, 2, page.v);
	for (u32 i = 0; i < 3; i++) {
		buffer.map[i] =
			(struct pv_gnttab_map_grant_ref){ .host_addr = (5UL + i) << PAGE_SHIFT,
							  .flags = PV_GNTMAP_host_map,
							  .ref = 8,
							  .dom = 1 };
		buffer.unmap[i] = (struct pv_gnttab_unmap_grant_ref){
			.host_addr = (5UL + i) << PAGE_SHIFT, .handle = i, .status = POISON
		};
	}
	cr_assert_eq(op(PV_GNTTABOP_map_grant_ref, buffer.map, 3), 0);
	cr_assert_eq(fake_tlb_flushes[1], before);
	fake_tlb_watch = note_refs;
	cr_assert_eq(op(PV_GNTTABOP_unmap_grant_ref, buffer.unmap, 3), 0);
	cr_assert_eq(fake_tlb_flushes[1], before + 1, "one flush for all");
	cr_assert_eq(refs_at_flush, 4);
	cr_assert_eq(frame_at(page)->refs, 1);
	/* A device's part alone needs none. */
	cr_assert_eq(map(8, 0, PV_GNTMAP_device_map), PV_GNTST_okay);
	cr_assert_eq(unmap(buffer.map[0].handle, 0, page.v << PAGE_SHIFT), PV_GNTST_okay);
	cr_assert_eq(fake_tlb_flushes[1], before + 1);
	simtlb_begin();
}

/* ---- frames that are given back, and ends ---- */

static void give_back(mfn_t m)
{
	spin_lock(&owner->mm.lock);
	cr_assert_eq(frame_release(&owner->mm, m), 0);
	spin_unlock(&owner->mm.lock);
}

Test(gnttab_end, a_frame_given_back_waits_for_the_last_pin)
{
	u64 before;

	give(8, PV_GTF_permit_access, 2, page.v);
	cr_assert_eq(map(8, 0x5000, PV_GNTMAP_host_map), PV_GNTST_okay);
	give_back(page);
	before = alloc_free_count();
	cr_assert_eq(frame_at(page)->owner, 1);
	all_is_well();
	cr_assert_eq(unmap(0, 0x5000, 0), PV_GNTST_okay);
	cr_assert_eq(alloc_free_count(), before + 1);
	cr_assert_eq(frame_at(page)->owner, FRAME_OWNER_FREE);
}

/* The owner's own mapping went while ours was there: its stale translations count from then on. */
static void unmap_and_free(u64 rights, u32 flags)
{
	u64 flushes;

	machine_be(0);
	buffer.update[0] = (struct pv_mmu_update){ (owner_space.table[1].v << PAGE_SHIFT) + 8,
						   pte_make(page, rights) };
	cr_assert_eq(machine_call(PV_HYPERCALL_mmu_update, (u64)buffer.update, 1, 0, PV_DOMID_SELF),
		     0);
	cr_assert_null(simtlb_check());
	give(8, PV_GTF_permit_access, 2, page.v);
	machine_be(1);
	cr_assert_eq(map(8, 0x5000, flags), PV_GNTST_okay);
	machine_be(0);
	buffer.update[0].val = 0;
	cr_assert_eq(machine_call(PV_HYPERCALL_mmu_update, (u64)buffer.update, 1, 0, PV_DOMID_SELF),
		     0);
	machine_be(1);
	cr_assert_eq(unmap(0, 0x5000, 0), PV_GNTST_okay);
	flushes = fake_tlb_flushes[0];
	give_back(page);
	cr_assert_eq(fake_tlb_flushes[0], flushes + 1);
	cr_assert_eq(frame_at(page)->owner, FRAME_OWNER_FREE);
}

Test(gnttab_end, the_owners_translations_are_flushed_when_the_frame_is_freed)
{
	unmap_and_free(PAGE_RW, PV_GNTMAP_host_map);
}

Test(gnttab_end, those_that_only_read_too)
{
	unmap_and_free(PAGE_RO, PV_GNTMAP_host_map | PV_GNTMAP_readonly);
}

Test(gnttab_end, an_owner_that_dies_leaves_what_is_mapped)
{
	give(8, PV_GTF_permit_access, 2, page.v);
	give(9, PV_GTF_permit_access, 2, owner->shared_mfn.v);
	give(10, PV_GTF_permit_access, 2, gnttab_frame(owner, 0).v);
	cr_assert_eq(map(8, 0x5000, PV_GNTMAP_host_map), PV_GNTST_okay);
	cr_assert_eq(map(9, 0x6000, PV_GNTMAP_host_map), PV_GNTST_okay);
	cr_assert_eq(map(10, 0x7000, PV_GNTMAP_host_map), PV_GNTST_okay);
	machine_kill(owner);
	owner = NULL;
	machine_be(1);
	cr_assert_eq(frame_at(page)->owner, 1);
	cr_assert_null(domain_find(1));
	all_is_well();
	cr_assert_eq(map(8, 0x8000, PV_GNTMAP_host_map), PV_GNTST_bad_domain);
	for (u32 i = 0; i < 3; i++) {
		all_is_well();
		cr_assert_eq(unmap(i, 0x5000 + i * PAGE_SIZE, 0), PV_GNTST_okay);
	}
	cr_assert_eq(frame_at(page)->owner, FRAME_OWNER_FREE);
}

Test(gnttab_end, both_die)
{
	give(8, PV_GTF_permit_access, 2, page.v);
	for (u32 i = 0; i < 3; i++) {
		cr_assert_eq(map(8, (5UL + i) << PAGE_SHIFT, PV_GNTMAP_host_map), PV_GNTST_okay);
	}
	machine_kill(owner);
	owner = NULL;
	machine_kill(peer);
	peer = NULL;
	machine_reap();
	machine_be(0);
	cr_assert_eq(alloc_free_count(), free_at_start);
}

Test(gnttab_end, the_end_of_a_peer_comes_in_steps)
{
	u32 steps = 0;

	give(8, PV_GTF_permit_access, 2, page.v);
	for (u32 i = 0; i < 200; i++) {
		cr_assert_eq(map(8, 0, PV_GNTMAP_device_map), PV_GNTST_okay);
	}
	cr_assert_eq(pins(8), 200);
	while (gnttab_release_step(peer)) {
		steps++;
	}
	cr_assert_geq(steps, 5);
	cr_assert_eq(pins(8), 0);
	cr_assert_eq(peer->grants->handles_used, 0);
	peer->grants->release_next = 0;
}
