/*
 * SYSCALL from a guest: the system calls of its user mode, which go to its kernel; the hypercalls of its
 * kernel; and the hypercall iret, its return. Read entry.S first, then ../hypercall/hypercall.h.
 */
#include "cpu/entry_macros.inc"

	.text

/*
 * iret: RCX = vCPU, RAX = the guest's frame. The five words of our own IRETQ are
 * pushed over the end of regs. With to_user, vcpu.path has promised that user
 * mode can be entered; without, a return to it is left to C.
 */
.macro define_iret name, smap, to_user
\name:
	mov	END_INFO(INFO_SCRATCH)(%rsp), %rax
	movabs	$HV_VIRT_END, %r11
	cmp	%r11, %rax
	jb	\name\()_low
\name\()_read:
	guest_open \smap
	guest_access iret_fault, push PV_IRET_SS(%rax)
	orb	$3, (%rsp)
	guest_access iret_fault, push PV_IRET_RSP(%rax)
	guest_access iret_fault, push PV_IRET_RFLAGS(%rax)
	testb	$(RFLAGS_IF >> 8), 1(%rsp)
	jz	iret_slow
	andl	$~FLAGS_NEVER, (%rsp)
	guest_access iret_fault, push PV_IRET_CS(%rax)
	mov	(%rsp), %r11d
	not	%r11d
	test	$3, %r11d
	jnz	\name\()_kernel
	.if \to_user
	guest_access iret_fault, push PV_IRET_RIP(%rax)
	guest_access iret_fault, testl $PV_VGCF_in_syscall, PV_IRET_FLAGS(%rax)
	jnz	iret_slow
	mov	VCPU_INFO(%rcx), %r11
	cmpb	$0, PV_VCPU_INFO_PENDING(%r11)
	jne	iret_slow
	movb	$0, PV_VCPU_INFO_MASK(%r11)
	movw	$MODE_PATH_USER, VCPU_MODE(%rcx)
	swapgs
	mov	VCPU_USER_LOAD(%rcx), %r11
	guest_access iret_fault, mov PV_IRET_RCX(%rax), %rcx
	guest_access iret_fault, push PV_IRET_R11(%rax)
	guest_access iret_fault, mov PV_IRET_RAX(%rax), %rax
	guest_close \smap
	mov	%r11, %cr3
	pop	%r11
	jmp	exit_iret_insn
	.else
	jmp	iret_slow
	.endif
\name\()_low:
	test	%rax, %rax			/* below the hypervisor: the lower half, or not */
	jns	\name\()_read
	jmp	iret_slow

	/* Back into the guest kernel: of a trap or an event that came while it ran. */
\name\()_kernel:
	and	$3, %r11d
	cmp	$3, %r11d			/* RPL 0; 1 and 2 are odd enough for C */
	jne	iret_slow
	orb	$3, (%rsp)
	guest_access iret_fault, push PV_IRET_RIP(%rax)
	guest_access iret_fault, testl $PV_VGCF_in_syscall, PV_IRET_FLAGS(%rax)
	jnz	iret_slow
	mov	VCPU_INFO(%rcx), %r11
	cmpb	$0, PV_VCPU_INFO_PENDING(%r11)
	jne	iret_slow
	movb	$0, PV_VCPU_INFO_MASK(%r11)
	guest_access iret_fault, mov PV_IRET_RCX(%rax), %rcx
	guest_access iret_fault, mov PV_IRET_R11(%rax), %r11
	guest_access iret_fault, mov PV_IRET_RAX(%rax), %rax
	guest_close \smap
	jmp	exit_iret_insn
.endm

/*
 * SYSCALL from a guest, 64-bit. From the stub: RSP = end of cpu_info.regs, the
 * guest's RSP in cpu_info.scratch, RCX its RIP, R11 its RFLAGS, all else its own.
 *
 * vcpu.path decides at once: user mode with all that a bounce needs, kernel
 * mode with all that a return to user mode needs, or what C must look at.
 */
.macro define_entry_syscall name, smap
	.globl	\name
	.balign 64
