/*
 * Pieces of user code, each at the start of 64 bytes, in the order of the
 * table in users.c. All are position independent and copied into a user page.
 * In: rdi = an argument. A piece that completes exits by system call 0 with a
 * value in rdi.
 */
	.macro PIECE
	.balign 64, 0xcc
	.endm
	.macro EXIT
	xorl	%eax, %eax
	syscall
	.endm

	.section .rodata
	.balign 64
	.globl user_code_start, user_code_end
user_code_start:
	/* 0: system call number rdi, exits with its result */
	movq	%rdi, %rax
	syscall
	movq	%rax, %rdi
	EXIT
	PIECE	/* 1: load from rdi */
	movq	(%rdi), %rdi
	EXIT
	PIECE	/* 2: store to rdi */
	movq	%rdi, (%rdi)
	EXIT
	PIECE	/* 3: jump to rdi */
	jmp	*%rdi
	PIECE	/* 4: system call with rsp = rdi */
	movq	%rsp, %rbx
	movq	%rdi, %rsp
	movl	$1, %eax
	syscall
	movq	%rbx, %rsp
	movq	%rax, %rdi
	EXIT
	PIECE	/* 5: system call with flags rdi */
	pushq	%rdi
	popfq
	movl	$1, %eax
	syscall
	pushq	$2
	popfq
	movq	%rax, %rdi
	EXIT
	PIECE	/* 6 */
	hlt
	PIECE	/* 7 */
	cli
	PIECE	/* 8 */
	inb	$0x80, %al
	PIECE	/* 9 */
	movl	$0x1b, %ecx
	rdmsr
	PIECE	/* 10 */
	movq	%cr0, %rax
	PIECE	/* 11 */
	movq	%rdi, %cr3
	PIECE	/* 12 */
	lgdt	(%rsp)
	PIECE	/* 13 */
	int	$0x81
	PIECE	/* 14 */
	int	$14
	PIECE	/* 15 */
	swapgs
	PIECE	/* 16 */
	sysenter
	PIECE	/* 17 */
	wbinvd
	PIECE	/* 18 */
	invlpg	(%rsp)
	PIECE	/* 19: emulated CPUID is for the kernel; here it is just ud2 */
	ud2
	PIECE	/* 20: the breakpoint */
	int3
	PIECE	/* 21: stack segment loaded from rdi, where a breakpoint is set, then SYSCALL */
	movl	$1, %eax
	movw	(%rdi), %ss
	syscall
	movq	%rax, %rdi
	EXIT
	PIECE	/* 22: the same with int3 */
	movw	(%rdi), %ss
	int3
	PIECE	/* 23: the same with a privileged instruction */
	movw	(%rdi), %ss
	hlt
	PIECE	/* 24: every data selector register with rdi */
	movl	%edi, %ds
	movl	%edi, %es
	movl	%edi, %fs
	movl	%edi, %gs
	movl	$1, %eax
	syscall
	movq	%rax, %rdi
	EXIT
	PIECE	/* 25: 32-bit code segment, where a far return leads */
	leaq	1f(%rip), %rax
	pushq	%rdi
	pushq	%rax
	lretq
1:	int	$0x81
	.balign 64, 0xcc
user_code_end:

	.section .note.GNU-stack, "", @progbits
