/*
 * Host stand-in of hypervisor/arch/seam/tlb_insn.h: flushes are counted, and
 * told to whoever watches (fake_tlb.h).
 */
#ifndef SEAM_TLB_INSN_H
#define SEAM_TLB_INSN_H

#include "fake_tlb.h"

static inline void tlb_insn_flush_all(void)
{
	fake_tlb_flush_all();
}

static inline void tlb_insn_flush_page(u64 va)
{
	fake_tlb_flush_page(va);
}

static inline void tlb_insn_load_root(u64 cr3)
{
	fake_tlb_set_root(cr3);
	fake_tlb_flush_all();
}

#endif
