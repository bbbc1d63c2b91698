/*
 * Mapping by grants, on the small machine: two domains, what one may map of the other's, and what
 * not; an owner that changes its entry meanwhile; handles and batches. How mappings end:
 * test_gnttab_end.c; copies: test_gnttab_copy.c; random sequences: test_mm_model.c.
 */
#include <criterion/criterion.h>

#include <parley/errno.h>
#include <parley/mmu.h>
#include <parley/types.h>
#include <seam/budget.h>

#include "channel/gnttab_types.h"
#include "fake_guest.h"
#include "fake_points.h"
#include "gnttab_fixture.h"
#include "machine.h"

TestSuite(gnttab_map, .init = gnttab_setup, .fini = gnttab_teardown);

/* ---- mapping ---- */

Test(gnttab_map, map_and_unmap)
{
	give(8, PV_GTF_permit_access, 2, page.v);
	cr_assert_eq(map(8, 0x5000, PV_GNTMAP_host_map), PV_GNTST_okay);
	cr_assert_eq(buffer.map[0].handle, 0);
	cr_assert_eq(buffer.map[0].dev_bus_addr, page.v << PAGE_SHIFT);
	cr_assert_eq(entry(8)->flags, PV_GTF_permit_access | PV_GTF_reading | PV_GTF_writing);
	cr_assert_eq(pte_mfn(peer_entry(0x5000)).v, page.v);
	cr_assert(peer_entry(0x5000) & PTE_WRITE);
	cr_assert(peer_entry(0x5000) & PTE_NX);
	cr_assert(peer_entry(0x5000) & PTE_GUEST_KERNEL);
	cr_assert_eq(frame_at(page)->refs, 2);
	cr_assert_eq(frame_at(page)->type_refs, 1);
	all_is_well();
	cr_assert_eq(unmap(0, 0x5000, 0), PV_GNTST_okay);
	cr_assert_eq(peer_entry(0x5000), 0);
	cr_assert_eq(entry(8)->flags, PV_GTF_permit_access);
	cr_assert_eq(frame_at(page)->refs, 1);
	cr_assert_eq(frame_at(page)->type_refs, 0);
	cr_assert_eq(unmap(0, 0x5000, 0), PV_GNTST_bad_handle);
}

Test(gnttab_map, the_flags_become_the_entrys)
{
	give(8, PV_GTF_permit_access | PV_GTF_readonly | PV_GTF_PCD, 2, page.v);
	cr_assert_eq(map(8, 0x5123,
			 PV_GNTMAP_host_map | PV_GNTMAP_readonly | PV_GNTMAP_application_map |
				 5 << PV_GNTMAP_guest_avail0),
		     PV_GNTST_okay);
	cr_assert_eq(peer_entry(0x5000), pte_make(page, PAGE_RO | PTE_GLOBAL | PTE_ACCESSED |
								PTE_DIRTY | PTE_NX | 5UL << 9));
	cr_assert_eq(entry(8)->flags & (PV_GTF_reading | PV_GTF_writing), PV_GTF_reading);
	cr_assert_eq(unmap(buffer.map[0].handle, 0x5000, 0), PV_GNTST_okay);
}

