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
