/*
 * Grants: what this domain lets others use, and what it has mapped of theirs. The
 * table is version 1, and as long as one frame of it: 512 references, of which
 * the first eight are the builder's.
 *
 * Functions return 0 (or what they make) or a negative number: an error of the
 * hypervisor's, or a status, PV_GNTST_*.
 */
#ifndef KIT_GRANTS_H
#define KIT_GRANTS_H

#include <stdbool.h>
#include <stdint.h>

#include <parley/grant_table.h>

#define GRANTS_COUNT 512

/* Sets the table up and maps it. Further calls do nothing. Before everything else here. */
long grants_init(void);

/* The table itself, whose entries the hypervisor marks while they are in use. */
volatile struct pv_grant_entry_v1 *grants_table(void);

/* Lets the domain use the frame: a reference. */
int grants_give(unsigned domid, unsigned long mfn, bool readonly);

/* Ends that: false while it is in use, and then it stays as it is. */
bool grants_end(unsigned ref);

/* Writes an entry as it stands, all at once. */
void grants_set(unsigned ref, unsigned flags, unsigned domid, unsigned long mfn);

/*
 * Maps a grant of the domain's at va, for which there must be a last-level table
 * (mmu_map): a handle.
 */
long grants_map(unsigned domid, unsigned ref, unsigned long va, unsigned flags);

/* va 0: only the bus address, if that is not 0. */
long grants_unmap(unsigned handle, unsigned long va, uint64_t bus_addr);

/* Copies from a grant to a page of one's own, or from it to a grant; within a page on both sides. */
long grants_copy_from(void *to, unsigned domid, unsigned ref, unsigned offset, unsigned size);
long grants_copy_to(unsigned domid, unsigned ref, unsigned offset, const void *from, unsigned size);

#endif
