/*
 * The dispatch table, as C for the hypervisor. A call that is not in the list has
 * no number, no prototype and no entry.
 */
#include "abigen/emit.h"

#include <string.h>

void emit_prototypes(FILE *out, const struct abi *abi)
{
	fputs("/* Made by abigen from abi/abi.json: the handlers of all hypercalls. */\n"
	      "#ifndef GEN_HYPERCALL_HANDLERS_H\n#define GEN_HYPERCALL_HANDLERS_H\n\n"
	      "#include \"hypercall/hypercall.h\"\n\n",
	      out);
	for (size_t i = 0; i < abi->call_count; i++) {
		if (abi->calls[i].handler) {
			fprintf(out, "long %s(u64 a1, u64 a2, u64 a3, u64 a4, u64 a5, u64 a6);\n",
				abi->calls[i].handler);
		}
	}
	fputs("\n#endif\n", out);
}

static const char *handler_of(const struct abi *abi, int number)
{
	for (size_t i = 0; i < abi->call_count; i++) {
		if (abi->calls[i].number == number && abi->calls[i].handler) {
			return abi->calls[i].handler;
		}
	}
	return "hypercall_unknown";
}

void emit_dispatch(FILE *out, const struct abi *abi)
{
	fputs("/* Made by abigen from abi/abi.json. */\n#include \"hypercall/handlers.h\"\n\n",
	      out);
	fprintf(out, "_Static_assert(PV_HYPERCALL_MAX == %d, \"abigen\");\n", ABI_CALL_MAX);
	fputs("\nconst hypercall_fn hypercall_table[PV_HYPERCALL_MAX] = {\n", out);
	for (int number = 0; number < ABI_CALL_MAX; number++) {
		fprintf(out, "\t[%d] = %s,\n", number, handler_of(abi, number));
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
