/*
 * What an instruction that stores to memory makes of its operand, computed and not carried out: who calls
 * has the operand's old value and puts the new one there as it sees fit. All forms are known
 * that a kernel might use on a page-table entry, but for MOVS, whose value comes from memory.
 *
 * Inline, for ptwr.c: a fork of Linux write-protects each of its pages by such a store.
 */
#ifndef PV_INSN_STORE_H
#define PV_INSN_STORE_H

#include "pv/decode.h"

struct insn_store {
	u64 value;     /* what memory becomes */
	u64 flags;     /* arithmetic flags after it */
	u64 reg_value; /* written to register .reg, if .writes_reg */
	u8 reg;
	bool writes_reg;
	bool is_string; /* RDI (and RSI) step, RCX counts with REP */
	bool steps_source;
};

#define INSN_FLAG_PF (1UL << 2)
#define INSN_FLAG_AF (1UL << 4)
#define INSN_FLAG_SF (1UL << 7)
#define INSN_FLAG_OF (1UL << 11)
#define INSN_FLAGS_ARITHMETIC \
	(RFLAGS_CF | INSN_FLAG_PF | INSN_FLAG_AF | RFLAGS_ZF | INSN_FLAG_SF | INSN_FLAG_OF)

enum insn_alu { ALU_ADD, ALU_OR, ALU_ADC, ALU_SBB, ALU_AND, ALU_SUB, ALU_XOR, ALU_CMP };

/* SF, ZF and PF of a result of so many bytes. */
static inline u64 insn_result_flags(u64 result, u32 bytes)
{
	u64 sign = 1UL << (8 * bytes - 1);
	u64 flags = 0;

	if (result == 0) {
		flags |= RFLAGS_ZF;
	}
	if (result & sign) {
		flags |= INSN_FLAG_SF;
	}
	/* computed here: the parity builtin may call a library function */
	result ^= result >> 4;
	if (!((0x6996 >> (result & 0xf)) & 1)) {
		flags |= INSN_FLAG_PF;
	}
	return flags;
}

/* a op b, and the flags it leaves; carry is the carry in. */
static inline u64 insn_alu(enum insn_alu op, u64 a, u64 b, u32 bytes, bool carry, u64 *flags)
{
	u64 mask = insn_mask(bytes), top = 1UL << (8 * bytes - 1);
	u64 in = carry && (op == ALU_ADC || op == ALU_SBB) ? 1 : 0;
	u64 result, carries;

	switch (op) {
	case ALU_OR:
		result = a | b;
		break;
	case ALU_AND:
		result = a & b;
		break;
	case ALU_XOR:
		result = a ^ b;
		break;
	case ALU_ADD:
	case ALU_ADC:
		result = (a + b + in) & mask;
		/* bit n: bit n carried out */
		carries = (a & b) | ((a | b) & ~result);
		*flags = insn_result_flags(result, bytes) | (carries & top ? RFLAGS_CF : 0) |
			 (carries & 8 ? INSN_FLAG_AF : 0) |
			 ((a ^ result) & (b ^ result) & top ? INSN_FLAG_OF : 0);
		return result;
	default:
		result = (a - b - in) & mask;
		/* bit n: bit n borrowed */
		carries = (~a & b) | ((~a | b) & result);
		*flags = insn_result_flags(result, bytes) | (carries & top ? RFLAGS_CF : 0) |
			 (carries & 8 ? INSN_FLAG_AF : 0) |
			 ((a ^ b) & (a ^ result) & top ? INSN_FLAG_OF : 0);
		return result;
	}
	*flags = insn_result_flags(result, bytes);
	return result;
}

/* BTS, BTR, BTC, which are operations 5 to 7 of their group. */
static inline bool insn_bit_operation(struct insn_store *s, u32 op, u64 old, u32 bit, u64 flags)
{
	u64 mask = 1UL << bit;

	s->flags = (flags & ~RFLAGS_CF) | (old & mask ? RFLAGS_CF : 0);
	switch (op) {
	case 5:
		s->value = old | mask; /* bts */
		return true;
	case 6:
		s->value = old & ~mask; /* btr */
		return true;
	case 7:
		s->value = old ^ mask; /* btc */
		return true;
	default:
		return false;
	}
}

