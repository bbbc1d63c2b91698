/*
 * The table by which the hypervisor takes an argument's structure along in a trace
 * record: what it is for stands in hypervisor/hypercall/trace_capture.h.
 */
#include "abigen/emit.h"

#include <string.h>

static void emit_index(FILE *out, const char *key, int index)
{
	if (index < 0) {
		fprintf(out, ".%s = TRACE_CAPTURE_NONE, ", key);
	} else {
		fprintf(out, ".%s = %d, ", key, index);
	}
}

/* The argument that is worth taking along: the first that points to something read. */
static int pointer_of(const struct abi_call *call)
{
	for (size_t i = 0; i < call->arg_count; i++) {
		if (call->args[i].target && !abi_is("out", call->args[i].direction)) {
			return (int)i;
		}
	}
	return -1;
}

/* What a call only writes is taken along behind the call. */
static bool has_target(const struct abi_operation *op)
{
	return (op->structure || op->type) && !abi_is("none", op->direction);
}

static int operations_end(const struct abi_call *call)
{
	int end = 0;

	for (size_t i = 0; i < call->operation_count; i++) {
		if (has_target(&call->operations[i]) && call->operations[i].number >= end) {
			end = call->operations[i].number + 1;
		}
	}
	return end;
}

static bool by_operation(const struct abi_call *call)
{
	int pointer = pointer_of(call);

	return pointer >= 0 && abi_is("operation", call->args[pointer].target);
}

static void emit_sizes(FILE *out, const struct abi_call *call)
{
	fprintf(out, "static const u16 sizes_of_%s[] = {\n", call->name);
	for (size_t i = 0; i < call->operation_count; i++) {
		const struct abi_operation *op = &call->operations[i];

		if (has_target(op)) {
			fprintf(out, "\t[%d] = sizeof(%s%s),\n", op->number,
				op->structure ? "struct " : "",
				op->structure ? op->structure : op->type);
		}
	}
	fputs("};\n\n", out);
}

static void emit_entry(FILE *out, const struct abi_call *call)
{
	int pointer = pointer_of(call);
	const struct abi_argument *arg = &call->args[pointer < 0 ? 0 : pointer];

	fprintf(out, "\t[PV_HYPERCALL_%s] = { ", call->name);
	emit_index(out, "pointer", pointer);
	emit_index(out, "count", pointer < 0 || !arg->count ? -1 : abi_arg_index(call, arg->count));
	if (!by_operation(call)) {
		emit_index(out, "selector", -1);
		if (pointer >= 0) {
			fprintf(out, ".size = sizeof(%s), ", arg->target);
		}
	} else {
		emit_index(out, "selector", abi_arg_index(call, call->selector.arg));
		fprintf(out, ".operations = %d, .mask = %#x, .sizes = sizes_of_%s, ",
			operations_end(call),
			call->selector.mask ? (unsigned int)call->selector.mask : 0xffffffffU,
			call->name);
	}
	fprintf(out, ".per = %d },\n", pointer < 0 ? 1 : arg->per);
}

static const struct abi_call *find_call(const struct abi *abi, int number)
{
	for (size_t i = 0; i < abi->call_count; i++) {
		if (abi->calls[i].number == number) {
			return &abi->calls[i];
		}
	}
	return NULL;
}

void emit_capture(FILE *out, const struct abi *abi)
{
	fputs("/* Made by abigen from abi/abi.json. */\n"
	      "#include \"hypercall/trace_capture.h\"\n\n",
	      out);
	emit_includes(out, abi);
	for (size_t i = 0; i < abi->call_count; i++) {
		if (by_operation(&abi->calls[i])) {
			emit_sizes(out, &abi->calls[i]);
		}
	}
	fputs("const struct trace_capture trace_captures[PV_HYPERCALL_MAX] = {\n", out);
	for (int number = 0; number < ABI_CALL_MAX; number++) {
		const struct abi_call *call = find_call(abi, number);

		if (call) {
			emit_entry(out, call);
		} else {
			fprintf(out, "\t[%d] = { .pointer = TRACE_CAPTURE_NONE, .per = 1 },\n",
				number);
		}
	}
	fputs("};\n", out);
}