Test(gnttab_map, who_may_and_what)
{
	give(8, PV_GTF_permit_access | PV_GTF_readonly, 2, page.v);
	give(9, PV_GTF_permit_access, 1, page.v);
	give(10, PV_GTF_accept_transfer, 2, page.v);
	give(11, PV_GTF_transitive, 2, page.v);
	give(12, PV_GTF_permit_access | PV_GTF_sub_page, 2, page.v);
	give(13, PV_GTF_permit_access, 2, peer_space.table[1].v);
	give(14, PV_GTF_permit_access, 2, ~0UL);
	give(15, PV_GTF_permit_access, 2, owner_space.table[1].v);
	give(16, PV_GTF_permit_access, 2, MACHINE_LOW - 1);
	for (u32 ref = 8; ref <= 12; ref++) {
		cr_assert_eq(map(ref, 0x5000, PV_GNTMAP_host_map), PV_GNTST_general_error);
	}
	cr_assert_eq(map(13, 0x5000, PV_GNTMAP_host_map), PV_GNTST_bad_page);
	cr_assert_eq(map(14, 0x5000, PV_GNTMAP_host_map), PV_GNTST_bad_page);
	cr_assert_eq(map(15, 0x5000, PV_GNTMAP_host_map), PV_GNTST_general_error);
	cr_assert_eq(map(16, 0x5000, PV_GNTMAP_host_map), PV_GNTST_bad_page);
	cr_assert_eq(map(17, 0x5000, PV_GNTMAP_host_map), PV_GNTST_general_error);
	cr_assert_eq(map(512, 0x5000, PV_GNTMAP_host_map), PV_GNTST_bad_gntref);
	cr_assert_eq(map(~0U, 0x5000, PV_GNTMAP_host_map), PV_GNTST_bad_gntref);
	for (u32 ref = 8; ref < 20; ref++) {
		cr_assert_eq(pins(ref), 0);
		cr_assert_eq(entry(ref)->flags & (PV_GTF_reading | PV_GTF_writing), 0);
	}
	/* A page table of the owner's may be read. */
	cr_assert_eq(map(15, 0x5000, PV_GNTMAP_host_map | PV_GNTMAP_readonly), PV_GNTST_okay);
	cr_assert_eq(unmap(0, 0x5000, 0), PV_GNTST_okay);
}

Test(gnttab_map, odd_arguments_change_nothing)
{
	give(8, PV_GTF_permit_access, 2, page.v);
	cr_assert_eq(map(8, 0x5000, 0), PV_GNTST_bad_gntref);
	cr_assert_eq(map(8, (peer_space.table[1].v << PAGE_SHIFT) + 40,
			 PV_GNTMAP_host_map | PV_GNTMAP_contains_pte),
		     PV_GNTST_bad_gntref);
	cr_assert_eq(map(8, 0x5000, PV_GNTMAP_host_map | 0x20), PV_GNTST_bad_gntref);
	cr_assert_eq(map(8, 1UL << 39, PV_GNTMAP_host_map), PV_GNTST_general_error);
	cr_assert_eq(map(8, 1UL << 47, PV_GNTMAP_host_map), PV_GNTST_general_error);
	cr_assert_eq(map(8, HV_VIRT_START, PV_GNTMAP_host_map), PV_GNTST_general_error);
	buffer.map[0] = (struct pv_gnttab_map_grant_ref){
		.host_addr = 0x5000, .flags = PV_GNTMAP_host_map, .ref = 8, .dom = 7
	};
	cr_assert_eq(op(PV_GNTTABOP_map_grant_ref, buffer.map, 1), 0);
	cr_assert_eq(buffer.map[0].status, PV_GNTST_bad_domain);
	cr_assert_eq(pins(8), 0);
	cr_assert_eq(entry(8)->flags, PV_GTF_permit_access);
	cr_assert_eq(peer->grants->handles_used, 0);
	cr_assert_eq(frame_at(page)->refs, 1);
	for (u32 i = 0; i < PTE_TABLE_ENTRIES; i++) {
		cr_assert_eq(machine_peek(peer_space.table[1], i), 0);
	}
}

