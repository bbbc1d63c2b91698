/*
 * Groups of entries of a page table. A table in use knows in frame.groups which of its
 * groups may have present entries, for most tables are nearly empty: making one looks at
 * all 512 entries once, many at a time, and everything later only where the bit is set.
 *
 * A bit is set when an entry of the group becomes present, and stays until the frame is no
 * table any more; the audit (mm/audit.h) proves that none is missing. The hypervisor's slots
 * of a root are one group, which is never set. Under the owner's lock.
 *
 * Read next: types.c.
 */
#ifndef MM_GROUP_H
#define MM_GROUP_H

#include "mm/frame.h"
#include "mm/layout.h"
#include "mm/pte.h"

#define PTE_GROUP 16U

#define GROUP_OF_HV_SLOTS (1U << (HV_L4_FIRST_SLOT / PTE_GROUP))

_Static_assert(PTE_TABLE_ENTRIES / PTE_GROUP == 32, "a bit of frame.groups each");
_Static_assert(HV_L4_FIRST_SLOT % PTE_GROUP == 0 && HV_L4_SLOTS == PTE_GROUP, "one group");

/* Entry number `index` of the table f is present, or about to be. */
static inline void group_note(struct frame *f, u64 index)
{
	f->groups |= 1U << (index / PTE_GROUP);
}

/* Which groups of a table have present entries. */
u32 group_find_all(const u64 *table);

/* The first present entry from i on in those groups, PTE_TABLE_ENTRIES if there is none. */
u32 group_entry_from(const u64 *table, u32 groups, u32 i);

/* One more than the last present entry below i in those groups, 0 if there is none. */
u32 group_end_below(const u64 *table, u32 groups, u32 i);

#endif
