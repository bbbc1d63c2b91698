/*
 * Finding the present entries of a table. What counts is the empty table: 64 entries are
 * one test there. Read next: types.c.
 */
#include "mm/group.h"

#define BLOCK (4 * PTE_GROUP)

/* Is one of `count` entries present? Two sums, so that one need not wait for the other. */
static inline __attribute__((always_inline)) bool any_present(const u64 *e, u32 count)
{
	u64 even = e[0], odd = e[1];

#pragma GCC unroll 32
	for (u32 i = 2; i < count; i += 2) {
		even |= e[i];
		odd |= e[i + 1];
	}
	return ((even | odd) & PTE_PRESENT) != 0;
}

/* The groups of a block, in the lowest bits. */
static u32 find_in_block(const u64 *e)
{
	u32 groups = 0;

	for (u32 g = 0; g < BLOCK / PTE_GROUP; g++) {
		groups |= (u32)any_present(&e[g * PTE_GROUP], PTE_GROUP) << g;
	}
	return groups;
}

u32 group_find_all(const u64 *table)
{
	u32 groups = 0;

	for (u32 i = 0; i < PTE_TABLE_ENTRIES; i += BLOCK) {
		if (any_present(&table[i], BLOCK)) {
			groups |= find_in_block(&table[i]) << (i / PTE_GROUP);
		}
	}
	return groups;
}

u32 group_entry_from(const u64 *table, u32 groups, u32 i)
{
	while (i < PTE_TABLE_ENTRIES) {
		u32 rest = groups >> (i / PTE_GROUP);

		if (rest == 0) {
			return PTE_TABLE_ENTRIES;
		}
		if (!(rest & 1)) {
			i = (i / PTE_GROUP + (u32)__builtin_ctz(rest)) * PTE_GROUP;
		}
		do {
			if (table[i] & PTE_PRESENT) {
				return i;
			}
		} while (++i % PTE_GROUP != 0);
	}
	return PTE_TABLE_ENTRIES;
}

u32 group_end_below(const u64 *table, u32 groups, u32 i)
{
	while (i > 0) {
		u32 rest = groups << (31 - (i - 1) / PTE_GROUP);

		if (rest == 0) {
			return 0;
		}
		if (!(rest >> 31)) {
			i = ((i - 1) / PTE_GROUP - (u32)__builtin_clz(rest) + 1) * PTE_GROUP;
		}
		do {
			if (table[i - 1] & PTE_PRESENT) {
				return i;
			}
		} while (--i % PTE_GROUP != 0);
	}
	return 0;
}
