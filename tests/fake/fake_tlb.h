/* The flush instructions and CR3 of the host build's CPUs. */
#ifndef FAKE_TLB_H
#define FAKE_TLB_H

#include "lib/types.h"

/* What this CPU (fake_cpu_info.cpu) does to its translations. */
enum fake_tlb_kind {
	FAKE_TLB_ALL,     /* all go */
	FAKE_TLB_PAGE,    /* INVLPG: .va, of .pcid (the present one) and global */
	FAKE_TLB_PAGE_OF, /* INVPCID: .va of .pcid, global ones not */
	FAKE_TLB_PCID,    /* INVPCID: all of .pcid, global ones not */
	FAKE_TLB_CR3, /* a load of CR3: .pcid becomes the present one; its own go unless .keeps */
};

struct fake_tlb_event {
	enum fake_tlb_kind kind;
	u64 pcid, va;
	bool keeps;
};

void fake_tlb_flush_all(void);
void fake_tlb_flush_page(u64 va);
void fake_tlb_set_cr3(u64 cr3);

/* INVPCID ends the test where the CPU does not have it, and for what it would fault on. */
void fake_tlb_flush_page_of(u64 pcid, u64 va);
void fake_tlb_flush_pcid(u64 pcid);
extern bool fake_tlb_has_invpcid;

/* Told of each, after it was done. NULL: nobody. */
extern void (*fake_tlb_watch)(u32 cpu, const struct fake_tlb_event *what);

/* Flushes of everything so far, by CPU. */
extern u64 fake_tlb_flushes[64];

/* CR3, as reading it gives. */
extern u64 fake_tlb_cr3[64];

#endif
