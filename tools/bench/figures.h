/*
 * Figures as the bench programs print them:
 *	bench: NAME VALUE [WORD...] [operations N]
 */
#ifndef BENCH_FIGURES_H
#define BENCH_FIGURES_H

#include <stddef.h>

#include "bench/run.h"

struct figure {
	char name[32];
	double value;             /* instructions an operation */
	unsigned long operations; /* how many stood between two marks; 0: no marks */
};

struct figures {
	struct figure *items;
	size_t count;
};

/* Adds the figures among these lines. */
void figures_parse(struct figures *figures, const struct run_lines *lines);

const struct figure *figures_find(const struct figures *figures, const char *name);

/* Adds one, or changes it. */
void figures_set(struct figures *figures, const char *name, double value);

void figures_free(struct figures *figures);

#endif
