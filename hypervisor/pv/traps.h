/* What traps mean; called from entry.S. */
#ifndef PV_TRAPS_H
#define PV_TRAPS_H

#include "cpu/regs.h"

/* An exception or interrupt of a guest, but for page faults; its registers are cpu_info()->regs. */
void pv_trap(struct cpu_regs *regs);

/* A page fault of a guest that entry.S has not bounced: CR2 still has the address. */
void pv_page_fault(struct cpu_regs *regs);

/*
 * An exception or interrupt of ring 0. 0: go on; else the exit's IRETQ failed
 * and this is where the guest's registers are now.
 */
struct cpu_regs *hv_trap(struct cpu_regs *regs);

/* NMI, #DF, #MC, and a #DB of ring 0. */
void hv_ist_trap(struct cpu_regs *regs);

/* Before a guest is entered: all work, events and an NMI; on return it may be. */
void pv_exit_work(struct cpu_regs *regs);

#endif
