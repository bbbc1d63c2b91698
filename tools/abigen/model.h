/*
 * The contract as abi/abi.json states it, in memory. Strings belong to the JSON
 * tree and live until abi_free().
 *
 * Read next: model.c (reading and checking), dispatch.c, document.c (writing).
 */
#ifndef ABIGEN_MODEL_H
#define ABIGEN_MODEL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define ABI_CALL_MAX 64 /* as PV_HYPERCALL_MAX */
#define ABI_ARGS_MAX 6  /* registers */

struct abi_error {
	const char *number; /* "PV_EINVAL" */
	const char *when;
};

struct abi_errors {
	struct abi_error *list;
	size_t count;
};

struct abi_lines {
	const char **list;
	size_t count;
};

struct abi_argument {
	const char *name;
	const char *type;
	const char *direction; /* in, out, inout */
	const char *doc;
};

struct abi_operation {
	int number;
	const char *name; /* constant of our headers */
	const char *xen_name;
	const char *structure; /* without "struct"; NULL: none */
	const char *direction;
	const char *summary;
	const char *returns; /* NULL: 0 */
	struct abi_errors errors;
};

struct abi_call {
	int number;
	const char *name;
	const char *xen_name; /* NULL: Parley's own */
	const char *handler;
	const char *privilege;
	const char *since;
	const char *summary;
	const char *returns;
	const char *restart; /* NULL: always runs to its end */
	struct abi_argument args[ABI_ARGS_MAX];
	size_t arg_count;
	struct abi_operation *operations;
	size_t operation_count;
	struct abi_errors errors;
	struct abi_lines example; /* C */
	struct abi_lines notes;
};

/* A number that has a name, and is answered with -PV_ENOSYS. */
struct abi_refusal {
	int number;
	const char *name;
	const char *xen_name;
	const char *reason;
};

struct abi {
	struct abi_call *calls; /* by ascending number */
	size_t call_count;
	struct abi_refusal *refusals;
	size_t refusal_count;
	json_t *root;
};

/*
 * Read the file and check all of it. Prints every problem on stderr as
 * "FILE: PLACE: what is wrong" and returns false if there is any.
 */
bool abi_load(struct abi *abi, const char *file);
void abi_free(struct abi *abi);

/* What a number is called, or NULL. */
const char *abi_name(const struct abi *abi, int number);

#endif
