/*
 * Where the boot loader jumps to: 32-bit protected mode without paging, the
 * image at 2 MiB, EAX the loader's magic and EBX the address of its information.
 * Other CPUs come from trampoline.S to boot_entry_ap. Both end in C at the
 * image's high address.
 *
 * Addresses here are machine addresses: PHYS(symbol).
 * Read next: main.c (first CPU), smp.c (the others).
 */
#include "mm/layout.h"

#define PHYS(x)		((x) - HV_IMAGE_VIRT)

#define MB1_MAGIC	0x1badb002
#define MB1_FLAGS	0x3		/* modules on pages, memory map wanted */
#define MB2_MAGIC	0xe85250d6

#define CR0_BITS	0x80050033	/* PG AM WP NE ET MP PE */
#define CR4_PAE		0x20
#define MSR_EFER	0xc0000080
#define EFER_BITS	0x901		/* NXE LME SCE */

#define BOOT_CS32	0x08
#define BOOT_DS		0x10
#define BOOT_CS64	0x18

#define COM1		0x3f8
#define VGA_TEXT	0xb8000

	.section .boot.header, "ax"

	.balign 8
multiboot1_header:
	.long MB1_MAGIC
	.long MB1_FLAGS
	.long -(MB1_MAGIC + MB1_FLAGS)

	.balign 8
multiboot2_header:
	.long MB2_MAGIC
	.long 0				/* i386 */
	.long multiboot2_end - multiboot2_header
	.long -(MB2_MAGIC + (multiboot2_end - multiboot2_header))
	.short 6, 0			/* modules on pages */
	.long 8
	.short 0, 0			/* end of tags */
	.long 8
multiboot2_end:

	.section .boot.text, "ax"
	.code32

/* In: EAX magic, EBX information. Kept in EBP and EBX until boot_main(). */
	.globl boot_entry
boot_entry:
	cli
	cld
	movl %eax, %ebp
	movl $PHYS(boot_stack_top), %esp
	call check_cpu
	movl $PHYS(start_boot_cpu), %edi
	jmp enter_long_mode

/* In: nothing; this CPU is in protected mode with boot_gdt loaded. */
	.globl boot_entry_ap
boot_entry_ap:
	movl $BOOT_DS, %eax
	movl %eax, %ds			/* was that of real mode */
	movl $PHYS(start_ap), %edi
	jmp enter_long_mode

/* Return if the CPU has 64-bit mode and no-execute pages; else say so and stop. */
check_cpu:
	pushl %ebx
	movl $0x80000000, %eax
	cpuid
	cmpl $0x80000001, %eax
	jb 1f
	movl $0x80000001, %eax
	cpuid
	popl %ebx
	andl $(1 << 29 | 1 << 20), %edx		/* LM, NX */
	cmpl $(1 << 29 | 1 << 20), %edx
	jne 1f
	ret
1:	movl $PHYS(no_cpu_text), %esi
	movl $VGA_TEXT, %edi
	movw $COM1, %dx
2:	lodsb
	testb %al, %al
	jz 3f
	outb %al, %dx
	movb $0x07, %ah
	stosw
	jmp 2b
3:	hlt
	jmp 3b

/*
 * Turn on paging with the boot tables and go on in 64-bit mode at the machine
 * address in EDI. Keeps EBX, EBP.
 */
enter_long_mode:
	lgdt PHYS(boot_gdt_register)
	movl $BOOT_DS, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl $CR4_PAE, %eax
	movl %eax, %cr4
	movl $PHYS(boot_l4), %eax
	movl %eax, %cr3
	movl $MSR_EFER, %ecx
	rdmsr
	orl $EFER_BITS, %eax
	wrmsr
	movl $CR0_BITS, %eax
	movl %eax, %cr0
	ljmp $BOOT_CS64, $PHYS(1f)

	.code64
1:	movl %edi, %edi
	jmp *%rdi

start_boot_cpu:
	movabs $boot_stack_top, %rsp
	movl %ebp, %edi
	movl %ebx, %esi
	xorl %ebp, %ebp
	movabs $boot_main, %rax
	call *%rax
	ud2

start_ap:
	movabs $smp_ap_stack, %rax
	movq (%rax), %rsp
	xorl %ebp, %ebp
	movabs $smp_ap_main, %rax
	call *%rax
	ud2

no_cpu_text:
	.asciz "Parley needs a 64-bit processor with no-execute pages.\r\n"

	.data
	.balign 8
	.globl boot_gdt
boot_gdt:
	.quad 0
	.quad 0x00cf9b000000ffff	/* BOOT_CS32 */
	.quad 0x00cf93000000ffff	/* BOOT_DS */
	.quad 0x00af9b000000ffff	/* BOOT_CS64 */
boot_gdt_end:
	.globl boot_gdt_register
boot_gdt_register:
	.short boot_gdt_end - boot_gdt - 1
	.long PHYS(boot_gdt)

/*
 * The boot tables: the first 4 GiB at 0, at HV_IMAGE_VIRT and at the direct
 * map, all through one L3. paging_load() replaces them on the boot CPU and puts
 * the hypervisor's real slots into boot_l4 for the other CPUs to come.
 */
#define L4_SLOT(va)	(((va) >> 39) & 511)
#define TABLE_FLAGS	0x3		/* present, writable */
#define LARGE_FLAGS	0x83		/* and 2 MiB */

	.balign 4096
	.globl boot_l4
boot_l4:
	.quad PHYS(boot_l3) + TABLE_FLAGS
	.fill L4_SLOT(HV_IMAGE_VIRT) - 1, 8, 0
	.quad PHYS(boot_l3) + TABLE_FLAGS
	.quad PHYS(boot_l3) + TABLE_FLAGS	/* DIRECTMAP_VIRT_START: the next slot */
	.fill 511 - L4_SLOT(DIRECTMAP_VIRT_START), 8, 0
boot_l3:
	.quad PHYS(boot_l2) + TABLE_FLAGS
	.quad PHYS(boot_l2) + 0x1000 + TABLE_FLAGS
	.quad PHYS(boot_l2) + 0x2000 + TABLE_FLAGS
	.quad PHYS(boot_l2) + 0x3000 + TABLE_FLAGS
	.fill 508, 8, 0
boot_l2:
	.set page, 0
	.rept 2048
	.quad (page << 21) + LARGE_FLAGS
	.set page, page + 1
	.endr

/*
 * The boot stack is aligned and topped like a CPU's own (cpu/cpu_info.h), so that
 * cpu_info() works from the first line of C: zeros, CPU 0, no vCPU.
 */
	.bss
	.balign CPU_STACK_SIZE
	.fill CPU_STACK_SIZE - 512
boot_stack_top:
	.fill 512

	.section .note.GNU-stack, "", @progbits