/* One handle, two parts; each goes once, and the marks with the last. */
Test(gnttab_map, host_and_device_parts_go_one_by_one)
{
	u64 bus = page.v << PAGE_SHIFT;

	give(8, PV_GTF_permit_access, 2, page.v);
	cr_assert_eq(map(8, 0x5000, PV_GNTMAP_host_map | PV_GNTMAP_device_map), PV_GNTST_okay);
	cr_assert_eq(pins(8), 2);
	cr_assert_eq(unmap(0, 0, 0), PV_GNTST_okay);
	cr_assert_eq(pins(8), 2);
	cr_assert_eq(unmap(0, 0x5000, bus + 1), PV_GNTST_bad_dev_addr);
	cr_assert_eq(pins(8), 2);
	cr_assert_neq(peer_entry(0x5000), 0);
	cr_assert_eq(unmap(0, 0, bus), PV_GNTST_okay);
	cr_assert_eq(pins(8), 1);
	cr_assert_eq(entry(8)->flags, PV_GTF_permit_access | PV_GTF_reading | PV_GTF_writing);
	all_is_well();
	cr_assert_eq(unmap(0, 0, bus), PV_GNTST_okay);
	cr_assert_eq(pins(8), 1);
	cr_assert_eq(unmap(0, 0x5000, 0), PV_GNTST_okay);
	cr_assert_eq(pins(8), 0);
	cr_assert_eq(entry(8)->flags, PV_GTF_permit_access);
	cr_assert_eq(unmap(0, 0x5000, bus), PV_GNTST_bad_handle);
	cr_assert_eq(frame_at(page)->refs, 1);
}

Test(gnttab_map, the_last_writer_and_the_last_reader)
{
	give(8, PV_GTF_permit_access, 2, page.v);
	cr_assert_eq(map(8, 0x5000, PV_GNTMAP_host_map | PV_GNTMAP_readonly), PV_GNTST_okay);
	cr_assert_eq(entry(8)->flags, PV_GTF_permit_access | PV_GTF_reading);
	cr_assert_eq(map(8, 0x6000, PV_GNTMAP_host_map), PV_GNTST_okay);
	cr_assert_eq(entry(8)->flags, PV_GTF_permit_access | PV_GTF_reading | PV_GTF_writing);
	/* Rights must be those of the handle. */
	cr_assert_eq(unmap(0, 0x6000, 0), PV_GNTST_general_error);
	cr_assert_eq(unmap(1, 0x5000, 0), PV_GNTST_general_error);
	cr_assert_eq(unmap(1, 0x6000, 0), PV_GNTST_okay);
	cr_assert_eq(entry(8)->flags, PV_GTF_permit_access | PV_GTF_reading);
	cr_assert_eq(unmap(0, 0x5000, 0), PV_GNTST_okay);
	cr_assert_eq(entry(8)->flags, PV_GTF_permit_access);
}

Test(gnttab_map, the_first_pins_frame_counts)
{
	mfn_t other = machine_frame(owner);

	give(8, PV_GTF_permit_access, 2, page.v);
	cr_assert_eq(map(8, 0x5000, PV_GNTMAP_host_map | PV_GNTMAP_readonly), PV_GNTST_okay);
	give(8, PV_GTF_permit_access | PV_GTF_reading, 2, other.v);
	cr_assert_eq(map(8, 0x6000, PV_GNTMAP_host_map), PV_GNTST_okay);
	cr_assert_eq(pte_mfn(peer_entry(0x6000)).v, page.v);
	/* It is one domain's at a time, whatever the entry says meanwhile. */
	give(8, PV_GTF_permit_access, 1, page.v);
	machine_be(0);
	cr_assert_eq(map(8, 0x7000, PV_GNTMAP_host_map), PV_GNTST_general_error);
	machine_be(1);
	give(8, PV_GTF_invalid, 2, other.v);
	cr_assert_eq(map(8, 0x7000, PV_GNTMAP_host_map), PV_GNTST_okay);
	all_is_well();
	for (u32 i = 0; i < 3; i++) {
		cr_assert_eq(unmap(i, 0x5000 + i * PAGE_SIZE, 0), PV_GNTST_okay);
	}
	cr_assert_eq(entry(8)->flags, PV_GTF_invalid);
	cr_assert_eq(map(8, 0x7000, PV_GNTMAP_host_map), PV_GNTST_general_error);
}

/* ---- an owner that changes its entry at the worst moment ---- */

static u32 changes;
static u64 changed_to[2];

