/*
 * From abi.json to struct abi, with every rule that the file must obey: known
 * keys only, names that follow the naming rule, no number or name twice, calls
 * in ascending order, errors that our errno.h could have.
 *
 * That the numbers are right is not checked here but by the compiler: the
 * dispatch table asserts each against the headers (dispatch.c).
 */
#include "abigen/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abigen/reader.h"

#define FORMAT     1
#define NUMBER_MAX 65536

static const char *const directions[] = { "in", "out", "inout", "none", NULL };
static const char *const privileges[] = { "any", "control", "debug", NULL };

/* True if `whole` is `prefix` followed by `rest`. */
static bool is_composed(const char *whole, const char *prefix, const char *rest)
{
	size_t length = strlen(prefix);

	return strncmp(whole, prefix, length) == 0 && strcmp(whole + length, rest) == 0;
}

static void load_errors(struct reader *r, json_t *object, struct abi_errors *errors)
{
	static const char *const keys[] = { "errno", "when", NULL };
	json_t *array = reader_array(r, object, "errors");
	json_t *value;
	size_t i;

	errors->list = reader_allocate(json_array_size(array), sizeof(errors->list[0]));
	json_array_foreach(array, i, value) {
		struct abi_error *error = &errors->list[i];
		size_t length = reader_enter(r, "errors", i);

		errors->count = i + 1;
		if (reader_is_object(r, value, keys)) {
			error->number = reader_string(r, value, "errno");
			error->when = reader_string(r, value, "when");
			if (error->number && strncmp(error->number, "PV_E", 4) != 0) {
				reader_problem(r, "errno", "must be a name of errno.h, PV_E...");
			}
		}
		reader_leave(r, length);
	}
}

static void load_args(struct reader *r, json_t *object, struct abi_call *call)
{
	static const char *const keys[] = { "name", "type", "direction", "doc", NULL };
	json_t *array = reader_array(r, object, "args");
	json_t *value;
	size_t i;

	if (json_array_size(array) > ABI_ARGS_MAX) {
		reader_problem(r, "args", "more than %d", ABI_ARGS_MAX);
		return;
	}
	json_array_foreach(array, i, value) {
		struct abi_argument *arg = &call->args[i];
		size_t length = reader_enter(r, "args", i);

		if (reader_is_object(r, value, keys)) {
			arg->name = reader_string(r, value, "name");
			arg->type = reader_string(r, value, "type");
			arg->direction = reader_word(r, value, "direction", directions);
			arg->doc = reader_string(r, value, "doc");
		}
		reader_leave(r, length);
	}
	call->arg_count = i;
}

