/*
 * Where a CPU starts after the start-up message: 16-bit real mode at IP 0 of a
 * page below 1 MiB, to which smp.c copied this. It only gets into protected
 * mode; the rest is in entry32.S.
 */
#include "mm/layout.h"

	.section .rodata.trampoline, "a"
	.code16
	.globl trampoline_start
trampoline_start:
	cli
	movw %cs, %ax
	movw %ax, %ds
	lgdtl gdt_register - trampoline_start
	movl %cr0, %eax
	orl $1, %eax
	movl %eax, %cr0
	ljmpl $0x08, $(boot_entry_ap - HV_IMAGE_VIRT)

	.balign 4
gdt_register:
	.short 4 * 8 - 1
	.long boot_gdt - HV_IMAGE_VIRT
	.globl trampoline_end
trampoline_end:

	.section .note.GNU-stack, "", @progbits
