/*
 * The tables of the sweep with edge values: what they are stands in
 * tests/edges/edges.h.
 */
#include "abigen/emit.h"

#include <string.h>

static void emit_group(FILE *out, const struct abi_group *group)
{
	fputs("static const __attribute__((unused)) int64_t values_", out);
	emit_tag(out, group->prefix);
	fputs("[] = {\n", out);
	for (size_t i = 0; i < group->value_count; i++) {
		fprintf(out, "\t(int64_t)%s%s,\n", group->prefix, group->values[i].name);
	}
	fputs("};\n\n", out);
}

static const char *direction_text(const char *direction)
{
	return abi_is(direction, "in")    ? "EDGE_IN" :
	       abi_is(direction, "out")   ? "EDGE_OUT" :
	       abi_is(direction, "inout") ? "EDGE_IN | EDGE_OUT" :
					    "0";
}

static void emit_number(FILE *out, const struct abi *abi, const char *name, const char *type,
			const char *direction, const struct abi_kind *kind, const char *limit)
{
	const struct abi_group *group = kind->of ? abi_group(abi, kind->of) : NULL;
	int length = kind->of ? (int)(kind->of - kind->text) - 1 : (int)strlen(kind->text);

	fprintf(out, "{ \"%s\", EDGE_KIND_%.*s, %s, sizeof(%s) > 8 ? 8 : sizeof(%s), %s, ", name,
		length, kind->text, direction_text(direction), type, type, limit ? limit : "0");
	if (group) {
		fputs("values_", out);
		emit_tag(out, group->prefix);
		fprintf(out, ", %zu }", group->value_count);
	} else {
		fputs("NULL, 0 }", out);
	}
}

static void emit_structure(FILE *out, const struct abi *abi, const struct abi_structure *s)
{
	fprintf(out, "static const struct edge_field fields_%s[] = {\n", s->name);
	for (size_t i = 0; i < s->field_count; i++) {
		const struct abi_field *field = &s->fields[i];

		fputs("\t{ ", out);
		emit_number(out, abi, field->name, field->type, field->direction, &field->kind,
			    field->limit);
		fprintf(out, ", %d, %d * sizeof(%s) },\n", field->offset, field->count,
			field->type);
	}
	fprintf(out,
		"};\n\nstatic const __attribute__((unused)) struct edge_structure structure_%s = {\n\t\"%s\", sizeof(struct "
		"%s), fields_%s, %zu,\n};\n\n",
		s->name, s->name, s->name, s->name, s->field_count);
}

static void emit_args(FILE *out, const struct abi *abi, const struct abi_call *call)
{
	if (call->arg_count == 0) {
		return;
	}
	fprintf(out, "static const struct edge_argument args_%s[] = {\n", call->name);
	for (size_t i = 0; i < call->arg_count; i++) {
		const struct abi_argument *arg = &call->args[i];
		const struct abi_structure *s = abi_type_structure(abi, arg->target);
		bool is_operation = abi_is("operation", arg->target);

		fputs("\t{ ", out);
		emit_number(out, abi, arg->name, arg->type, arg->direction, &arg->kind, arg->limit);
		fprintf(out, ", %s, %d, ",
			!arg->target ? "EDGE_NOTHING" :
			is_operation ? "EDGE_OPERATION" :
			s            ? "EDGE_STRUCTURE" :
				       "EDGE_VALUES",
			arg->count ? abi_arg_index(call, arg->count) : -1);
		if (arg->target && !is_operation) {
			fprintf(out, "sizeof(%s), ", arg->target);
		} else {
			fputs("0, ", out);
		}
		fprintf(out, "%s%s },\n", s ? "&structure_" : "NULL", s ? s->name : "");
	}
	fputs("};\n\n", out);
}

