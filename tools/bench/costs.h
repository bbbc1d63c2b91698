/*
 * A model of cycles: so many an instruction, and so many more for each event that costs more.
 */
#ifndef BENCH_COSTS_H
#define BENCH_COSTS_H

#include "bench/events.h"

struct cost {
	double low, high;
};

struct costs {
	struct cost instruction, fault;
	struct cost opcodes[OPCODE_KINDS];
};

/* Every kind must be there, once. 0, or -1 after a message. */
int costs_read(struct costs *costs, const char *path);

/* Cycles of one operation, of which the section has so many; instructions are given exactly. */
struct cost costs_model(const struct costs *costs, const struct section *section, double operations,
			double instructions);

#endif
