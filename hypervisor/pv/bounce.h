/*
 * TOUR(5) Giving a guest kernel a trap, an event or a system call: a frame on its stack
 * and a jump to its handler, as the processor would do for a kernel in ring 0.
 * Also the change between the guest's two halves.
 *
 * All functions run on the vCPU's CPU with its registers in `regs`.
 */
#ifndef PV_BOUNCE_H
#define PV_BOUNCE_H

#include "domain/domain.h"

/* From user to kernel half and back: CR3, GS base, mode. The roots must exist. */
void pv_enter_kernel(struct vcpu *v);
void pv_enter_user(struct vcpu *v);

/*
 * Deliver trap `vector` to the guest kernel through its trap table, with the
 * error code if the vector has one. Without a handler the domain is crashed.
 */
void pv_inject_trap(struct vcpu *v, struct cpu_regs *regs, u32 vector, u32 error_code);

/* The same for a software interrupt (INT n) of any vector: none has an error code. */
void pv_inject_interrupt(struct vcpu *v, struct cpu_regs *regs, u32 vector);

/* The same for a page fault: address and error code as the guest shall see them. */
void pv_inject_page_fault(struct vcpu *v, struct cpu_regs *regs, u64 gva, u32 error_code);

/* The event upcall; call only if evtchn_upcall_due(). */
void pv_inject_event(struct vcpu *v, struct cpu_regs *regs);

/* The registered failsafe callback, for selectors or a return address that the guest may not have. */
void pv_inject_failsafe(struct vcpu *v, struct cpu_regs *regs);

/* entry_syscall.S could not read the frame of an iret or write one: the domain ends. */
void pv_frame_fault(struct cpu_regs *regs);

/* SYSCALL in user mode, and in a 32-bit code segment of either half. From entry_syscall.S. */
void pv_syscall_from_user(struct cpu_regs *regs);
void pv_syscall32(struct cpu_regs *regs);

#endif