static void change_entry(enum fake_point point, void *what)
{
	u64 *p = (u64 *)(void *)entry(8);

	if (point == FAKE_POINT_RMW && what == p && changes > 0) {
		changes--;
		*p = changed_to[changes % 2];
	}
}

Test(gnttab_map, an_entry_that_changes_is_looked_at_again)
{
	mfn_t other = machine_frame(owner);
	union {
		struct pv_grant_entry_v1 e;
		u64 word;
	} x = { .e = { PV_GTF_permit_access, 2, (u32)other.v } };

	give(8, PV_GTF_permit_access, 2, page.v);
	changed_to[0] = changed_to[1] = x.word;
	changes = 1;
	fake_point_hook = change_entry;
	cr_assert_eq(map(8, 0x5000, PV_GNTMAP_host_map), PV_GNTST_okay);
	cr_assert_eq(pte_mfn(peer_entry(0x5000)).v, other.v);
	cr_assert_eq(frame_at(page)->refs, 1);
	fake_point_hook = NULL;
	cr_assert_eq(unmap(0, 0x5000, 0), PV_GNTST_okay);
	/* Taken back, or made read-only, between the look and the mark. */
	x.e.flags = PV_GTF_permit_access | PV_GTF_readonly;
	changed_to[0] = changed_to[1] = x.word;
	changes = 1;
	fake_point_hook = change_entry;
	cr_assert_eq(map(8, 0x5000, PV_GNTMAP_host_map), PV_GNTST_general_error);
	cr_assert_eq(entry(8)->flags, x.e.flags);
	fake_point_hook = NULL;
}

Test(gnttab_map, an_entry_that_never_stops_changing_is_given_up)
{
	union {
		struct pv_grant_entry_v1 e;
		u64 word;
	} x = { .e = { PV_GTF_permit_access, 2, (u32)page.v } };

	give(8, PV_GTF_permit_access, 2, page.v);
	changed_to[0] = x.word;
	x.e.flags |= PV_GTF_PWT;
	changed_to[1] = x.word;
	changes = 1000;
	fake_point_hook = change_entry;
	cr_assert_eq(map(8, 0x5000, PV_GNTMAP_host_map), PV_GNTST_general_error);
	cr_assert_gt(changes, 990);
	fake_point_hook = NULL;
	cr_assert_eq(entry(8)->flags & (PV_GTF_reading | PV_GTF_writing), 0);
	cr_assert_eq(pins(8), 0);
}

/* ---- handles ---- */

Test(gnttab_map, handles_are_reused_and_limited)
{
	give(8, PV_GTF_permit_access, 2, page.v);
	for (u32 i = 0; i < 130; i++) {
		cr_assert_eq(map(8, 0, PV_GNTMAP_device_map), PV_GNTST_okay);
		cr_assert_eq(buffer.map[0].handle, i);
	}
	cr_assert_eq(unmap(7, 0, page.v << PAGE_SHIFT), PV_GNTST_okay);
	cr_assert_eq(unmap(7, 0, page.v << PAGE_SHIFT), PV_GNTST_bad_handle);
	cr_assert_eq(unmap(130, 0, 0), PV_GNTST_bad_handle);
	cr_assert_eq(unmap(~0U, 0, 0), PV_GNTST_bad_handle);
	cr_assert_eq(map(8, 0, PV_GNTMAP_device_map), PV_GNTST_okay);
	cr_assert_eq(buffer.map[0].handle, 7);
	peer->grants->handles_made = GNTTAB_HANDLES_MAX; /* as if there were so many */
	peer->grants->free_handle = GNTTAB_NO_HANDLE;
	cr_assert_eq(map(8, 0, PV_GNTMAP_device_map), PV_GNTST_no_device_space);
	cr_assert_eq(pins(8), 130);
	peer->grants->handles_made = 2 * GNTTAB_PAGE_HANDLES;
}

/* ---- batches ---- */

