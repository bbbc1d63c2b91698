/* External interrupts and those of the local APIC: vectors 32 to 255. */
#ifndef CPU_INTERRUPT_H
#define CPU_INTERRUPT_H

#include "cpu/regs.h"

/*
 * Called from entry.S for regs->vector >= 32, both from a guest and from
 * idle. It acknowledges, and leaves work for the exit path (CPU_WORK_*).
 */
void interrupt_handle(struct cpu_regs *regs);

#endif
