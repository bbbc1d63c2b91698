/* vm_assist: behaviours that a guest switches on, for all its vCPUs. */
#include <parley/vm_assist.h>
#include <seam/cpu.h>

#include "domain/domain.h"
#include "hypercall/handlers.h"

#define ASSIST(name) (1UL << PV_VM_ASSIST_##name)

/* Not architectural_iopl: frames never show an IOPL. */
#define ASSISTS_KNOWN                                                                       \
	(ASSIST(4gb_segments) | ASSIST(4gb_segments_notify) | ASSIST(writable_pagetables) | \
	 ASSIST(pae_extended_cr3) | ASSIST(runstate_update_flag) | ASSIST(m2p_strict))

long hypercall_vm_assist(u64 cmd, u64 type, u64 a3, u64 a4, u64 a5, u64 a6)
{
	struct domain *d = current_vcpu()->domain;
	u64 bits;

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
	bits = d->vm_assist;
	for (u32 i = 0; i < d->vcpu_count; i++) {
		if (d->vcpus[i] != NULL) {
			WRITE_ONCE(d->vcpus[i]->vm_assist, bits);
		}
	}
	spin_unlock(&d->mm.lock);
	return 0;
}
