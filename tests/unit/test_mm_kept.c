/*
 * Sequences that failed once, as the search shrank them (tests/model/sequence.c):
 * each shows a defect that was mended.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "sequence.h"

static void replay(const struct op *ops, u32 count)
{
	static struct sequence s;

	memcpy(s.ops, ops, count * sizeof(*ops));
	s.count = count;
	cr_assert(sequence_run(&s), "operation %u: %s", s.failed_at, s.why);
}

#define KEPT(name, ...)                                         \
	Test(mm_kept, name)                                     \
	{                                                       \
		static const struct op ops[] = { __VA_ARGS__ }; \
		replay(ops, ARRAY_SIZE(ops));                   \
	}

/* A tree that is refused half way: what the walk had not yet taken was dropped. */
KEPT(refused_tree, { .kind = OP_STORE, .frame = OWN(10), .to = OWN(11), .bits = 7 },
     { .kind = OP_STORE, .frame = OWN(11), .to = EDGE(0), .bits = 7, .index = 5 },
     { .kind = OP_PIN, .frame = OWN(10), .index = 1 }, )

/* An address that is not canonical named the hypervisor's tables. */
KEPT(address_not_canonical,
     { .kind = OP_UPDATE_VA, .va = 261UL << 39 | 0x1000, .to = NO_FRAME, .bits = 0 },
     { .kind = OP_UPDATE_VA, .va = 256UL << 39, .to = OWN(4), .bits = 7 }, )

/* An upper entry that is not present took over accessed and dirty. */
KEPT(preserved_bits_of_nothing,
     { .kind = OP_MMU_UPDATE, .index = 6, .bits = 0x43, .frame = OWN(1), .to = OWN(3) },
     { .kind = OP_MMU_UPDATE, .sub = 2, .index = 6, .frame = OWN(1), .to = NO_FRAME }, )

/* A pin that another one's end frees: neighbours in the list of a dying domain. */
KEPT(death_frees_neighbours, { .kind = OP_STORE, .frame = OWN(20), .to = OWN(21), .bits = 5 },
     { .kind = OP_PIN, .frame = OWN(20) }, { .kind = OP_RELEASE, .frame = OWN(21) },
     { .kind = OP_PIN, .frame = OWN(22) }, { .kind = OP_KILL, .sub = 0, .budget = 1 }, )

/*
 * Written by hand: all ways in which the last reference to a page can end while a
 * CPU that flushed since the page was last stamped has walked to it again. It
 * must flush once more before the page is free, or a table.
 */
#define MAP(address, bits_)                                                                 \
	{                                                                                   \
		.kind = OP_UPDATE_VA, .va = (address) << 12, .to = OWN(20), .bits = (bits_) \
	}
#define UNMAP(address)                                                      \
	{                                                                   \
		.kind = OP_UPDATE_VA, .va = (address) << 12, .to = NO_FRAME \
	}
#define FLUSH                              \
	{                                  \
		.kind = OP_FLUSH, .sub = 4 \
	}
#define FREE_IT                                      \
	{                                            \
		.kind = OP_RELEASE, .frame = OWN(20) \
	}
#define GDT_OF(entries)                                                  \
	{                                                                \
		.kind = OP_SET_GDT, .frame = OWN(20), .index = (entries) \
	}
#define PIN_IT                                   \
	{                                        \
		.kind = OP_PIN, .frame = OWN(20) \
	}

KEPT(read_only_then_free, MAP(9, 5), FLUSH, UNMAP(9), FREE_IT, )
KEPT(released_then_unmapped, MAP(9, 5), FLUSH, FREE_IT, UNMAP(9), )
KEPT(writable_then_free, MAP(9, 7), FLUSH, UNMAP(9), FREE_IT, )
KEPT(writable_then_table, MAP(9, 7), FLUSH, UNMAP(9), PIN_IT, )
KEPT(writable_then_read_only_then_table, MAP(9, 7), FLUSH, MAP(9, 5), PIN_IT, )
KEPT(writable_then_descriptors, MAP(9, 7), FLUSH, UNMAP(9), GDT_OF(1), )
KEPT(two_mappings_one_way, MAP(9, 7), MAP(8, 5), FLUSH, UNMAP(9), UNMAP(8), FREE_IT, )
KEPT(two_mappings_the_other_way, MAP(9, 7), MAP(8, 5), FLUSH, UNMAP(8), UNMAP(9), FREE_IT, )
KEPT(two_writable_mappings, MAP(9, 7), MAP(8, 7), FLUSH, UNMAP(8), FLUSH, UNMAP(9), PIN_IT, )
KEPT(descriptors_mapped, MAP(9, 5), FLUSH, GDT_OF(1), UNMAP(9), GDT_OF(0), FREE_IT, )
KEPT(table_mapped, MAP(9, 5), PIN_IT, FLUSH, UNMAP(9), { .kind = OP_UNPIN, .frame = OWN(20) },
     FREE_IT, )
KEPT(table_in_use_then_free,
     { .kind = OP_MMU_UPDATE, .frame = OWN(2), .index = 1, .to = OWN(20), .bits = 7 }, FLUSH,
     { .kind = OP_MMU_UPDATE, .frame = OWN(2), .index = 1, .to = NO_FRAME }, FREE_IT, )
KEPT(page_of_a_table_that_goes, { .kind = OP_STORE, .frame = OWN(21), .to = OWN(20), .bits = 7 },
     { .kind = OP_MMU_UPDATE, .frame = OWN(2), .index = 1, .to = OWN(21), .bits = 7 }, FLUSH,
     { .kind = OP_MMU_UPDATE, .frame = OWN(2), .index = 1, .to = NO_FRAME }, FREE_IT, )
KEPT(user_root_then_free, { .kind = OP_USER_ROOT, .frame = OWN(20) }, FLUSH,
     { .kind = OP_USER_ROOT, .frame = EDGE(0) }, FREE_IT, )
KEPT(user_root_then_page, { .kind = OP_USER_ROOT, .frame = OWN(20) }, FLUSH,
     { .kind = OP_USER_ROOT, .frame = EDGE(0) },
     { .kind = OP_STORE, .frame = OWN(20), .to = EDGE(3), .bits = 7 }, )
