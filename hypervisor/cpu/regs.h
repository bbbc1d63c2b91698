/*
 * The registers of a guest (or of an interrupted hypervisor) as the entry code
 * in entry.S lays them on the stack. The order is that of the ABI's
 * pv_user_regs up to ss. Offsets reach assembly through asm_offsets.h.
 */
#ifndef CPU_REGS_H
#define CPU_REGS_H

#include "lib/types.h"

struct cpu_regs {
	u64 r15, r14, r13, r12, rbp, rbx;
	u64 r11, r10, r9, r8;
	u64 rax, rcx, rdx, rsi, rdi;
	u32 error_code;
	u32 vector; /* 0-255; 0 with SYSCALL, too */
	u64 rip, cs, rflags, rsp, ss;
};

_Static_assert(sizeof(struct cpu_regs) == 168, "entry.S relies on this");

#define RFLAGS_CF         (1UL << 0)
#define RFLAGS_FIXED      (1UL << 1)
#define RFLAGS_ZF         (1UL << 6)
#define RFLAGS_TF         (1UL << 8)
#define RFLAGS_IF         (1UL << 9)
#define RFLAGS_DF         (1UL << 10)
#define RFLAGS_IOPL_SHIFT 12
#define RFLAGS_IOPL       (3UL << RFLAGS_IOPL_SHIFT)
#define RFLAGS_NT         (1UL << 14)
#define RFLAGS_RF         (1UL << 16)
#define RFLAGS_VM         (1UL << 17)
#define RFLAGS_AC         (1UL << 18)
#define RFLAGS_ID         (1UL << 21)

/* True if the frame is a guest's: it was interrupted in ring 3. */
static inline bool regs_are_guest(const struct cpu_regs *regs)
{
	return (regs->cs & 3) == 3;
}

#endif
