/*
 * Mapping and copying by grants, on the small machine: two domains, what one may do
 * with the other's, and what it may not. Random sequences are in test_mm_model.c.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

#include <parley/errno.h>
#include <parley/mmu.h>
#include <parley/types.h>
#include <seam/budget.h>
#include <seam/cpu.h>
#include <seam/directmap.h>

#include "channel/gnttab_types.h"
#include "fake_guest.h"
#include "fake_points.h"
#include "fake_tlb.h"
#include "machine.h"
#include "simtlb.h"

#define PAGE_RW (PTE_PRESENT | PTE_WRITE | PTE_USER)
#define PAGE_RO (PTE_PRESENT | PTE_USER)
#define COUNT   40U
#define POISON  0x5a5a

static struct domain *owner, *peer;
static struct machine_space owner_space, peer_space;
static mfn_t page; /* the owner's */
static u64 free_at_start;
static struct {
	struct pv_gnttab_map_grant_ref map[COUNT];
	struct pv_gnttab_unmap_grant_ref unmap[COUNT];
	struct pv_gnttab_unmap_and_replace replace[2];
	struct pv_gnttab_copy copy[COUNT];
	struct pv_gnttab_swap_grant_ref swap[2];
	struct pv_gnttab_transfer transfer[2];
	struct pv_gnttab_cache_flush flush[1];
	struct pv_mmu_update update[1];
	struct pv_mmuext_op ext[1];
	u64 extent;
} buffer;

static struct machine_space start(struct domain *d)
{
	struct machine_space s = machine_space(d);

	cr_assert_eq(gnttab_grow(d, 1), 0);
	cr_assert_eq(mm_begin(&d->mm), 0);
	cr_assert_eq(frame_pin(&d->mm, s.table[4], FRAME_L4), 0);
	cr_assert_eq(frame_get_type(&d->mm, s.table[4], FRAME_L4), 0);
	mm_end(&d->mm);
	vcpu_set_kernel_root(d->vcpus[0], s.table[4].v << PAGE_SHIFT);
	return s;
}

static void setup(void)
{
	machine_init(160);
	free_at_start = alloc_free_count();
	fake_guest_reset();
	fake_guest_map_here(&buffer, sizeof(buffer));
	memset(&buffer, 0, sizeof(buffer));
	owner = machine_domain(1, 1, 40);
	peer = machine_domain(2, 1, 40);
	owner_space = start(owner);
	peer_space = start(peer);
	page = machine_frame(owner);
	simtlb_begin();
	machine_run(0, owner->vcpus[0]);
	machine_run(1, peer->vcpus[0]);
	machine_be(1);
	fake_mm_budget = MM_BUDGET_DEFAULT;
}

static void all_is_well(void)
{
	const char *why = machine_check();

	cr_assert_null(why, "%s", why);
	why = simtlb_check();
	cr_assert_null(why, "%s", why);
}

static void teardown(void)
{
	all_is_well();
	fake_point_hook = NULL;
	if (owner != NULL) {
		machine_kill(owner);
	}
	if (peer != NULL) {
		machine_kill(peer);
	}
	machine_reap();
	cr_assert_eq(alloc_free_count(), free_at_start);
}

TestSuite(gnttab_map, .init = setup, .fini = teardown);

/* ---- what the domains do ---- */

static struct pv_grant_entry_v1 *entry(u32 ref)
{
	return gnttab_entry(owner->grants, ref);
}

static void give(u32 ref, u16 flags, u16 to, u64 m)
{
	*entry(ref) = (struct pv_grant_entry_v1){ .flags = flags, .domid = to, .frame = (u32)m };
}

static long op(u32 cmd, void *list, u32 count)
{
	return machine_call(PV_HYPERCALL_grant_table_op, cmd, (u64)list, count, 0);
}

static s16 map(u32 ref, u64 va, u32 flags)
{
	buffer.map[0] = (struct pv_gnttab_map_grant_ref){
		.host_addr = va, .flags = flags, .ref = ref, .dom = 1, .status = POISON
	};
	cr_assert_eq(op(PV_GNTTABOP_map_grant_ref, buffer.map, 1), 0);
	return buffer.map[0].status;
}

