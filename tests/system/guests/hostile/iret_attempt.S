/*
 * unsigned long iret_attempt(const uint64_t frame[9])
 *
 * Executes the iret hypercall with rsp at the frame, and comes back whatever
 * happens: the trap and failsafe handlers of returns.c send execution to
 * iret_recover with the verdict in rax, and a frame that works leads to
 * iret_landed, whose verdict is 0.
 */
	.text
	.globl iret_attempt
	.type iret_attempt, @function
iret_attempt:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, iret_saved_rsp
	movq	%rdi, %rsp
	movl	$23, %eax
	syscall
	ud2

	.globl iret_landed
iret_landed:
	xorl	%eax, %eax
	.globl iret_recover
iret_recover:
	movq	iret_saved_rsp, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	cld
	ret

	.bss
	.balign 8
	.globl iret_saved_rsp
iret_saved_rsp:
	.skip 8

	.section .note.GNU-stack, "", @progbits
