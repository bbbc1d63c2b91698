/*
 * Decoder for the few x86 instructions that the hypervisor carries out for a
 * guest: privileged ones (emulate.c) and stores to page tables (ptwr.c). What
 * it does not know it refuses; the guest then gets the fault it caused.
 *
 * It gives an instruction's length, opcode, operand size and immediate. It
 * computes no addresses: the processor has told the one that faulted.
 *
 * Read next: emulate.c.
 */
#ifndef PV_DECODE_H
#define PV_DECODE_H

#include "cpu/regs.h"
#include "lib/types.h"

#define INSN_MAX_LENGTH 15

enum insn_map {
	INSN_MAP_ONE_BYTE,
	INSN_MAP_0F,
};

/* insn.prefixes */
#define INSN_LOCK     0x01
#define INSN_REP      0x02 /* f3 */
#define INSN_REPNE    0x04 /* f2 */
#define INSN_OPSIZE   0x08
#define INSN_ADDRSIZE 0x10
#define INSN_SEGMENT  0x20 /* any segment override */

struct insn {
	u8 length;
	u8 map; /* enum insn_map */
	u8 opcode;
	u8 prefixes; /* INSN_* */
	u8 rex;      /* 0: none */
	u8 modrm;    /* 0 if it has none */
	u8 op_bytes; /* operand size: 1, 2, 4 or 8 */
	u64 imm;     /* sign-extended to 64 bits */
};

/* Parts of the ModRM byte; reg and rm with the bit that REX adds. */
static inline u32 insn_mod(const struct insn *insn)
{
	return insn->modrm >> 6;
}

static inline u32 insn_reg(const struct insn *insn)
{
	return ((insn->modrm >> 3) & 7) | ((insn->rex & 4) << 1);
}

static inline u32 insn_rm(const struct insn *insn)
{
	return (insn->modrm & 7) | ((insn->rex & 1) << 3);
}

/* The reg field where it selects an operation of a group: REX does not count. */
static inline u32 insn_group(const struct insn *insn)
{
	return (insn->modrm >> 3) & 7;
}

/*
 * Decode the instruction at the start of `count` bytes, for 64-bit or for
 * 32-bit code. False if it is not known here or not all of it is there.
 */
bool insn_decode(struct insn *insn, const u8 *bytes, u32 count, bool long_mode) must_check;

/*
 * Copy up to INSN_MAX_LENGTH bytes at rip in the loaded address space; returns
 * how many could be read, 0 if none. The bytes are read once: what is decided
 * on the copy stays decided even when another vCPU rewrites the code.
 */
u32 insn_fetch(u8 *bytes, u64 rip);

/*
 * General register `number` (0 to 15), `bytes` wide, as an instruction with
 * this REX prefix names it (0: numbers 4 to 7 of one byte are AH to BH).
 * Writing 4 bytes clears the upper half; fewer keep the rest.
 */
u64 insn_reg_read(const struct cpu_regs *regs, u32 number, u32 bytes, u8 rex);
void insn_reg_write(struct cpu_regs *regs, u32 number, u32 bytes, u8 rex, u64 value);

/* The low `bytes` bytes all ones; bytes is 1, 2, 4 or 8. */
static inline u64 insn_mask(u32 bytes)
{
	return ~0ULL >> (64 - 8 * bytes);
}

/* Where a 64-bit general register (0..15) is kept. */
u64 *insn_reg64(struct cpu_regs *regs, u32 number);

#endif
