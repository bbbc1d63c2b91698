/*
 * Where a trace's records go: lines of text or JSON, counts, a file for Perfetto, a file of records
 * as they are; and which are wanted. What was lost is told in each.
 *
 * Read next: verb_trace.c.
 */
#ifndef TOOLS_PARLEY_TRACE_SINK_H
#define TOOLS_PARLEY_TRACE_SINK_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "problem.h"
#include "trace_counts.h"
#include "trace_filter.h"
#include "trace_perfetto.h"
#include "trace_value.h"

#define TRACE_ANY_DOMAIN (-1)
#define TRACE_NO_DOMAIN  (-2)

struct trace_sink_options {
	const char *output;   /* file for lines or counts, NULL: standard output */
	const char *perfetto; /* file, or NULL */
	const char *raw;      /* file, or NULL */
	bool as_json;
	bool counts;
	uint64_t limit; /* records, 0: no limit */
};

struct trace_sink {
	const struct trace_sink_options *options;
	struct trace_filter filter;
	int domid; /* whose records are wanted, TRACE_ANY_DOMAIN: all */
	struct trace_names names;
	FILE *lines; /* NULL: no lines */
	FILE *raw;
	bool has_color;
	struct trace_counts counts;
	struct trace_perfetto perfetto;
	FILE *perfetto_file;
	uint64_t taken;      /* records that were wanted */
	uint64_t lost;       /* records that the hypervisor had no room for */
	uint64_t lost_bytes; /* of records that were received too slowly */
	bool has_ended;      /* the domain's end is among the records */
	int error;           /* why a file could not be written */
};

/*
 * Opens what the options ask for. The filter is the caller's to set before records come.
 * Returns 0, or -1 with a problem and nothing to close.
 */
int trace_sink_open(struct trace_sink *sink, const struct trace_sink_options *options,
		    struct problem *problem);

/* A domain's name. */
void trace_sink_name(struct trace_sink *sink, uint16_t domid, const char *name, size_t length);

/* The machine's TSC counts instructions. */
void trace_sink_set_counted(struct trace_sink *sink);

/* Takes whole records. */
void trace_sink_take(struct trace_sink *sink, const uint8_t *data, size_t size);

/* Bytes of records did not get here. */
void trace_sink_take_lost(struct trace_sink *sink, uint64_t bytes);

/* As many as were asked for have come. */
bool trace_sink_is_full(const struct trace_sink *sink);

/* Lets others see what was written so far. False: it cannot be written. */
bool trace_sink_flush(struct trace_sink *sink);

/* Prints counts, ends files, and closes. Returns 0, or -1 with a problem. */
int trace_sink_close(struct trace_sink *sink, struct problem *problem);

#endif
