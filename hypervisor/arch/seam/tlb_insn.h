/*
 * Seam: the instructions that drop translations. The host build records them
 * for a simulated TLB (tests/fake/seam/tlb_insn.h).
 */
#ifndef SEAM_TLB_INSN_H
#define SEAM_TLB_INSN_H

#include "cpu/insn.h"

/* Everything, global entries too, of all PCIDs: turning CR4.PGE off and on (SDM vol. 3, 4.10.4.1). */
static inline void tlb_insn_flush_all(void)
{
	u64 cr4 = cr4_read();

	cr4_write(cr4 & ~CR4_PGE);
	cr4_write(cr4);
}

/* One address: what is tagged with the PCID in CR3, and global entries. */
static inline void tlb_insn_flush_page(u64 va)
{
	cpu_invlpg(va);
}

/* INVPCID: what is tagged with a PCID, of one canonical address or all; global entries stay. */
static inline void tlb_insn_flush_page_of(u64 pcid, u64 va)
{
	cpu_invpcid(INVPCID_ADDRESS, pcid, va);
}

static inline void tlb_insn_flush_pcid(u64 pcid)
{
	cpu_invpcid(INVPCID_CONTEXT, pcid, 0);
}

/* CR3 with its PCID; as it is written, bit 63 leaves alone what is tagged with that PCID. */
static inline u64 tlb_insn_cr3(void)
{
	return cr3_read();
}

static inline void tlb_insn_set_cr3(u64 cr3)
{
	cr3_write(cr3);
}

/* Another root, and everything dropped, whatever bit 63 says. */
static inline void tlb_insn_load_root(u64 cr3)
{
	u64 cr4 = cr4_read();

	cr4_write(cr4 ^ CR4_PGE);
	cr3_write(cr3);
	cr4_write(cr4);
}

#endif
