/*
 * grant_table_op(cmd, args, count): the set-up of a domain's own table. What
 * is wrong with an element is told in its status. Operations that use others'
 * grants answer -PV_ENOSYS.
 */
#include "hypercall/hypercall.h"

#include <parley/grant_table.h>
#include <seam/cpu.h>

#include "channel/gnttab.h"
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

static long op_set_version(u64 arg)
{
	struct pv_gnttab_set_version op;
	bool offered;

	if (guest_read(&op, arg, sizeof(op)) != 0) {
		return -PV_EFAULT;
	}
	offered = op.version == GNTTAB_VERSION;
	op.version = GNTTAB_VERSION;
	if (guest_write(arg, &op, sizeof(op)) != 0) {
		return -PV_EFAULT;
	}
	return offered ? 0 : -PV_EINVAL;
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

/* Each of these operations takes one element. */
static long one_element(struct domain *d, u64 cmd, u64 arg)
{
	switch (cmd) {
	case PV_GNTTABOP_setup_table:
		return op_setup_table(d, arg);
	case PV_GNTTABOP_query_size:
		return op_query_size(d, arg);
	case PV_GNTTABOP_set_version:
		return op_set_version(arg);
	default:
		return op_get_version(d, arg);
	}
}

long hypercall_grant_table_op(u64 cmd, u64 arg, u64 count, u64 a4, u64 a5, u64 a6)
{
	switch (cmd) {
	case PV_GNTTABOP_setup_table:
	case PV_GNTTABOP_query_size:
	case PV_GNTTABOP_set_version:
	case PV_GNTTABOP_get_version:
		return count == 1 ? one_element(current_vcpu()->domain, cmd, arg) : -PV_EINVAL;
	default:
		return -PV_ENOSYS;
	}
}
