/*
 * callback_op: where the hypervisor enters the guest kernel for events, system
 * calls and segments that could not be loaded. All of them are of the calling
 * vCPU.
 */
#include <parley/callback.h>
#include <seam/cpu.h>

#include "domain/domain.h"
#include "hypercall/handlers.h"
#include "mm/guest.h"

#define VECTOR_NMI 2

static void set_nmi(struct vcpu *v, u64 address)
{
	v->traps[VECTOR_NMI] = (struct pv_trap_info){
		.vector = VECTOR_NMI,
		.flags = address != 0 ? PV_TRAP_MASK_EVENTS : 0,
		.cs = PV_FLAT_KERNEL_CS,
		.address = address,
	};
}

static long set_entry(struct vcpu *v, u16 type, u64 address, bool masks)
{
	switch (type) {
	case PV_CALLBACK_event:
		v->event_entry = address;
		return 0;
	case PV_CALLBACK_failsafe:
		v->failsafe_entry = address;
		v->failsafe_masks = masks;
		return 0;
	case PV_CALLBACK_syscall:
		v->syscall_entry = address;
		v->syscall_masks = masks;
		vcpu_update_path(v);
		return 0;
	case PV_CALLBACK_syscall32:
		v->syscall32_entry = address;
		v->syscall32_masks = masks;
		return 0;
	case PV_CALLBACK_sysenter:
		v->sysenter_entry = address;
		v->sysenter_masks = masks;
		return 0;
	case PV_CALLBACK_nmi:
		set_nmi(v, address);
		return 0;
	default:
		return -PV_ENOSYS;
	}
}

static long do_register(struct vcpu *v, u64 arg)
{
	struct pv_callback_register reg;
	int err = guest_read(&reg, arg, sizeof(reg));

	if (err != 0) {
		return err;
	}
	if (!guest_range_ok(reg.address, 1)) {
		return -PV_EINVAL;
	}
	return set_entry(v, reg.type, reg.address, reg.flags & PV_CALLBACKF_mask_events);
}

/* A kernel cannot do without the first three. */
static long do_unregister(struct vcpu *v, u64 arg)
{
	struct pv_callback_unregister unreg;
	int err = guest_read(&unreg, arg, sizeof(unreg));

	if (err != 0) {
		return err;
	}
	if (unreg.type <= PV_CALLBACK_syscall) {
		return -PV_EINVAL;
	}
	return set_entry(v, unreg.type, 0, false);
}

long hypercall_callback_op(u64 cmd, u64 arg, u64 a3, u64 a4, u64 a5, u64 a6)
{
	switch (cmd) {
	case PV_CALLBACKOP_register:
		return do_register(current_vcpu(), arg);
	case PV_CALLBACKOP_unregister:
		return do_unregister(current_vcpu(), arg);
	default:
		return -PV_ENOSYS;
	}
}

/* The form before callback_op, which small kernels still use: three addresses at once, no flags. */
long hypercall_set_callbacks(u64 event, u64 failsafe, u64 syscall, u64 a4, u64 a5, u64 a6)
{
	struct vcpu *v = current_vcpu();

	if (!guest_range_ok(event, 1) || !guest_range_ok(failsafe, 1) ||
	    !guest_range_ok(syscall, 1)) {
		return -PV_EINVAL;
	}
	(void)set_entry(v, PV_CALLBACK_event, event, true);
	(void)set_entry(v, PV_CALLBACK_failsafe, failsafe, false);
	(void)set_entry(v, PV_CALLBACK_syscall, syscall, false);
	return 0;
}
