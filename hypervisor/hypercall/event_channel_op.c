/*
 * event_channel_op(cmd, arg): copies the operation's structure in, calls
 * channel/evtchn_ops.c, copies results out. If a port that was just made
 * cannot be told to the guest, it is closed again.
 *
 * The FIFO interface is answered with -PV_ENOSYS: guests then use two levels. Its
 * arguments are looked at first, so that who asks wrongly is told what is wrong.
 */
#include "hypercall/hypercall.h"

#include "channel/evtchn_ops.h"
#include "hypercall/handlers.h"
#include "mm/guest.h"
#include "mm/types.h"

#include <seam/cpu.h>

/* Copy the port to the guest at gva; if that fails the port is closed. */
static long give_port(struct domain *d, int port, u64 gva)
{
	pv_evtchn_port_t out = (pv_evtchn_port_t)port;

	if (port < 0) {
		return port;
	}
	if (guest_write(gva, &out, sizeof(out)) != 0) {
		int rc = evtchn_close(d, (u32)port);

		return rc == 0 ? -PV_EFAULT : rc;
	}
	return 0;
}

static bool is_self(const struct domain *d, u16 domid)
{
	return domid == PV_DOMID_SELF || domid == d->id;
}

static long op_alloc_unbound(struct domain *d, u64 arg)
{
	struct pv_evtchn_alloc_unbound op;

	if (guest_read(&op, arg, sizeof(op)) != 0) {
		return -PV_EFAULT;
	}
	if (!is_self(d, op.dom)) {
		return -PV_EPERM;
	}
	return give_port(d, evtchn_alloc_unbound(d, op.remote_dom),
			 arg + offsetof(struct pv_evtchn_alloc_unbound, port));
}

static long op_bind_interdomain(struct domain *d, u64 arg)
{
	struct pv_evtchn_bind_interdomain op;

	if (guest_read(&op, arg, sizeof(op)) != 0) {
		return -PV_EFAULT;
	}
	return give_port(d, evtchn_bind_interdomain(d, op.remote_dom, op.remote_port),
			 arg + offsetof(struct pv_evtchn_bind_interdomain, local_port));
}

static long op_bind_virq(struct domain *d, u64 arg)
{
	struct pv_evtchn_bind_virq op;

	if (guest_read(&op, arg, sizeof(op)) != 0) {
		return -PV_EFAULT;
	}
	return give_port(d, evtchn_bind_virq(d, op.virq, op.vcpu),
			 arg + offsetof(struct pv_evtchn_bind_virq, port));
}

static long op_bind_ipi(struct domain *d, u64 arg)
{
	struct pv_evtchn_bind_ipi op;

	if (guest_read(&op, arg, sizeof(op)) != 0) {
		return -PV_EFAULT;
	}
	return give_port(d, evtchn_bind_ipi(d, op.vcpu),
			 arg + offsetof(struct pv_evtchn_bind_ipi, port));
}

static long op_status(struct domain *d, u64 arg)
{
	struct pv_evtchn_status op;
	long rc;

	if (guest_read(&op, arg, sizeof(op)) != 0) {
		return -PV_EFAULT;
	}
	if (!is_self(d, op.dom)) {
		return -PV_EPERM;
	}
	rc = evtchn_status(d, &op);
	if (rc == 0) {
		rc = guest_write(arg, &op, sizeof(op));
	}
	return rc;
}

static long op_bind_vcpu(struct domain *d, u64 arg)
{
	struct pv_evtchn_bind_vcpu op;

	if (guest_read(&op, arg, sizeof(op)) != 0) {
		return -PV_EFAULT;
	}
	return evtchn_bind_vcpu(d, op.port, op.vcpu);
}

