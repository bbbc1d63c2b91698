/*
 * Whole random sequences, each in a process of its own, so that a crash is a
 * failure like any other; and shrinking of those that fail.
 */
#ifndef MODEL_SEQUENCE_H
#define MODEL_SEQUENCE_H

#include "op.h"

#define SEQUENCE_MAX 1000

struct sequence {
	u32 count;
	u32 failed_at;
	bool failed;
	char why[256];
	struct op ops[SEQUENCE_MAX];
};

/* Make and carry out a sequence in this process. */
void sequence_run_random(struct sequence *s, u64 seed, u32 length);
void sequence_run_bytes(struct sequence *s, const u8 *bytes, size_t size, u32 length);

/* Carry out a given one in this process: true if it is all right. */
bool sequence_run(struct sequence *s);

/*
 * Random sequences with this seed and those that follow, until so many were
 * carried out, the time is over or one fails; in child processes. How many were
 * carried out; *failed has the one that failed, shrunk, and is printed as C on
 * standard error.
 */
struct search {
	u64 seed;
	u64 count;
	double seconds;
	u32 length; /* operations each */
};

u64 sequence_search(const struct search *what, struct sequence *failed);

#endif