/* Opcodes with 0F before them; and, below, those without. */
static inline bool insn_compute_two_byte(struct insn_store *s, const struct insn *insn,
					 const struct cpu_regs *regs, u64 old)
{
	u32 bytes = insn->op_bytes, bits = 8 * bytes;
	u64 source = insn_reg_read(regs, insn_reg(insn), bytes, insn->rex);
	u64 accumulator = regs->rax & insn_mask(bytes);

	switch (insn->opcode) {
	case 0xab:
		return insn_bit_operation(s, 5, old, source & (bits - 1), regs->rflags);
	case 0xb3:
		return insn_bit_operation(s, 6, old, source & (bits - 1), regs->rflags);
	case 0xbb:
		return insn_bit_operation(s, 7, old, source & (bits - 1), regs->rflags);
	case 0xba:
		return insn_bit_operation(s, insn_group(insn), old, insn->imm & (bits - 1),
					  regs->rflags);
	case 0xb0:
	case 0xb1: /* cmpxchg */
		(void)insn_alu(ALU_CMP, accumulator, old, bytes, false, &s->flags);
		s->value = accumulator == old ? source : old;
		s->writes_reg = accumulator != old;
		s->reg = 0;
		s->reg_value = old;
		return true;
	case 0xc0:
	case 0xc1: /* xadd */
		s->value = insn_alu(ALU_ADD, old, source, bytes, false, &s->flags);
		s->writes_reg = true;
		s->reg = insn_reg(insn);
		s->reg_value = old;
		return true;
	case 0xc3: /* movnti */
		s->value = source;
		return true;
	default:
		return false;
	}
}

/* inc, dec (fe, ff) and not, neg (f6, f7) */
static inline bool insn_compute_unary(struct insn_store *s, const struct insn *insn,
				      const struct cpu_regs *regs, u64 old)
{
	u32 bytes = insn->op_bytes;
	u64 carry = regs->rflags & RFLAGS_CF;

	switch ((insn->opcode & 8) | insn_group(insn)) {
	case 8 | 0:
	case 8 | 1:
		s->value = insn_alu(insn_group(insn) == 0 ? ALU_ADD : ALU_SUB, old, 1, bytes, false,
				    &s->flags);
		s->flags = (s->flags & ~RFLAGS_CF) | carry;
		return true;
	case 2:
		s->value = ~old & insn_mask(bytes);
		return true;
	case 3:
		s->value = insn_alu(ALU_SUB, 0, old, bytes, false, &s->flags);
		return true;
	default:
		return false;
	}
}

static inline bool insn_compute_one_byte(struct insn_store *s, const struct insn *insn,
					 const struct cpu_regs *regs, u64 old)
{
	u32 bytes = insn->op_bytes, op;
	bool carry = regs->rflags & RFLAGS_CF;
	u64 source = insn_reg_read(regs, insn_reg(insn), bytes, insn->rex);

	switch (insn->opcode) {
	case 0x86:
	case 0x87: /* xchg */
		s->writes_reg = true;
		s->reg = insn_reg(insn);
		s->reg_value = old;
		s->value = source;
		return true;
	case 0x88:
	case 0x89: /* mov */
		s->value = source;
		return true;
	case 0xc6:
	case 0xc7:
		s->value = insn->imm & insn_mask(bytes);
		return insn_group(insn) == 0;
	case 0x80:
	case 0x81:
	case 0x83:
		op = insn_group(insn);
		s->value = insn_alu(op, old, insn->imm & insn_mask(bytes), bytes, carry, &s->flags);
		return op != ALU_CMP;
	case 0xaa:
	case 0xab: /* stos */
		s->is_string = true;
		s->value = regs->rax & insn_mask(bytes);
		return true;
	case 0xf6:
	case 0xf7:
	case 0xfe:
	case 0xff:
		return insn_compute_unary(s, insn, regs, old);
	default:
		if (insn->opcode >= 0x38) {
			return false;
		}
		s->value = insn_alu(insn->opcode >> 3, old, source, bytes, carry, &s->flags);
		return true;
	}
}

/* The result on a memory operand that holds `old`: false if it is no such instruction. Changes nothing else. */
static inline bool must_check insn_store_compute(struct insn_store *s, const struct insn *insn,
						 const struct cpu_regs *regs, u64 old)
{
	*s = (struct insn_store){ .flags = regs->rflags & INSN_FLAGS_ARITHMETIC };
	if (insn->map == INSN_MAP_0F) {
		return insn_compute_two_byte(s, insn, regs, old);
	}
	return insn_compute_one_byte(s, insn, regs, old);
}

/* One element of a string store is done; a repeated one stays on the instruction until the last. */
static inline void insn_step_string(struct cpu_regs *regs, const struct insn *insn,
				    bool steps_source)
{
	u64 step = regs->rflags & RFLAGS_DF ? -(u64)insn->op_bytes : insn->op_bytes;

	regs->rdi += step;
	if (steps_source) {
		regs->rsi += step;
	}
	if (!(insn->prefixes & (INSN_REP | INSN_REPNE)) || --regs->rcx == 0) {
		regs->rip += insn->length;
	}
}

/* The store is done: registers, flags and RIP become what the instruction makes them. */
static inline void insn_store_finish(struct cpu_regs *regs, const struct insn *insn,
				     const struct insn_store *s)
{
	if (s->is_string) {
		insn_step_string(regs, insn, s->steps_source);
	} else {
		regs->rip += insn->length;
		regs->rflags = (regs->rflags & ~INSN_FLAGS_ARITHMETIC) | s->flags;
		if (s->writes_reg) {
			insn_reg_write(regs, s->reg, insn->op_bytes, insn->rex, s->reg_value);
		}
	}
	regs->rflags &= ~RFLAGS_RF;
}

#endif
