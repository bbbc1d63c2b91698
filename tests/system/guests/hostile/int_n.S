/*
 * INT n for every n, 4 bytes apart: int n; ret; and the table of fix-ups, so
 * that one which faults goes on at its own ret with the verdict in rax.
 */
	.text
	.balign 4
	.globl interrupts_int_n
interrupts_int_n:
	vector = 0
	.rept 256
	.balign 4
	.byte 0xcd, vector	/* not the one-byte form of int 3 */
	ret
	vector = vector + 1
	.endr

	.section .kit.fixups, "a"
	vector = 0
	.rept 256
	.quad interrupts_int_n + vector * 4, interrupts_int_n + vector * 4 + 2
	vector = vector + 1
	.endr

	.section .note.GNU-stack, "", @progbits
