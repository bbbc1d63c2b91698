/*
 * grant_table_op(cmd, args, count): the set-up of a domain's own table, and what
 * takes one element. What is wrong with an element is told in its status.
 *
 * Read next: grant_batch.c, the operations that take many.
 */
#include "hypercall/hypercall.h"

#include <parley/grant_table.h>
#include <seam/cpu.h>

#include "channel/gnttab.h"
#include "hypercall/grant_batch.h"
#include "hypercall/handlers.h"
#include "mm/guest.h"

/* The others may be named by nobody. */
static s16 check_domid(const struct domain *d, u16 domid)
{
	return domid == PV_DOMID_SELF || domid == d->id ? PV_GNTST_okay :
							  PV_GNTST_permission_denied;
}

static s16 list_frames(struct domain *d, u64 gva, u32 count)
{
	for (u32 i = 0; i < count; i++) {
		u64 m = gnttab_frame(d, i).v;

		if (guest_write_at(gva, i, &m, sizeof(m)) != 0) {
			return PV_GNTST_bad_virt_addr;
		}
	}
	return PV_GNTST_okay;
}

static s16 setup_table(struct domain *d, const struct pv_gnttab_setup_table *op)
{
	s16 status = check_domid(d, op->dom);

	if (status != PV_GNTST_okay) {
		return status;
	}
	if (gnttab_grow(d, op->nr_frames) != 0) {
		return PV_GNTST_general_error;
	}
	return list_frames(d, op->frame_list, op->nr_frames);
}

static long op_setup_table(struct domain *d, u64 arg)
{
	struct pv_gnttab_setup_table op;

	if (guest_read(&op, arg, sizeof(op)) != 0) {
		return -PV_EFAULT;
	}
	op.status = setup_table(d, &op);
	return guest_write(arg + offsetof(struct pv_gnttab_setup_table, status), &op.status,
			   sizeof(op.status));
}

static long op_query_size(struct domain *d, u64 arg)
{
	struct pv_gnttab_query_size op;

	if (guest_read(&op, arg, sizeof(op)) != 0) {
		return -PV_EFAULT;
	}
	op.status = check_domid(d, op.dom);
	op.nr_frames = op.status == PV_GNTST_okay ? gnttab_frame_count(d) : 0;
	op.max_nr_frames = op.status == PV_GNTST_okay ? GNTTAB_FRAMES_MAX : 0;
	return guest_write(arg, &op, sizeof(op));
}

/* Version 2 exists and is not offered, which guests tell from nonsense: they go on with version 1. */
static long check_version(u32 version)
{
	switch (version) {
	case GNTTAB_VERSION:
		return 0;
	case 2:
		return -PV_ENOSYS;
	default:
		return -PV_EINVAL;
	}
}

static long op_set_version(u64 arg)
{
	struct pv_gnttab_set_version op;
	long rc;

	if (guest_read(&op, arg, sizeof(op)) != 0) {
		return -PV_EFAULT;
	}
	rc = check_version(op.version);
	op.version = GNTTAB_VERSION;
	if (guest_write(arg, &op, sizeof(op)) != 0) {
		return -PV_EFAULT;
	}
	return rc;
}

static long op_get_version(struct domain *d, u64 arg)
{
	struct pv_gnttab_get_version op;

	if (guest_read(&op, arg, sizeof(op)) != 0) {
		return -PV_EFAULT;
	}
	if (check_domid(d, op.dom) != PV_GNTST_okay) {
		return -PV_EPERM;
	}
	op.version = GNTTAB_VERSION;
	return guest_write(arg, &op, sizeof(op));
}

/* These operations take one element each; others are not served. */
__attribute__((noinline)) static long set_up(u32 cmd, u64 arg, u64 count)
{
	struct domain *d = current_vcpu()->domain;

	switch (cmd) {
	case PV_GNTTABOP_setup_table:
		return count == 1 ? op_setup_table(d, arg) : -PV_EINVAL;
	case PV_GNTTABOP_query_size:
		return count == 1 ? op_query_size(d, arg) : -PV_EINVAL;
	case PV_GNTTABOP_set_version:
		return count == 1 ? op_set_version(arg) : -PV_EINVAL;
	case PV_GNTTABOP_get_version:
		return count == 1 ? op_get_version(d, arg) : -PV_EINVAL;
	default:
		return -PV_ENOSYS;
	}
}

long hypercall_grant_table_op(u64 cmd, u64 arg, u64 count, u64 a4, u64 a5, u64 a6)
{
	switch ((u32)cmd) {
	case PV_GNTTABOP_map_grant_ref:
	case PV_GNTTABOP_unmap_grant_ref:
	case PV_GNTTABOP_copy:
	case PV_GNTTABOP_unmap_and_replace:
	case PV_GNTTABOP_swap_grant_ref:
	case PV_GNTTABOP_cache_flush:
	case PV_GNTTABOP_transfer:
		return grant_batch((u32)cmd, arg, count);
	default:
		return set_up((u32)cmd, arg, count);
	}
}
