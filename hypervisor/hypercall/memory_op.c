/*
 * Hypercall memory_op: frames given back and got, and questions about memory.
 * Long lists are worked through in steps; where a restart begins stands above
 * the low bits of the operation's number, as the ABI has it.
 *
 * Read next: ../mm/owner.c (frame_alloc, frame_release).
 */
#include <parley/errno.h>
#include <parley/memory.h>
#include <seam/cpu.h>
#include <seam/directmap.h>

#include "domain/domain.h"
#include "hypercall/handlers.h"
#include "hypercall/hypercall.h"
#include "hypercall/mmu_common.h"
#include "mm/guest.h"
#include "mm/types.h"

/* Frames handled in one run; clearing them is most of the work. */
#define RESERVATION_STEP 64

static int reservation_read(struct domain *d, u64 arg, struct pv_memory_reservation *r)
{
	int rc = guest_read(r, arg, sizeof(*r));

	if (rc != 0) {
		return rc;
	}
	if (!mmu_domid_is_self(d, r->domid)) {
		return -PV_EPERM;
	}
	/* LIMIT: single frames only; guests fall back to them. */
	if (r->extent_order != 0 || r->nr_extents > UINT32_MAX) {
		return -PV_EINVAL;
	}
	return 0;
}

/* A new frame for pfn at place i of the list: true if it worked. */
static bool populate_one(struct domain *d, u64 list, u64 i)
{
	u64 pfn;
	mfn_t m;

	if (guest_read_at(&pfn, list, i, sizeof(pfn)) != 0) {
		return false;
	}
	spin_lock(&d->mm.lock);
	m = frame_alloc(&d->mm);
	d->mm.work += MM_WORK_FRAME;
	if (!mfn_equal(m, MFN_INVALID)) {
		m2p_array()[m.v] = pfn;
	}
	spin_unlock(&d->mm.lock);
	if (mfn_equal(m, MFN_INVALID)) {
		return false;
	}
	if (guest_write_at(list, i, &m.v, sizeof(m.v)) != 0) {
		spin_lock(&d->mm.lock);
		(void)frame_release(&d->mm, m);
		spin_unlock(&d->mm.lock);
		return false;
	}
	return true;
}

static bool give_back_one(struct domain *d, u64 list, u64 i)
{
	u64 m;
	int rc;

	if (guest_read_at(&m, list, i, sizeof(m)) != 0) {
		return false;
	}
	spin_lock(&d->mm.lock);
	rc = frame_release(&d->mm, mfn(m));
	d->mm.work += MM_WORK_FRAME;
	spin_unlock(&d->mm.lock);
	return rc == 0;
}

static long change_reservation(struct domain *d, u32 op, u64 start, u64 arg,
			       bool (*one)(struct domain *d, u64 list, u64 i))
{
	struct pv_memory_reservation r;
	u64 i;
	int rc = reservation_read(d, arg, &r);

	if (rc != 0) {
		return rc;
	}
	for (i = start; i < r.nr_extents; i++) {
		if (i - start == RESERVATION_STEP) {
			return hypercall_restart(PV_HYPERCALL_memory_op,
						 op | i << PV_MEMORY_OP_BITS, arg, 0, 0);
		}
		if (!one(d, r.extent_start, i)) {
			break;
		}
	}
	return (long)i;
}

/* The guest's memory map: RAM from 0 to all that it may ever have. */
static long memory_map(struct domain *d, u64 arg)
{
	struct pv_e820_entry ram = { 0, mm_top_frames(&d->mm) << PAGE_SHIFT, PV_E820_RAM };
	struct pv_memory_map map;
	int rc = guest_read(&map, arg, sizeof(map));

	if (rc != 0) {
		return rc;
	}
	if (map.nr_entries < 1) {
		return -PV_EINVAL;
	}
	rc = guest_write(map.buffer, &ram, sizeof(ram));
	if (rc == 0) {
		map.nr_entries = 1;
		rc = guest_write(arg, &map, sizeof(map));
	}
	return rc;
}

static long machphys_mapping(u64 arg)
{
	struct pv_machphys_mapping map = {
		.v_start = M2P_VIRT_START,
		.v_end = M2P_VIRT_END,
		.max_mfn = frame_count - 1,
	};

	return guest_write(arg, &map, sizeof(map));
}

/* The domain that a question is about: only the caller itself. */
static int domain_arg(const struct domain *d, u64 arg)
{
	struct pv_memory_domain who;
	int rc = guest_read(&who, arg, sizeof(who));

	if (rc != 0) {
		return rc;
	}
	if (mmu_domid_is_self(d, who.domid)) {
		return 0;
	}
	return domain_find(who.domid) != NULL ? -PV_EPERM : -PV_ESRCH;
}

static long question(struct domain *d, u32 op, u64 arg)
{
	int rc = domain_arg(d, arg);

	if (rc != 0) {
		return rc;
	}
	switch (op) {
	case PV_MEMORY_current_reservation:
		return (long)d->mm.frames.count;
	case PV_MEMORY_maximum_reservation:
		return (long)d->mm.max_frames;
	default:
		return (long)d->max_gfn.v;
	}
}

long hypercall_memory_op(u64 cmd, u64 arg, u64 a3, u64 a4, u64 a5, u64 a6)
{
	struct domain *d = current_vcpu()->domain;
	u32 op = (u32)cmd & PV_MEMORY_OP_MASK;
	u64 start = cmd >> PV_MEMORY_OP_BITS;

	switch (op) {
	case PV_MEMORY_decrease_reservation:
		return change_reservation(d, op, start, arg, give_back_one);
	case PV_MEMORY_populate_physmap:
		return change_reservation(d, op, start, arg, populate_one);
	case PV_MEMORY_maximum_ram_page:
		return (long)frame_count - 1;
	case PV_MEMORY_current_reservation:
	case PV_MEMORY_maximum_reservation:
	case PV_MEMORY_maximum_gpfn:
		return question(d, op, arg);
	case PV_MEMORY_memory_map:
		return memory_map(d, arg);
	case PV_MEMORY_machphys_mapping:
		return machphys_mapping(arg);
	default:
		return -PV_ENOSYS;
	}
}
