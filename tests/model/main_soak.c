/*
 * soak MINUTES [SEED [LENGTH]]: random sequences with new seeds until the time
 * is over or one fails; that one is shrunk and printed. Without a SEED the time
 * of day is one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "sequence.h"

int main(int argc, char **argv)
{
	static struct sequence failed;
	double minutes = argc > 1 ? strtod(argv[1], NULL) : 1;
	struct search what = {
		.seed = argc > 2 ? strtoull(argv[2], NULL, 0) : (u64)time(NULL) << 16,
		.count = ~0UL,
		.seconds = 60 * minutes,
		.length = argc > 3 ? (u32)strtoul(argv[3], NULL, 0) : 300,
	};
	u64 n;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("soak: %g minutes, first seed %#lx, %u operations each\n", minutes, what.seed,
	       what.length);
	n = sequence_search(&what, &failed);
	printf("soak: %lu sequences, %s\n", n, failed.failed ? "then one failed" : "all right");
	return failed.failed;
}
