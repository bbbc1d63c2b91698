/* See gnttab_fixture.h. */
#include <criterion/criterion.h>
#include <string.h>

#include <parley/mmu.h>
#include <parley/types.h>
#include <seam/budget.h>

#include "channel/gnttab_types.h"
#include "fake_guest.h"
#include "fake_points.h"
#include "gnttab_fixture.h"
#include "machine.h"
#include "simtlb.h"

struct domain *owner, *peer;
struct machine_space owner_space, peer_space;
mfn_t page;
u64 free_at_start;
struct gnttab_lists buffer;

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

void gnttab_setup(void)
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

void all_is_well(void)
{
	const char *why = machine_check();

	cr_assert_null(why, "%s", why);
	why = simtlb_check();
	cr_assert_null(why, "%s", why);
}

void gnttab_teardown(void)
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

struct pv_grant_entry_v1 *entry(u32 ref)
{
	return gnttab_entry(owner->grants, ref);
}

void give(u32 ref, u16 flags, u16 to, u64 m)
{
	*entry(ref) = (struct pv_grant_entry_v1){ .flags = flags, .domid = to, .frame = (u32)m };
}

long op(u32 cmd, void *list, u32 count)
{
	return machine_call(PV_HYPERCALL_grant_table_op, cmd, (u64)list, count, 0);
}

s16 map(u32 ref, u64 va, u32 flags)
{
	buffer.map[0] = (struct pv_gnttab_map_grant_ref){
		.host_addr = va, .flags = flags, .ref = ref, .dom = 1, .status = POISON
	};
	cr_assert_eq(op(PV_GNTTABOP_map_grant_ref, buffer.map, 1), 0);
	return buffer.map[0].status;
}

s16 unmap(u32 handle, u64 va, u64 bus)
{
	buffer.unmap[0] = (struct pv_gnttab_unmap_grant_ref){
		.host_addr = va, .dev_bus_addr = bus, .handle = handle, .status = POISON
	};
	cr_assert_eq(op(PV_GNTTABOP_unmap_grant_ref, buffer.unmap, 1), 0);
	machine_reap();
	return buffer.unmap[0].status;
}

u64 peer_entry(u64 va)
{
	return machine_peek(peer_space.table[1], pte_index(va, 1));
}

long peer_update(u64 va, u64 value)
{
	buffer.update[0] = (struct pv_mmu_update){
		(peer_space.table[1].v << PAGE_SHIFT) + 8UL * pte_index(va, 1), value
	};
	return machine_call(PV_HYPERCALL_mmu_update, (u64)buffer.update, 1, 0, PV_DOMID_SELF);
}

u32 pins(u32 ref)
{
	return gnttab_active(owner->grants, ref)->pins;
}
