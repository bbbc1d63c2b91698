/*
 * What entry.S knows of C structures. Compiled to text, never run; see
 * offset_macros.h.
 */
#include "arch/offset_macros.h"
#include "cpu/cpu_info.h"
#include "domain/domain.h"

void asm_offsets(void);

void asm_offsets(void)
{
	OFFSET(REGS_R15, struct cpu_regs, r15);
	OFFSET(REGS_RBX, struct cpu_regs, rbx);
	OFFSET(REGS_RCX, struct cpu_regs, rcx);
	OFFSET(REGS_RAX, struct cpu_regs, rax);
	OFFSET(REGS_RDI, struct cpu_regs, rdi);
	OFFSET(REGS_RSI, struct cpu_regs, rsi);
	OFFSET(REGS_RDX, struct cpu_regs, rdx);
	OFFSET(REGS_R8, struct cpu_regs, r8);
	OFFSET(REGS_R9, struct cpu_regs, r9);
	OFFSET(REGS_R10, struct cpu_regs, r10);
	OFFSET(REGS_R11, struct cpu_regs, r11);
	OFFSET(REGS_ERROR_CODE, struct cpu_regs, error_code);
	OFFSET(REGS_VECTOR, struct cpu_regs, vector);
	OFFSET(REGS_RIP, struct cpu_regs, rip);
	OFFSET(REGS_CS, struct cpu_regs, cs);
	OFFSET(REGS_RFLAGS, struct cpu_regs, rflags);
	OFFSET(REGS_RSP, struct cpu_regs, rsp);
	OFFSET(REGS_SS, struct cpu_regs, ss);
	DEFINE(REGS_SIZE, sizeof(struct cpu_regs));

	OFFSET(INFO_REGS, struct cpu_info, regs);
	OFFSET(INFO_CURRENT, struct cpu_info, current);
	OFFSET(INFO_SCRATCH, struct cpu_info, scratch);
	OFFSET(INFO_WORK, struct cpu_info, work);
	OFFSET(INFO_CR3, struct cpu_info, cr3);
	DEFINE(INFO_SIZE, sizeof(struct cpu_info));

	OFFSET(VCPU_INFO, struct vcpu, info);
	OFFSET(VCPU_KERNEL_CR3, struct vcpu, kernel_cr3);
	OFFSET(VCPU_USER_CR3, struct vcpu, user_cr3);
	OFFSET(VCPU_KERNEL_SP, struct vcpu, kernel_sp);
	OFFSET(VCPU_KERNEL_SS, struct vcpu, kernel_ss);
	OFFSET(VCPU_SYSCALL_ENTRY, struct vcpu, syscall_entry);
	OFFSET(VCPU_EVENT_ENTRY, struct vcpu, event_entry);
	OFFSET(VCPU_MODE, struct vcpu, mode);
	OFFSET(VCPU_SYSCALL_MASKS, struct vcpu, syscall_masks);
	OFFSET(VCPU_NMI_PENDING, struct vcpu, nmi_pending);
	OFFSET(VCPU_DOMAIN, struct vcpu, domain);
	OFFSET(VCPU_TRAPS, struct vcpu, traps);
	OFFSET(DOMAIN_STATS_HYPERCALLS, struct domain, stats_hypercalls);
}
