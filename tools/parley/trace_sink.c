/* Outputs of a trace; see trace_sink.h. */
#include "trace_sink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trace_json.h"
#include "trace_text.h"

static int open_file(FILE **file, const char *path, struct problem *problem)
{
	*file = fopen(path, "we");
	if (!*file) {
		return problem_set(problem, "%s: %s", path, strerror(errno));
	}
	return 0;
}

static void close_file(FILE **file)
{
	if (*file && *file != stdout) {
		fclose(*file);
	}
	*file = NULL;
}

static void close_all(struct trace_sink *sink)
{
	close_file(&sink->lines);
	close_file(&sink->raw);
	close_file(&sink->perfetto_file);
}

static int open_all(struct trace_sink *sink, struct problem *problem)
{
	const struct trace_sink_options *options = sink->options;
	bool has_lines = options->output || options->counts ||
			 (!options->perfetto && !options->raw);

	if (options->output) {
		if (open_file(&sink->lines, options->output, problem)) {
			return -1;
		}
	} else if (has_lines) {
		sink->lines = stdout;
		sink->has_color = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
	}
	if (options->raw && open_file(&sink->raw, options->raw, problem)) {
		return -1;
	}
	if (sink->raw && trace_file_begin(sink->raw)) {
		return problem_set(problem, "%s: %s", options->raw, strerror(errno));
	}
	if (options->perfetto && open_file(&sink->perfetto_file, options->perfetto, problem)) {
		return -1;
	}
	if (sink->perfetto_file &&
	    trace_perfetto_begin(&sink->perfetto, sink->perfetto_file, &sink->names)) {
		return problem_set(problem, "%s: %s (it must be a file)", options->perfetto,
				   strerror(errno));
	}
	return 0;
}

int trace_sink_open(struct trace_sink *sink, const struct trace_sink_options *options,
		    struct problem *problem)
{
	*sink = (struct trace_sink){ .options = options, .domid = TRACE_ANY_DOMAIN };
	trace_filter_init(&sink->filter);
	if (open_all(sink, problem)) {
		close_all(sink);
		return -1;
	}
	return 0;
}

void trace_sink_name(struct trace_sink *sink, uint16_t domid, const char *name, size_t length)
{
	uint8_t chunk[sizeof(domid) + TRACE_NAME_MAX];

	if (length >= TRACE_NAME_MAX) {
		length = TRACE_NAME_MAX - 1;
	}
	trace_names_add(&sink->names, domid, name, length);
	if (sink->raw) {
		memcpy(chunk, &domid, sizeof(domid));
		memcpy(chunk + sizeof(domid), name, length);
		(void)trace_file_put(sink->raw, TRACE_FILE_NAME, chunk, sizeof(domid) + length);
	}
}

void trace_sink_set_counted(struct trace_sink *sink)
{
	sink->counts.is_counted = true;
	if (sink->raw) {
		(void)trace_file_put(sink->raw, TRACE_FILE_COUNTED, NULL, 0);
	}
}

/* ---- records ---- */

static bool names_domain(uint64_t id, int domid)
{
	return id != PV_TRACE_IDLE && (int)(id >> 16 & 0xffff) == domid;
}

static bool is_of_domain(const struct trace_sink *sink, const struct pv_trace_record *record)
{
	if (sink->domid == TRACE_ANY_DOMAIN || record->kind == PV_TRACE_lost ||
	    record->kind == PV_TRACE_clock) {
		return true;
	}
	if (record->kind == PV_TRACE_switch) {
		return names_domain(record->args[0], sink->domid) ||
		       names_domain(record->args[1], sink->domid);
	}
	return record->domid == sink->domid;
}

static void note_end(struct trace_sink *sink, const struct pv_trace_record *record)
{
	const char *state = trace_find_name("PV_DOMAIN_STATE_", record->number);

	if (record->kind == PV_TRACE_domain && state && record->domid == sink->domid &&
	    (!strcmp(state, "SHUTDOWN") || !strcmp(state, "CRASHED"))) {
		sink->has_ended = true;
	}
}

