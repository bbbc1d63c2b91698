/*
 * void probes_enter(struct probe_entry *p): loads every register with a known
 * value, executes the instruction of p->code, and comes back when the handler
 * has passed over it. Registers that the instruction or the entry changed are
 * stored back into p.
 *
 * struct probe_entry: code@0, rcx@8, r11@16, rsp@24, rbx@32, then results
 * rcx@40, r11@48, rsp@56, rbx@64, rflags@72.
 */
	.text
	.globl probes_enter
	.type probes_enter, @function
probes_enter:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rdi, %r15
	movq	%rsp, %r14
	movq	8(%rdi), %rcx
	movq	16(%rdi), %r11
	movq	32(%rdi), %rbx
	movq	(%rdi), %r13
	movq	24(%rdi), %rsp
	jmp	*%r13

/* Each piece of code below ends here. */
	.globl probes_back
probes_back:
	movq	%rsp, 56(%r15)
	movq	%r14, %rsp
	pushfq
	popq	72(%r15)
	movq	%rcx, 40(%r15)
	movq	%r11, 48(%r15)
	movq	%rbx, 64(%r15)
	cld
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret

	.macro PIECE name, text:vararg
	.globl probes_\name
probes_\name:
	\text
	jmp	probes_back
	.endm

	PIECE ud2, ud2
	PIECE int3, int3
	PIECE int4, int $4
	PIECE int80, int $0x80
	PIECE divide, divl probes_zero
	PIECE load, movq 0x1238, %rax
	PIECE store, movq %rax, 0x1238
	PIECE privileged, lgdt (%rsp)
	PIECE fpu, fninit

	.globl probes_step, probes_hypercall
probes_step:
	pushfq
	orq	$0x100, (%rsp)
	popfq
	nop
	jmp	probes_back
probes_hypercall:
	movl	$17, %eax
	movl	$7, %edi
	syscall
	jmp	probes_back

	.bss
	.balign 8
probes_zero:
	.skip 8

	.section .note.GNU-stack, "", @progbits
