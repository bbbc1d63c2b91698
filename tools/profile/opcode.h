/*
 * The kinds of instructions that cost much more than others and are counted one by one. Source of
 * the encodings: AMD64 Architecture Programmer's Manual, volume 3.
 */
#ifndef PROFILE_OPCODE_H
#define PROFILE_OPCODE_H

#include <stddef.h>
#include <stdint.h>

enum opcode_kind {
	OPCODE_PLAIN,
	OPCODE_MARK, /* xchg %bx, %bx */
	OPCODE_SYSCALL,
	OPCODE_SYSRET,
	OPCODE_IRET,
	OPCODE_INT, /* INT n and INT3 */
	OPCODE_CR3, /* MOV to CR3 */
	OPCODE_CR,  /* MOV to another control register */
	OPCODE_INVLPG,
	OPCODE_SWAPGS,
	OPCODE_RDMSR,
	OPCODE_WRMSR,
	OPCODE_SMAP,   /* CLAC, STAC */
	OPCODE_FSBASE, /* RDFSBASE, WRFSBASE and those of GS */
	OPCODE_CPUID,
	OPCODE_HLT,
	OPCODE_LOCKED, /* with the LOCK prefix, or XCHG with memory */
	OPCODE_FENCE,  /* MFENCE, LFENCE */
	OPCODE_FPU,    /* FXSAVE, XSAVE and their opposites */
	OPCODE_KINDS,
};

extern const char *const opcode_names[OPCODE_KINDS];

/* The kind of the instruction in these bytes. */
enum opcode_kind opcode_classify(const uint8_t *bytes, size_t size);

#endif
