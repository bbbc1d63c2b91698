/* Lookup in the exception table. Read next: ../mm/guest.c, its main user. */
#include "cpu/extable.h"

struct extable_entry {
	s32 fault;
	s32 fixup;
};

extern const struct extable_entry _ex_table[], _ex_table_end[];

static u64 relative(const s32 *field)
{
	return (u64)field + (u64)(s64)*field;
}

u64 extable_find(u64 rip)
{
	const struct extable_entry *e;

	for (e = _ex_table; e < _ex_table_end; e++) {
		if (relative(&e->fault) == rip) {
			return relative(&e->fixup);
		}
	}
	return 0;
}