\name:
	mov	%rcx, FROM_END(REGS_RIP)(%rsp)
	mov	END_INFO(INFO_CURRENT)(%rsp), %rcx
	cmpb	$VCPU_PATH_KERNEL, VCPU_PATH(%rcx)
	jb	\name\()_user
	ja	syscall_slow
	cmp	$PV_HYPERCALL_iret, %rax
	jne	syscall_hypercall

	define_iret \name\()_iret, \smap, 1

	/* A system call of user mode. RCX = vCPU; RAX and RDX are saved in their places. */
\name\()_user:
	mov	%rax, FROM_END(REGS_RAX)(%rsp)
	mov	VCPU_INFO(%rcx), %rax
	cmpb	$0, PV_VCPU_INFO_MASK(%rax)
	jne	syscall_slow_rax
	mov	%rdx, FROM_END(REGS_RDX)(%rsp)
	incq	VCPU_STATS_SYSCALL(%rcx)
	mov	VCPU_SYSCALL_MASKS(%rcx), %dl
	mov	%dl, PV_VCPU_INFO_MASK(%rax)
	mov	VCPU_KERNEL_LOAD(%rcx), %rax
	mov	%rax, %cr3
	swapgs
	movw	$MODE_PATH_KERNEL, VCPU_MODE(%rcx)
	mov	VCPU_BOUNCE_SP(%rcx), %rdx
	mov	FROM_END(REGS_RIP)(%rsp), %rax
	guest_open \smap
	guest_access bounce_fault, mov %rax, -56(%rdx)	/* RCX */
	guest_access bounce_fault, mov %r11, -48(%rdx)	/* R11 */
	guest_access bounce_fault, mov %rax, -40(%rdx)	/* RIP */
	guest_access bounce_fault, movq $PV_FLAT_RING3_CS64, -32(%rdx)
	guest_access bounce_fault, mov %r11, -24(%rdx)	/* RFLAGS */
	mov	END_INFO(INFO_SCRATCH)(%rsp), %rax
	guest_access bounce_fault, mov %rax, -16(%rdx)	/* RSP */
	guest_access bounce_fault, movq $PV_FLAT_RING3_SS64, -8(%rdx)
	guest_close \smap
	mov	VCPU_SYSCALL_ENTRY(%rcx), %rcx
	and	$~(FLAGS_ENTRY | RFLAGS_DF), %r11
	sub	$56, %rdx
	mov	%rdx, END_INFO(INFO_SCRATCH)(%rsp)
	mov	FROM_END(REGS_RDX)(%rsp), %rdx
	mov	FROM_END(REGS_RAX)(%rsp), %rax
	mov	END_INFO(INFO_SCRATCH)(%rsp), %rsp
	sysretq
.endm

	define_entry_syscall entry_syscall, 0
	define_entry_syscall entry_syscall_smap, 1

/*
 * Neither short path. What the frame is made of is where the stub left it: RIP
 * in its place, RSP in scratch, R11 = RFLAGS; RCX holds the vCPU.
 */
.macro save_syscall_frame cs
	push	$PV_FLAT_RING3_SS64
	push	END_INFO(INFO_SCRATCH) + 8(%rsp)
	push	%r11
	push	$\cs
	sub	$8, %rsp			/* RIP is there */
	push	$0
	save_regs
.endm

syscall_slow_rax:
	mov	FROM_END(REGS_RAX)(%rsp), %rax
syscall_slow:
	cmpw	$MODE_PATH_KERNEL_SLOW, VCPU_MODE(%rcx)
	jne	syscall_other
	cmp	$PV_HYPERCALL_iret, %rax
	jne	syscall_hypercall
	define_iret kernel_iret, 2, 0

/*
 * A hypercall: number in RAX, RCX = vCPU. What is saved is what C may change. C keeps RBX,
 * RBP, R12-R15, and the guest's RSP stays in scratch, so these are only saved on the way out
 * (hypercall_work), and only if something else than a return follows: a handler finds the
 * arguments, RIP and RFLAGS in cpu_info()->regs, and may change them, but nothing else.
 */
