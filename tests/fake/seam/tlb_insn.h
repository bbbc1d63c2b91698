/*
 * Host stand-in of hypervisor/arch/seam/tlb_insn.h: flushes are counted, and
 * told to whoever watches (fake_tlb.h).
 */
#ifndef SEAM_TLB_INSN_H
#define SEAM_TLB_INSN_H

#include <seam/cpu.h>

#include "fake_tlb.h"

static inline void tlb_insn_flush_all(void)
{
	fake_tlb_flush_all();
}

static inline void tlb_insn_flush_page(u64 va)
{
	fake_tlb_flush_page(va);
}

static inline void tlb_insn_flush_page_of(u64 pcid, u64 va)
{
	fake_tlb_flush_page_of(pcid, va);
}

static inline void tlb_insn_flush_pcid(u64 pcid)
{
	fake_tlb_flush_pcid(pcid);
}

static inline u64 tlb_insn_cr3(void)
{
	return fake_tlb_cr3[cpu_id()];
}

static inline void tlb_insn_set_cr3(u64 cr3)
{
	fake_tlb_set_cr3(cr3);
}

static inline void tlb_insn_load_root(u64 cr3)
{
	fake_tlb_set_cr3(cr3);
	fake_tlb_flush_all();
}

#endif
