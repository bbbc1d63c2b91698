/*
 * SimTLB: what translations the CPUs of the small machine may hold. A real CPU
 * may keep any translation that it could once walk to, and any pointer to a table
 * on the way (its paging-structure caches), until a flush; a simulated one keeps
 * them all. So what is held is a set that only grows between flushes:
 *
 *	leaf		a frame may be read, or written, through an old translation
 *	walk		a frame may be walked through as a table of a level; whatever
 *			its entries say, at any moment, is held as well
 *
 * Both halves of a vCPU count, whichever runs, and a flush of one page takes
 * nothing away: nothing may depend on it. After a flush the CPU goes on at once
 * and holds again what its roots lead to at that very moment.
 *
 * What must hold: nothing leads to a frame of another owner, unless a grant of it is
 * pinned with that right, or of none; no write
 * to a frame in use as a table or for descriptors; no walk through what is not
 * a table of that level any more.
 *
 * And the CPUs use what they hold, as an attacker would: in the last moment
 * before a flush one stores to a frame that is just becoming a table
 * (simtlb_attack), so that code which looks at the table before it flushes is
 * found out by the model.
 *
 * Read next: simtlb.c; simpcid.h for what each instruction drops, by PCID.
 */
#ifndef MODEL_SIMTLB_H
#define MODEL_SIMTLB_H

#include "lib/types.h"

/* Watch the machine from now on; all CPUs hold nothing. */
void simtlb_begin(void);

/* CPUs look at all they can reach; then NULL, or what is held and must not be. */
const char *simtlb_check(void);

/*
 * Chooses what an attacker stores: called before a CPU of that domain loses its
 * writable translation of a frame that is in use as something else already.
 * Returns false to leave it alone. NULL: no attacks.
 */
extern bool (*simtlb_attack)(u64 frame, u32 *index, u64 *value);

/*
 * Stores that a CPU has made but others may not see yet: x86 keeps a store in the
 * CPU's buffer until something drains it. While one is noted, other CPUs' walks
 * see the old value, too.
 */
void simtlb_note_store(u32 cpu, u64 *word);
void simtlb_drain(u32 cpu);

#endif
