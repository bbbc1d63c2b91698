/*
 * The first forms of two calls, which old kernels still use (GNU Mach does):
 * sched_op with a shutdown's reason as argument, and event_channel_op with the
 * operation's number in front of its structure.
 *
 * Kernels that mix up both forms of sched_op pass the address of a reason
 * here. No address is as small as a reason, so both are understood.
 */
#include "hypercall/hypercall.h"

#include <parley/event_channel.h>
#include <parley/sched.h>
#include <seam/cpu.h>

#include "domain/domain.h"
#include "hypercall/handlers.h"
#include "mm/guest.h"

long hypercall_sched_op_compat(u64 cmd, u64 arg, u64 a3, u64 a4, u64 a5, u64 a6)
{
	if (cmd > PV_SCHEDOP_shutdown) {
		return -PV_ENOSYS;
	}
	if (cmd != PV_SCHEDOP_shutdown || arg > PV_SHUTDOWN_MAX) {
		return hypercall_sched_op(cmd, arg, 0, 0, 0, 0);
	}
	if (arg == PV_SHUTDOWN_suspend) {
		return 1; /* cancelled, as in sched_op */
	}
	domain_shutdown(current_vcpu()->domain, (u8)arg);
	return 0;
}

long hypercall_event_channel_op_compat(u64 arg, u64 a2, u64 a3, u64 a4, u64 a5, u64 a6)
{
	u32 cmd;

	if (guest_read_u32(&cmd, arg) != 0) {
		return -PV_EFAULT;
	}
	if (cmd > PV_EVTCHNOP_reset) {
		return -PV_ENOSYS; /* younger than this form */
	}
	return hypercall_event_channel_op(cmd, arg + sizeof(cmd), 0, 0, 0, 0);
}
