/*
 * The tables by which `parley` names what is in a trace: what they are stands in
 * tools/parley/abi_decode.h. Sizes and values are left to the compiler, which has
 * the headers.
 */
#include "abigen/emit.h"

#include <string.h>

static void emit_group(FILE *out, const struct abi_group *group)
{
	fputs("static const struct abi_name values_", out);
	emit_tag(out, group->prefix);
	fputs("[] = {\n", out);
	for (size_t i = 0; i < group->value_count; i++) {
		fprintf(out, "\t{ \"%s\", (int64_t)%s%s },\n", group->values[i].name, group->prefix,
			group->values[i].name);
	}
	fputs("};\n\n", out);
}

static void emit_groups(FILE *out, const struct abi *abi)
{
	for (size_t i = 0; i < abi->group_count; i++) {
		emit_group(out, &abi->groups[i]);
	}
	fputs("static const struct abi_names groups[] = {\n", out);
	for (size_t i = 0; i < abi->group_count; i++) {
		fprintf(out, "\t{ \"%s\", values_", abi->groups[i].prefix);
		emit_tag(out, abi->groups[i].prefix);
		fprintf(out, ", %zu },\n", abi->groups[i].value_count);
	}
	fputs("};\n\n", out);
}

static void emit_direction(FILE *out, const char *direction)
{
	fprintf(out, ".direction = %s, ",
		abi_is(direction, "in")    ? "ABI_IN" :
		abi_is(direction, "out")   ? "ABI_OUT" :
		abi_is(direction, "inout") ? "ABI_IN | ABI_OUT" :
					     "0");
}

static int group_index(const struct abi *abi, const char *prefix)
{
	for (size_t i = 0; i < abi->group_count; i++) {
		if (abi_is(prefix, abi->groups[i].prefix)) {
			return (int)i;
		}
	}
	return -1;
}

/* A kind's word, and what it refers to. */
static void emit_kind(FILE *out, const struct abi *abi, const struct abi_kind *kind)
{
	int length = kind->of ? (int)(kind->of - kind->text) - 1 : (int)strlen(kind->text);

	fprintf(out, ".kind = ABI_KIND_%.*s, ", length, kind->text);
	if (kind->of && strncmp(kind->text, "struct:", 7) == 0) {
		fprintf(out, ".structure = &structures[%d], ", abi_structure_index(abi, kind->of));
	} else if (kind->of) {
		fprintf(out, ".names = &groups[%d], ", group_index(abi, kind->of));
	}
}

static void emit_field(FILE *out, const struct abi *abi, const struct abi_structure *s,
		       const struct abi_field *field)
{
	fprintf(out, "\t{ \"%s\", .offset = %d, .size = sizeof(%s), .count = %d, ", field->name,
		field->offset, field->type, field->count);
	emit_direction(out, field->direction);
	emit_kind(out, abi, &field->kind);
	fprintf(out, ".when_field = %d, .when_mask = %#x, .when_value = %#x },\n",
		field->when_field ? abi_field_index(s, field->when_field) : -1,
		field->when_mask ? (unsigned int)field->when_mask : 0xffffffffU,
		(unsigned int)field->when_value);
}

static void emit_structures(FILE *out, const struct abi *abi)
{
	fprintf(out, "static const struct abi_structure structures[%zu];\n\n",
		abi->structure_count);
	for (size_t i = 0; i < abi->structure_count; i++) {
		const struct abi_structure *s = &abi->structures[i];

		fprintf(out, "static const struct abi_field fields_%s[] = {\n", s->name);
		for (size_t j = 0; j < s->field_count; j++) {
			emit_field(out, abi, s, &s->fields[j]);
		}
		fputs("};\n\n", out);
	}
	fprintf(out, "static const struct abi_structure structures[%zu] = {\n",
		abi->structure_count);
	for (size_t i = 0; i < abi->structure_count; i++) {
		const struct abi_structure *s = &abi->structures[i];

		fprintf(out, "\t{ \"%s\", sizeof(struct %s), fields_%s, %zu },\n", s->name, s->name,
			s->name, s->field_count);
	}
	fputs("};\n\n", out);
}

static void emit_target(FILE *out, const struct abi *abi, const struct abi_call *call,
			const struct abi_argument *arg)
{
	const struct abi_structure *s = abi_type_structure(abi, arg->target);

	if (!arg->target) {
		fputs(".target = ABI_TARGET_none, ", out);
	} else if (strcmp(arg->target, "operation") == 0) {
		fputs(".target = ABI_TARGET_operation, ", out);
	} else if (s) {
		fprintf(out, ".target = ABI_TARGET_structure, .structure = &structures[%d], ",
			abi_structure_index(abi, s->name));
	} else {
		fprintf(out,
			".target = ABI_TARGET_values, .target_size = sizeof(%s), "
			".target_kind = ABI_KIND_%s, ",
			arg->target, arg->target_kind.text ? arg->target_kind.text : "dec");
	}
	fprintf(out, ".count_arg = %d, .count_per = %d",
		arg->count ? abi_arg_index(call, arg->count) : -1, arg->per);
}

