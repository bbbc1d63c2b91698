/*
 * Writing page-table entries. Every write to a table, however the guest asked
 * for it, ends in one of these functions: the new entry is checked and its
 * references taken, the entry is written, the old one's references dropped.
 *
 * All of it runs under the owner's lock, after mm_settle().
 */
#ifndef MM_PTABLE_H
#define MM_PTABLE_H

#include <seam/directmap.h>

#include "mm/pte.h"
#include "mm/types.h"

/* A place in a page table. */
struct ptable_slot {
	mfn_t table;
	u64 index;
};

enum ptable_ad {
	PTABLE_AD_OVERWRITE, /* accessed and dirty become as in the new entry */
	PTABLE_AD_PRESERVE,  /* those set in the old entry stay set, if both are present */
};

/*
 * Write one entry of a frame that is a page table of o of any level. 0;
 * -PV_EINVAL: refused, nothing changed; MM_RESTART: not done yet. May leave
 * debt (mm_has_debt) after 0.
 */
int ptable_write(struct mm_owner *o, struct ptable_slot slot, u64 entry,
		 enum ptable_ad ad) must_check;

/*
 * Replace an L1 entry if it still is `old` (as it stands in memory): 0;
 * -PV_EAGAIN: it is not; -PV_EINVAL: refused.
 */
int ptable_replace_l1(struct mm_owner *o, struct ptable_slot slot, u64 old, u64 entry) must_check;

/* The L1 entry for a guest address under a root (machine address), or NULL if there is no L1 table there. */
u64 *ptable_find_l1(u64 root, u64 va) must_check;

/* Its place. */
static inline struct ptable_slot ptable_slot_of(const u64 *entry)
{
	return (struct ptable_slot){ virt_to_mfn(entry), (u64)entry % PAGE_SIZE / 8 };
}

#endif
