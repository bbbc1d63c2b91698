/*
 * 32-bit code of the guest's kernel that makes a SYSCALL.
 *
 * uint64_t compat_call(void *low): jumps to a copy of compat_code at the start of a
 * writable page below 4 GiB, with the rest of it as the stack: 32-bit code has no other,
 * and where it has no SYSCALL the frame of a #UD is put there. Returns the code selector in the frame that compat_entry, the callback, was given; 0 if
 * compat_gone was gone to instead, which a handler of #UD does.
 */
	.text
	.globl compat_call
	.type compat_call, @function
compat_call:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, compat_saved
	leaq	4096(%rdi), %rsp
	pushq	$0xe023
	pushq	%rdi
	lretq

	.globl compat_entry
compat_entry:
	movl	24(%rsp), %eax			/* behind RCX, R11, RIP */
	jmp	1f
	.globl compat_gone
compat_gone:
	xorl	%eax, %eax
1:	movq	compat_saved, %rsp
	movl	$0xe02b, %ecx
	movl	%ecx, %ss
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret

	.section .rodata
	.globl compat_code, compat_code_end
	.code32
compat_code:
	movl	$17, %eax
	syscall
	ud2
compat_code_end:
	.code64

	.bss
	.balign 8
compat_saved:
	.skip 8

	.section .note.GNU-stack, "", @progbits