Test(gnttab_map, every_element_gets_its_status_at_any_budget)
{
	for (u64 budget = 1; budget <= 97; budget += 32) {
		fake_mm_budget = budget;
		give(8, PV_GTF_permit_access, 2, page.v);
		for (u32 i = 0; i < COUNT; i++) {
			buffer.map[i] = (struct pv_gnttab_map_grant_ref){
				.host_addr = (5UL + i) << PAGE_SHIFT,
				.flags = i % 3 == 2 ? 0 : PV_GNTMAP_host_map,
				.ref = 8,
				.dom = 1,
				.status = POISON
			};
		}
		cr_assert_eq(op(PV_GNTTABOP_map_grant_ref, buffer.map, COUNT), 0);
		for (u32 i = 0; i < COUNT; i++) {
			cr_assert_eq(buffer.map[i].status,
				     i % 3 == 2 ? PV_GNTST_bad_gntref : PV_GNTST_okay);
			buffer.unmap[i] = (struct pv_gnttab_unmap_grant_ref){
				.host_addr = (5UL + i) << PAGE_SHIFT,
				.handle = i % 3 == 2 ? 999 : buffer.map[i].handle,
				.status = POISON
			};
		}
		all_is_well();
		cr_assert_eq(op(PV_GNTTABOP_unmap_grant_ref, buffer.unmap, COUNT), 0);
		for (u32 i = 0; i < COUNT; i++) {
			cr_assert_eq(buffer.unmap[i].status,
				     i % 3 == 2 ? PV_GNTST_bad_handle : PV_GNTST_okay);
		}
		cr_assert_eq(pins(8), 0);
	}
	fake_mm_budget = MM_BUDGET_DEFAULT;
}

Test(gnttab_map, lists_that_are_not_there)
{
	give(8, PV_GTF_permit_access, 2, page.v);
	for (u32 cmd = 0; cmd < 13; cmd++) {
		if (cmd == PV_GNTTABOP_dump_table || cmd == PV_GNTTABOP_get_status_frames) {
			cr_assert_eq(op(cmd, (void *)8, 1), -PV_ENOSYS);
		} else {
			cr_assert_eq(op(cmd, (void *)8, 1), -PV_EFAULT);
			cr_assert_eq(op(cmd, (void *)HV_VIRT_START, 1), -PV_EFAULT);
			cr_assert_eq(op(cmd, buffer.map, 0x80000000U), -PV_EINVAL);
		}
	}
	cr_assert_eq(op(PV_GNTTABOP_map_grant_ref, (void *)8, 0), 0);
	/* The list ends in the middle: what is before was done. */
	buffer.update[0] = (struct pv_mmu_update){ 0 };
	fake_guest_reset();
	fake_guest_map_here(buffer.map, 2 * sizeof(buffer.map[0]));
	buffer.map[0] = buffer.map[1] = (struct pv_gnttab_map_grant_ref){
		.flags = PV_GNTMAP_device_map, .ref = 8, .dom = 1, .status = POISON
	};
	cr_assert_eq(op(PV_GNTTABOP_map_grant_ref, buffer.map, 3), -PV_EFAULT);
	cr_assert_eq(buffer.map[1].status, PV_GNTST_okay);
	cr_assert_eq(pins(8), 2);
}

/* A grant to oneself is a grant: the entry counts besides, as every own page's does. */
Test(gnttab_map, to_oneself)
{
	machine_be(0);
	give(8, PV_GTF_permit_access, 1, page.v);
	cr_assert_eq(map(8, 0x5000, PV_GNTMAP_host_map), PV_GNTST_okay);
	cr_assert_eq(frame_at(page)->refs, 3);
	cr_assert_eq(frame_at(page)->type_refs, 2);
	all_is_well();
	cr_assert_eq(unmap(0, 0x5000, 0), PV_GNTST_okay);
	cr_assert_eq(frame_at(page)->refs, 1);
	cr_assert_eq(map(8, 0x5000, PV_GNTMAP_host_map), PV_GNTST_okay);
	machine_kill(owner);
	owner = NULL;
	machine_be(1);
}
