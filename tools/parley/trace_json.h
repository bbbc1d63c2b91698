/*
 * A trace for programs: an object a record, a line each (JSON Lines).
 *
 * Always there: "time_ns", "cpu", "kind"; "domain", "domid", "vcpu" where there are such;
 * "cycles" and "others" (pv_trace_record) of what takes time.
 * Numbers that are addresses, frames and the like are strings with 0x.
 */
#ifndef TOOLS_PARLEY_TRACE_JSON_H
#define TOOLS_PARLEY_TRACE_JSON_H

#include <jansson.h>
#include <stdio.h>

#include "trace_value.h"

/* The record as an object, a new reference. */
json_t *trace_json_make(const struct trace_item *item, const struct trace_names *names);

/* Prints it as a line. */
void trace_json_put(FILE *to, const struct trace_item *item, const struct trace_names *names);

#endif
