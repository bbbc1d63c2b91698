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

/* Entries looked at together: one test tells that none of them is present. */
#define GROUP	8U

static inline bool group_is_empty(const u64 *e)
{
	return ((e[0] | e[1] | e[2] | e[3] | e[4] | e[5] | e[6] | e[7]) & PTE_PRESENT) == 0;
}

int l1_take_all(struct mm_owner *o, u64 *table, u32 *done)
{
	u32 i = 0;

	while (i < PTE_TABLE_ENTRIES) {
		u64 e;
		int rc;

		if (i % GROUP == 0 && group_is_empty(&table[i])) {
			i += GROUP;
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
	u32 i = 0;

	while (i < count) {
		if (i % GROUP == 0 && count - i >= GROUP && group_is_empty(&table[i])) {
			i += GROUP;
			continue;
		}
		if (table[i] & PTE_PRESENT) {
			l1_entry_drop(o, table[i]);
		}
		i++;
	}
}
