/*
 * What an instruction that stores to memory makes of its operand, computed and not carried out: who calls
 * has the operand's old value and puts the new one there as it sees fit. All forms are known
 * that a kernel might use on a page-table entry (ptwr.c), but for MOVS, whose value comes from
 * memory.
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

/* The result on a memory operand that holds `old`: false if it is no such instruction. Changes nothing. */
bool insn_store_compute(struct insn_store *s, const struct insn *insn, const struct cpu_regs *regs,
			u64 old) must_check;

/* The store is done: registers, flags and RIP become what the instruction makes them. */
void insn_store_finish(struct cpu_regs *regs, const struct insn *insn, const struct insn_store *s);

#endif
