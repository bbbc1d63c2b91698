/*
 * Trace records (abi/parley/trace.h) as a stream of bytes: taking them out, and the
 * file in which `parley trace --raw` keeps them together with the names that they
 * need.
 *
 * The file is the eight bytes TRACE_FILE_MAGIC, then chunks: a struct
 * trace_file_chunk and so many bytes. Chunks of an unknown type are passed over.
 *
 * Read next: trace_value.h.
 */
#ifndef TOOLS_PARLEY_TRACE_STREAM_H
#define TOOLS_PARLEY_TRACE_STREAM_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <parley/trace.h>

#include "problem.h"

/* A record and what stood behind it. */
struct trace_item {
	struct pv_trace_record record;
	uint8_t extra[PV_TRACE_EXTRA_MAX];
};

/* Called for each record; "item" is valid during the call only. */
typedef void trace_item_fn(void *context, const struct trace_item *item);

/*
 * Takes whole records out of "data". Returns how many bytes were none: what is cut off, or
 * everything from a record on that cannot be one.
 */
size_t trace_stream_read(const uint8_t *data, size_t size, trace_item_fn *take, void *context);

#define TRACE_FILE_MAGIC "PVTRACE2"

#define TRACE_FILE_NAME    1 /* u16 domid, and its name without a NUL */
#define TRACE_FILE_RECORDS 2
#define TRACE_FILE_LOST    3 /* u64: bytes of records that were not received */
#define TRACE_FILE_COUNTED 4 /* nothing: the machine's TSC counts instructions */

struct trace_file_chunk {
	uint32_t type; /* TRACE_FILE_* */
	uint32_t size; /* bytes that follow */
};

/* Writes the beginning of a file, or a chunk of it. Returns 0, or -1 with errno set. */
int trace_file_begin(FILE *file);
int trace_file_put(FILE *file, uint32_t type, const void *data, size_t size);

/* Called for each chunk of a file. */
typedef void trace_chunk_fn(void *context, uint32_t type, const uint8_t *data, size_t size);

/*
 * Reads a file to its end. One that was cut off in the middle of a chunk is read as
 * far as it goes. Returns 0, or -1 with a problem that names "path".
 */
int trace_file_read(FILE *file, const char *path, trace_chunk_fn *take, void *context,
		    struct problem *problem);

#endif
