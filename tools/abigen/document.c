/*
 * The contract as Markdown, for docs/abi: a table of all calls, and for each family
 * of calls a section a call with its arguments, operations, errors and an example,
 * then the structures and constants that they use.
 */
#include "abigen/emit.h"

#include <string.h>

static const char *const registers[ABI_ARGS_MAX] = { "RDI", "RSI", "RDX", "R10", "R8", "R9" };

/* Text in a cell of a table: a bar would end the cell. */
static void emit_cell(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '|') {
			fputc('\\', out);
		}
		fputc(*text, out);
	}
}

static const char *privilege_text(const struct abi_call *call)
{
	if (strcmp(call->privilege, "any") == 0) {
		return "any guest";
	}
	if (!call->handler) {
		return "nobody yet: it is described, and not served";
	}
	if (strcmp(call->privilege, "control") == 0) {
		return "a domain with the right of control";
	}
	return "any guest, in a debug build of the hypervisor only";
}

void emit_table(FILE *out, const struct abi *abi)
{
	fputs("| Number | Call | Operations | What it does |\n| ---: | --- | ---: | --- |\n", out);
	for (size_t i = 0; i < abi->call_count; i++) {
		const struct abi_call *call = &abi->calls[i];

		fprintf(out, "| %d | [%s](%s.md#%d-%s) | ", call->number, call->name, call->family,
			call->number, call->name);
		if (call->operation_count > 0) {
			fprintf(out, "%zu", call->operation_count);
		}
		fputs(" | ", out);
		emit_cell(out, call->summary);
		fputs(" |\n", out);
	}
	fputc('\n', out);
}

static void emit_signature(FILE *out, const struct abi_call *call)
{
	fprintf(out, "```c\nlong %s(", call->name);
	for (size_t i = 0; i < call->arg_count; i++) {
		const char *type = call->args[i].type;
		bool is_pointer = type[strlen(type) - 1] == '*';

		fprintf(out, "%s%s%s%s", i ? ", " : "", type, is_pointer ? "" : " ",
			call->args[i].name);
	}
	fprintf(out, "%s);\n```\n\n", call->arg_count ? "" : "void");
}

static void emit_arguments(FILE *out, const struct abi_call *call)
{
	if (call->arg_count == 0) {
		return;
	}
	fputs("| Register | Argument | Direction | Meaning |\n| --- | --- | --- | --- |\n", out);
	for (size_t i = 0; i < call->arg_count; i++) {
		fprintf(out, "| %s | `%s` | %s | ", registers[i], call->args[i].name,
			call->args[i].direction);
		emit_cell(out, call->args[i].doc);
		if (call->args[i].limit) {
			fprintf(out, "; at most %s", call->args[i].limit);
		}
		fputs(" |\n", out);
	}
	fputc('\n', out);
}

static void emit_errors(FILE *out, const struct abi_errors *errors)
{
	if (errors->count == 0) {
		fputs("Errors: none.\n\n", out);
		return;
	}
	fputs("| Error | When |\n| --- | --- |\n", out);
	for (size_t i = 0; i < errors->count; i++) {
		fprintf(out, "| `%s` | ", errors->list[i].number);
		emit_cell(out, errors->list[i].when);
		fputs(" |\n", out);
	}
	fputc('\n', out);
}

static void emit_operation_errors(FILE *out, const struct abi_errors *errors)
{
	for (size_t i = 0; i < errors->count; i++) {
		fprintf(out, "%s`%s` ", i ? "; " : "", errors->list[i].number);
		emit_cell(out, errors->list[i].when);
	}
}

/* A sentence of its own in a cell, if there is something to say. */
static void emit_sentence(FILE *out, const char *begin, const char *text)
{
	if (text) {
		fprintf(out, " %s ", begin);
		emit_cell(out, text);
		fputc('.', out);
	}
}

