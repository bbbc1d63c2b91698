/*
 * The contract as Markdown, for docs/abi.md: a table of all calls, and a
 * section for each with its arguments, operations, errors and an example.
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

		fprintf(out, "| %d | [%s](#%d-%s) | ", call->number, call->name, call->number,
			call->name);
		if (call->operation_count > 0) {
			fprintf(out, "%zu", call->operation_count);
		}
		fputs(" | ", out);
		emit_cell(out, call->summary);
		fputs(" |\n", out);
	}
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

static void emit_operations(FILE *out, const struct abi_call *call)
{
	if (call->operation_count == 0) {
		return;
	}
	fputs("| Number | Operation | Structure | What it does | Errors of its own |\n"
	      "| ---: | --- | --- | --- | --- |\n",
	      out);
	for (size_t i = 0; i < call->operation_count; i++) {
		const struct abi_operation *op = &call->operations[i];

		fprintf(out, "| %d | `%s` | ", op->number, op->name);
		if (op->structure) {
			fprintf(out, "`struct %s` (%s)", op->structure, op->direction);
		}
		fputs(" | ", out);
		emit_cell(out, op->summary);
		if (op->returns) {
			fputs(" Returns ", out);
			emit_cell(out, op->returns);
			fputc('.', out);
		}
		fputs(" | ", out);
		emit_operation_errors(out, &op->errors);
		fputs(" |\n", out);
	}
	fputc('\n', out);
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

void emit_reference(FILE *out, const struct abi *abi)
{
	for (size_t i = 0; i < abi->call_count; i++) {
		emit_call(out, &abi->calls[i]);
	}
	fputs("### Numbers that are refused\n\n"
	      "These have a name in Xen's ABI and return `-PV_ENOSYS`, as every other number does "
	      "that is not above.\n\n| Number | Name | Why |\n| ---: | --- | --- |\n",
	      out);
	for (size_t i = 0; i < abi->refusal_count; i++) {
		const struct abi_refusal *refusal = &abi->refusals[i];

		fprintf(out, "| %d | %s | ", refusal->number, refusal->name);
		emit_cell(out, refusal->reason);
		fputs(" |\n", out);
	}
}
