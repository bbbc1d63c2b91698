/* Adding up; see trace_counts.h. */
#include "trace_counts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <parley/hypercall.h>
#include <parley/stats.h>

static struct trace_count *find_row(struct trace_counts *counts, uint8_t kind, const char *name)
{
	struct trace_count *row;

	for (size_t i = 0; i < counts->count; i++) {
		if (counts->rows[i].kind == kind && !strcmp(counts->rows[i].name, name)) {
			return &counts->rows[i];
		}
	}
	counts->rows = reallocarray(counts->rows, counts->count + 1, sizeof(*counts->rows));
	if (!counts->rows) {
		abort();
	}
	row = &counts->rows[counts->count++];
	*row = (struct trace_count){ .kind = kind };
	snprintf(row->name, sizeof(row->name), "%s", name);
	return row;
}

static void name_call(const struct trace_item *item, char *name, size_t size)
{
	const struct abi_operation *op = trace_get_operation(item);
	char number[24];

	snprintf(name, size, "%s%s%s%s", trace_get_call_name(item, number), op ? "(" : "",
		 op ? op->name : "", op ? ")" : "");
}

/* What a record counts as. */
static void name_record(const struct trace_item *item, char *name, size_t size)
{
	const struct pv_trace_record *record = &item->record;
	const char *kind = trace_find_name("PV_TRACE_", record->kind);
	char buffer[16];

	switch (record->kind) {
	case PV_TRACE_hypercall:
	case PV_TRACE_multicall:
		name_call(item, name, size);
		break;
	case PV_TRACE_exception:
		snprintf(name, size, "%s", trace_get_exception(record->number, buffer));
		break;
	case PV_TRACE_emulation:
		snprintf(name, size, "%s",
			 record->number == PV_STATS_ENTRY_table_write ?
				 "table_write" :
				 trace_get_instruction(record->args[1]));
		break;
	case PV_TRACE_syscall:
		snprintf(name, size, "syscall %" PRIu64, record->args[0]);
		break;
	default:
		snprintf(name, size, "%s", kind ? kind : "?");
		break;
	}
}

/* A multicall's own cycles: its calls' have been told just before. */
static uint64_t get_own_cycles(struct trace_counts *counts, const struct pv_trace_record *record)
{
	uint64_t *within = &counts->in_multicall[record->cpu];
	uint64_t cycles = record->cycles;

	if (record->kind == PV_TRACE_multicall) {
		*within += cycles;
	} else if (record->kind == PV_TRACE_hypercall && record->number == PV_HYPERCALL_multicall) {
		cycles = cycles > *within ? cycles - *within : 0;
		*within = 0;
	}
	return cycles;
}

void trace_counts_add(struct trace_counts *counts, const struct trace_item *item)
{
	const struct pv_trace_record *record = &item->record;
	struct trace_count *row;
	char name[96];

	if (record->kind == PV_TRACE_lost) {
		counts->lost += record->args[0];
		return;
	}
	if (record->kind == PV_TRACE_clock) {
		return;
	}
	if (!counts->first_ns || record->time_ns < counts->first_ns) {
		counts->first_ns = record->time_ns;
	}
	if (record->time_ns > counts->last_ns) {
		counts->last_ns = record->time_ns;
	}
	name_record(item, name, sizeof(name));
	row = find_row(counts,
		       record->kind == PV_TRACE_multicall ? PV_TRACE_hypercall : record->kind,
		       name);
	row->calls++;
	row->errors += trace_get_error(item) != NULL;
	row->cycles += get_own_cycles(counts, record);
	row->others += record->others;
	/* How far a call came that failed is not known. */
	row->elements += trace_get_error(item) ? 0 : trace_count_elements(item);
}

static int compare_rows(const void *a, const void *b)
{
	const struct trace_count *left = a, *right = b;

	if (left->cycles != right->cycles) {
		return left->cycles < right->cycles ? 1 : -1;
	}
	if (left->calls != right->calls) {
		return left->calls < right->calls ? 1 : -1;
	}
	return strcmp(left->name, right->name);
}

static struct trace_count sort_and_sum(struct trace_counts *counts)
{
	struct trace_count sum = { 0 };

	if (counts->count) {
		qsort(counts->rows, counts->count, sizeof(*counts->rows), compare_rows);
	}
	for (size_t i = 0; i < counts->count; i++) {
		sum.calls += counts->rows[i].calls;
		sum.errors += counts->rows[i].errors;
		sum.cycles += counts->rows[i].cycles;
		sum.others += counts->rows[i].others;
	}
	return sum;
}

/* A number, or as much room. */
static void print_number(FILE *to, int width, uint64_t number)
{
	if (number) {
		fprintf(to, " %*" PRIu64, width, number);
	} else {
		fprintf(to, " %*s", width, "");
	}
}

static void print_row(FILE *to, const struct trace_count *row, uint64_t all, const char *name)
{
	if (row->cycles) {
		fprintf(to, "%6.2f", all ? 100.0 * (double)row->cycles / (double)all : 0.0);
	} else {
		fprintf(to, "%6s", "");
	}
	print_number(to, 14, row->cycles);
	print_number(to, 10, row->calls ? row->cycles / row->calls : 0);
	print_number(to, 9, row->calls);
	print_number(to, 9, row->elements);
	print_number(to, 9, row->errors);
	fprintf(to, " %s\n", name);
}

void trace_counts_print(struct trace_counts *counts, FILE *to)
{
	struct trace_count sum = sort_and_sum(counts);

	fprintf(to, "%6s %14s %10s %9s %9s %9s %s\n", "%",
		counts->is_counted ? "instructions" : "cycles", "mean", "calls", "elements",
		"errors", "what");
	for (size_t i = 0; i < counts->count; i++) {
		print_row(to, &counts->rows[i], sum.cycles, counts->rows[i].name);
	}
	print_row(to, &sum, sum.cycles, "total");
	if (sum.others) {
		fprintf(to,
			"%" PRIu64 " more were spent on other CPUs, and on recording, meanwhile\n",
			sum.others);
	}
	if (sum.cycles && !counts->is_counted) {
		fputs("cycles are of the emulator's clock, which passes by the host's time; "
		      "`parley run --icount` counts instructions\n",
		      to);
	}
	if (counts->lost) {
		fprintf(to, "%" PRIu64 " records were lost and are not counted\n", counts->lost);
	}
}

json_t *trace_counts_make_json(struct trace_counts *counts)
{
	json_t *rows = json_array();

	(void)sort_and_sum(counts);
	for (size_t i = 0; i < counts->count; i++) {
		const struct trace_count *row = &counts->rows[i];
		const char *kind = trace_find_name("PV_TRACE_", row->kind);

		json_array_append_new(
			rows, json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "what", row->name,
					"kind", kind ? kind : "?", "calls", (json_int_t)row->calls,
					"errors", (json_int_t)row->errors, "cycles",
					(json_int_t)row->cycles, "others", (json_int_t)row->others,
					"elements", (json_int_t)row->elements));
	}
	return json_pack("{s:o, s:b, s:I, s:I, s:I}", "counts", rows, "cycles_are_instructions",
			 counts->is_counted, "lost", (json_int_t)counts->lost, "first_ns",
			 (json_int_t)counts->first_ns, "last_ns", (json_int_t)counts->last_ns);
}

void trace_counts_free(struct trace_counts *counts)
{
	free(counts->rows);
	counts->rows = NULL;
	counts->count = 0;
}
