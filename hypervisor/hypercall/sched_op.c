/*
 * sched_op(cmd, arg): a vCPU gives way, sleeps, polls, ends its domain, or has a watchdog
 * end it.
 * Blocking takes effect on the way out, so the call's result is 0 whenever the
 * vCPU comes back.
 */
#include "hypercall/hypercall.h"

#include <parley/sched.h>
#include <seam/cpu.h>

#include "channel/evtchn.h"
#include "domain/sched.h"
#include "domain/timer.h"
#include "domain/watchdog.h"
#include "hypercall/handlers.h"
#include "mm/guest.h"

static long op_block(struct vcpu *v)
{
	WRITE_ONCE(v->info->evtchn_upcall_mask, 0);
	if (!evtchn_upcall_due(v)) {
		sched_block();
	}
	return 0;
}

static long op_shutdown(struct domain *d, u64 arg)
{
	struct pv_sched_shutdown op;

	if (guest_read(&op, arg, sizeof(op)) != 0) {
		return -PV_EFAULT;
	}
	if (op.reason > PV_SHUTDOWN_MAX) {
		return -PV_EINVAL;
	}
	if (op.reason == PV_SHUTDOWN_suspend) {
		return 1; /* nobody could resume it: as if cancelled */
	}
	domain_shutdown(d, (u8)op.reason);
	return 0;
}

static bool has_passed(u64 deadline_ns)
{
	return deadline_ns != 0 && deadline_ns <= time_now_ns();
}

static long op_poll(struct vcpu *v, u64 arg)
{
	u32 ports[PV_SCHED_POLL_MAX_PORTS];
	struct pv_sched_poll op;

	if (guest_read(&op, arg, sizeof(op)) != 0) {
		return -PV_EFAULT;
	}
	if (op.nr_ports > PV_SCHED_POLL_MAX_PORTS) {
		return -PV_EINVAL;
	}
	if (guest_read(ports, op.ports, op.nr_ports * sizeof(ports[0])) != 0) {
		return -PV_EFAULT;
	}
	for (u32 i = 0; i < op.nr_ports; i++) {
		if (ports[i] == 0 || ports[i] >= EVTCHN_PORTS) {
			return -PV_EINVAL;
		}
	}
	timer_stop(&v->poll_timer); /* of a poll that an event ended */
	sched_poll_begin();
	if (evtchn_poll_begin(v, ports, op.nr_ports) || evtchn_upcall_due(v) ||
	    has_passed(op.timeout)) {
		sched_poll_end();
		return 0;
	}
	if (op.timeout != 0) {
		timer_set(&v->poll_timer, op.timeout);
	}
	sched_block();
	return 0;
}

static long op_watchdog(struct domain *d, u64 arg)
{
	struct pv_sched_watchdog op;

	if (guest_read(&op, arg, sizeof(op)) != 0) {
		return -PV_EFAULT;
	}
	return watchdog_set(d, op.id, op.timeout);
}

/* Only for domains that may control others; nobody else is told even who lives. */
static long op_remote_shutdown(const struct domain *caller, u64 arg)
{
	struct pv_sched_remote_shutdown op;
	struct domain *d;

	if (guest_read(&op, arg, sizeof(op)) != 0) {
		return -PV_EFAULT;
	}
	if (!caller->is_control) {
		return -PV_EPERM;
	}
	d = op.domain_id == PV_DOMID_SELF ? NULL : domain_find(op.domain_id);
	if (d == NULL) {
		return -PV_ESRCH;
	}
	if (op.reason > PV_SHUTDOWN_MAX || op.reason == PV_SHUTDOWN_suspend) {
		return -PV_EINVAL;
	}
	domain_shutdown(d, (u8)op.reason);
	return 0;
}

long hypercall_sched_op(u64 cmd, u64 arg, u64 a3, u64 a4, u64 a5, u64 a6)
{
	struct vcpu *v = current_vcpu();

	switch (cmd) {
	case PV_SCHEDOP_yield:
		sched_yield();
		return 0;
	case PV_SCHEDOP_block:
		return op_block(v);
	case PV_SCHEDOP_shutdown:
		return op_shutdown(v->domain, arg);
	case PV_SCHEDOP_poll:
		return op_poll(v, arg);
	case PV_SCHEDOP_remote_shutdown:
		return op_remote_shutdown(v->domain, arg);
	case PV_SCHEDOP_watchdog:
		return op_watchdog(v->domain, arg);
	case PV_SCHEDOP_pin_override:
		return -PV_EPERM; /* for a hardware domain, which nobody is here */
	default:
		return -PV_ENOSYS;
	}
}
