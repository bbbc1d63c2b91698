/*
 * From abi.json to struct abi: the calls, with every rule that each must obey by
 * itself: known keys only, names that follow the naming rule, no number or name
 * twice, calls in ascending order, errors that our errno.h could have.
 *
 * That the numbers and offsets are right is not checked here but by the compiler:
 * the headers' numbers are written from this list, and assert.c has its structures
 * compared with the headers.
 */
#include "abigen/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abigen/loaders.h"

#define FORMAT     2
#define NUMBER_MAX 65536
#define MASK_MAX   0x7fffffff

const char *const abi_directions[] = { "in", "out", "inout", "none", NULL };
static const char *const privileges[] = { "any", "control", "debug", NULL };
static const char *const hazards[] = { "ends", "blocks", "entry", "keeps", NULL };

/* True if `whole` is `prefix` followed by `rest`. */
static bool is_composed(const char *whole, const char *prefix, const char *rest)
{
	size_t length = strlen(prefix);

	return strncmp(whole, prefix, length) == 0 && strcmp(whole + length, rest) == 0;
}

static void load_error(struct reader *r, json_t *value, void *element)
{
	static const char *const keys[] = { "errno", "when", NULL };
	struct abi_error *error = element;

	if (!reader_is_object(r, value, keys)) {
		return;
	}
	error->number = reader_string(r, value, "errno");
	error->when = reader_string(r, value, "when");
	if (error->number && strncmp(error->number, "PV_E", 4) != 0) {
		reader_problem(r, "errno", "must be a name of errno.h, PV_E...");
	}
}

static void load_errors(struct reader *r, json_t *object, struct abi_errors *errors)
{
	errors->list = reader_list(r, object, "errors", sizeof(errors->list[0]), &errors->count,
				   load_error);
}

void load_lines(struct reader *r, json_t *object, const char *key, struct abi_lines *lines)
{
	json_t *array = reader_array(r, object, key);
	json_t *value;
	size_t i;

	lines->list = reader_allocate(json_array_size(array), sizeof(lines->list[0]));
	json_array_foreach(array, i, value) {
		lines->list[i] = json_string_value(value);
		lines->count = i + 1;
		if (!lines->list[i]) {
			reader_problem(r, key, "must be an array of strings");
		}
	}
}

static void load_arg(struct reader *r, json_t *value, struct abi_argument *arg)
{
	static const char *const keys[] = { "name",   "type",        "direction", "kind",
					    "target", "target_kind", "count",     "per",
					    "limit",  "doc",         NULL };

	arg->per = 1;
	if (!reader_is_object(r, value, keys)) {
		return;
	}
	arg->name = reader_string(r, value, "name");
	arg->type = reader_string(r, value, "type");
	arg->direction = reader_word(r, value, "direction", abi_directions);
	arg->kind = load_kind(r, value, "kind", true);
	arg->target = reader_string_optional(r, value, "target");
	arg->target_kind = load_kind(r, value, "target_kind", false);
	arg->count = reader_string_optional(r, value, "count");
	if (json_object_get(value, "per")) {
		arg->per = reader_number(r, value, "per", NUMBER_MAX);
	}
	arg->limit = reader_number_text(r, value, "limit");
	arg->doc = reader_string(r, value, "doc");
}

static void load_args(struct reader *r, json_t *object, struct abi_call *call)
{
	json_t *array = reader_array(r, object, "args");
	json_t *value;
	size_t i;

	if (json_array_size(array) > ABI_ARGS_MAX) {
		reader_problem(r, "args", "more than %d", ABI_ARGS_MAX);
		return;
	}
	json_array_foreach(array, i, value) {
		size_t length = reader_enter(r, "args", i);

		load_arg(r, value, &call->args[i]);
		reader_leave(r, length);
	}
	call->arg_count = i;
}

static const char *load_hazard(struct reader *r, json_t *object)
{
	return json_object_get(object, "hazard") ? reader_word(r, object, "hazard", hazards) : NULL;
}

