/*
 * `parley trace -c`: how often what happened, how often it failed, and the cycles
 * it took, as strace -c adds up; of calls that take a list, how long these were together.
 *
 * A multicall's cycles are its own, without those of the calls in it.
 */
#ifndef TOOLS_PARLEY_TRACE_COUNTS_H
#define TOOLS_PARLEY_TRACE_COUNTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "trace_value.h"

#define TRACE_COUNTS_CPUS 256

struct trace_counts {
	size_t count;
	struct trace_count {
		char name[96]; /* "mmuext_op(PIN_L4_TABLE)", "#PF", "event" */
		uint8_t kind;  /* PV_TRACE_*; calls of multicalls count as hypercalls */
		uint64_t calls, errors, cycles, others;
		uint64_t elements; /* of calls that take lists */
	} * rows;
	uint64_t in_multicall[TRACE_COUNTS_CPUS]; /* cycles since the CPU's last multicall */
	bool is_counted;                          /* cycles are instructions */
	uint64_t lost;                            /* records */
	uint64_t first_ns, last_ns;
};

/* Counts a record. */
void trace_counts_add(struct trace_counts *counts, const struct trace_item *item);

/* Prints the table, the most cycles first. */
void trace_counts_print(struct trace_counts *counts, FILE *to);

/* The same as an object, a new reference. */
json_t *trace_counts_make_json(struct trace_counts *counts);

void trace_counts_free(struct trace_counts *counts);

#endif
