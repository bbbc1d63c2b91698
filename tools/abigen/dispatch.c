/*
 * The dispatch table, as C for the hypervisor. It also asserts that each number
 * and structure that abi.json names is what the headers say, so the list and
 * the headers cannot drift apart.
 */
#include "abigen/emit.h"

#include <string.h>

static const char *const headers[] = {
	"callback",  "console", "debug",   "errno",     "event_channel", "grant_table",
	"hypercall", "memory",  "mmu",     "physdev",   "sched",         "stats",
	"trap",      "vcpu",    "version", "vm_assist",
};

static void emit_prototype(FILE *out, const struct abi_call *call)
{
	fprintf(out, "long %s(u64 a1, u64 a2, u64 a3, u64 a4, u64 a5, u64 a6);\n", call->handler);
}

void emit_prototypes(FILE *out, const struct abi *abi)
{
	fputs("/* Made by abigen from abi/abi.json: the handlers of all hypercalls. */\n"
	      "#ifndef GEN_HYPERCALL_HANDLERS_H\n#define GEN_HYPERCALL_HANDLERS_H\n\n"
	      "#include \"hypercall/hypercall.h\"\n\n",
	      out);
	for (size_t i = 0; i < abi->call_count; i++) {
		emit_prototype(out, &abi->calls[i]);
	}
	fputs("\n#endif\n", out);
}

static void emit_assertions(FILE *out, const struct abi_call *call)
{
	fprintf(out, "_Static_assert(PV_HYPERCALL_%s == %d, \"abi.json\");\n", call->name,
		call->number);
	for (size_t i = 0; i < call->errors.count; i++) {
		fprintf(out, "_Static_assert(%s > 0, \"abi.json\");\n",
			call->errors.list[i].number);
	}
	for (size_t i = 0; i < call->operation_count; i++) {
		const struct abi_operation *op = &call->operations[i];

		fprintf(out, "_Static_assert(%s == %d, \"abi.json\");\n", op->name, op->number);
		if (op->structure) {
			fprintf(out, "_Static_assert(sizeof(struct %s) > 0, \"abi.json\");\n",
				op->structure);
		}
		for (size_t j = 0; j < op->errors.count; j++) {
			fprintf(out, "_Static_assert(%s != 0, \"abi.json\");\n",
				op->errors.list[j].number);
		}
	}
}

void emit_dispatch(FILE *out, const struct abi *abi)
{
	fputs("/* Made by abigen from abi/abi.json. */\n#include \"hypercall/handlers.h\"\n\n",
	      out);
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		fprintf(out, "#include <parley/%s.h>\n", headers[i]);
	}
	fputc('\n', out);
	for (size_t i = 0; i < abi->call_count; i++) {
		emit_assertions(out, &abi->calls[i]);
	}
	fprintf(out, "_Static_assert(PV_HYPERCALL_MAX == %d, \"abigen\");\n", ABI_CALL_MAX);
	fputs("\nconst hypercall_fn hypercall_table[PV_HYPERCALL_MAX] = {\n", out);
	for (int number = 0, i = 0; number < ABI_CALL_MAX; number++) {
		if ((size_t)i < abi->call_count && abi->calls[i].number == number) {
			fprintf(out, "\t[%d] = %s,\n", number, abi->calls[i].handler);
			i++;
		} else {
			fprintf(out, "\t[%d] = hypercall_unknown,\n", number);
		}
	}
	fputs("};\n\nconst char *const hypercall_names[PV_HYPERCALL_MAX] = {\n", out);
	for (int number = 0; number < ABI_CALL_MAX; number++) {
		const char *name = abi_name(abi, number);

		if (name) {
			fprintf(out, "\t[%d] = \"%s\",\n", number, name);
		} else {
			fprintf(out, "\t[%d] = \"unknown_%d\",\n", number, number);
		}
	}
	fputs("};\n", out);
}
