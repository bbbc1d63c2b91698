/* Objects for programs; see trace_json.h. */
#include "trace_json.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <parley/event_channel.h>
#include <parley/stats.h>

#include "trace_text.h"

#define DEPTH_MAX 8

/* Objects and lists that are open, from the outermost. */
struct builder {
	json_t *open[DEPTH_MAX];
	size_t depth;
};

static void add(struct builder *builder, const char *name, json_t *value)
{
	json_t *into = builder->open[builder->depth - 1];

	if (json_is_array(into)) {
		json_array_append_new(into, value);
	} else {
		json_object_set_new(into, name ? name : "more", value);
	}
}

static void open_value(void *context, const char *name, bool is_list)
{
	struct builder *builder = context;
	json_t *value = is_list ? json_array() : json_object();

	if (builder->depth == DEPTH_MAX) {
		abort(); /* the tables have no such depth */
	}
	add(builder, name, value);
	builder->open[builder->depth++] = value;
}

static void close_value(void *context, bool is_list)
{
	struct builder *builder = context;

	(void)is_list;
	builder->depth--;
}

static json_t *make_hex(uint64_t number)
{
	return json_sprintf("0x%" PRIx64, number);
}

static json_t *make_text(const char *text)
{
	json_t *string = json_string(text);
	char *plain;

	if (string) {
		return string;
	}
	/* not UTF-8: what is not ASCII becomes a question mark */
	plain = strdup(text);
	for (char *c = plain; c && *c; c++) {
		if (*c & 0x80) {
			*c = '?';
		}
	}
	string = json_string(plain ? plain : "");
	free(plain);
	return string;
}

static json_t *make_value(const struct trace_value *value)
{
	switch (value->form) {
	case TRACE_FORM_number:
		return value->number > INT64_MAX ? make_hex(value->number) :
						   json_integer((json_int_t)value->number);
	case TRACE_FORM_signed:
		return json_integer((json_int_t)value->number);
	case TRACE_FORM_entry:
		return json_pack("{s:o, s:s}", "entry", make_hex(value->number), "text",
				 value->text);
	case TRACE_FORM_more:
		return json_string("...");
	default:
		return make_text(value->text);
	}
}

static void put_value(void *context, const char *name, const struct trace_value *value)
{
	add(context, name, make_value(value));
}

static json_t *make_arguments(const struct trace_item *item)
{
	json_t *object = json_object();
	struct builder builder = { .open = { object }, .depth = 1 };
	struct trace_visitor visitor = { open_value, close_value, put_value, &builder };

	trace_visit_arguments(item, &visitor);
	return object;
}

static void set_number(json_t *object, const char *name, uint64_t number)
{
	json_object_set_new(object, name,
			    number > INT64_MAX ? make_hex(number) :
						 json_integer((json_int_t)number));
}

static void set_hex(json_t *object, const char *name, uint64_t number)
{
	json_object_set_new(object, name, make_hex(number));
}

static void set_text(json_t *object, const char *name, const char *text)
{
	json_object_set_new(object, name, json_string(text));
}

static void set_cycles(json_t *object, const struct pv_trace_record *record)
{
	set_number(object, "cycles", record->cycles);
	set_number(object, "others", record->others);
}

static void set_call(json_t *object, const struct trace_item *item)
{
	const struct abi_operation *op = trace_get_operation(item);
	struct builder builder = { .open = { object }, .depth = 1 };
	struct trace_visitor visitor = { open_value, close_value, put_value, &builder };
	const char *error = trace_get_error(item);
	char number[24];

	set_text(object, "call", trace_get_call_name(item, number));
	if (op) {
		set_text(object, "op", op->name);
	}
	json_object_set_new(object, "args", make_arguments(item));
	set_cycles(object, &item->record);
	if (item->record.flags & PV_TRACE_FLAG_no_result) {
		return;
	}
	if (item->record.flags & PV_TRACE_FLAG_restart) {
		json_object_set_new(object, "restarted", json_true());
	} else if (error) {
		json_object_set_new(object, "result", json_integer(item->record.result));
		set_text(object, "error", error);
	} else {
		trace_visit_result(item, &visitor);
	}
}

static void set_exception(json_t *object, const struct pv_trace_record *record)
{
	char name[16];

	set_text(object, "exception", trace_get_exception(record->number, name));
	set_number(object, "vector", record->number);
	if (record->number == 14) {
		set_hex(object, "address", record->args[0]);
	}
	set_hex(object, "rip", record->args[1]);
	set_hex(object, "error_code", record->args[2]);
	set_hex(object, "rsp", record->args[3]);
	json_object_set_new(object, "user", json_boolean(record->args[4] != 0));
	set_cycles(object, record);
}

