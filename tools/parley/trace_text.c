/* Lines for people; see trace_text.h. */
#include "trace_text.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include <parley/event_channel.h>
#include <parley/stats.h>

#define COLOR_NAME  "\033[1m"
#define COLOR_ERROR "\033[31m"
#define COLOR_DIM   "\033[2m"
#define COLOR_NONE  "\033[0m"

static const char *color(const struct trace_text *text, const char *sequence)
{
	return text->has_color ? sequence : "";
}

/* ---- values ---- */

/* What the visitor needs: where commas are due, and which arguments go without a name. */
struct printer {
	struct trace_text *text;
	unsigned int depth;
	bool is_first;
};

static void begin(struct printer *printer, const char *name)
{
	fputs(printer->is_first ? "" : ", ", printer->text->to);
	printer->is_first = false;
	if (name && printer->depth > 0) {
		fprintf(printer->text->to, "%s=", name);
	}
}

static void open_value(void *context, const char *name, bool is_list)
{
	struct printer *printer = context;

	begin(printer, name);
	fputc(is_list ? '[' : '{', printer->text->to);
	printer->depth++;
	printer->is_first = true;
}

static void close_value(void *context, bool is_list)
{
	struct printer *printer = context;

	fputc(is_list ? ']' : '}', printer->text->to);
	printer->depth--;
	printer->is_first = false;
}

static void put_quoted(FILE *to, const char *text)
{
	fputc('"', to);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '\n') {
			fputs("\\n", to);
		} else if (c == '"' || c == '\\') {
			fprintf(to, "\\%c", c);
		} else if (isprint(c)) {
			fputc(c, to);
		} else {
			fprintf(to, "\\x%02x", c);
		}
	}
	fputc('"', to);
}

static void put_plain(FILE *to, const struct trace_value *value)
{
	switch (value->form) {
	case TRACE_FORM_number:
		fprintf(to, "%" PRIu64, value->number);
		break;
	case TRACE_FORM_signed:
		fprintf(to, "%" PRId64, (int64_t)value->number);
		break;
	case TRACE_FORM_string:
		put_quoted(to, value->text);
		break;
	case TRACE_FORM_entry:
		fprintf(to, "<%s>", value->text);
		break;
	case TRACE_FORM_more:
		fputs("...", to);
		break;
	default:
		fputs(value->text, to);
		break;
	}
}

static void put_value(void *context, const char *name, const struct trace_value *value)
{
	struct printer *printer = context;

	begin(printer, name);
	put_plain(printer->text->to, value);
}

static void put_result(void *context, const char *name, const struct trace_value *value)
{
	struct printer *printer = context;
	bool is_error = value->form == TRACE_FORM_word && value->text[0] == '-';

	(void)name;
	fputs(color(printer->text, is_error ? COLOR_ERROR : ""), printer->text->to);
	put_plain(printer->text->to, value);
	fputs(color(printer->text, is_error ? COLOR_NONE : ""), printer->text->to);
}

/* ---- records ---- */

const char *trace_describe_who(const struct trace_names *names, uint64_t id,
			       char buffer[TRACE_WHO_MAX])
{
	char number[16];

	if (id == PV_TRACE_IDLE) {
		snprintf(buffer, TRACE_WHO_MAX, "idle");
	} else {
		snprintf(buffer, TRACE_WHO_MAX, "%s/%u",
			 trace_names_get(names, (uint16_t)(id >> 16), number),
			 (unsigned int)(id & 0xffff));
	}
	return buffer;
}

/* "<250>", or "<250 +1800>" where it waited or worked for others. */
static void put_cycles(struct trace_text *text, const struct pv_trace_record *record)
{
	fprintf(text->to, " %s<%" PRIu64, color(text, COLOR_DIM), record->cycles);
	if (record->others) {
		fprintf(text->to, " +%" PRIu64, record->others);
	}
	fprintf(text->to, ">%s", color(text, COLOR_NONE));
}

