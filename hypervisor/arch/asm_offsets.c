/*
 * What entry.S knows of C structures. Compiled to text, never run; see
 * offset_macros.h.
 */
#include "arch/offset_macros.h"

#include <parley/stats.h>

#include "cpu/cpu_info.h"
#include "domain/domain.h"

void asm_offsets(void);

void asm_offsets(void)
{
	OFFSET(REGS_R15, struct cpu_regs, r15);
	OFFSET(REGS_R14, struct cpu_regs, r14);
	OFFSET(REGS_R13, struct cpu_regs, r13);
	OFFSET(REGS_R12, struct cpu_regs, r12);
	OFFSET(REGS_RBP, struct cpu_regs, rbp);
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

	DEFINE(RFLAGS_TF, RFLAGS_TF);
	DEFINE(RFLAGS_IF, RFLAGS_IF);
	DEFINE(RFLAGS_DF, RFLAGS_DF);
	DEFINE(RFLAGS_IOPL, RFLAGS_IOPL);
	DEFINE(RFLAGS_NT, RFLAGS_NT);
	DEFINE(RFLAGS_RF, RFLAGS_RF);
	DEFINE(RFLAGS_VM, RFLAGS_VM);
	DEFINE(RFLAGS_AC, RFLAGS_AC);

	OFFSET(INFO_REGS, struct cpu_info, regs);
	OFFSET(INFO_CURRENT, struct cpu_info, current);
	OFFSET(INFO_SCRATCH, struct cpu_info, scratch);
	OFFSET(INFO_WORK, struct cpu_info, work);
	DEFINE(INFO_SIZE, sizeof(struct cpu_info));

	OFFSET(VCPU_INFO, struct vcpu, info);
	OFFSET(VCPU_KERNEL_LOAD, struct vcpu, kernel_load);
	OFFSET(VCPU_USER_LOAD, struct vcpu, user_load);
	OFFSET(VCPU_SYSCALL_ENTRY, struct vcpu, syscall_entry);
	OFFSET(VCPU_EVENT_ENTRY, struct vcpu, event_entry);
	OFFSET(VCPU_MODE, struct vcpu, mode);
	OFFSET(VCPU_PATH, struct vcpu, path);
	OFFSET(VCPU_BOUNCE_SP, struct vcpu, bounce_sp);
	OFFSET(VCPU_CR2, struct vcpu, cr2);
	OFFSET(VCPU_STATS_SYSCALL, struct vcpu, stats_entries[PV_STATS_ENTRY_syscall]);
	OFFSET(VCPU_STATS_UPCALL, struct vcpu, stats_entries[PV_STATS_ENTRY_upcall]);
	OFFSET(VCPU_STATS_PAGE_FAULT, struct vcpu, stats_entries[PV_STATS_ENTRY_page_fault]);
	DEFINE(VCPU_MODE_USER, VCPU_MODE_USER);
	DEFINE(VCPU_MODE_KERNEL, VCPU_MODE_KERNEL);
	DEFINE(VCPU_PATH_USER, VCPU_PATH_USER);
	DEFINE(VCPU_PATH_KERNEL, VCPU_PATH_KERNEL);
	DEFINE(VCPU_PATH_SLOW, VCPU_PATH_SLOW);
	OFFSET(VCPU_SYSCALL_MASKS, struct vcpu, syscall_masks);
	OFFSET(VCPU_NMI_PENDING, struct vcpu, nmi_pending);
	OFFSET(VCPU_DOMAIN, struct vcpu, domain);
	OFFSET(VCPU_TRAPS, struct vcpu, traps);
	DEFINE(TRAP_SIZE, sizeof(struct pv_trap_info));
	OFFSET(TRAP_ADDRESS, struct pv_trap_info, address);
	OFFSET(TRAP_FLAGS, struct pv_trap_info, flags);
	OFFSET(DOMAIN_STATS_HYPERCALLS, struct domain, stats_hypercalls);
}