static void emit_args(FILE *out, const struct abi *abi, const struct abi_call *call)
{
	if (call->arg_count == 0) {
		return;
	}
	fprintf(out, "static const struct abi_argument args_%s[] = {\n", call->name);
	for (size_t i = 0; i < call->arg_count; i++) {
		fprintf(out, "\t{ \"%s\", ", call->args[i].name);
		emit_direction(out, call->args[i].direction);
		emit_kind(out, abi, &call->args[i].kind);
		emit_target(out, abi, call, &call->args[i]);
		fputs(" },\n", out);
	}
	fputs("};\n\n", out);
}

static void emit_result(FILE *out, const struct abi_kind *kind)
{
	fprintf(out, ".result = ABI_KIND_%s", kind->text ? kind->text : "dec");
}

static void emit_operation(FILE *out, const struct abi *abi, const struct abi_call *call,
			   const struct abi_operation *op)
{
	const struct abi_structure *s = op->structure ? abi_structure(abi, op->structure) : NULL;
	const struct abi_structure *batch = abi_batch_structure(abi, call);

	fprintf(out, "\t{ %d, \"%s\", ", op->number, op->name);
	if (s) {
		fprintf(out, ".structure = &structures[%d], ", abi_structure_index(abi, s->name));
	}
	emit_direction(out, op->direction);
	fprintf(out, ".fields = %#llxULL, ", abi_fields_used(op, s ? s : batch));
	emit_result(out, &op->result);
	fputs(" },\n", out);
}

/* All operations, the refused ones too: a trace has to name what was tried. */
static void emit_operations(FILE *out, const struct abi *abi, const struct abi_call *call)
{
	if (call->operation_count + call->refused.count == 0) {
		return;
	}
	fprintf(out, "static const struct abi_operation operations_%s[] = {\n", call->name);
	for (size_t i = 0; i < call->operation_count; i++) {
		emit_operation(out, abi, call, &call->operations[i]);
	}
	for (size_t i = 0; i < call->refused.count; i++) {
		fprintf(out, "\t{ %d, \"%s\" },\n", call->refused.list[i].number,
			call->refused.list[i].name);
	}
	fputs("};\n\n", out);
}

static int selector_field(const struct abi *abi, const struct abi_call *call)
{
	const struct abi_structure *batch = abi_batch_structure(abi, call);

	return batch ? abi_field_index(batch, call->selector.field) : -1;
}

static void emit_call(FILE *out, const struct abi *abi, const struct abi_call *call)
{
	size_t operations = call->operation_count + call->refused.count;

	fprintf(out, "\t[%d] = { \"%s\", .family = \"%s\", ", call->number, call->name,
		call->family);
	if (call->arg_count > 0) {
		fprintf(out, ".args = args_%s, .arg_count = %zu, ", call->name, call->arg_count);
	}
	if (operations > 0) {
		fprintf(out,
			".prefix = \"%s\", .operations = operations_%s, .operation_count = %zu, ",
			call->prefix, call->name, operations);
	}
	fprintf(out, ".selector_arg = %d, .selector_field = %d, .selector_mask = %#x, ",
		call->selector.arg ? abi_arg_index(call, call->selector.arg) : -1,
		selector_field(abi, call),
		call->selector.mask ? (unsigned int)call->selector.mask : 0xffffffffU);
	emit_result(out, &call->result);
	fprintf(out, ", .is_served = %d },\n", call->handler != NULL);
}

static void emit_calls(FILE *out, const struct abi *abi)
{
	for (size_t i = 0; i < abi->call_count; i++) {
		emit_args(out, abi, &abi->calls[i]);
		emit_operations(out, abi, &abi->calls[i]);
	}
	fputs("const struct abi_call abi_calls[ABI_CALLS] = {\n", out);
	for (size_t i = 0; i < abi->call_count; i++) {
		emit_call(out, abi, &abi->calls[i]);
	}
	for (size_t i = 0; i < abi->refused.count; i++) {
		fprintf(out, "\t[%d] = { \"%s\", .selector_arg = -1, .selector_field = -1 },\n",
			abi->refused.list[i].number, abi->refused.list[i].name);
	}
	fputs("};\n", out);
}

void emit_decode(FILE *out, const struct abi *abi)
{
	fputs("/* Made by abigen from abi/abi.json. */\n#include \"parley/abi_decode.h\"\n\n"
	      "#include <string.h>\n\n",
	      out);
	emit_includes(out, abi);
	emit_groups(out, abi);
	emit_structures(out, abi);
	emit_calls(out, abi);
	fputs("\nconst struct abi_names *abi_names_find(const char *prefix)\n{\n"
	      "\tfor (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {\n"
	      "\t\tif (strcmp(groups[i].prefix, prefix) == 0) {\n"
	      "\t\t\treturn &groups[i];\n\t\t}\n\t}\n\treturn NULL;\n}\n",
	      out);
	fputs("\nconst struct abi_structure *abi_structure_find(const char *name)\n{\n"
	      "\tfor (size_t i = 0; i < sizeof(structures) / sizeof(structures[0]); i++) {\n"
	      "\t\tif (strcmp(structures[i].name, name) == 0) {\n"
	      "\t\t\treturn &structures[i];\n\t\t}\n\t}\n\treturn NULL;\n}\n",
	      out);
}
