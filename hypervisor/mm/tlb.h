/*
 * TLB flushes. A CPU's tlb clock stamp says when it last flushed everything;
 * a frame's stamp says when its last writable use (or reference) went. A frame
 * may take a new type or owner only after every CPU in its owner's tlb_cpus
 * whose flush is not newer has flushed.
 */
#ifndef MM_TLB_H
#define MM_TLB_H

#include <seam/cpu.h>
#include <seam/tlb_insn.h>

#include "lib/types.h"

/* This CPU: everything, of both halves, global entries too. */
void tlb_flush_local(void);

/* This CPU: one address in both halves. How is chosen at boot: see pcid.h. */
extern void (*tlb_flush_page_local)(u64 va);

/* This CPU: one address of the hypervisor's own, whose entries are all global. */
static inline void tlb_flush_own_page_local(u64 va)
{
	tlb_insn_flush_page(va);
}

/* The CPUs of the mask (this one included or not); returns when all have done it. Caller may hold locks: others answer while they spin. */
void tlb_flush_cpus(u64 cpu_mask);
void tlb_flush_page_cpus(u64 cpu_mask, u64 va);

/* The clock now, to stamp a frame whose last use goes. 64 bits: it does not wrap. */
extern u64 tlb_clock;

/*
 * The clock for a frame of which a mapping or use has just gone. First the store
 * that took it away must be seen by all: while it waits in this CPU's buffer,
 * another CPU could tick, flush, and walk to the old entry again.
 */
static inline u64 tlb_stamp(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return READ_ONCE(tlb_clock);
}

extern u64 tlb_cpu_tick[]; /* of each CPU's last whole flush; written by itself */

/* For a change of root that flushes everything itself: begin before the write to CR3, end after. */
static inline u64 tlb_tick_begin(void)
{
	return __atomic_add_fetch(&tlb_clock, 1, __ATOMIC_SEQ_CST);
}

static inline void tlb_tick_end(u64 tick)
{
	__atomic_store_n(&tlb_cpu_tick[cpu_id()], tick, __ATOMIC_RELEASE);
}

/* Flush those CPUs of the mask that have not flushed since the stamp. */
bool tlb_flush_filtered(u64 cpu_mask, u64 stamp);

/*
 * Load a root (with its tag: pcid.h) on this CPU and flush everything. The tick is a
 * stamp for what the caller stopped using before: taking it made those stores seen by all.
 */
static inline u64 tlb_load_root(u64 cr3)
{
	u64 tick = tlb_tick_begin();

	tlb_insn_load_root(cr3);
	tlb_tick_end(tick);
	return tick;
}

#endif
