/*
 * void race_call(const volatile uint8_t *code): calls code that may fault or
 * spoil any register but the stack pointer, with rcx = an MSR that may be
 * read. A fault handler may go to race_recover.
 */
	.text
	.globl race_call
	.type race_call, @function
race_call:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, race_saved_rsp
	movl	$0xc0000100, %ecx
	call	*%rdi
	.globl race_recover
race_recover:
	movq	race_saved_rsp, %rsp
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
race_saved_rsp:
	.skip 8

	.section .note.GNU-stack, "", @progbits