static void load_operation(struct reader *r, json_t *value, void *element)
{
	static const char *const keys[] = { "number",  "name",      "xen_name", "struct",
					    "type",    "direction", "fields",   "brief",
					    "summary", "returns",   "result",   "hazard",
					    "errors",  "since",     "restart",  NULL };
	struct abi_operation *op = element;

	if (!reader_is_object(r, value, keys)) {
		return;
	}
	op->number = reader_number(r, value, "number", NUMBER_MAX);
	op->name = reader_string(r, value, "name");
	op->xen_name = reader_string_optional(r, value, "xen_name");
	op->structure = reader_string_optional(r, value, "struct");
	op->type = reader_string_optional(r, value, "type");
	op->direction = reader_word(r, value, "direction", abi_directions);
	op->brief = reader_string_optional(r, value, "brief");
	op->summary = reader_string(r, value, "summary");
	op->returns = reader_string_optional(r, value, "returns");
	op->result = load_kind(r, value, "result", false);
	op->since = reader_string_optional(r, value, "since");
	op->restart = reader_string_optional(r, value, "restart");
	op->hazard = load_hazard(r, value);
	op->has_fields = json_object_get(value, "fields") != NULL;
	if (op->has_fields) {
		load_lines(r, value, "fields", &op->fields);
	}
	load_errors(r, value, &op->errors);
	if (op->structure && op->type) {
		reader_problem(r, "type", "not together with \"struct\"");
	}
}

static void check_operation_is_new(struct reader *r, const struct abi_call *call, size_t index)
{
	const struct abi_operation *op = &call->operations[index];

	for (size_t i = 0; i < index; i++) {
		const struct abi_operation *other = &call->operations[i];

		if (other->number == op->number) {
			reader_problem(r, "number", "%d is there already", op->number);
		}
		if (other->name && op->name && strcmp(other->name, op->name) == 0) {
			reader_problem(r, "name", "%s is there already", op->name);
		}
	}
}

static void load_operations(struct reader *r, json_t *object, struct abi_call *call)
{
	call->operations = reader_list(r, object, "sub_operations", sizeof(call->operations[0]),
				       &call->operation_count, load_operation);
	for (size_t i = 0; i < call->operation_count; i++) {
		size_t length = reader_enter(r, "sub_operations", i);

		check_operation_is_new(r, call, i);
		reader_leave(r, length);
	}
	if (call->operation_count > 0 && (!call->prefix || !call->selector.arg)) {
		reader_problem(r, "sub_operations", "need \"prefix\" and \"selector\"");
	}
}

static void load_refusal(struct reader *r, json_t *value, struct abi_refusal *refusal, int limit)
{
	static const char *const keys[] = { "number", "name", "xen_name", "reason", NULL };

	if (reader_is_object(r, value, keys)) {
		refusal->number = reader_number(r, value, "number", limit);
		refusal->name = reader_string(r, value, "name");
		refusal->xen_name = reader_string_optional(r, value, "xen_name");
		refusal->reason = reader_string(r, value, "reason");
	}
}

static void load_refused_operation(struct reader *r, json_t *value, void *element)
{
	load_refusal(r, value, element, NUMBER_MAX);
}

static void load_refused_call(struct reader *r, json_t *value, void *element)
{
	load_refusal(r, value, element, ABI_CALL_MAX);
}

static void load_selector(struct reader *r, json_t *object, struct abi_selector *selector)
{
	static const char *const keys[] = { "arg", "field", "mask", NULL };
	json_t *value = json_object_get(object, "selector");
	size_t length = strlen(r->place);

	if (!value) {
		return;
	}
	snprintf(r->place + length, sizeof(r->place) - length, ".selector");
	if (reader_is_object(r, value, keys)) {
		selector->arg = reader_string(r, value, "arg");
		selector->field = reader_string_optional(r, value, "field");
		if (json_object_get(value, "mask")) {
			selector->mask = reader_number(r, value, "mask", MASK_MAX);
		}
	}
	reader_leave(r, length);
}

static void check_call_names(struct reader *r, const struct abi_call *call)
{
	if (call->name && call->handler && !is_composed(call->handler, "hypercall_", call->name)) {
		reader_problem(r, "handler", "must be hypercall_%s", call->name);
	}
	if (call->prefix && strncmp(call->prefix, "PV_", 3) != 0) {
		reader_problem(r, "prefix", "must begin with PV_");
	}
}

