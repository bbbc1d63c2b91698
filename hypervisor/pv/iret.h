/* Returns of a guest kernel; called from entry_syscall.S with the vCPU's registers. */
#ifndef PV_IRET_H
#define PV_IRET_H

#include "cpu/regs.h"

/* Hypercall iret: never fails towards the caller; a bad frame ends the domain. */
void pv_iret(struct cpu_regs *regs);

/* The processor refused the return to a guest. */
void pv_iret_failed(struct cpu_regs *regs);

#endif
