/*
 * TOUR(3) Entry and exit: every way into ring 0 and the ways back to a guest.
 *
 * In from a guest the registers are saved as struct cpu_regs at the top of the
 * CPU's stack, where cpu_info()->regs is; TSS.rsp0 and the SYSCALL stub
 * (cpu/tables.c) both point at its end:
 *
 *	cpu_info:	pad  regs{ r15 ... rdi, error/vector, rip cs rflags rsp ss }  current ...
 *			     ^ RSP after saving                                     ^ rsp0
 *
 * Ring 0 runs with interrupts off; it is interrupted only while idle, and its
 * own faults are those of guest memory (exception table) or fatal.
 *
 * Stacks are not kept 16-aligned: no code here uses SSE, which alone would care.
 * Registers of the guest are all saved, but C keeps RBX, RBP, R12-R15, so a
 * hypercall that changes no vCPU returns without loading them again.
 *
 * Read next: ../pv/traps.c (what a trap means), ../pv/bounce.c (how a guest gets it).
 */
#include <parley/hypercall.h>
#include <parley/trap.h>

#include "asm_offsets.h"
#include "mm/layout.h"

#define CPU_VECTOR_SYSCALL	0x100
#define VCPU_MODE_KERNEL	1

/* CLAC where SMAP is on: see cpu/smap.h. */
.macro smap_clac
661:	.byte 0x0f, 0x1f, 0x00
	.pushsection .rodata.smap_sites, "a"
	.balign 4
	.long 661b - ., 0
	.popsection
.endm

.macro save_regs
	push	%rdi
	push	%rsi
	push	%rdx
	push	%rcx
	push	%rax
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
.endm

.macro restore_regs
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rax
	pop	%rcx
	pop	%rdx
	pop	%rsi
	pop	%rdi
.endm

	.text

/*
 * SYSCALL from a guest, 64-bit. From the stub: RSP = end of cpu_info.regs, the
 * guest's RSP in cpu_info.scratch, RCX its RIP, R11 its RFLAGS, all else its own.
 */
	.globl	entry_syscall
	.balign 64
entry_syscall:
	push	$PV_FLAT_RING3_SS64
	push	(INFO_SCRATCH - INFO_REGS - REGS_SS)(%rsp)
	push	%r11
	push	$PV_FLAT_RING3_CS64
	push	%rcx
	push	$0
	save_regs
	movl	$CPU_VECTOR_SYSCALL, REGS_VECTOR(%rsp)
	mov	(INFO_CURRENT - INFO_REGS)(%rsp), %rbx
	cmpb	$VCPU_MODE_KERNEL, VCPU_MODE(%rbx)
	jne	syscall_user
	cmp	$PV_HYPERCALL_iret, %rax
	je	syscall_iret
	mov	%r10, %rcx
	cmp	$PV_HYPERCALL_MAX, %rax
	jae	syscall_no_number
	mov	VCPU_DOMAIN(%rbx), %r10
	incq	DOMAIN_STATS_HYPERCALLS(%r10, %rax, 8)
	lea	hypercall_table(%rip), %r10
	call	*(%r10, %rax, 8)
	mov	%rax, REGS_RAX(%rsp)
	cmpl	$0, (INFO_WORK - INFO_REGS)(%rsp)
	jne	exit_work
	mov	VCPU_INFO(%rbx), %rdx
	cmpw	$1, (%rdx)			/* pending and not masked */
	je	exit_work
	cmpb	$0, VCPU_NMI_PENDING(%rbx)
	jne	exit_work

	/* SYSRET: only to an address that it cannot fault on, see security.md XSA-7. */
	mov	REGS_RIP(%rsp), %rcx
	test	%rcx, %rcx
	jns	exit_iret
	mov	REGS_RFLAGS(%rsp), %r11
	mov	REGS_RBX(%rsp), %rbx
	mov	REGS_R10(%rsp), %r10
	mov	REGS_R9(%rsp), %r9
	mov	REGS_R8(%rsp), %r8
	mov	REGS_RDX(%rsp), %rdx
	mov	REGS_RSI(%rsp), %rsi
	mov	REGS_RDI(%rsp), %rdi
	mov	REGS_RSP(%rsp), %rsp
	sysretq

syscall_no_number:
	movq	$-38, REGS_RAX(%rsp)		/* PV_ENOSYS */
	jmp	exit_guest

syscall_user:
	mov	%rsp, %rdi
	call	pv_syscall_from_user
	jmp	exit_guest

syscall_iret:
	mov	%rsp, %rdi
	call	pv_iret
	jmp	exit_guest

/* SYSCALL from a 32-bit code segment. Only user mode has such, normally. */
	.globl	entry_syscall32
	.balign 16