static void put_call(struct trace_text *text, const struct trace_item *item)
{
	struct printer printer = { .text = text, .is_first = true };
	struct trace_visitor visitor = { open_value, close_value, put_value, &printer };
	char number[24];

	fprintf(text->to, "%s%s%s%s(", item->record.kind == PV_TRACE_multicall ? "  " : "",
		color(text, COLOR_NAME), trace_get_call_name(item, number),
		color(text, COLOR_NONE));
	trace_visit_arguments(item, &visitor);
	fputs(") = ", text->to);
	visitor.value = put_result;
	trace_visit_result(item, &visitor);
	put_cycles(text, &item->record);
}

static void put_exception(struct trace_text *text, const struct pv_trace_record *record)
{
	char name[16], fault[64];

	fprintf(text->to, "--- %s%s%s", color(text, COLOR_NAME),
		trace_get_exception(record->number, name), color(text, COLOR_NONE));
	if (record->number == 14) {
		fprintf(text->to, " at 0x%" PRIx64 " (%s)", record->args[0],
			trace_describe_fault((uint32_t)record->args[2], fault));
	} else if (record->args[2]) {
		fprintf(text->to, " (error code 0x%" PRIx64 ")", record->args[2]);
	}
	fprintf(text->to, " in %s, rip=0x%" PRIx64 " ---",
		record->args[4] ? "a program" : "the kernel", record->args[1]);
	put_cycles(text, record);
}

static void put_instruction(struct trace_text *text, const struct pv_trace_record *record,
			    const char *name)
{
	uint64_t wide = record->args[4] << 32 | (uint32_t)record->args[2];

	if (!strcmp(name, "cpuid")) {
		fprintf(text->to, "0x%x, 0x%x) = 0x%x", (uint32_t)record->args[2],
			(uint32_t)record->args[3], (uint32_t)record->result);
	} else if (!strcmp(name, "rdmsr")) {
		fprintf(text->to, "0x%x) = 0x%x", (uint32_t)record->args[3],
			(uint32_t)record->result);
	} else if (!strcmp(name, "wrmsr")) {
		fprintf(text->to, "0x%x, 0x%" PRIx64 ")", (uint32_t)record->args[3], wide);
	} else {
		fprintf(text->to, "rip=0x%" PRIx64 ")", record->args[0]);
	}
}

static void put_emulation(struct trace_text *text, const struct pv_trace_record *record)
{
	char entry[TRACE_ENTRY_TEXT_MAX];
	const char *name;

	if (record->number == PV_STATS_ENTRY_table_write) {
		fprintf(text->to, "~ %stable_write%s(0x%" PRIx64 ") = ", color(text, COLOR_NAME),
			color(text, COLOR_NONE), record->args[2]);
		if (record->flags & PV_TRACE_FLAG_restart) {
			fputs("restarted", text->to);
		} else {
			fprintf(text->to, "<%s>",
				trace_describe_entry((uint64_t)record->result, entry));
		}
	} else {
		name = trace_get_instruction(record->args[1]);
		fprintf(text->to, "~ %s%s%s(", color(text, COLOR_NAME), name,
			color(text, COLOR_NONE));
		put_instruction(text, record, name);
	}
	put_cycles(text, record);
}

static void put_event(struct trace_text *text, const struct pv_trace_record *record)
{
	const char *status = trace_find_name("PV_EVTCHNSTAT_", record->number);
	const char *virq = trace_find_name("PV_VIRQ_", (int64_t)record->args[4]);
	char who[TRACE_WHO_MAX];

	fprintf(text->to, "--> %sevent%s port %" PRIu64, color(text, COLOR_NAME),
		color(text, COLOR_NONE), record->args[0]);
	if (record->number == PV_EVTCHNSTAT_virq && virq) {
		fprintf(text->to, " (virq %s)", virq);
	} else if (record->args[1]) {
		fprintf(text->to, " (%s from %s)", status ? status : "?",
			record->args[3] == PV_TRACE_IDLE ?
				trace_names_get(text->names, (uint16_t)record->args[1], who) :
				trace_describe_who(text->names,
						   record->args[1] << 16 | record->args[3], who));
	} else {
		fputs(" (from the hypervisor)", text->to);
	}
}