static void load_operation(struct reader *r, json_t *value, struct abi_operation *op)
{
	static const char *const keys[] = { "number",  "name",    "xen_name", "struct", "direction",
					    "summary", "returns", "errors",   NULL };

	if (!reader_is_object(r, value, keys)) {
		return;
	}
	op->number = reader_number(r, value, "number", NUMBER_MAX);
	op->name = reader_string(r, value, "name");
	op->xen_name = reader_string_optional(r, value, "xen_name");
	op->structure = reader_string_optional(r, value, "struct");
	op->direction = reader_word(r, value, "direction", directions);
	op->summary = reader_string(r, value, "summary");
	op->returns = reader_string_optional(r, value, "returns");
	load_errors(r, value, &op->errors);
	if (op->name && strncmp(op->name, "PV_", 3) != 0) {
		reader_problem(r, "name", "must be a name of our headers, PV_...");
	}
	if (op->structure && strncmp(op->structure, "pv_", 3) != 0) {
		reader_problem(r, "struct", "must be a structure of our headers, pv_...");
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
	json_t *array = reader_array(r, object, "sub_operations");
	json_t *value;
	size_t i;

	call->operations = reader_allocate(json_array_size(array), sizeof(call->operations[0]));
	json_array_foreach(array, i, value) {
		size_t length = reader_enter(r, "sub_operations", i);

		load_operation(r, value, &call->operations[i]);
		call->operation_count = i + 1;
		check_operation_is_new(r, call, i);
		reader_leave(r, length);
	}
}

static void load_lines(struct reader *r, json_t *object, const char *key, struct abi_lines *lines)
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

static void check_call_names(struct reader *r, const struct abi_call *call)
{
	if (!call->name) {
		return;
	}
	if (call->handler && !is_composed(call->handler, "hypercall_", call->name)) {
		reader_problem(r, "handler", "must be hypercall_%s", call->name);
	}
}

static void load_call(struct reader *r, json_t *value, struct abi_call *call)
{
	static const char *const keys[] = { "number",    "name",    "xen_name", "handler",
					    "privilege", "since",   "summary",  "returns",
					    "restart",   "example", "args",     "sub_operations",
					    "errors",    "notes",   NULL };
	size_t length = strlen(r->place);

	if (!reader_is_object(r, value, keys)) {
		return;
	}
	call->name = reader_string(r, value, "name");
	if (call->name) {
		snprintf(r->place + length, sizeof(r->place) - length, " (%s)", call->name);
	}
	call->number = reader_number(r, value, "number", ABI_CALL_MAX);
	call->xen_name = reader_string_optional(r, value, "xen_name");
	call->handler = reader_string(r, value, "handler");
	call->privilege = reader_word(r, value, "privilege", privileges);
	call->since = reader_string(r, value, "since");
	call->summary = reader_string(r, value, "summary");
	call->returns = reader_string(r, value, "returns");
	call->restart = reader_string_optional(r, value, "restart");
	load_args(r, value, call);
	load_operations(r, value, call);
	load_errors(r, value, &call->errors);
	load_lines(r, value, "example", &call->example);
	if (json_object_get(value, "notes")) {
		load_lines(r, value, "notes", &call->notes);
	}
	check_call_names(r, call);
}

const char *abi_name(const struct abi *abi, int number)
{
	for (size_t i = 0; i < abi->call_count; i++) {
		if (abi->calls[i].number == number) {
			return abi->calls[i].name;
		}
	}
	for (size_t i = 0; i < abi->refusal_count; i++) {
		if (abi->refusals[i].number == number) {
			return abi->refusals[i].name;
		}
	}
	return NULL;
}

static void load_calls(struct reader *r, struct abi *abi)
{
	json_t *array = reader_array(r, abi->root, "hypercalls");
	json_t *value;
	size_t i;

	abi->calls = reader_allocate(json_array_size(array), sizeof(abi->calls[0]));
	json_array_foreach(array, i, value) {
		size_t length = reader_enter(r, "hypercalls", i);

		load_call(r, value, &abi->calls[i]);
		abi->call_count = i + 1;
		if (i > 0 && abi->calls[i].number <= abi->calls[i - 1].number) {
			reader_problem(r, "number", "must be above that of the call before it");
		}
		reader_leave(r, length);
	}
}

static void load_refusals(struct reader *r, struct abi *abi)
{
	static const char *const keys[] = { "number", "name", "xen_name", "reason", NULL };
	json_t *array = reader_array(r, abi->root, "refused");
	json_t *value;
	size_t i;

	abi->refusals = reader_allocate(json_array_size(array), sizeof(abi->refusals[0]));
	json_array_foreach(array, i, value) {
		struct abi_refusal *refusal = &abi->refusals[i];
		size_t length = reader_enter(r, "refused", i);

		if (reader_is_object(r, value, keys)) {
			refusal->number = reader_number(r, value, "number", ABI_CALL_MAX);
			refusal->name = reader_string(r, value, "name");
			refusal->xen_name = reader_string_optional(r, value, "xen_name");
			refusal->reason = reader_string(r, value, "reason");
			if (abi_name(abi, refusal->number)) {
				reader_problem(r, "number", "%d is %s already", refusal->number,
					       abi_name(abi, refusal->number));
			}
		}
		abi->refusal_count = i + 1;
		reader_leave(r, length);
	}
}

bool abi_load(struct abi *abi, const char *file)
{
	static const char *const keys[] = { "format", "hypercalls", "refused", NULL };
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
		load_calls(&r, abi);
		load_refusals(&r, abi);
	}
	return r.problems == 0;
}

void abi_free(struct abi *abi)
{
	for (size_t i = 0; i < abi->call_count; i++) {
		struct abi_call *call = &abi->calls[i];

		for (size_t j = 0; j < call->operation_count; j++) {
			free(call->operations[j].errors.list);
		}
		free(call->operations);
		free(call->errors.list);
		free(call->example.list);
		free(call->notes.list);
	}
	free(abi->calls);
	free(abi->refusals);
	json_decref(abi->root);
}