/* What a call says of itself, but for its lists. */
static void load_call_words(struct reader *r, json_t *value, struct abi_call *call)
{
	call->number = reader_number(r, value, "number", ABI_CALL_MAX);
	call->xen_name = reader_string_optional(r, value, "xen_name");
	call->handler = reader_string_optional(r, value, "handler");
	call->family = reader_string(r, value, "family");
	call->header = reader_string(r, value, "header");
	call->privilege = reader_word(r, value, "privilege", privileges);
	call->since = reader_string(r, value, "since");
	call->hazard = load_hazard(r, value);
	call->prefix = reader_string_optional(r, value, "prefix");
	call->summary = reader_string(r, value, "summary");
	call->returns = reader_string(r, value, "returns");
	call->result = load_kind(r, value, "result", false);
	call->restart = reader_string_optional(r, value, "restart");
}

static void load_call(struct reader *r, json_t *value, void *element)
{
	static const char *const keys[] = {
		"number",   "name",      "xen_name", "handler",        "family",
		"header",   "privilege", "since",    "hazard",         "prefix",
		"selector", "summary",   "returns",  "result",         "restart",
		"example",  "args",      "errors",   "sub_operations", "refused_operations",
		"notes",    NULL,
	};
	struct abi_call *call = element;

	if (!reader_is_object(r, value, keys)) {
		return;
	}
	call->name = reader_string(r, value, "name");
	reader_name(r, call->name);
	load_call_words(r, value, call);
	load_selector(r, value, &call->selector);
	load_args(r, value, call);
	load_operations(r, value, call);
	if (json_object_get(value, "refused_operations")) {
		call->refused.list = reader_list(r, value, "refused_operations",
						 sizeof(call->refused.list[0]),
						 &call->refused.count, load_refused_operation);
	}
	load_errors(r, value, &call->errors);
	load_lines(r, value, "example", &call->example);
	if (json_object_get(value, "notes")) {
		load_lines(r, value, "notes", &call->notes);
	}
	check_call_names(r, call);
}

static void load_calls(struct reader *r, struct abi *abi)
{
	abi->calls = reader_list(r, abi->root, "hypercalls", sizeof(abi->calls[0]),
				 &abi->call_count, load_call);
	for (size_t i = 1; i < abi->call_count; i++) {
		size_t length = reader_enter(r, "hypercalls", i);

		reader_name(r, abi->calls[i].name);
		if (abi->calls[i].number <= abi->calls[i - 1].number) {
			reader_problem(r, "number", "must be above that of the call before it");
		}
		reader_leave(r, length);
	}
	abi->refused.list = reader_list(r, abi->root, "refused", sizeof(abi->refused.list[0]),
					&abi->refused.count, load_refused_call);
}

bool abi_load(struct abi *abi, const char *file)
{
	static const char *const keys[] = { "format",    "families",   "hypercalls", "refused",
					    "constants", "structures", NULL };
	struct reader r = { .file = file };
	json_error_t error;

	memset(abi, 0, sizeof(*abi));
	abi->root = json_load_file(file, JSON_REJECT_DUPLICATES, &error);
	if (!abi->root) {
		fprintf(stderr, "%s:%d:%d: %s\n", file, error.line, error.column, error.text);
		return false;
	}
	if (reader_is_object(&r, abi->root, keys)) {
		if (reader_number(&r, abi->root, "format", FORMAT + 1) != FORMAT) {
			reader_problem(&r, "format", "must be %d", FORMAT);
		}
		load_families(&r, abi);
		load_calls(&r, abi);
		load_groups(&r, abi);
		load_structures(&r, abi);
	}
	if (r.problems == 0) {
		check_abi(&r, abi);
	}
	return r.problems == 0;
}

static void free_call(struct abi_call *call)
{
	for (size_t i = 0; i < call->operation_count; i++) {
		free(call->operations[i].errors.list);
		free(call->operations[i].fields.list);
	}
	free(call->operations);
	free(call->refused.list);
	free(call->errors.list);
	free(call->example.list);
	free(call->notes.list);
}

void abi_free(struct abi *abi)
{
	for (size_t i = 0; i < abi->call_count; i++) {
		free_call(&abi->calls[i]);
	}
	for (size_t i = 0; i < abi->group_count; i++) {
		free(abi->groups[i].values);
	}
	for (size_t i = 0; i < abi->structure_count; i++) {
		free(abi->structures[i].fields);
	}
	free(abi->calls);
	free(abi->refused.list);
	free(abi->groups);
	free(abi->structures);
	free(abi->families);
	json_decref(abi->root);
}