static long op_reset(struct domain *d, u64 arg)
{
	struct pv_evtchn_reset op;

	if (guest_read(&op, arg, sizeof(op)) != 0) {
		return -PV_EFAULT;
	}
	if (!is_self(d, op.dom)) {
		return -PV_EPERM;
	}
	if (evtchn_reset_step(d)) {
		return hypercall_restart(PV_HYPERCALL_event_channel_op, PV_EVTCHNOP_reset, arg, 0,
					 0);
	}
	return 0;
}

/* A frame that the hypervisor could write to: the caller's, and no table. */
static bool is_ordinary_frame(struct domain *d, u64 gfn)
{
	const struct frame *f;
	bool good;

	spin_lock(&d->mm.lock);
	f = frame_owned(&d->mm, gfn);
	good = f != NULL && (f->type == FRAME_WRITABLE || f->type_refs == 0);
	spin_unlock(&d->mm.lock);
	return good;
}

/* Of a good request only that there is no such interface. */
static long op_init_control(struct domain *d, u64 arg)
{
	struct pv_evtchn_init_control op;

	if (guest_read(&op, arg, sizeof(op)) != 0) {
		return -PV_EFAULT;
	}
	if (domain_vcpu(d, op.vcpu) == NULL) {
		return -PV_ENOENT;
	}
	if (op.offset % 8 != 0 || op.offset > PAGE_SIZE - PV_EVTCHN_FIFO_CONTROL_SIZE ||
	    !is_ordinary_frame(d, op.control_gfn)) {
		return -PV_EINVAL;
	}
	return -PV_ENOSYS;
}

/* Two levels know no priorities. */
static long op_set_priority(struct domain *d, u64 arg)
{
	struct pv_evtchn_set_priority op;

	if (guest_read(&op, arg, sizeof(op)) != 0) {
		return -PV_EFAULT;
	}
	return evtchn_has_port(d, op.port) ? -PV_ENOSYS : -PV_EINVAL;
}

static long op_send(struct domain *d, u64 arg)
{
	pv_evtchn_port_t port;

	if (guest_read_u32(&port, arg) != 0) {
		return -PV_EFAULT;
	}
	return evtchn_send(d, port);
}

/* close and unmask take nothing but a port. */
static long op_on_port(struct domain *d, u64 cmd, u64 arg)
{
	pv_evtchn_port_t port;

	if (guest_read_u32(&port, arg) != 0) {
		return -PV_EFAULT;
	}
	return cmd == PV_EVTCHNOP_close ? evtchn_close(d, port) : evtchn_unmask(d, port);
}

static __attribute__((noinline)) long other_op(struct domain *d, u64 cmd, u64 arg)
{
	switch (cmd) {
	case PV_EVTCHNOP_close:
	case PV_EVTCHNOP_unmask:
		return op_on_port(d, cmd, arg);
	case PV_EVTCHNOP_alloc_unbound:
		return op_alloc_unbound(d, arg);
	case PV_EVTCHNOP_bind_interdomain:
		return op_bind_interdomain(d, arg);
	case PV_EVTCHNOP_bind_virq:
		return op_bind_virq(d, arg);
	case PV_EVTCHNOP_bind_ipi:
		return op_bind_ipi(d, arg);
	case PV_EVTCHNOP_status:
		return op_status(d, arg);
	case PV_EVTCHNOP_bind_vcpu:
		return op_bind_vcpu(d, arg);
	case PV_EVTCHNOP_reset:
		return op_reset(d, arg);
	case PV_EVTCHNOP_init_control:
		return op_init_control(d, arg);
	case PV_EVTCHNOP_set_priority:
		return op_set_priority(d, arg);
	default:
		return -PV_ENOSYS; /* no interrupts of devices, no FIFO interface */
	}
}

/* Sending is what guests do all the time: it must not pay for the registers that the rest needs. */
long hypercall_event_channel_op(u64 cmd, u64 arg, u64 a3, u64 a4, u64 a5, u64 a6)
{
	struct domain *d = current_vcpu()->domain;

	return likely(cmd == PV_EVTCHNOP_send) ? op_send(d, arg) : other_op(d, cmd, arg);
}
