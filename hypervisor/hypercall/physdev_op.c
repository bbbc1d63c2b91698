/*
 * physdev_op, for a domain without devices: I/O privilege can be asked for, as
 * kernels do before they probe ports that are not there (pv/io.h).
 */
#include <parley/physdev.h>
#include <seam/cpu.h>

#include "domain/domain.h"
#include "hypercall/handlers.h"
#include "mm/guest.h"

static long set_iopl(struct vcpu *v, u64 arg)
{
	struct pv_physdev_set_iopl op;
	int err = guest_read(&op, arg, sizeof(op));

	if (err != 0) {
		return err;
	}
	if (op.iopl > 3) {
		return -PV_EINVAL;
	}
	v->iopl = op.iopl;
	return 0;
}

/* LIMIT: a bitmap is accepted and grants nothing; user mode reaches no ports but by iopl 3. */
static long set_iobitmap(u64 arg)
{
	struct pv_physdev_set_iobitmap op;
	int err = guest_read(&op, arg, sizeof(op));

	if (err != 0) {
		return err;
	}
	return op.nr_ports > 65536 ? -PV_EINVAL : 0;
}

long hypercall_physdev_op(u64 cmd, u64 arg, u64 a3, u64 a4, u64 a5, u64 a6)
{
	switch (cmd) {
	case PV_PHYSDEVOP_set_iopl:
		return set_iopl(current_vcpu(), arg);
	case PV_PHYSDEVOP_set_iobitmap:
		return set_iobitmap(arg);
	default:
		return -PV_ENOSYS;
	}
}