static void set_emulation(json_t *object, const struct pv_trace_record *record)
{
	char entry[TRACE_ENTRY_TEXT_MAX];

	set_hex(object, "rip", record->args[0]);
	set_cycles(object, record);
	if (record->number == PV_STATS_ENTRY_table_write) {
		set_text(object, "instruction", "table_write");
		set_hex(object, "address", record->args[2]);
		if (record->flags & PV_TRACE_FLAG_restart) {
			json_object_set_new(object, "restarted", json_true());
		}
		json_object_set_new(
			object, "entry",
			json_pack("{s:o, s:s}", "entry", make_hex((uint64_t)record->result), "text",
				  trace_describe_entry((uint64_t)record->result, entry)));
		return;
	}
	set_text(object, "instruction", trace_get_instruction(record->args[1]));
	set_hex(object, "rax", record->args[2]);
	set_hex(object, "rcx", record->args[3]);
	set_hex(object, "rdx", record->args[4]);
	set_hex(object, "rax_after", (uint64_t)record->result);
}

static void set_event(json_t *object, const struct pv_trace_record *record)
{
	const char *status = trace_find_name("PV_EVTCHNSTAT_", record->number);
	const char *virq = trace_find_name("PV_VIRQ_", (int64_t)record->args[4]);

	set_number(object, "port", record->args[0]);
	set_text(object, "type", status ? status : "?");
	if (record->args[1]) {
		set_number(object, "from_domid", record->args[1]);
	}
	if (record->args[3] != PV_TRACE_IDLE) {
		set_number(object, "from_vcpu", record->args[3]);
	}
	if (record->number == PV_EVTCHNSTAT_virq && virq) {
		set_text(object, "virq", virq);
	}
}

static void set_switch(json_t *object, const struct pv_trace_record *record,
		       const struct trace_names *names)
{
	char who[TRACE_WHO_MAX];

	set_text(object, "from", trace_describe_who(names, record->args[0], who));
	set_text(object, "to", trace_describe_who(names, record->args[1], who));
	set_number(object, "ran_ns", record->args[2]);
}

static void set_domain(json_t *object, const struct pv_trace_record *record)
{
	const char *state = trace_find_name("PV_DOMAIN_STATE_", record->number);
	const char *reason = trace_find_name("PV_SHUTDOWN_", (int64_t)record->args[0]);

	set_text(object, "state", state ? state : "?");
	if (state && !strcmp(state, "SHUTDOWN") && reason) {
		set_text(object, "reason", reason);
	}
}

static void set_syscall(json_t *object, const struct pv_trace_record *record)
{
	static const char *const names[] = { "rdi", "rsi", "rdx", "r10", "r8" };

	set_number(object, "number", record->args[0]);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		set_hex(object, names[i], record->args[i + 1]);
	}
	set_cycles(object, record);
}

static void set_what(json_t *object, const struct trace_item *item, const struct trace_names *names)
{
	const struct pv_trace_record *record = &item->record;

	switch (record->kind) {
	case PV_TRACE_exception:
		set_exception(object, record);
		break;
	case PV_TRACE_emulation:
		set_emulation(object, record);
		break;
	case PV_TRACE_event:
		set_event(object, record);
		break;
	case PV_TRACE_upcall:
		set_hex(object, "rip", record->args[0]);
		set_cycles(object, record);
		break;
	case PV_TRACE_switch:
		set_switch(object, record, names);
		break;
	case PV_TRACE_domain:
		set_domain(object, record);
		break;
	case PV_TRACE_lost:
		set_number(object, "lost", record->args[0]);
		break;
	case PV_TRACE_syscall:
		set_syscall(object, record);
		break;
	case PV_TRACE_clock:
		set_number(object, "tsc_khz", record->args[0]);
		break;
	default:
		set_call(object, item);
		break;
	}
}

json_t *trace_json_make(const struct trace_item *item, const struct trace_names *names)
{
	const struct pv_trace_record *record = &item->record;
	const char *kind = trace_find_name("PV_TRACE_", record->kind);
	json_t *object = json_object();
	char name[16];

	set_number(object, "time_ns", record->time_ns);
	set_number(object, "cpu", record->cpu);
	if (record->domid) {
		json_object_set_new(object, "domain",
				    make_text(trace_names_get(names, record->domid, name)));
		set_number(object, "domid", record->domid);
		set_number(object, "vcpu", record->vcpu);
	}
	set_text(object, "kind", kind ? kind : "?");
	set_what(object, item, names);
	return object;
}

void trace_json_put(FILE *to, const struct trace_item *item, const struct trace_names *names)
{
	json_t *object = trace_json_make(item, names);

	json_dumpf(object, to, JSON_COMPACT);
	fputc('\n', to);
	json_decref(object);
}
