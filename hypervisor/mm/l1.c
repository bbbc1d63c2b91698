/* Whole level-1 tables, group by group (group.h). Read next: ptable.c. */
#include "mm/l1.h"

#include "mm/group.h"

int l1_make_writable(struct mm_owner *o, u64 e)
{
	struct frame *f = frame_at(pte_mfn(e));

	if (f->type_refs != 0) {
		return -PV_EINVAL;
	}
	frame_change_type(o, f, FRAME_WRITABLE);
	return 0;
}

int l1_take_all(struct mm_owner *o, u64 *table, u32 groups, u32 *done)
{
	for (; groups != 0; groups &= groups - 1) {
		u32 i = (u32)__builtin_ctz(groups) * PTE_GROUP;
		u32 end = i + PTE_GROUP;

		for (; i < end; i++) {
			u64 e = table[i];

			if (!(e & PTE_PRESENT)) {
				continue;
			}
			if (l1_entry_take(o, e) != 0) {
				*done = i;
				return -PV_EINVAL;
			}
			table[i] = pte_l1_for_hardware(e);
		}
	}
	*done = PTE_TABLE_ENTRIES;
	return 0;
}

void l1_drop_all(struct mm_owner *o, const u64 *table, u32 groups, u32 count)
{
	/* No CPU can walk to this table any more that flushes from now on: one stamp for all. */
	u64 stamp = tlb_stamp();
	struct frame *f;

	for (; groups != 0; groups &= groups - 1) {
		u32 i = (u32)__builtin_ctz(groups) * PTE_GROUP;
		u32 end = MIN(i + PTE_GROUP, count);

		for (; i < end; i++) {
			if ((table[i] & PTE_PRESENT) && l1_entry_put(o, table[i], &f)) {
				l1_frame_unmapped(o, f, stamp);
			}
		}
	}
}
