/* The flush instructions of the host build's CPUs. */
#ifndef FAKE_TLB_H
#define FAKE_TLB_H

#include "lib/types.h"

/* This CPU (fake_cpu_info.cpu) flushes all its translations, or those of one address. */
void fake_tlb_flush_all(void);
void fake_tlb_flush_page(u64 va);

/* Told of each flush, page false: all of them. NULL: nobody. */
extern void (*fake_tlb_watch)(u32 cpu, bool page, u64 va);

/* Flushes of everything so far, by CPU. */
extern u64 fake_tlb_flushes[64];

/* This CPU loads another root; does nothing unless a test defines it anew. */
void fake_tlb_set_root(u64 cr3);

#endif
