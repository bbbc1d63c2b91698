/*
 * struct cpu_info: what a CPU must find from nothing but its stack pointer. It
 * stands at the top of the CPU's stack area (mm/layout.h), above the frame in
 * which entry.S saves the guest's registers, so TSS.rsp0 is its `regs` end.
 * Ring 0 runs with interrupts off throughout; only idle enables them.
 *
 * Read next: entry.S.
 */
#ifndef CPU_CPU_INFO_H
#define CPU_CPU_INFO_H

#include "cpu/regs.h"
#include "mm/layout.h"

struct vcpu;

/* cpu_info.work: bits that the exit to a guest must look at first */
#define CPU_WORK_RESCHED (1U << 0) /* call schedule() before returning */
#define CPU_WORK_TIMER   (1U << 1) /* a timer interrupt came: run timers */
#define CPU_WORK_CONSOLE (1U << 2) /* bytes wait in a UART or a console ring */
#define CPU_WORK_REAP    (1U << 3) /* a dying domain has work left here */
#define CPU_WORK_TRACE   (1U << 4) /* trace records wait to be sent; no reason to leave a hypercall */
#define CPU_WORK_RETRIED (1U << 5) /* an access to guest memory was tried again: forget that */
#define CPU_WORK_IRET    (1U << 6) /* a multicall ended with an iret: make that return */

/* Accesses to guest memory that were tried again since the last exit: pv/retry.h. */
struct access_retries {
	u64 rip; /* of the last one */
	u64 gva;
	u64 count;
};

struct cpu_info {
	u64 pad;              /* so that TSS.rsp0, the end of regs, is 16-aligned */
	struct cpu_regs regs; /* the guest's, while in the hypervisor; of a hypercall see entry.S */
	struct vcpu *current; /* NULL: idle */
	u64 scratch;          /* SYSCALL entry parks the guest's RSP here */
	u32 work;             /* CPU_WORK_*; set by this CPU only */
	u32 cpu;              /* number, 0 .. cpu_count - 1 */
	struct access_retries retries;
};

_Static_assert(sizeof(struct cpu_info) % 16 == 0, "stack alignment");
_Static_assert((offsetof(struct cpu_info, regs) + sizeof(struct cpu_regs)) % 16 == 0, "rsp0");

/* The work of CPU_WORK_RETRIED. */
static inline void access_retries_forget(struct cpu_info *info)
{
	info->retries = (struct access_retries){ 0 };
	info->work &= ~CPU_WORK_RETRIED;
}

static inline struct cpu_info *cpu_info(void)
{
	u64 sp;

	__asm__("mov %%rsp, %0" : "=r"(sp));
	return (struct cpu_info *)((sp | (CPU_STACK_SIZE - 1)) + 1 - sizeof(struct cpu_info));
}

#endif
