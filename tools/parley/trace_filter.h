/*
 * What of a trace is wanted, as `parley trace -e` says it: names of calls, of
 * operations of calls, of families of calls, and of kinds of records, with commas between. A name
 * with ! in front leaves out; a list that begins with such a name begins with
 * everything.
 */
#ifndef TOOLS_PARLEY_TRACE_FILTER_H
#define TOOLS_PARLEY_TRACE_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "problem.h"
#include "trace_stream.h"

#define TRACE_FILTER_OPERATIONS 64

/* Of calls: kind hypercall or multicall, and a bit of "calls"; an operation overrules that. */
struct trace_filter {
	uint64_t kinds;  /* bits by PV_TRACE_* */
	uint64_t calls;  /* bits by PV_HYPERCALL_* */
	bool takes_rest; /* calls without a name */
	size_t operation_count;
	struct trace_filter_operation {
		uint8_t call;
		uint32_t operation;
		bool is_wanted;
	} operations[TRACE_FILTER_OPERATIONS];
};

/* Everything but system calls of programs. */
void trace_filter_init(struct trace_filter *filter);

/* Applies a list; several add up. Returns 0, or -1 with a problem that names what there is. */
int trace_filter_parse(struct trace_filter *filter, const char *list, struct problem *problem);

/* Is it wanted? Lost records and the clock always are. */
bool trace_filter_takes(const struct trace_filter *filter, const struct trace_item *item);

/* What the hypervisor must record for it: at least what is wanted. */
uint64_t trace_filter_get_kinds(const struct trace_filter *filter);
uint64_t trace_filter_get_calls(const struct trace_filter *filter);

/* Prints the names that a list may have. */
void trace_filter_print_names(FILE *to);

#endif