static void emit_operation_takes(FILE *out, const struct abi_operation *op)
{
	if (op->structure) {
		fprintf(out, "[`struct %s`](#struct-%s) (%s)", op->structure, op->structure,
			op->direction);
	} else if (op->type) {
		fprintf(out, "`%s` (%s)", op->type, op->direction);
	}
	for (size_t i = 0; i < op->fields.count; i++) {
		fprintf(out, "%s`%s`", i ? ", " : "", op->fields.list[i]);
	}
}

static void emit_operations(FILE *out, const struct abi_call *call)
{
	if (call->operation_count == 0) {
		return;
	}
	fprintf(out,
		"| Number | `%s...` | Takes | What it does | Errors of its own |\n"
		"| ---: | --- | --- | --- | --- |\n",
		call->prefix);
	for (size_t i = 0; i < call->operation_count; i++) {
		const struct abi_operation *op = &call->operations[i];

		fprintf(out, "| %d | `%s` | ", op->number, op->name);
		emit_operation_takes(out, op);
		fputs(" | ", out);
		emit_cell(out, op->summary);
		emit_sentence(out, "Returns", op->returns);
		emit_sentence(out, "Long work:", op->restart);
		emit_sentence(out, "Since version", op->since);
		fputs(" | ", out);
		emit_operation_errors(out, &op->errors);
		fputs(" |\n", out);
	}
	fputc('\n', out);
}

/* Operations that have a name, and the reasons why they have no more. */
static void emit_refused_operations(FILE *out, const struct abi_call *call)
{
	if (call->refused.count == 0) {
		return;
	}
	fputs("Not offered, `-PV_ENOSYS`: ", out);
	for (size_t i = 0; i < call->refused.count; i++) {
		const struct abi_refusal *no = &call->refused.list[i];
		bool is_same = i + 1 < call->refused.count &&
			       strcmp(no->reason, call->refused.list[i + 1].reason) == 0;

		fprintf(out, "`%s` (%d)", no->name, no->number);
		if (!is_same) {
			fprintf(out, ": %s", no->reason);
		}
		fputs(i + 1 == call->refused.count ? ".\n\n" : is_same ? ", " : "; ", out);
	}
}

static void emit_call(FILE *out, const struct abi_call *call)
{
	fprintf(out, "### %d %s\n\n%s\n\n", call->number, call->name, call->summary);
	emit_signature(out, call);
	emit_arguments(out, call);
	fprintf(out, "Returns %s. ", call->returns);
	if (call->xen_name) {
		fprintf(out, "In Xen's headers: `%s`. ", call->xen_name);
	} else {
		fputs("Parley's own: ask for the feature `PV_FEATURE_parley` first. ", out);
	}
	fprintf(out, "Who may call: %s. Since version %s.\n\n", privilege_text(call), call->since);
	if (call->restart) {
		fprintf(out, "Long work: %s.\n\n", call->restart);
	}
	emit_operations(out, call);
	emit_refused_operations(out, call);
	for (size_t i = 0; i < call->notes.count; i++) {
		fprintf(out, "- %s\n%s", call->notes.list[i],
			i + 1 == call->notes.count ? "\n" : "");
	}
	emit_errors(out, &call->errors);
	fputs("```c\n", out);
	for (size_t i = 0; i < call->example.count; i++) {
		fprintf(out, "%s\n", call->example.list[i]);
	}
	fputs("```\n\n", out);
}

/* ---- structures and constants ---- */

static void emit_field(FILE *out, const struct abi_structure *s, const struct abi_field *field)
{
	fprintf(out, "| %d | `%s%s", field->offset, field->type,
		field->type[strlen(field->type) - 1] == '*' ? "" : " ");
	fprintf(out, "%s", field->name);
	if (field->is_array && field->count > 0) {
		fprintf(out, "[%d]", field->count);
	} else if (field->is_array) {
		fputs("[]", out);
	}
	fprintf(out, "` | %s | ", field->direction ? field->direction : "");
	if (abi_is("pad", field->kind.text)) {
		fputs("nothing, 0", out);
	} else if (field->doc) {
		emit_cell(out, field->doc);
	} else {
		emit_cell(out, field->kind.text);
	}
	if (field->limit) {
		fprintf(out, "; at most %s", field->limit);
	}
	if (field->when_field && field->when_mask) {
		fprintf(out, "; if `%s & %#x` is %#x", field->when_field,
			(unsigned int)field->when_mask, (unsigned int)field->when_value);
	} else if (field->when_field) {
		fprintf(out, "; if `%s` is %d", field->when_field, field->when_value);
	}
	fputs(" |\n", out);
}

