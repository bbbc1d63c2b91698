/*
 * Start of day: the ELF notes that tell a domain builder what this image
 * wants, and the first instructions of the first and of every further vCPU.
 * Read next: start.c, where the C part of start of day lives.
 */
#include <parley/elfnote.h>

#define STACK_SIZE 16384

/* One note: owner "Xen", a type, and a descriptor of one number or string. */
.macro NOTE_NUMBER type, value
	.pushsection .note.Xen, "a", @note
	.balign 4
	.long 4, 8, \type
	.asciz "Xen"
	.quad \value
	.popsection
.endm

.macro NOTE_STRING type, text:vararg
	.pushsection .note.Xen, "a", @note
	.balign 4
	.long 4, 2f - 1f, \type
	.asciz "Xen"
1:	.asciz \text
2:	.balign 4
	.popsection
.endm

	NOTE_STRING PV_ELFNOTE_GUEST_OS, "parley-kit"
	NOTE_STRING PV_ELFNOTE_GUEST_VERSION, "1"
	NOTE_STRING PV_ELFNOTE_XEN_VERSION, "xen-3.0"
	NOTE_STRING PV_ELFNOTE_LOADER, "generic"
	NOTE_NUMBER PV_ELFNOTE_VIRT_BASE, KIT_VIRT_BASE
	NOTE_NUMBER PV_ELFNOTE_PADDR_OFFSET, 0
	NOTE_NUMBER PV_ELFNOTE_ENTRY, kit_start
	NOTE_NUMBER PV_ELFNOTE_HYPERCALL_PAGE, kit_hypercall_page
	NOTE_NUMBER PV_ELFNOTE_HV_START_LOW, 0xffff800000000000
	NOTE_STRING PV_ELFNOTE_FEATURES, "!writable_page_tables|pae_pgdir_above_4gb"
	NOTE_NUMBER PV_ELFNOTE_SUPPORTED_FEATURES, 0x801

	.section .text.start, "ax"

/*
 * Filled by the builder with one 32-byte stub a hypercall. The kit itself
 * executes SYSCALL inline; the page is there for tests of the builder.
 */
	.balign 4096
	.globl kit_hypercall_page
kit_hypercall_page:
	.skip 4096, 0xcc

/*
 * First vCPU. In: rsi = start_info (virtual address), rsp = end of the boot
 * stack page, which is also where free pages begin; upcalls masked. Out: none.
 */
	.globl kit_start
	.type kit_start, @function
kit_start:
	movq	%rax, start_registers + 0
	movq	%rbx, start_registers + 8
	movq	%rcx, start_registers + 16
	movq	%rdx, start_registers + 24
	movq	%rsi, start_registers + 32
	movq	%rdi, start_registers + 40
	movq	%rbp, start_registers + 48
	movq	%rsp, start_registers + 56
	movq	%r8, start_registers + 64
	movq	%r9, start_registers + 72
	movq	%r10, start_registers + 80
	movq	%r11, start_registers + 88
	movq	%r12, start_registers + 96
	movq	%r13, start_registers + 104
	movq	%r14, start_registers + 112
	movq	%r15, start_registers + 120
	movw	%cs, start_registers + 136
	movw	%ss, start_registers + 138
	movw	%ds, start_registers + 140
	movw	%es, start_registers + 142
	movw	%fs, start_registers + 144
	movw	%gs, start_registers + 146
	movq	%rsp, %rax
	pushfq
	popq	start_registers + 128
	cld
	movq	%rsi, %rdi
	movq	%rax, %rsi
	movq	$kit_boot_stack + STACK_SIZE, %rsp
	xorl	%ebp, %ebp
	call	start_first_cpu
	ud2

/* A further vCPU. In: rdi = its struct kit_cpu, rsp = its own stack. */
	.globl kit_start_secondary
	.type kit_start_secondary, @function
kit_start_secondary:
	cld
	xorl	%ebp, %ebp
	call	smp_start_secondary
	ud2

	.bss
	.balign 16
kit_boot_stack:
	.skip STACK_SIZE

	.section .note.GNU-stack, "", @progbits