static s16 unmap(u32 handle, u64 va, u64 bus)
{
	buffer.unmap[0] = (struct pv_gnttab_unmap_grant_ref){
		.host_addr = va, .dev_bus_addr = bus, .handle = handle, .status = POISON
	};
	cr_assert_eq(op(PV_GNTTABOP_unmap_grant_ref, buffer.unmap, 1), 0);
	machine_reap();
	return buffer.unmap[0].status;
}

static u64 peer_entry(u64 va)
{
	return machine_peek(peer_space.table[1], pte_index(va, 1));
}

static long peer_update(u64 va, u64 value)
{
	buffer.update[0] = (struct pv_mmu_update){
		(peer_space.table[1].v << PAGE_SHIFT) + 8UL * pte_index(va, 1), value
	};
	return machine_call(PV_HYPERCALL_mmu_update, (u64)buffer.update, 1, 0, PV_DOMID_SELF);
}

static u32 pins(u32 ref)
{
	return gnttab_active(owner->grants, ref)->pins;
}

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

/* ---- the peer's tables ---- */

Test(gnttab_map, an_overwritten_mapping_keeps_its_pin)
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
Test(gnttab_map, a_table_that_was_unpinned_is_refused)
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
Test(gnttab_map, what_was_mapped_before)
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

Test(gnttab_map, the_peers_cpus_are_flushed_before_the_frame_is_let_go)
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

Test(gnttab_map, a_frame_given_back_waits_for_the_last_pin)
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

Test(gnttab_map, the_owners_translations_are_flushed_when_the_frame_is_freed)
{
	unmap_and_free(PAGE_RW, PV_GNTMAP_host_map);
}

Test(gnttab_map, those_that_only_read_too)
{
	unmap_and_free(PAGE_RO, PV_GNTMAP_host_map | PV_GNTMAP_readonly);
}

Test(gnttab_map, an_owner_that_dies_leaves_what_is_mapped)
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

Test(gnttab_map, both_die)
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

Test(gnttab_map, the_end_of_a_peer_comes_in_steps)
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

/* ---- copies ---- */

static s16 copy(struct pv_gnttab_copy c)
{
	c.status = POISON;
	buffer.copy[0] = c;
	cr_assert_eq(op(PV_GNTTABOP_copy, buffer.copy, 1), 0);
	return buffer.copy[0].status;
}

static void fill(mfn_t m, u8 first)
{
	u8 *bytes = mfn_to_virt(m);

	for (u32 i = 0; i < PAGE_SIZE; i++) {
		bytes[i] = (u8)(first + i * 7);
	}
}

Test(gnttab_map, copies_no_byte_more)
{
	static const struct {
		u16 from, to, len;
	} cases[] = { { 0, 0, 4096 }, { 1, 2, 3 },    { 4095, 0, 1 },  { 0, 4095, 1 },
		      { 100, 7, 0 },  { 4096, 0, 0 }, { 8, 16, 4080 }, { 13, 14, 4082 } };
	static u8 want[PAGE_SIZE];
	mfn_t own = machine_frame(peer);

	give(8, PV_GTF_permit_access | PV_GTF_readonly, 2, page.v);
	give(9, PV_GTF_permit_access, 2, page.v);
	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		struct pv_gnttab_copy c = {
			.source = { { .ref = 8 }, 1, cases[i].from },
			.dest = { { .gmfn = own.v }, PV_DOMID_SELF, cases[i].to },
			.len = cases[i].len,
			.flags = PV_GNTCOPY_source_gref,
		};

		fill(page, 1);
		fill(own, 100);
		memcpy(want, mfn_to_virt(own), PAGE_SIZE);
		memcpy(want + c.dest.offset, (u8 *)mfn_to_virt(page) + c.source.offset, c.len);
		cr_assert_eq(copy(c), PV_GNTST_okay);
		cr_assert_arr_eq(want, (u8 *)mfn_to_virt(own), PAGE_SIZE);
		/* and the other way */
		fill(page, 1);
		memcpy(want, mfn_to_virt(page), PAGE_SIZE);
		memcpy(want + cases[i].to, (u8 *)mfn_to_virt(own) + cases[i].from, c.len);
		c.source = (struct pv_gnttab_copy_ptr){ { .gmfn = own.v },
							PV_DOMID_SELF,
							cases[i].from };
		c.dest = (struct pv_gnttab_copy_ptr){ { .ref = 9 }, 1, cases[i].to };
		c.flags = PV_GNTCOPY_dest_gref;
		cr_assert_eq(copy(c), PV_GNTST_okay);
		cr_assert_arr_eq(want, (u8 *)mfn_to_virt(page), PAGE_SIZE);
	}
	cr_assert_eq(entry(8)->flags, PV_GTF_permit_access | PV_GTF_readonly);
	cr_assert_eq(entry(9)->flags, PV_GTF_permit_access);
}

