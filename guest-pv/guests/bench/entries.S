/*
 * The shortest handlers a guest can have, and the user code that calls them. A handler is entered
 * with rcx, r11, [error code], rip, cs, rflags, rsp, ss on its stack and leaves by the iret
 * hypercall, which finds rax, r11, rcx and a word of flags on top of the last five.
 */
	.macro LEAVE
	pushq	$0
	pushq	%rcx
	pushq	%r11
	pushq	%rax
	movl	$23, %eax
	syscall
	.endm

	.text

/* System call: answers 0. Nine instructions. */
	.balign 16
	.globl bench_syscall_entry
bench_syscall_entry:
	popq	%rcx
	popq	%r11
	xorl	%eax, %eax
	LEAVE

/* Page fault: goes on behind the faulting load, which is three bytes long. */
	.balign 16
	.globl bench_fault_entry
bench_fault_entry:
	popq	%rcx
	popq	%r11
	addq	$8, %rsp
	addq	$3, (%rsp)
	LEAVE

/* Event: takes note of it, and of the one port of which it can be. */
	.balign 16
	.globl bench_event_entry
bench_event_entry:
	popq	%rcx
	popq	%r11
	pushq	$0
	pushq	%rcx
	pushq	%r11
	pushq	%rax
	movq	bench_vcpu_info(%rip), %rax
	movb	$0, (%rax)		/* evtchn_upcall_pending */
	movq	$0, 8(%rax)		/* evtchn_pending_sel */
	movq	bench_pending_word(%rip), %rax
	movq	$0, (%rax)
	incq	bench_event_count(%rip)
	movl	$23, %eax
	syscall

/*
 * User code, copied to a user page. In: rdi = iterations, rsi = where the ticks go. Ends by UD2,
 * which tells the kit that user mode is over.
 */
	.section .rodata
	.macro USER_LOOP body:vararg
	movq	%rdi, %rbx
	movq	%rsi, %rbp
	xorl	%r12d, %r12d
	rdtsc
	shlq	$32, %rdx
	leaq	(%rdx, %rax), %r13
1:	\body
	decq	%rbx
	jnz	1b
	rdtsc
	shlq	$32, %rdx
	addq	%rdx, %rax
	subq	%r13, %rax
	movq	%rax, (%rbp)
	ud2
	.endm

	.globl bench_user_syscall, bench_user_fault, bench_user_end
	.balign 64
bench_user_syscall:
	USER_LOOP syscall
	.balign 64
bench_user_fault:
	USER_LOOP movl (%r12), %r11d
bench_user_end:

	.section .note.GNU-stack, "", @progbits
