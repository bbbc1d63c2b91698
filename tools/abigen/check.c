/*
 * What in the list must fit together: names that refer to something, fields that
 * lie in their structure, numbers that are there once. And looking things up.
 */
#include "abigen/loaders.h"

#include <stdio.h>
#include <string.h>

bool abi_is(const char *word, const char *other)
{
	return word && other && strcmp(word, other) == 0;
}

const char *abi_name(const struct abi *abi, int number)
{
	for (size_t i = 0; i < abi->call_count; i++) {
		if (abi->calls[i].number == number) {
			return abi->calls[i].name;
		}
	}
	for (size_t i = 0; i < abi->refused.count; i++) {
		if (abi->refused.list[i].number == number) {
			return abi->refused.list[i].name;
		}
	}
	return NULL;
}

int abi_structure_index(const struct abi *abi, const char *name)
{
	for (size_t i = 0; i < abi->structure_count; i++) {
		if (abi_is(name, abi->structures[i].name)) {
			return (int)i;
		}
	}
	return -1;
}

const struct abi_structure *abi_structure(const struct abi *abi, const char *name)
{
	int i = abi_structure_index(abi, name);

	return i < 0 ? NULL : &abi->structures[i];
}

const struct abi_structure *abi_type_structure(const struct abi *abi, const char *type)
{
	static const char word[] = "struct ";

	return type && strncmp(type, word, sizeof(word) - 1) == 0 ?
		       abi_structure(abi, type + sizeof(word) - 1) :
		       NULL;
}

const struct abi_group *abi_group(const struct abi *abi, const char *prefix)
{
	for (size_t i = 0; i < abi->group_count; i++) {
		if (abi_is(prefix, abi->groups[i].prefix)) {
			return &abi->groups[i];
		}
	}
	return NULL;
}

int abi_arg_index(const struct abi_call *call, const char *name)
{
	for (size_t i = 0; i < call->arg_count; i++) {
		if (abi_is(name, call->args[i].name)) {
			return (int)i;
		}
	}
	return -1;
}

int abi_field_index(const struct abi_structure *s, const char *name)
{
	for (size_t i = 0; i < s->field_count; i++) {
		if (abi_is(name, s->fields[i].name)) {
			return (int)i;
		}
	}
	return -1;
}

const struct abi_structure *abi_batch_structure(const struct abi *abi, const struct abi_call *call)
{
	int arg = abi_arg_index(call, call->selector.arg);

	return call->selector.field && arg >= 0 ? abi_type_structure(abi, call->args[arg].target) :
						  NULL;
}

bool abi_uses_field(const struct abi_operation *op, const char *field)
{
	if (!op->has_fields) {
		return true;
	}
	for (size_t i = 0; i < op->fields.count; i++) {
		if (abi_is(op->fields.list[i], field)) {
			return true;
		}
	}
	return false;
}

unsigned long long abi_fields_used(const struct abi_operation *op, const struct abi_structure *s)
{
	unsigned long long bits = 0;

	for (size_t i = 0; s && i < s->field_count && i < 64; i++) {
		if (abi_uses_field(op, s->fields[i].name)) {
			bits |= 1ULL << i;
		}
	}
	return bits;
}

/* ---- checks ---- */

static size_t enter(struct reader *r, const char *what, const char *name)
{
	size_t length = strlen(r->place);

	snprintf(r->place + length, sizeof(r->place) - length, "%s%s %s", length ? ", " : "", what,
		 name);
	return length;
}

static void check_kind(struct reader *r, const struct abi *abi, const char *key,
		       const struct abi_kind *kind)
{
	bool is_structure = kind->of && strncmp(kind->text, "struct:", 7) == 0;

	if (kind->of && !(is_structure ? abi_structure(abi, kind->of) != NULL :
					 abi_group(abi, kind->of) != NULL)) {
		reader_problem(r, key, "there are no %s %s",
			       is_structure ? "fields of" : "constants", kind->of);
	}
}

static void check_target(struct reader *r, const struct abi *abi, const struct abi_argument *arg)
{
	bool is_structure = arg->target && strncmp(arg->target, "struct ", 7) == 0;

	if (is_structure && !abi_type_structure(abi, arg->target)) {
		reader_problem(r, "target", "there is no description of %s", arg->target);
	}
}

static void check_args(struct reader *r, const struct abi *abi, const struct abi_call *call)
{
	for (size_t i = 0; i < call->arg_count; i++) {
		const struct abi_argument *arg = &call->args[i];
		size_t length = enter(r, "argument", arg->name);

		check_kind(r, abi, "kind", &arg->kind);
		check_kind(r, abi, "target_kind", &arg->target_kind);
		check_target(r, abi, arg);
		if (arg->count && abi_arg_index(call, arg->count) < 0) {
			reader_problem(r, "count", "there is no argument %s", arg->count);
		}
		if (arg->per < 1) {
			reader_problem(r, "per", "must be at least 1");
		}
		reader_leave(r, length);
	}
}

