/*
 * Seam: the instructions that drop translations. The host build records them
 * for a simulated TLB (tests/fake/seam/tlb_insn.h).
 */
#ifndef SEAM_TLB_INSN_H
#define SEAM_TLB_INSN_H

#include "cpu/insn.h"

/* Everything, global entries too: turning CR4.PGE off and on (SDM vol. 3, 4.10.4.1). */
static inline void tlb_insn_flush_all(void)
{
	u64 cr4 = cr4_read();

	cr4_write(cr4 & ~CR4_PGE);
	cr4_write(cr4);
}

static inline void tlb_insn_flush_page(u64 va)
{
	cpu_invlpg(va);
}

/* Another root, and everything dropped. */
static inline void tlb_insn_load_root(u64 cr3)
{
	u64 cr4 = cr4_read();

	cr4_write(cr4 ^ CR4_PGE);
	cr3_write(cr3);
	cr4_write(cr4);
}

#endif