syscall_hypercall:
	sub	$REGS_SIZE, %rsp
	mov	%r11, REGS_RFLAGS(%rsp)
	mov	%rdi, REGS_RDI(%rsp)
	mov	%rsi, REGS_RSI(%rsp)
	mov	%rdx, REGS_RDX(%rsp)
	mov	%r8, REGS_R8(%rsp)
	mov	%r9, REGS_R9(%rsp)
	mov	%r10, REGS_R10(%rsp)
	cmp	$PV_HYPERCALL_MAX, %rax
	jae	syscall_no_number
	mov	VCPU_DOMAIN(%rcx), %r11
	incq	DOMAIN_STATS_HYPERCALLS(%r11, %rax, 8)
	lea	hypercall_table(%rip), %r11
	mov	%r10, %rcx
	call	*(%r11, %rax, 8)
	cmpl	$0, FROM_REGS(INFO_WORK)(%rsp)
	jne	hypercall_work
	mov	FROM_REGS(INFO_CURRENT)(%rsp), %rcx
	mov	VCPU_INFO(%rcx), %rdx
	cmpw	$1, (%rdx)			/* pending and not masked */
	je	hypercall_event
	mov	REGS_RIP(%rsp), %rcx
	test	%rcx, %rcx			/* SYSRET only where it cannot fault: security.md, XSA-7 */
	jns	hypercall_low
hypercall_sysret:
	mov	REGS_RFLAGS(%rsp), %r11
hypercall_sysret_flags:
	mov	REGS_R10(%rsp), %r10
	mov	REGS_R9(%rsp), %r9
	mov	REGS_R8(%rsp), %r8
	mov	REGS_RDX(%rsp), %rdx
	mov	REGS_RSI(%rsp), %rsi
	mov	REGS_RDI(%rsp), %rdi
	mov	FROM_REGS(INFO_SCRATCH)(%rsp), %rsp
	sysretq

/*
 * An event to deliver before the return: the frame goes on the stack that the
 * guest kernel runs on. RAX is the result, RCX the vCPU, RDX its vcpu_info.
 */
hypercall_event:
	cmpq	$0, VCPU_EVENT_ENTRY(%rcx)
	je	hypercall_work
	mov	FROM_REGS(INFO_SCRATCH)(%rsp), %r8
	mov	%r8, %r9
	and	$-16, %r8
	lea	-56(%r8), %r10
	shr	$HV_RANGE_SHIFT, %r10
	cmp	$HV_RANGE_TOP, %r10d		/* a frame that begins below us faults at once */
	je	hypercall_work
	mov	REGS_RIP(%rsp), %r10
	mov	REGS_RFLAGS(%rsp), %r11
	smap_stac
	guest_access hypercall_event_fault, mov %r10, -56(%r8)	/* RCX */
	guest_access hypercall_event_fault, mov %r11, -48(%r8)	/* R11 */
	guest_access hypercall_event_fault, mov %r10, -40(%r8)	/* RIP */
	guest_access hypercall_event_fault, movq $(PV_FLAT_RING3_CS64 & ~3), -32(%r8)
	guest_access hypercall_event_fault, mov %r11, -24(%r8)	/* RFLAGS */
	guest_access hypercall_event_fault, mov %r9, -16(%r8)	/* RSP */
	guest_access hypercall_event_fault, movq $PV_FLAT_RING3_SS64, -8(%r8)
	smap_clac
	movb	$1, PV_VCPU_INFO_MASK(%rdx)
	sub	$56, %r8
	and	$~FLAGS_ENTRY, %r11
	mov	%r8, FROM_REGS(INFO_SCRATCH)(%rsp)
	incq	VCPU_STATS_UPCALL(%rcx)
	mov	VCPU_EVENT_ENTRY(%rcx), %rcx
	jmp	hypercall_sysret_flags

/* The stack is not there: C finds the same, and says so. */
hypercall_event_fault:
	smap_clac
	jmp	hypercall_work

hypercall_low:
	cmpl	$0x8000, REGS_RIP + 4(%rsp)	/* canonical, in the lower half */
	jb	hypercall_sysret
