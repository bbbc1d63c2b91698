/*
 * libFuzzer's way into the random sequences of tests/model: its bytes are the
 * generator's dice, so that what it learns to reach are states of page tables and
 * not states of a parser. `make fuzz` runs it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "machine.h"
#include "sequence.h"

#define LENGTH 200

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t size);

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t size)
{
	static struct sequence s;
	char line[512];

	sequence_run_bytes(&s, bytes, size, LENGTH);
	if (s.failed) {
		fprintf(stderr, "operation %u: %s\n", s.failed_at, s.why);
		for (u32 i = 0; i < s.count; i++) {
			op_print(&s.ops[i], line, sizeof(line));
			fprintf(stderr, "\t%s\n", line);
		}
		abort();
	}
	return 0;
}