static void emit_structure(FILE *out, const struct abi_structure *s)
{
	fprintf(out, "#### struct %s\n\n%d bytes", s->name, s->size);
	if (s->xen_name) {
		fprintf(out, "; in Xen's headers: `struct %s`", s->xen_name);
	}
	fprintf(out,
		". In [`%s`](../../abi/parley/%s).\n\n"
		"| Offset | Field | Direction | Meaning |\n| ---: | --- | --- | --- |\n",
		s->header, s->header);
	for (size_t i = 0; i < s->field_count; i++) {
		emit_field(out, s, &s->fields[i]);
	}
	fputc('\n', out);
}

static void emit_group(FILE *out, const struct abi_group *group)
{
	fprintf(out, "#### %s...\n\n", group->prefix);
	emit_cell(out, group->doc);
	fputs("\n\n| Name | Value | Meaning |\n| --- | ---: | --- |\n", out);
	for (size_t i = 0; i < group->value_count; i++) {
		const struct abi_value *value = &group->values[i];

		fprintf(out, "| `%s` | %s | ", value->name, value->text);
		emit_cell(out, value->doc ? value->doc : "");
		fputs(" |\n", out);
	}
	fputc('\n', out);
}

/* What a family's calls lead to: structures, and constants by which they are understood. */
struct used {
	bool *structures, *groups;
};

static void use_kind(const struct abi *abi, struct used *used, const struct abi_kind *kind);

static void use_structure(const struct abi *abi, struct used *used, const char *name)
{
	int i = abi_structure_index(abi, name);

	if (i < 0 || used->structures[i]) {
		return;
	}
	used->structures[i] = true;
	for (size_t j = 0; j < abi->structures[i].field_count; j++) {
		use_kind(abi, used, &abi->structures[i].fields[j].kind);
	}
}

static void use_kind(const struct abi *abi, struct used *used, const struct abi_kind *kind)
{
	const struct abi_group *group = kind->of ? abi_group(abi, kind->of) : NULL;

	if (group) {
		used->groups[group - abi->groups] = true;
	} else if (kind->of) {
		use_structure(abi, used, kind->of);
	}
}

static void use_call(const struct abi *abi, struct used *used, const struct abi_call *call)
{
	for (size_t i = 0; i < call->arg_count; i++) {
		const struct abi_structure *s = abi_type_structure(abi, call->args[i].target);

		use_kind(abi, used, &call->args[i].kind);
		if (s) {
			use_structure(abi, used, s->name);
		}
	}
	for (size_t i = 0; i < call->operation_count; i++) {
		use_structure(abi, used, call->operations[i].structure);
	}
}

/*
 * Of a header with a call of this family also what no call takes: entries of tables,
 * frames on the stack. But not what another family's call takes.
 */
static bool is_of_header(const struct abi *abi, const char *header, const char *family)
{
	bool has_call = false;

	for (size_t i = 0; i < abi->call_count; i++) {
		if (strcmp(abi->calls[i].header, header) == 0) {
			if (strcmp(abi->calls[i].family, family) != 0) {
				return has_call;
			}
			has_call = true;
		}
	}
	return has_call;
}

static void use_family(const struct abi *abi, struct used *used, const char *family)
{
	for (size_t i = 0; i < abi->call_count; i++) {
		if (strcmp(abi->calls[i].family, family) == 0) {
			use_call(abi, used, &abi->calls[i]);
		}
	}
}

