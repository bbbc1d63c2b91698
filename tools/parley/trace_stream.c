/* Records out of bytes, and the file of records; see trace_stream.h. */
#include "trace_stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_MAX (1U << 20)

static int is_record(const struct pv_trace_record *record)
{
	return record->kind != 0 && record->kind < PV_TRACE_KINDS &&
	       record->extra <= PV_TRACE_EXTRA_MAX && record->extra % 8 == 0;
}

size_t trace_stream_read(const uint8_t *data, size_t size, trace_item_fn *take, void *context)
{
	struct trace_item item;

	while (size >= sizeof(item.record)) {
		memcpy(&item.record, data, sizeof(item.record));
		if (!is_record(&item.record) || item.record.extra > size - sizeof(item.record)) {
			break;
		}
		memcpy(item.extra, data + sizeof(item.record), item.record.extra);
		memset(item.extra + item.record.extra, 0, sizeof(item.extra) - item.record.extra);
		data += sizeof(item.record) + item.record.extra;
		size -= sizeof(item.record) + item.record.extra;
		take(context, &item);
	}
	return size;
}

int trace_file_begin(FILE *file)
{
	return fputs(TRACE_FILE_MAGIC, file) < 0 ? -1 : 0;
}

int trace_file_put(FILE *file, uint32_t type, const void *data, size_t size)
{
	struct trace_file_chunk chunk = { .type = type, .size = (uint32_t)size };

	if (fwrite(&chunk, sizeof(chunk), 1, file) != 1 ||
	    (size && fwrite(data, size, 1, file) != 1)) {
		return -1;
	}
	return 0;
}

/* The last byte of it is a version: records of others have another layout. */
static int read_magic(FILE *file, const char *path, struct problem *problem)
{
	const size_t size = sizeof(TRACE_FILE_MAGIC) - 1;
	char magic[sizeof(TRACE_FILE_MAGIC)] = "";

	if (fread(magic, size, 1, file) != 1 || memcmp(magic, TRACE_FILE_MAGIC, size - 1) != 0) {
		return problem_set(problem, "%s is no trace (`parley trace --raw` writes one)",
				   path);
	}
	if (magic[size - 1] != TRACE_FILE_MAGIC[size - 1]) {
		return problem_set(problem, "%s was written by a parley of another version", path);
	}
	return 0;
}

int trace_file_read(FILE *file, const char *path, trace_chunk_fn *take, void *context,
		    struct problem *problem)
{
	struct trace_file_chunk chunk;
	uint8_t *data;
	int status = 0;

	if (read_magic(file, path, problem)) {
		return -1;
	}
	data = malloc(CHUNK_MAX);
	if (!data) {
		abort();
	}
	while (fread(&chunk, sizeof(chunk), 1, file) == 1) {
		size_t size;

		if (chunk.size > CHUNK_MAX) {
			status = problem_set(problem, "%s is damaged: a piece of %u bytes", path,
					     chunk.size);
			break;
		}
		size = fread(data, 1, chunk.size, file);
		take(context, chunk.type, data, size);
	}
	if (ferror(file)) {
		status = problem_set(problem, "%s: %s", path, strerror(errno));
	}
	free(data);
	return status;
}
