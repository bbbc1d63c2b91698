/*
 * Privileged instructions. A guest kernel runs in ring 3, so each of them
 * raises #GP; the hypervisor does for it what the processor would have done to
 * a machine of its own, as far as the ABI promises that.
 *
 * Called from traps.c on the vCPU's CPU, with its registers and its address
 * space loaded and no lock held. Read next: msr.h, io.h, ptwr.h.
 */
#ifndef PV_EMULATE_H
#define PV_EMULATE_H

#include "domain/domain.h"

enum emulate_result {
	EMULATE_DONE,  /* carried out; RIP is behind it */
	EMULATE_BREAK, /* the same, and it met a breakpoint on I/O: a #DB is due, DR6 has it */
	EMULATE_FAULT, /* not ours to carry out: the guest gets the fault */
};

/* CR0 as a guest sees it, but for TS. */
#define PV_CR0 0x80050033UL

/* Bits of CR4 that a guest sees set always, and those that it may change with effect. */
#define PV_CR4_ALWAYS  0x660UL /* PAE MCE OSFXSR OSXMMEXCPT */
#define PV_CR4_TSD     (1UL << 2)
#define PV_CR4_DE      (1UL << 3)
#define PV_CR4_OSXSAVE (1UL << 18)
#define PV_CR4_GUEST   (PV_CR4_TSD | PV_CR4_DE | PV_CR4_OSXSAVE)

/*
 * Of those, the ones that hardware must have while the vCPU runs (OSXSAVE is
 * always on, for the hypervisor itself). vcpu_switch() puts v->cr4 under this
 * mask into CR4.
 */
#define PV_CR4_LIVE (PV_CR4_TSD | PV_CR4_DE)

/* The instruction at regs->rip raised #GP. */
enum emulate_result pv_emulate_privileged(struct vcpu *v, struct cpu_regs *regs);

/* #UD: true if it was the forced form of CPUID (<parley/types.h>), now done. */
bool pv_emulate_forced_cpuid(struct vcpu *v, struct cpu_regs *regs);

/*
 * #GP that may come from INT n: the vector n if that is the instruction at RIP
 * (two bytes, no prefixes), else -1. The error code is not trusted: emulators
 * disagree about it.
 */
int pv_decode_int_n(struct vcpu *v, const struct cpu_regs *regs);

#endif