static void put_line(struct trace_sink *sink, const struct trace_item *item)
{
	struct trace_text text = { sink->lines, sink->has_color, &sink->names };

	if (sink->options->as_json) {
		trace_json_put(sink->lines, item, &sink->names);
	} else {
		trace_text_put(&text, item);
	}
}

static void take_item(void *context, const struct trace_item *item)
{
	struct trace_sink *sink = context;
	const struct pv_trace_record *record = &item->record;

	if (!is_of_domain(sink, record)) {
		return;
	}
	note_end(sink, record);
	if (!trace_filter_takes(&sink->filter, item) || trace_sink_is_full(sink)) {
		return;
	}
	if (record->kind == PV_TRACE_lost) {
		sink->lost += record->args[0];
	} else if (record->kind != PV_TRACE_clock) {
		sink->taken++;
	}
	if (sink->options->counts) {
		trace_counts_add(&sink->counts, item);
	} else if (sink->lines) {
		put_line(sink, item);
	}
	if (sink->perfetto_file) {
		trace_perfetto_put(&sink->perfetto, item);
	}
	if (sink->raw) {
		(void)trace_file_put(sink->raw, TRACE_FILE_RECORDS, &item->record,
				     sizeof(item->record) + item->record.extra);
	}
}

void trace_sink_take(struct trace_sink *sink, const uint8_t *data, size_t size)
{
	size_t left = trace_stream_read(data, size, take_item, sink);

	if (left) {
		trace_sink_take_lost(sink, left);
	}
}

void trace_sink_take_lost(struct trace_sink *sink, uint64_t bytes)
{
	struct trace_text text = { sink->lines, sink->has_color, &sink->names };

	sink->lost_bytes += bytes;
	if (sink->raw) {
		(void)trace_file_put(sink->raw, TRACE_FILE_LOST, &bytes, sizeof(bytes));
	}
	if (!sink->lines || sink->options->counts) {
		return;
	}
	if (sink->options->as_json) {
		fprintf(sink->lines, "{\"kind\":\"lost\",\"lost_bytes\":%llu}\n",
			(unsigned long long)bytes);
	} else {
		trace_text_put_lost_bytes(&text, bytes);
	}
}

bool trace_sink_is_full(const struct trace_sink *sink)
{
	return sink->options->limit && sink->taken >= sink->options->limit;
}

/* A failure that was seen once is not seen again: the stream remembers that there was one. */
static bool can_write(struct trace_sink *sink, FILE *file)
{
	if (!file) {
		return true;
	}
	errno = 0;
	if (fflush(file) || ferror(file)) {
		sink->error = sink->error ? sink->error : errno;
		return false;
	}
	return true;
}

/* Files of our own; of standard output main.c sees to it that the person is told. */
static bool can_write_files(struct trace_sink *sink)
{
	bool is_good = sink->lines == stdout || can_write(sink, sink->lines);

	is_good = can_write(sink, sink->raw) && is_good;
	if (sink->perfetto_file && trace_perfetto_flush(&sink->perfetto)) {
		sink->error = sink->error ? sink->error : errno;
		is_good = false;
	}
	return can_write(sink, sink->perfetto_file) && is_good;
}

bool trace_sink_flush(struct trace_sink *sink)
{
	return can_write_files(sink) && can_write(sink, sink->lines);
}

/* ---- the end ---- */

static void print_counts(struct trace_sink *sink)
{
	json_t *object;

	if (!sink->options->as_json) {
		trace_counts_print(&sink->counts, sink->lines);
		return;
	}
	object = trace_counts_make_json(&sink->counts);
	json_dumpf(object, sink->lines, JSON_INDENT(2));
	fputc('\n', sink->lines);
	json_decref(object);
}

int trace_sink_close(struct trace_sink *sink, struct problem *problem)
{
	int status = 0;

	if (sink->options->counts && sink->lines) {
		print_counts(sink);
	}
	if (!can_write_files(sink)) {
		status = problem_set(problem, "the trace cannot be written: %s",
				     sink->error ? strerror(sink->error) : "no reason is known");
	}
	close_all(sink);
	trace_counts_free(&sink->counts);
	trace_perfetto_free(&sink->perfetto);
	trace_names_free(&sink->names);
	return status;
}