hypercall_work:
	mov	%rbx, REGS_RBX(%rsp)
	mov	%rbp, REGS_RBP(%rsp)
	mov	%r12, REGS_R12(%rsp)
	mov	%r13, REGS_R13(%rsp)
	mov	%r14, REGS_R14(%rsp)
	mov	%r15, REGS_R15(%rsp)
	movq	$0, REGS_ERROR_CODE(%rsp)	/* and no vector */
	movq	$PV_FLAT_RING3_CS64, REGS_CS(%rsp)
	movq	$PV_FLAT_RING3_SS64, REGS_SS(%rsp)
	mov	FROM_REGS(INFO_SCRATCH)(%rsp), %rcx
	mov	%rcx, REGS_RSP(%rsp)
	mov	REGS_RFLAGS(%rsp), %rcx
	mov	%rcx, REGS_R11(%rsp)
	mov	%rax, REGS_RAX(%rsp)
	mov	REGS_RIP(%rsp), %rcx		/* what SYSRET would leave there */
	mov	%rcx, REGS_RCX(%rsp)
	jmp	exit_guest

syscall_no_number:
	mov	$-PV_ENOSYS, %rax
	jmp	hypercall_work

/* The rest in C, with RCX as SYSCALL leaves it. */
.macro syscall_in_c function
	save_syscall_frame PV_FLAT_RING3_CS64
	mov	REGS_RIP(%rsp), %rcx
	mov	%rcx, REGS_RCX(%rsp)
	mov	%rsp, %rdi
	call	\function
	jmp	exit_guest
.endm

/* User mode, or a guest kernel whose entries are traced: C does all of it. */
syscall_other:
	cmpb	$VCPU_MODE_KERNEL, VCPU_MODE(%rcx)
	jne	syscall_user
	cmp	$PV_HYPERCALL_iret, %rax
	je	iret_slow
	syscall_in_c hypercall_traced

syscall_user:
	syscall_in_c pv_syscall_from_user

/* iret that the short path began and left to C: RSP is somewhere in regs. */
iret_slow:
	smap_clac
	mov	$(RFLAGS_IF | 2), %r11d			/* the caller's are gone; an iret needs none */
	or	$(CPU_STACK_SIZE - 1), %rsp
	sub	$(INFO_SIZE - INFO_REGS - REGS_SIZE - 1), %rsp
	save_syscall_frame PV_FLAT_RING3_CS64
	mov	%rsp, %rdi
	call	pv_iret
	jmp	exit_guest

/* The frame of an iret could not be read, or one not be written: the guest's own fault. */
iret_fault:
	or	$(CPU_STACK_SIZE - 1), %rsp
	sub	$(INFO_SIZE - INFO_REGS - REGS_SIZE - 1), %rsp
	movq	$0, FROM_END(REGS_RIP)(%rsp)	/* the fault's own frame went over it */
	.globl	bounce_fault
bounce_fault:
	smap_clac
	or	$(CPU_STACK_SIZE - 1), %rsp
	sub	$(INFO_SIZE - INFO_REGS - REGS_SIZE - 1), %rsp
	xor	%eax, %eax			/* those that the short paths use: not the guest's any more */
	xor	%ecx, %ecx
	xor	%edx, %edx
	xor	%esi, %esi
	xor	%edi, %edi
	mov	$(RFLAGS_IF | 2), %r11d
	save_syscall_frame PV_FLAT_RING3_CS64
	mov	%rsp, %rdi
	call	pv_frame_fault
	jmp	exit_guest

/* SYSCALL from a 32-bit code segment. Only user mode has such, normally. */
	.globl	entry_syscall32
	.balign 16
entry_syscall32:
	mov	%rcx, FROM_END(REGS_RIP)(%rsp)
	save_syscall_frame PV_FLAT_RING3_CS32
	mov	%rsp, %rdi
	call	pv_syscall32
	jmp	exit_guest

/* SYSENTER is off (MSR_SYSENTER_CS is 0): it faults in the guest. */

	.section .note.GNU-stack, "", @progbits
