/*
 * A trace for people: a line a record, as strace has them.
 *
 *   0.412345 cpu0 debian/1 event_channel_op(send, {port=3}) = 0 <250>
 *
 * Seconds since the machine's start, the CPU, domain and vCPU, what happened, and for what
 * takes time how long (pv_trace_record.cycles): cycles of the TSC, which are instructions in a
 * counted run; and with a plus, if there were any, those spent on others meanwhile. A call of
 * a multicall stands before that, indented.
 */
#ifndef TOOLS_PARLEY_TRACE_TEXT_H
#define TOOLS_PARLEY_TRACE_TEXT_H

#include <stdbool.h>
#include <stdio.h>

#include "trace_value.h"

struct trace_text {
	FILE *to;
	bool has_color;
	const struct trace_names *names;
};

/* Prints a record. */
void trace_text_put(struct trace_text *text, const struct trace_item *item);

/* Says that records were lost before they came here: so many, or bytes of them. */
void trace_text_put_lost_bytes(struct trace_text *text, uint64_t bytes);

/* "debian/1", "idle": who a record of a switch names. Returns "buffer". */
#define TRACE_WHO_MAX 80
const char *trace_describe_who(const struct trace_names *names, uint64_t id,
			       char buffer[TRACE_WHO_MAX]);

#endif
