/*
 * What C cannot express: stack pointers that are no stacks. Each function that
 * comes back restores the stack it was called on.
 */
	.text

/*
 * void fatal_fault_on(unsigned long rsp): takes a breakpoint trap there. The
 * handler, if it can be entered, ends the domain as unexpected; that is the
 * kit's report, and shows that the frame fitted.
 */
	.globl fatal_fault_on
	.type fatal_fault_on, @function
fatal_fault_on:
	movq	%rsp, %rbx
	movq	%rdi, %rsp
	ud2
	movq	%rbx, %rsp
	ret

/* void fatal_upcall_on(unsigned long rsp, struct pv_vcpu_info *info) */
	.globl fatal_upcall_on
	.type fatal_upcall_on, @function
fatal_upcall_on:
	movq	%rdi, %rsp
	movb	$0, 1(%rsi)		/* evtchn_upcall_mask */
	movl	$17, %eax		/* xen_version */
	xorl	%edi, %edi
	xorl	%esi, %esi
	syscall
1:	pause
	jmp	1b

/* void fatal_wait_on(unsigned long rsp): sched_op yield, without end */
	.globl fatal_wait_on
	.type fatal_wait_on, @function
fatal_wait_on:
	movq	%rdi, %rsp
1:	movl	$29, %eax
	xorl	%edi, %edi
	xorl	%esi, %esi
	syscall
	jmp	1b

/* void fatal_batch_at(unsigned long rsp, struct pv_multicall_entry *rows, unsigned long count) */
	.globl fatal_batch_at
	.type fatal_batch_at, @function
fatal_batch_at:
	movq	%rdi, %rsp
	movq	%rsi, %rdi
	movq	%rdx, %rsi
	movl	$13, %eax
	syscall
	ud2

/* void fatal_iret_at(unsigned long rsp) */
	.globl fatal_iret_at
	.type fatal_iret_at, @function
fatal_iret_at:
	movq	%rdi, %rsp
	movl	$23, %eax
	syscall
	ud2

	.section .note.GNU-stack, "", @progbits
