/*
 * void landing_iret(const uint64_t frame[9]): the iret hypercall with rsp at
 * the frame. void landing_multicall(const uint64_t frame[9], struct pv_multicall_entry *calls,
 * uint64_t count): a multicall with an iret in it. The frame's rip is landing_here, which stores what it finds in
 * landing_found (rax, rcx, r11, rflags, rsp, ss, cs) and returns on the old
 * stack.
 */
	.text
	.globl landing_multicall
	.type landing_multicall, @function
landing_multicall:
	movl	$13, %eax
	jmp	1f

	.globl landing_iret
	.type landing_iret, @function
landing_iret:
	movl	$23, %eax
1:	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, landing_saved
	movq	%rdi, %rsp
	movq	%rsi, %rdi
	movq	%rdx, %rsi
	syscall
	ud2

	.globl landing_here
landing_here:
	movq	%rax, landing_found
	movq	%rsp, landing_found + 32
	movq	%rcx, landing_found + 8
	movq	%r11, landing_found + 16
	movq	landing_saved, %rsp
	pushfq
	popq	landing_found + 24
	movw	%ss, landing_found + 40
	movw	%cs, landing_found + 48
	cld
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret

	.bss
	.balign 8
landing_saved:
	.skip 8
	.globl landing_found
landing_found:
	.skip 56

/*
 * User code, each piece at the start of 64 bytes. In: rdi, rsi = arguments.
 * Out: by system call 0, with the result in rdi.
 */
	.macro EXIT
	xorl	%eax, %eax
	syscall
	.endm

	.section .rodata
	.balign 64
	.globl landing_user_start, landing_user_end
landing_user_start:
	/* 0: a system call with known rcx and r11: they come back changed, all else not */
	movl	$1, %eax
	movl	$0x1234, %ebx
	movq	%rdi, %rdx
	syscall
	movq	%rax, %rdi
	EXIT
	.balign 64, 0xcc
	/* 1: load of rdi */
	movq	(%rdi), %rdi
	EXIT
	.balign 64, 0xcc
	/* 2: first word by the GS base */
	movq	%gs:0, %rdi
	EXIT
	.balign 64, 0xcc
	/* 3: first word by the FS base */
	movq	%fs:0, %rdi
	EXIT
	.balign 64, 0xcc
	/* 4: int 0x80 with rax = 1 */
	movl	$1, %eax
	int	$0x80
	movq	%rax, %rdi
	EXIT
	.balign 64, 0xcc
	/* 5: spins until the word at rdi is not 0 */
1:	cmpq	$0, (%rdi)
	je	1b
	movq	(%rdi), %rdi
	EXIT
	.balign 64, 0xcc
	/* 6: the selector rdi in fs, then the first word by it */
	movl	%edi, %fs
	movq	%fs:0, %rdi
	EXIT
	.balign 64, 0xcc
	/* 7: a system call with carry, direction and sign flags set */
	stc
	std
	movl	$1, %eax
	syscall
	pushfq
	popq	%rdi
	cld
	EXIT
	.balign 64, 0xcc
	/* 8: CLI */
	cli
	movl	$0x55, %edi
	EXIT
	.balign 64, 0xcc
	/* 9: OUT */
	outb	%al, $0x80
	movl	$0x55, %edi
	EXIT
	.balign 64, 0xcc
	/* 10: a load by RBX from the address rdi */
	movq	%rdi, %rbx
	movq	(%rbx), %rdi
	EXIT
	.balign 64, 0xcc
	/* 11: by RBP */
	movq	%rdi, %rbp
	movq	(%rbp), %rdi
	EXIT
	.balign 64, 0xcc
	/* 12: by RSP */
	movq	%rdi, %rsp
	movq	(%rsp), %rdi
	EXIT
	.balign 64, 0xcc
	/* 13: SYSENTER with NT set */
	pushfq
	orl	$0x4000, (%rsp)
	popfq
	sysenter
	movl	$0x55, %edi
	EXIT
	.balign 64, 0xcc
landing_user_end:

	.section .note.GNU-stack, "", @progbits