entry_syscall32:
	push	$PV_FLAT_RING3_SS64
	push	(INFO_SCRATCH - INFO_REGS - REGS_SS)(%rsp)
	push	%r11
	push	$PV_FLAT_RING3_CS32
	push	%rcx
	push	$0
	save_regs
	movl	$CPU_VECTOR_SYSCALL, REGS_VECTOR(%rsp)
	mov	%rsp, %rdi
	call	pv_syscall32
	jmp	exit_guest

/* SYSENTER is off (MSR_SYSENTER_CS is 0): it faults in the guest. */

/*
 * Exceptions and interrupts. Each stub makes the frame the same: error code or
 * 0, with the vector in its upper half.
 */
.macro exception_stub vector
	.balign 16
stub_\vector:
	.if \vector == 8 || (\vector >= 10 && \vector <= 14) || \vector == 17 || \vector == 21 || \vector == 29 || \vector == 30
	.else
	push	$0
	.endif
	movl	$\vector, 4(%rsp)
	.if \vector == 2 || \vector == 8 || \vector == 18
	jmp	entry_ist
	.elseif \vector == 1
	jmp	entry_debug
	.else
	jmp	entry_exception
	.endif
	.pushsection .rodata.stubs, "a"
	.quad	stub_\vector
	.popsection
.endm

	.section .rodata.stubs, "a"
	.balign 8
	.globl	exception_stubs
exception_stubs:
	.text
	.altmacro
	.set	i, 0
	.rept	256
	exception_stub %i
	.set	i, i + 1
	.endr
	.noaltmacro

	.balign 64
entry_exception:
	cld
	save_regs
	smap_clac
	testb	$3, REGS_CS(%rsp)
	jz	exception_ring0
exception_guest:
	mov	%rsp, %rdi
	call	pv_trap

/*
 * Out to the guest whose registers are at RSP. First what is left to do here,
 * then events, then the registers.
 */
	.globl	exit_guest
exit_guest:
	mov	(INFO_CURRENT - INFO_REGS)(%rsp), %rbx
	cmpl	$0, (INFO_WORK - INFO_REGS)(%rsp)
	jne	exit_work
	mov	VCPU_INFO(%rbx), %rdx
	cmpw	$1, (%rdx)
	je	exit_work
	cmpb	$0, VCPU_NMI_PENDING(%rbx)
	je	exit_iret
exit_work:
	mov	%rsp, %rdi
	call	pv_exit_work			/* leaves nothing to do */
exit_iret:
	restore_regs
	add	$8, %rsp
	.globl	exit_iret_insn
exit_iret_insn:
	iretq

/* Ring 0 was interrupted: idle, an expected fault, or our own. */
exception_ring0:
	mov	%rsp, %rdi
	mov	%rsp, %rbp
	and	$-16, %rsp
	call	hv_trap
	mov	%rbp, %rsp
	test	%rax, %rax
	jnz	exception_iret_failed
	restore_regs
	add	$8, %rsp
	iretq

/*
 * IRETQ refused what the guest gave: its RIP, CS, SS. The fault's frame was
 * laid over ours below the RIP; hv_trap put the guest's general registers back
 * in their place, which RAX points at.
 */
exception_iret_failed:
	mov	%rax, %rsp
	mov	%rax, %rdi
	call	pv_iret_failed
	jmp	exit_guest

/* NMI, #DF, #MC on stacks of their own, from anywhere. Only an NMI returns. */
entry_ist:
	cld
	save_regs
	smap_clac
	mov	%rsp, %rdi
	mov	%rsp, %rbp
	and	$-16, %rsp
	call	hv_ist_trap
	mov	%rbp, %rsp
	restore_regs
	add	$8, %rsp
	iretq

/*
 * #DB, on a stack of its own since one delayed by MOV SS can hit the first
 * instruction of the SYSCALL stub, in ring 0 on the guest's stack. From a guest
 * its frame is moved to the main stack and it is a trap like others.
 */
entry_debug:
	testb	$3, 16(%rsp)
	jz	entry_ist
	cld
	save_regs
	mov	%rsp, %rsi
	mov	%rsp, %rdi
	or	$(CPU_STACK_SIZE - 1), %rdi
	sub	$(INFO_SIZE - INFO_REGS - 1), %rdi
	mov	%rdi, %rsp
	mov	$(REGS_SIZE / 8), %ecx
	rep movsq
	smap_clac
	jmp	exception_guest

/* Start a guest, from a stack whose contents no longer matter: never returns. */
	.globl	exit_to_guest_from_boot
exit_to_guest_from_boot:
	mov	%rsp, %rdi
	or	$(CPU_STACK_SIZE - 1), %rdi
	sub	$(INFO_SIZE - INFO_REGS - 1), %rdi
	mov	%rdi, %rsp
	jmp	exit_guest

	.section .note.GNU-stack, "", @progbits
