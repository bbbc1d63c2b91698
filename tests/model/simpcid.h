/*
 * SimTLB's other half: translations one by one, with the PCID that each is tagged
 * with. simtlb.h asks what may be reached at worst, and lets nothing but a whole
 * flush take anything away. Here it is asked whether what a guest asks to be
 * flushed really goes, from both its halves, and whether what it did not ask for
 * stays through a change of half; so here each instruction drops what the
 * processor promises to drop, and nothing else (SDM vol. 3, 4.10.4).
 *
 * What is used for an address: a translation tagged with the PCID in CR3, or a
 * global one. What is made is tagged with the PCID in CR3.
 *
 * Read next: ../unit/test_mm_pcid.c, which has the rules of what may be held.
 */
#ifndef MODEL_SIMPCID_H
#define MODEL_SIMPCID_H

#include "lib/types.h"

struct simpcid_held {
	u64 va;
	u64 entry; /* of level 1 */
	u64 pcid;  /* 0 if it is global */
};

/* Watch the CPUs' flushes from now on, in place of SimTLB; all CPUs hold nothing. */
void simpcid_begin(void);

/* The CPU walks all that its CR3 leads to, and holds it. */
void simpcid_look(u32 cpu);

/* The i-th translation that the CPU holds, NULL beyond the last. */
const struct simpcid_held *simpcid_held(u32 cpu, u32 i);

/* May it be used with the CPU's present CR3? */
bool simpcid_is_usable(u32 cpu, const struct simpcid_held *held);

/* How many are tagged with this PCID and not global; but those of the page `but`. */
u32 simpcid_count(u32 cpu, u64 pcid, u64 but);

#endif