Test(gnttab_map, overlapping_copies_are_right)
{
	static u8 want[PAGE_SIZE];
	mfn_t own = machine_frame(peer);

	for (u32 shift = 0; shift < 2; shift++) {
		u16 from = shift ? 5 : 9, to = shift ? 9 : 5;

		fill(own, 3);
		memcpy(want, mfn_to_virt(own), PAGE_SIZE);
		memmove(want + to, want + from, 1000);
		cr_assert_eq(copy((struct pv_gnttab_copy){
				     .source = { { .gmfn = own.v }, PV_DOMID_SELF, from },
				     .dest = { { .gmfn = own.v }, PV_DOMID_SELF, to },
				     .len = 1000 }),
			     PV_GNTST_okay);
		cr_assert_arr_eq(want, (u8 *)mfn_to_virt(own), PAGE_SIZE);
	}
}

Test(gnttab_map, copies_that_are_refused)
{
	mfn_t own = machine_frame(peer);
	struct pv_gnttab_copy good = { .source = { { .ref = 8 }, 1, 0 },
				       .dest = { { .gmfn = own.v }, PV_DOMID_SELF, 0 },
				       .len = 64,
				       .flags = PV_GNTCOPY_source_gref };
	struct pv_gnttab_copy c;

	give(8, PV_GTF_permit_access | PV_GTF_readonly, 2, page.v);
	cr_assert_eq(copy(good), PV_GNTST_okay);
	c = good, c.source.offset = 4033;
	cr_assert_eq(copy(c), PV_GNTST_bad_copy_arg);
	c = good, c.dest.offset = 0xffff;
	cr_assert_eq(copy(c), PV_GNTST_bad_copy_arg);
	c = good, c.source.domid = 3;
	cr_assert_eq(copy(c), PV_GNTST_bad_domain);
	c = good, c.source.u.ref = 512;
	cr_assert_eq(copy(c), PV_GNTST_bad_gntref);
	c = good, c.source.u.ref = 9;
	cr_assert_eq(copy(c), PV_GNTST_general_error);
	c = good, c.flags = 0, c.source.u.gmfn = page.v;
	cr_assert_eq(copy(c), PV_GNTST_permission_denied);
	c.source.domid = PV_DOMID_SELF;
	cr_assert_eq(copy(c), PV_GNTST_bad_page);
	c = good, c.dest.domid = 2;
	cr_assert_eq(copy(c), PV_GNTST_permission_denied);
	c = good, c.dest.u.gmfn = page.v;
	cr_assert_eq(copy(c), PV_GNTST_bad_page);
	c = good, c.dest.u.gmfn = peer_space.table[2].v;
	cr_assert_eq(copy(c), PV_GNTST_general_error);
	c = good, c.dest.u.gmfn = own.v | 1UL << 40;
	cr_assert_eq(copy(c), PV_GNTST_bad_page);
	c = good, c.dest = (struct pv_gnttab_copy_ptr){ { .ref = 8 }, 1, 0 };
	c.flags |= PV_GNTCOPY_dest_gref;
	cr_assert_eq(copy(c), PV_GNTST_general_error);
	cr_assert_eq(entry(8)->flags, PV_GTF_permit_access | PV_GTF_readonly);
	cr_assert_eq(pins(8), 0);
	cr_assert_eq(frame_at(page)->refs, 1);
	cr_assert_eq(frame_at(own)->refs, 1);
	cr_assert_eq(frame_at(own)->type_refs, 0);
}