/* Structures and constants that no family's calls use go with their header's first call. */
static void use_leftovers(const struct abi *abi, struct used *used, const char *family)
{
	struct used all = { calloc(abi->structure_count + 1, sizeof(bool)),
			    calloc(abi->group_count + 1, sizeof(bool)) };

	for (size_t i = 0; all.structures && all.groups && i < abi->family_count; i++) {
		use_family(abi, &all, abi->families[i].name);
	}
	for (size_t i = 0; all.structures && i < abi->structure_count; i++) {
		if (!all.structures[i] && is_of_header(abi, abi->structures[i].header, family)) {
			use_structure(abi, used, abi->structures[i].name);
		}
	}
	for (size_t i = 0; all.groups && i < abi->group_count; i++) {
		if (!all.groups[i] && is_of_header(abi, abi->groups[i].header, family)) {
			used->groups[i] = true;
		}
	}
	free(all.structures);
	free(all.groups);
}

static void emit_used(FILE *out, const struct abi *abi, const char *family)
{
	struct used used = { calloc(abi->structure_count + 1, sizeof(bool)),
			     calloc(abi->group_count + 1, sizeof(bool)) };
	bool has_any = false;

	if (used.structures && used.groups) {
		use_family(abi, &used, family);
		use_leftovers(abi, &used, family);
	}
	for (size_t i = 0; used.structures && i < abi->structure_count; i++) {
		if (used.structures[i]) {
			fputs(has_any ? "" : "### Structures\n\n", out);
			has_any = true;
			emit_structure(out, &abi->structures[i]);
		}
	}
	has_any = false;
	for (size_t i = 0; used.groups && i < abi->group_count; i++) {
		if (used.groups[i] && strcmp(abi->groups[i].header, "errno.h") != 0) {
			fputs(has_any ? "" : "### Constants\n\n", out);
			has_any = true;
			emit_group(out, &abi->groups[i]);
		}
	}
	free(used.structures);
	free(used.groups);
}

void emit_family(FILE *out, const struct abi *abi, const char *family)
{
	for (size_t i = 0; i < abi->call_count; i++) {
		if (strcmp(abi->calls[i].family, family) == 0) {
			emit_call(out, &abi->calls[i]);
		}
	}
	emit_used(out, abi, family);
}

void emit_refused(FILE *out, const struct abi *abi)
{
	fputs("| Number | Name | Why |\n| ---: | --- | --- |\n", out);
	for (size_t i = 0; i < abi->refused.count; i++) {
		const struct abi_refusal *refusal = &abi->refused.list[i];

		fprintf(out, "| %d | %s | ", refusal->number, refusal->name);
		emit_cell(out, refusal->reason);
		fputs(" |\n", out);
	}
	fputc('\n', out);
}

void emit_errnos(FILE *out, const struct abi *abi)
{
	const struct abi_group *group = abi_group(abi, "PV_");

	fputs("| Number | Name | Usual meaning |\n| ---: | --- | --- |\n", out);
	for (size_t i = 0; group && i < group->value_count; i++) {
		if (group->values[i].doc) {
			fprintf(out, "| %s | `PV_%s` | ", group->values[i].text,
				group->values[i].name);
			emit_cell(out, group->values[i].doc);
			fputs(" |\n", out);
		}
	}
	fputc('\n', out);
}

void emit_families(FILE *out, const struct abi *abi)
{
	for (size_t i = 0; i < abi->family_count; i++) {
		bool is_first = true;

		fprintf(out, "- [%s](%s.md): ", abi->families[i].title, abi->families[i].name);
		for (size_t j = 0; j < abi->call_count; j++) {
			if (strcmp(abi->calls[j].family, abi->families[i].name) == 0) {
				fprintf(out, "%s`%s`", is_first ? "" : ", ", abi->calls[j].name);
				is_first = false;
			}
		}
		fputc('\n', out);
	}
	fputc('\n', out);
}
