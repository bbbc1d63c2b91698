/* vm_assist: behaviours that a guest switches on, for all its vCPUs. */
#include <parley/vm_assist.h>
#include <seam/cpu.h>

#include "domain/domain.h"
#include "domain/trace.h"
#include "hypercall/handlers.h"

#define ASSIST(name) (1UL << PV_VM_ASSIST_##name)

#define ASSISTS_KNOWN                                                                           \
	(ASSIST(4gb_segments) | ASSIST(4gb_segments_notify) | ASSIST(writable_pagetables) |     \
	 ASSIST(pae_extended_cr3) | ASSIST(architectural_iopl) | ASSIST(runstate_update_flag) | \
	 ASSIST(m2p_strict))

long hypercall_vm_assist(u64 cmd, u64 type, u64 a3, u64 a4, u64 a5, u64 a6)
{
	struct domain *d = current_vcpu()->domain;
	bool iopl_changes;

	if (type >= 64 || !(ASSISTS_KNOWN & (1UL << type))) {
		return -PV_EINVAL;
	}
	if (cmd > PV_VM_ASSIST_CMD_disable) {
		return -PV_ENOSYS;
	}
	spin_lock(&d->mm.lock);
	if (cmd == PV_VM_ASSIST_CMD_enable) {
		d->vm_assist |= 1UL << type;
	} else {
		d->vm_assist &= ~(1UL << type);
	}
	iopl_changes = d->shows_iopl != ((d->vm_assist & ASSIST(architectural_iopl)) != 0);
	if (iopl_changes) {
		WRITE_ONCE(d->shows_iopl, !d->shows_iopl);
	}
	spin_unlock(&d->mm.lock);
	if (iopl_changes) {
		trace_update_running();
	}
	return 0;
}
