/*
 * Entry from the hypervisor and return to it.
 *
 * The hypervisor enters here with, from low to high addresses,
 *	rcx, r11, [error code], rip, cs | old mask << 32, rflags, rsp, ss
 * on the stack. Every stub turns that into a struct kit_regs (traps.h), so
 * that C sees one shape for traps, events, system calls and the failsafe:
 * rcx and r11 are popped, a missing error code becomes 0, and a number that
 * tells the kind of entry is pushed.
 */
#include "cpu_offsets.h"

#define ENTRY_EVENT 0x100
#define ENTRY_SYSCALL 0x101
#define ENTRY_FAILSAFE 0x102

	.text

/* In: rsp = number, error code, frame. Never returns but by entry_return. */
entry_common:
	pushq	%rdi
	pushq	%rsi
	pushq	%rdx
	pushq	%rcx
	pushq	%rax
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, %rdi
	movq	%rsp, %rbx
	andq	$-16, %rsp
	cld
	call	traps_dispatch
	movq	%rbx, %rsp

/* In: rsp = struct kit_regs. Leaves by the iret hypercall. */
entry_return:
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rax
	popq	%rcx
	popq	%rdx
	popq	%rsi
	popq	%rdi
	addq	$16, %rsp
	pushq	$0			/* flags: restore rcx and r11 too */
	pushq	%rcx
	pushq	%r11
	pushq	%rax
	movl	$23, %eax
	syscall
	ud2

/*
 * One stub for each of the 256 vectors, 16 bytes apart. Vectors 8, 10-14, 17
 * and 21 come with an error code.
 */
	.balign 16
	.globl traps_stubs
traps_stubs:
	vector = 0
	.rept 256
	.balign 16
	popq	%rcx
	popq	%r11
	.if !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21)
	pushq	$0
	.endif
	pushq	$vector
	jmp	entry_common
	vector = vector + 1
	.endr

	.balign 16
	.globl traps_event_entry
traps_event_entry:
	popq	%rcx
	popq	%r11
	pushq	$0
	pushq	$ENTRY_EVENT
	jmp	entry_common

/* From user mode, on the stack given by stack_switch; rax = call number. */
	.balign 16
	.globl traps_syscall_entry
traps_syscall_entry:
	popq	%rcx
	popq	%r11
	pushq	$0
	pushq	$ENTRY_SYSCALL
	jmp	entry_common

/*
 * Four selectors stand between r11 and rip. They are kept for whoever asks,
 * and the registers are emptied so that the return cannot fail again.
 */
	.balign 16
	.globl traps_failsafe_entry
traps_failsafe_entry:
	popq	%rcx
	popq	%r11
	popq	%gs:CPU_FAILSAFE_DS
	popq	%gs:CPU_FAILSAFE_ES
	popq	%gs:CPU_FAILSAFE_FS
	popq	%gs:CPU_FAILSAFE_GS
	pushq	$0
	pushq	$ENTRY_FAILSAFE
	jmp	entry_common

/*
 * uint64_t user_enter(struct kit_regs *regs)
 * Goes to user mode with these registers and comes back by user_leave, with
 * its argument as the result. The kernel's stack pointer waits in the vCPU.
 */
	.balign 16
	.globl user_enter
	.type user_enter, @function
user_enter:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, %gs:CPU_USER_RETURN
	movq	%rdi, %rsp
	jmp	entry_return

/* void user_leave(uint64_t result): abandons the current entry. */
	.balign 16
	.globl user_leave
	.type user_leave, @function
user_leave:
	movq	%rdi, %rax
	movq	%gs:CPU_USER_RETURN, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret

	.section .note.GNU-stack, "", @progbits