static void emit_errors(FILE *out, const struct abi_call *call, const char *op,
			const struct abi_errors *errors)
{
	fprintf(out, "static const uint8_t errors_%s_%s[] = { 0", call->name, op);
	for (size_t i = 0; i < errors->count; i++) {
		fprintf(out, ", %s", errors->list[i].number);
	}
	fputs(" };\n", out);
}

static void emit_operation(FILE *out, const struct abi *abi, const struct abi_call *call,
			   const struct abi_operation *op)
{
	const struct abi_structure *s = op->structure ? abi_structure(abi, op->structure) :
							abi_batch_structure(abi, call);
	bool has_own = op->structure != NULL;

	fprintf(out, "\t{ %d, \"%s\", %s%s, ", op->number, op->name,
		has_own ? "&structure_" : "NULL", has_own ? op->structure : "");
	if (op->type) {
		fprintf(out, "sizeof(%s), ", op->type);
	} else {
		fputs("0, ", out);
	}
	fprintf(out, "%s, EDGE_%s, ", direction_text(op->direction),
		op->hazard ? op->hazard : "SAFE");
	/* Its own selector's field is always looked at. */
	fprintf(out, "%#llxULL, errors_%s_%s, %zu },\n", abi_fields_used(op, s), call->name,
		op->name, op->errors.count + 1);
}

static void emit_operations(FILE *out, const struct abi *abi, const struct abi_call *call)
{
	emit_errors(out, call, "", &call->errors);
	if (call->operation_count == 0) {
		return;
	}
	for (size_t i = 0; i < call->operation_count; i++) {
		emit_errors(out, call, call->operations[i].name, &call->operations[i].errors);
	}
	fprintf(out, "\nstatic const struct edge_operation operations_%s[] = {\n", call->name);
	for (size_t i = 0; i < call->operation_count; i++) {
		emit_operation(out, abi, call, &call->operations[i]);
	}
	fputs("};\n\n", out);
}

/* A value as large as any can look like an error. */
static bool any_result(const struct abi_call *call)
{
	return abi_is("hex", call->result.text);
}

static void emit_call(FILE *out, const struct abi *abi, const struct abi_call *call)
{
	const struct abi_structure *batch = abi_batch_structure(abi, call);

	fprintf(out, "\t{ %d, \"%s\", EDGE_%s, %d, %d, ", call->number, call->name,
		call->hazard ? call->hazard : "SAFE", call->handler != NULL, any_result(call));
	fprintf(out, "%s%s, %zu, ", call->arg_count ? "args_" : "NULL",
		call->arg_count ? call->name : "", call->arg_count);
	fprintf(out, "%s%s, %zu, ", call->operation_count ? "operations_" : "NULL",
		call->operation_count ? call->name : "", call->operation_count);
	fprintf(out, "%d, %d, %#x, errors_%s_, %zu },\n",
		call->operation_count ? abi_arg_index(call, call->selector.arg) : -1,
		batch ? abi_field_index(batch, call->selector.field) : -1,
		call->selector.mask ? (unsigned int)call->selector.mask : 0xffffffffU, call->name,
		call->errors.count + 1);
}

void emit_edges(FILE *out, const struct abi *abi)
{
	fputs("/* Made by abigen from abi/abi.json. */\n#include \"edges.h\"\n\n", out);
	emit_includes(out, abi);
	for (size_t i = 0; i < abi->group_count; i++) {
		emit_group(out, &abi->groups[i]);
	}
	for (size_t i = 0; i < abi->structure_count; i++) {
		emit_structure(out, abi, &abi->structures[i]);
	}
	for (size_t i = 0; i < abi->call_count; i++) {
		emit_args(out, abi, &abi->calls[i]);
		emit_operations(out, abi, &abi->calls[i]);
	}
	fputs("const struct edge_call edge_calls[] = {\n", out);
	for (size_t i = 0; i < abi->call_count; i++) {
		emit_call(out, abi, &abi->calls[i]);
	}
	fprintf(out, "};\n\nconst uint32_t edge_call_count = %zu;\n", abi->call_count);
}
