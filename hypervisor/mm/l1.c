/*
 * Whole level-1 tables. An empty entry must cost next to nothing here: a fresh
 * table of a new process is mostly empty. Read next: ptable.c.
 */
#include "mm/l1.h"

int l1_take_first_writable(struct mm_owner *o, struct frame *f)
{
	if (f->type_refs != 0) {
		return -PV_EINVAL;
	}
	return frame_get_type(o, frame_mfn(f), FRAME_WRITABLE);
}

int l1_take_all(struct mm_owner *o, u64 *table, u32 *done)
{
	u32 i = 0;

	while (i < PTE_TABLE_ENTRIES) {
		u64 e;
		int rc;

		if (i % PTE_GROUP == 0 && pte_group_is_empty(&table[i])) {
			i += PTE_GROUP;
			continue;
		}
		e = table[i];
		if (e & PTE_PRESENT) {
			rc = l1_entry_take(o, e);
			if (rc != 0) {
				*done = i;
				return rc;
			}
			table[i] = pte_l1_for_hardware(e);
		}
		i++;
	}
	*done = PTE_TABLE_ENTRIES;
	return 0;
}

void l1_drop_all(struct mm_owner *o, const u64 *table, u32 count)
{
	/* No CPU can walk to this table any more that flushes from now on: one stamp for all. */
	u64 stamp = tlb_stamp();
	struct frame *f;
	u32 i = 0;

	while (i < count) {
		if (i % PTE_GROUP == 0 && count - i >= PTE_GROUP && pte_group_is_empty(&table[i])) {
			i += PTE_GROUP;
			continue;
		}
		if ((table[i] & PTE_PRESENT) && l1_entry_put(o, table[i], &f)) {
			l1_frame_unmapped(o, f, stamp);
		}
		i++;
	}
}