/* ---- the rest ---- */

Test(gnttab_map, swap_of_entries_that_nobody_uses)
{
	machine_be(0);
	give(8, PV_GTF_permit_access, 2, page.v);
	give(9, PV_GTF_permit_access | PV_GTF_readonly, 7, 5);
	buffer.swap[0] = (struct pv_gnttab_swap_grant_ref){ 8, 9, POISON };
	buffer.swap[1] = (struct pv_gnttab_swap_grant_ref){ 8, 512, POISON };
	cr_assert_eq(op(PV_GNTTABOP_swap_grant_ref, buffer.swap, 2), 0);
	cr_assert_eq(buffer.swap[0].status, PV_GNTST_okay);
	cr_assert_eq(buffer.swap[1].status, PV_GNTST_bad_gntref);
	cr_assert_eq(entry(9)->frame, page.v);
	cr_assert_eq(entry(8)->domid, 7);
	machine_be(1);
	cr_assert_eq(map(9, 0x5000, PV_GNTMAP_host_map), PV_GNTST_okay);
	machine_be(0);
	buffer.swap[1] = (struct pv_gnttab_swap_grant_ref){ 9, 9, POISON };
	cr_assert_eq(op(PV_GNTTABOP_swap_grant_ref, buffer.swap, 2), 0);
	cr_assert_eq(buffer.swap[0].status, PV_GNTST_eagain);
	cr_assert_eq(buffer.swap[1].status, PV_GNTST_okay);
	buffer.swap[0] = (struct pv_gnttab_swap_grant_ref){ 9, 8, POISON };
	cr_assert_eq(op(PV_GNTTABOP_swap_grant_ref, buffer.swap, 1), 0);
	cr_assert_eq(buffer.swap[0].status, PV_GNTST_eagain);
	cr_assert_eq(entry(9)->frame, page.v);
}

Test(gnttab_map, transfers_and_cache_flushes)
{
	buffer.transfer[0].status = buffer.transfer[1].status = POISON;
	cr_assert_eq(op(PV_GNTTABOP_transfer, buffer.transfer, 2), 0);
	cr_assert_eq(buffer.transfer[0].status, PV_GNTST_general_error);
	cr_assert_eq(buffer.transfer[1].status, PV_GNTST_general_error);
	buffer.flush[0] =
		(struct pv_gnttab_cache_flush){ .length = 4096, .op = PV_GNTTAB_CACHE_CLEAN };
	cr_assert_eq(op(PV_GNTTABOP_cache_flush, buffer.flush, 1), 0);
	buffer.flush[0].offset = 1;
	cr_assert_eq(op(PV_GNTTABOP_cache_flush, buffer.flush, 1), -PV_EINVAL);
	buffer.flush[0].op = PV_GNTTAB_CACHE_SOURCE_GREF;
	cr_assert_eq(op(PV_GNTTABOP_cache_flush, buffer.flush, 1), -PV_EOPNOTSUPP);
	buffer.flush[0] = (struct pv_gnttab_cache_flush){ .length = 1, .op = 4 };
	cr_assert_eq(op(PV_GNTTABOP_cache_flush, buffer.flush, 1), -PV_EINVAL);
	buffer.flush[0] = (struct pv_gnttab_cache_flush){ .length = 0xffff, .op = 1 };
	cr_assert_eq(op(PV_GNTTABOP_cache_flush, buffer.flush, 1), -PV_EINVAL);
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