static void check_operation(struct reader *r, const struct abi *abi, const struct abi_call *call,
			    const struct abi_operation *op)
{
	const struct abi_structure *s = op->structure ? abi_structure(abi, op->structure) :
							abi_batch_structure(abi, call);

	if (op->structure && !s) {
		reader_problem(r, "struct", "there is no description of struct %s", op->structure);
	}
	for (size_t i = 0; i < op->fields.count; i++) {
		if (!s || abi_field_index(s, op->fields.list[i]) < 0) {
			reader_problem(r, "fields", "there is no field %s", op->fields.list[i]);
		}
	}
	for (size_t i = 0; i < call->refused.count; i++) {
		if (call->refused.list[i].number == op->number) {
			reader_problem(r, "number", "%d is among the refused ones, too",
				       op->number);
		}
	}
	check_kind(r, abi, "result", &op->result);
}

static void check_selector(struct reader *r, const struct abi *abi, const struct abi_call *call)
{
	const struct abi_structure *s = abi_batch_structure(abi, call);

	if (call->selector.arg && abi_arg_index(call, call->selector.arg) < 0) {
		reader_problem(r, "selector", "there is no argument %s", call->selector.arg);
	} else if (call->selector.field && (!s || abi_field_index(s, call->selector.field) < 0)) {
		reader_problem(r, "selector", "there is no field %s", call->selector.field);
	}
}

static bool is_family(const struct abi *abi, const char *name)
{
	for (size_t i = 0; i < abi->family_count; i++) {
		if (abi_is(name, abi->families[i].name)) {
			return true;
		}
	}
	return false;
}

static void check_call(struct reader *r, const struct abi *abi, const struct abi_call *call)
{
	if (!is_family(abi, call->family)) {
		reader_problem(r, "family", "there is no family %s", call->family);
	}
	check_kind(r, abi, "result", &call->result);
	check_args(r, abi, call);
	check_selector(r, abi, call);
	for (size_t i = 0; i < call->operation_count; i++) {
		size_t length = enter(r, "operation", call->operations[i].name);

		check_operation(r, abi, call, &call->operations[i]);
		reader_leave(r, length);
	}
}

static void check_structure(struct reader *r, const struct abi *abi, const struct abi_structure *s)
{
	for (size_t i = 0; i < s->field_count; i++) {
		const struct abi_field *field = &s->fields[i];
		size_t length = enter(r, "field", field->name);

		check_kind(r, abi, "kind", &field->kind);
		if (field->offset > s->size || (field->offset == s->size && field->count > 0)) {
			reader_problem(r, "offset", "%d is not within %d bytes", field->offset,
				       s->size);
		}
		if (field->when_field && abi_field_index(s, field->when_field) < 0) {
			reader_problem(r, "when", "there is no field %s", field->when_field);
		}
		if ((size_t)abi_field_index(s, field->name) != i) {
			reader_problem(r, "name", "is there already");
		}
		reader_leave(r, length);
	}
}

static void check_refused(struct reader *r, const struct abi *abi)
{
	for (size_t i = 0; i < abi->refused.count; i++) {
		const struct abi_refusal *refusal = &abi->refused.list[i];

		if (!abi_is(abi_name(abi, refusal->number), refusal->name)) {
			reader_problem(r, "refused", "%d is %s already", refusal->number,
				       abi_name(abi, refusal->number));
		}
	}
}

void check_abi(struct reader *r, const struct abi *abi)
{
	for (size_t i = 0; i < abi->call_count; i++) {
		size_t length = enter(r, "call", abi->calls[i].name);

		check_call(r, abi, &abi->calls[i]);
		reader_leave(r, length);
	}
	for (size_t i = 0; i < abi->structure_count; i++) {
		size_t length = enter(r, "struct", abi->structures[i].name);

		if (abi_structure_index(abi, abi->structures[i].name) != (int)i) {
			reader_problem(r, "name", "is there already");
		}
		check_structure(r, abi, &abi->structures[i]);
		reader_leave(r, length);
	}
	for (size_t i = 0; i < abi->group_count; i++) {
		if (abi_group(abi, abi->groups[i].prefix) != &abi->groups[i]) {
			reader_problem(r, "constants", "%s is there already",
				       abi->groups[i].prefix);
		}
	}
	check_refused(r, abi);
}
