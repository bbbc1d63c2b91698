/*
 * The page-table code against its model (tests/model): a fixed number of random
 * sequences, the same each time. `make soak` goes on with others.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "sequence.h"

#define SEED      0x1000
#define SEQUENCES 640
#define LENGTH    300

Test(mm_model, random_sequences)
{
	static struct sequence failed;
	struct search what = { .seed = SEED, .count = SEQUENCES, .seconds = 300, .length = LENGTH };
	u64 n;

	fprintf(stderr, "model: %u sequences of %u operations, seeds from %#x\n", SEQUENCES, LENGTH,
		SEED);
	n = sequence_search(&what, &failed);
	cr_assert_not(failed.failed, "%s", failed.why);
	cr_assert_eq(n, SEQUENCES, "only %lu in time", n);
}
