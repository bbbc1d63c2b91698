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
 * hypercall that changes no vCPU returns without loading them again. No register
 * may come back to a guest with an address of ours in it.
 *
 * Three short paths (system call, return to user mode, page fault of user mode) touch the guest's stack
 * with RSP on ours, so a fault there is an ordinary one of ring 0. It ends the domain: a kernel whose
 * stack or frame is not there cannot go on. Words of the guest are read once, straight to where
 * they are used.
 *
 * Here: exceptions and interrupts, and the ways out. entry_syscall.S: SYSCALL, which is system calls,
 * hypercalls and iret.
 *
 * Read next: entry_syscall.S, ../pv/traps.c (what a trap means), ../pv/bounce.c (how a guest gets it).
 */
#include "cpu/entry_macros.inc"

	.text

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
	.elseif \vector == 14
	jmp	entry_page_fault
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

/*
 * A page fault. The short path is for those of user mode that are the guest's
 * affair: not at an address of ours, its kernel reachable, its upcalls not
 * masked. Everything else is an exception like others.
 *
 * RDI, RSI, RDX are pushed where save_regs has them: the stub's frame is regs from the error
 * code up, and who is not for the short path has saved a part already.
 */
#define FAULT_FRAME	24	/* error code, after three pushes; then RIP, CS, RFLAGS, RSP, SS */
#define FAULT(field)	(field - REGS_ERROR_CODE + FAULT_FRAME)
#define FAULT_INFO(field) (field - INFO_REGS - REGS_ERROR_CODE + FAULT_FRAME)
#define PF_RESERVED	8
#define PF_VECTOR	14

/* Store a word of our frame in the guest's, by way of RCX. */
.macro bounce_word from, to
	mov	FAULT(\from)(%rsp), %rcx
	guest_access bounce_fault, mov %rcx, \to(%rdx)
.endm

.macro define_entry_page_fault name, smap
	.globl	\name
	.balign 64
\name:
	push	%rdi
	push	%rsi
	push	%rdx
	testb	$3, FAULT(REGS_CS)(%rsp)
	jz	page_fault_slow
	mov	FAULT_INFO(INFO_CURRENT)(%rsp), %rdi
	cmpb	$VCPU_PATH_USER, VCPU_PATH(%rdi)
	jne	page_fault_slow
	mov	%cr2, %rdx
	mov	%rdx, %rsi
	shr	$HV_RANGE_SHIFT, %rsi
	cmp	$HV_RANGE_TOP, %esi
	je	page_fault_slow
	testb	$PF_RESERVED, FAULT(REGS_ERROR_CODE)(%rsp)
	jnz	page_fault_slow
	mov	VCPU_INFO(%rdi), %rsi
	cmpb	$0, PV_VCPU_INFO_MASK(%rsi)
	jne	page_fault_slow
	mov	%rdx, VCPU_CR2(%rdi)
	mov	%rdx, PV_VCPU_INFO_CR2(%rsi)
	mov	VCPU_TRAPS(%rdi), %rdx
	cmpq	$0, (PF_VECTOR * TRAP_SIZE + TRAP_ADDRESS)(%rdx)
	je	page_fault_slow
	incq	VCPU_STATS_PAGE_FAULT(%rdi)
	mov	(PF_VECTOR * TRAP_SIZE + TRAP_FLAGS)(%rdx), %dl
	shr	$2, %dl				/* PV_TRAP_MASK_EVENTS */
	and	$1, %dl
	mov	%dl, PV_VCPU_INFO_MASK(%rsi)
	mov	VCPU_KERNEL_LOAD(%rdi), %rsi
	mov	%rsi, %cr3
	swapgs
	movw	$MODE_PATH_KERNEL, VCPU_MODE(%rdi)
	mov	VCPU_BOUNCE_SP(%rdi), %rdx
	guest_open \smap
	guest_access bounce_fault, mov %rcx, -64(%rdx)
	guest_access bounce_fault, mov %r11, -56(%rdx)
	mov	FAULT(REGS_ERROR_CODE)(%rsp), %ecx
	guest_access bounce_fault, mov %rcx, -48(%rdx)
	bounce_word REGS_RIP, -40
	movzwl	FAULT(REGS_CS)(%rsp), %ecx
	guest_access bounce_fault, mov %rcx, -32(%rdx)
	bounce_word REGS_RFLAGS, -24
	mov	%rcx, %r11
	bounce_word REGS_RSP, -16
	bounce_word REGS_SS, -8
	guest_close \smap
	mov	VCPU_TRAPS(%rdi), %rcx
	mov	(PF_VECTOR * TRAP_SIZE + TRAP_ADDRESS)(%rcx), %rcx
	and	$~FLAGS_ENTRY, %r11
	sub	$64, %rdx
	mov	%rdx, FAULT(REGS_RSP)(%rsp)
	pop	%rdx
	pop	%rsi
	pop	%rdi
	mov	FAULT(REGS_RSP) - FAULT_FRAME(%rsp), %rsp
	sysretq
.endm

	define_entry_page_fault entry_page_fault, 0
	define_entry_page_fault entry_page_fault_smap, 1

	.globl	exception_page_fault_smap
exception_page_fault_smap:
	movl	$PF_VECTOR, 4(%rsp)
	jmp	entry_page_fault_smap

page_fault_slow:
	cld
	save_further_regs
	smap_clac
	testb	$3, REGS_CS(%rsp)
	jz	exception_ring0
	mov	%rsp, %rdi
	call	pv_page_fault
	jmp	exit_guest

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
