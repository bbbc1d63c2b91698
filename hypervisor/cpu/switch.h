/*
 * Changing the vCPU that a CPU runs. The scheduler decides, this does it.
 */
#ifndef CPU_SWITCH_H
#define CPU_SWITCH_H

#include "domain/domain.h"

/*
 * Save prev's registers from this CPU and load next's; NULL is idle, which has
 * none and runs on the root that holds only the hypervisor. They differ.
 * Afterwards no translation of prev's domain is left in this CPU's TLB. If
 * selectors of next could not be loaded, its failsafe callback is injected.
 */
void vcpu_switch(struct vcpu *prev, struct vcpu *next);

/* v's GDT or LDT frames changed, v is current: map them in this CPU's window and load the limit. */
void vcpu_load_gdt_window(struct vcpu *v);
void vcpu_load_ldt_window(struct vcpu *v);

/* The first guest of a CPU: leave the boot stack for the registers that vcpu_switch() loaded. */
void noreturn_fn exit_to_guest_from_boot(void);

#endif
