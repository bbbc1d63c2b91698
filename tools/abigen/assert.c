/*
 * Proof that the list is what the headers say: for each structure its size, for
 * each field its place and type; for each number that has a name in Xen's headers
 * that one. Compiled with the tests of the ABI, which have libxen-dev.
 */
#include "abigen/emit.h"

#include <string.h>

static void emit_field(FILE *out, const struct abi_structure *s, const struct abi_field *field)
{
	fprintf(out, "_Static_assert(offsetof(struct %s, %s) == %d, \"%s.%s\");\n", s->name,
		field->name, field->offset, s->name, field->name);
	if (!field->is_array) {
		fprintf(out, "_Static_assert(SAME_TYPE(struct %s, %s, %s), \"%s.%s\");\n", s->name,
			field->name, field->type, s->name, field->name);
	} else if (field->count > 0) {
		fprintf(out, "_Static_assert(SAME_TYPE(struct %s, %s, %s[%d]), \"%s.%s\");\n",
			s->name, field->name, field->type, field->count, s->name, field->name);
	}
}

static void emit_structure(FILE *out, const struct abi_structure *s)
{
	fprintf(out, "_Static_assert(sizeof(struct %s) == %d, \"%s\");\n", s->name, s->size,
		s->name);
	for (size_t i = 0; i < s->field_count; i++) {
		emit_field(out, s, &s->fields[i]);
	}
}

static void emit_same(FILE *out, const char *prefix, const char *name, const char *xen_prefix,
		      const char *xen_name)
{
	fprintf(out, "_Static_assert((uint64_t)(%s%s) == (uint64_t)(%s%s), \"%s%s\");\n", prefix,
		name, xen_prefix, xen_name, prefix, name);
}

static void emit_call(FILE *out, const struct abi_call *call)
{
	if (call->xen_name) {
		emit_same(out, "PV_HYPERCALL_", call->name, "", call->xen_name);
	}
	for (size_t i = 0; i < call->operation_count; i++) {
		if (call->operations[i].xen_name) {
			emit_same(out, call->prefix, call->operations[i].name, "",
				  call->operations[i].xen_name);
		}
	}
	for (size_t i = 0; i < call->refused.count; i++) {
		if (call->refused.list[i].xen_name) {
			emit_same(out, call->prefix, call->refused.list[i].name, "",
				  call->refused.list[i].xen_name);
		}
	}
	for (size_t i = 0; i < call->errors.count; i++) {
		fprintf(out, "_Static_assert(%s > 0, \"%s\");\n", call->errors.list[i].number,
			call->name);
	}
	for (size_t i = 0; i < call->operation_count; i++) {
		for (size_t j = 0; j < call->operations[i].errors.count; j++) {
			fprintf(out, "_Static_assert(%s > 0, \"%s\");\n",
				call->operations[i].errors.list[j].number, call->name);
		}
	}
}

static void emit_group(FILE *out, const struct abi_group *group)
{
	for (size_t i = 0; group->xen_prefix && i < group->value_count; i++) {
		if (!group->values[i].is_own) {
			emit_same(out, group->prefix, group->values[i].name, group->xen_prefix,
				  group->values[i].name);
		}
	}
}

void emit_assertions(FILE *out, const struct abi *abi)
{
	fputs("/* Made by abigen from abi/abi.json. */\n#include <stddef.h>\n#include <stdint.h>\n\n",
	      out);
	emit_includes(out, abi);
	fputs("#include \"tests/abi/xen_headers.h\"\n\n"
	      "#define SAME_TYPE(structure, field, type) \\\n"
	      "\t__builtin_types_compatible_p(__typeof__(((structure *)0)->field), type)\n\n",
	      out);
	for (size_t i = 0; i < abi->structure_count; i++) {
		emit_structure(out, &abi->structures[i]);
	}
	for (size_t i = 0; i < abi->call_count; i++) {
		emit_call(out, &abi->calls[i]);
	}
	for (size_t i = 0; i < abi->refused.count; i++) {
		if (abi->refused.list[i].xen_name) {
			emit_same(out, "PV_HYPERCALL_", abi->refused.list[i].name, "",
				  abi->refused.list[i].xen_name);
		}
	}
	for (size_t i = 0; i < abi->group_count; i++) {
		emit_group(out, &abi->groups[i]);
	}
}
