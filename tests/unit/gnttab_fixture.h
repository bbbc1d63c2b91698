/*
 * Two domains on the small machine, one of which grants the other a page: what test_gnttab_*.c
 * share. CPU 0 runs the owner, CPU 1 the peer; the peer is who calls, unless a test says otherwise.
 */
#ifndef UNIT_GNTTAB_FIXTURE_H
#define UNIT_GNTTAB_FIXTURE_H

#include <parley/mmu.h>

#include "channel/gnttab_types.h"
#include "machine.h"

#define COUNT  40U
#define POISON 0x5a5a /* a status that nobody wrote yet */

/* NULL: it was killed. Domains 1 and 2. */
extern struct domain *owner, *peer;
extern struct machine_space owner_space, peer_space;
extern mfn_t page; /* the owner's */
extern u64 free_at_start;

/* Lists for calls, in memory of the guest. */
struct gnttab_lists {
	struct pv_gnttab_map_grant_ref map[COUNT];
	struct pv_gnttab_unmap_grant_ref unmap[COUNT];
	struct pv_gnttab_unmap_and_replace replace[2];
	struct pv_gnttab_copy copy[COUNT];
	struct pv_gnttab_swap_grant_ref swap[2];
	struct pv_gnttab_transfer transfer[2];
	struct pv_gnttab_cache_flush flush[1];
	struct pv_mmu_update update[1];
	struct pv_mmuext_op ext[1];
};

extern struct gnttab_lists buffer;

/* A suite's .init, and its .fini: both domains end, all is well, and every page is back. */
void gnttab_setup(void);
void gnttab_teardown(void);

/* The machine, the audit and the translations in the CPUs' buffers find nothing wrong. */
void all_is_well(void);

/* The owner's entry `ref`; write it as the owner does. How many pins it has. */
struct pv_grant_entry_v1 *entry(u32 ref);
void give(u32 ref, u16 flags, u16 to, u64 m);
u32 pins(u32 ref);

/* A grant_table_op by who runs. What it returns. */
long op(u32 cmd, void *list, u32 count);

/* One mapping of the owner's `ref`, one unmapping: PV_GNTST_*. The lists' first elements tell the rest. */
s16 map(u32 ref, u64 va, u32 flags);
s16 unmap(u32 handle, u64 va, u64 bus);

/* The entry of the peer's L1 table for va; have it written by mmu_update. */
u64 peer_entry(u64 va);
long peer_update(u64 va, u64 value);

#endif
