/*
 * A trace as ui.perfetto.dev and chrome://tracing open it: the Chrome trace format,
 * JSON. A track for each CPU, with what ran there; a track for each vCPU, grouped by domain, with
 * its calls as slices, and what happened to it as instants; an arrow from who sent an
 * event to the upcall that it led to.
 *
 * The file is valid JSON whenever it is looked at: its end is written behind each
 * batch of events, and over that end goes the next batch.
 */
#ifndef TOOLS_PARLEY_TRACE_PERFETTO_H
#define TOOLS_PARLEY_TRACE_PERFETTO_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "trace_value.h"

#define TRACE_PERFETTO_FLOWS 64 /* events on their way to one vCPU; more get no arrow */

struct trace_perfetto {
	FILE *to;
	const struct trace_names *names;
	uint64_t tsc_khz; /* 0: not known yet */
	uint64_t events;  /* written */
	uint64_t flows;   /* numbered from 1 */
	size_t track_count;
	struct trace_track {
		uint32_t process, thread;
		size_t flow_count; /* arrows that end at the next upcall here */
		uint64_t flow[TRACE_PERFETTO_FLOWS];
	} * tracks;
};

/* Begins a file. Returns 0, or -1 with errno set. */
int trace_perfetto_begin(struct trace_perfetto *perfetto, FILE *to,
			 const struct trace_names *names);

/* Adds a record. */
void trace_perfetto_put(struct trace_perfetto *perfetto, const struct trace_item *item);

/* Makes the file whole as far as it goes. Returns 0, or -1 with errno set. */
int trace_perfetto_flush(struct trace_perfetto *perfetto);

void trace_perfetto_free(struct trace_perfetto *perfetto);

#endif