static void put_switch(struct trace_text *text, const struct pv_trace_record *record)
{
	char from[TRACE_WHO_MAX], to[TRACE_WHO_MAX];

	fprintf(text->to, "=== %s -> %s, after %.3f ms",
		trace_describe_who(text->names, record->args[0], from),
		trace_describe_who(text->names, record->args[1], to),
		(double)record->args[2] / 1e6);
}

static void put_domain(struct trace_text *text, const struct pv_trace_record *record)
{
	const char *state = trace_find_name("PV_DOMAIN_STATE_", record->number);
	const char *reason = trace_find_name("PV_SHUTDOWN_", (int64_t)record->args[0]);

	fprintf(text->to, "*** %s", state ? state : "?");
	if (state && !strcmp(state, "SHUTDOWN") && reason) {
		fprintf(text->to, " (%s)", reason);
	}
}

static void put_what(struct trace_text *text, const struct trace_item *item)
{
	const struct pv_trace_record *record = &item->record;

	switch (record->kind) {
	case PV_TRACE_exception:
		put_exception(text, record);
		break;
	case PV_TRACE_emulation:
		put_emulation(text, record);
		break;
	case PV_TRACE_event:
		put_event(text, record);
		break;
	case PV_TRACE_upcall:
		fprintf(text->to, "<-- %supcall%s rip=0x%" PRIx64, color(text, COLOR_NAME),
			color(text, COLOR_NONE), record->args[0]);
		put_cycles(text, record);
		break;
	case PV_TRACE_switch:
		put_switch(text, record);
		break;
	case PV_TRACE_domain:
		put_domain(text, record);
		break;
	case PV_TRACE_lost:
		fprintf(text->to, "%s!!! %" PRIu64 " records lost%s", color(text, COLOR_ERROR),
			record->args[0], color(text, COLOR_NONE));
		break;
	case PV_TRACE_syscall:
		fprintf(text->to,
			"> %ssyscall%s(%" PRIu64 ", 0x%" PRIx64 ", 0x%" PRIx64 ", 0x%" PRIx64 ")",
			color(text, COLOR_NAME), color(text, COLOR_NONE), record->args[0],
			record->args[1], record->args[2], record->args[3]);
		put_cycles(text, record);
		break;
	case PV_TRACE_clock:
		fprintf(text->to, "the TSC has %" PRIu64 " kHz", record->args[0]);
		break;
	default:
		put_call(text, item);
		break;
	}
}

void trace_text_put(struct trace_text *text, const struct trace_item *item)
{
	const struct pv_trace_record *record = &item->record;
	char who[TRACE_WHO_MAX] = "-";

	if (record->kind == PV_TRACE_clock) {
		return; /* for machines */
	}
	if (record->domid && record->kind != PV_TRACE_switch) {
		trace_describe_who(text->names, (uint64_t)record->domid << 16 | record->vcpu, who);
	}
	fprintf(text->to, "%s%5" PRIu64 ".%06" PRIu64 " cpu%u %-10s%s ", color(text, COLOR_DIM),
		record->time_ns / 1000000000, record->time_ns / 1000 % 1000000, record->cpu, who,
		color(text, COLOR_NONE));
	put_what(text, item);
	fputc('\n', text->to);
}

void trace_text_put_lost_bytes(struct trace_text *text, uint64_t bytes)
{
	fprintf(text->to,
		"%s!!! %" PRIu64 " bytes of records lost, they came faster than they were read%s\n",
		color(text, COLOR_ERROR), bytes, color(text, COLOR_NONE));
}
