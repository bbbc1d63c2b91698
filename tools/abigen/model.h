/*
 * The contract as abi/abi.json states it, in memory: calls and their operations,
 * constants, structures. Strings belong to the JSON tree and live until abi_free().
 *
 * Read next: model.c (calls), model_types.c (constants and structures), check.c
 * (what must fit together), then the files that write: header.c, dispatch.c,
 * assert.c, capture.c, decode.c, edges.c, document.c.
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

/*
 * What a number means, and so how it is printed and which edges it has. The word,
 * and behind a colon the group of constants or the structure it refers to.
 */
struct abi_kind {
	const char *text; /* "flags:PV_GTF_"; NULL where none is given */
	const char *of;   /* "PV_GTF_" in it, or NULL */
};

struct abi_argument {
	const char *name;
	const char *type;
	const char *direction; /* in, out, inout */
	struct abi_kind kind;
	const char *
		target; /* what it points to: "operation", "struct pv_x", a C type; NULL: nothing */
	struct abi_kind target_kind;
	const char *count; /* the argument that counts its elements; NULL: one */
	int per;           /* an element for each so many of that; usually 1 */
	const char *limit; /* the largest value that makes sense, in C; NULL: none of its own */
	const char *doc;
};

/* Where an operation's number stands. */
struct abi_selector {
	const char *arg;   /* NULL: the call has no operations */
	const char *field; /* of each element that arg points to; NULL: the argument itself */
	int mask;          /* 0: all of it */
};

struct abi_operation {
	int number;
	const char *name; /* without the call's prefix */
	const char *xen_name;
	const char *structure; /* without "struct"; NULL: none */
	const char *type;      /* a C type instead; NULL: none */
	const char *direction;
	struct abi_lines fields; /* those of the structure that count, if not all */
	bool has_fields;
	const char *brief; /* for the header; NULL: what it takes */
	const char *summary;
	const char *returns; /* NULL: 0 */
	struct abi_kind result;
	const char *since, *restart, *hazard; /* of its own; NULL: as the call's */
	struct abi_errors errors;
};

/* A number that has a name and is answered with -PV_ENOSYS. */
struct abi_refusal {
	int number;
	const char *name;
	const char *xen_name;
	const char *reason;
};

struct abi_refusals {
	struct abi_refusal *list;
	size_t count;
};

struct abi_call {
	int number;
	const char *name;
	const char *xen_name; /* NULL: Parley's own */
	const char *handler;  /* NULL: described, and not served yet */
	const char *family;
	const char *header;
	const char *privilege;
	const char *since;
	/*
	 * "ends": the caller does not go on; "blocks": it may sleep; "entry": what it runs on
	 * changes; "keeps": the hypervisor goes on using what it was given
	 */
	const char *hazard;
	const char *prefix; /* of its operations' names */
	struct abi_selector selector;
	const char *summary;
	const char *returns;
	struct abi_kind result;
	const char *restart; /* NULL: always runs to its end */
	struct abi_argument args[ABI_ARGS_MAX];
	size_t arg_count;
	struct abi_operation *operations;
	size_t operation_count;
	struct abi_refusals refused;
	struct abi_errors errors;
	struct abi_lines example; /* C */
	struct abi_lines notes;
};

struct abi_value {
	const char *name; /* without the group's prefix */
	const char *text; /* the number as C has it */
	const char *doc;
	bool is_own; /* not in Xen's headers, though its group is */
};

/* Constants of a header that belong together. */
struct abi_group {
	const char *prefix; /* "PV_EVTCHNSTAT_" */
	const char *header;
	const char *kind;       /* names, flags, status */
	const char *xen_prefix; /* NULL: not to be compared */
	const char *doc;
	struct abi_value *values;
	size_t value_count;
};

struct abi_field {
	const char *name; /* as C has it: "arg1.mfn" */
	const char *type; /* of one element */
	int count;        /* elements; 1 if it is no array, 0 if its end is open */
	bool is_array;
	int offset;
	const char *direction; /* NULL: neither */
	struct abi_kind kind;
	const char *limit; /* as of arguments */
	const char *doc;
	const char *when_field; /* a member of a union: valid when this field has the value */
	int when_mask, when_value;
};

struct abi_structure {
	const char *name; /* without "struct" */
	const char *xen_name;
	const char *header;
	int size;
	struct abi_field *fields;
	size_t field_count;
};

struct abi_family {
	const char *name; /* docs/abi/NAME.md */
	const char *title;
};

struct abi {
	struct abi_call *calls; /* by ascending number */
	size_t call_count;
	struct abi_refusals refused;
	struct abi_group *groups;
	size_t group_count;
	struct abi_structure *structures;
	size_t structure_count;
	struct abi_family *families;
	size_t family_count;
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

/* By name, NULL if there is none. */
const struct abi_structure *abi_structure(const struct abi *abi, const char *name);
const struct abi_group *abi_group(const struct abi *abi, const char *prefix);

/* Index in its call, structure or list, -1 if there is none. */
int abi_arg_index(const struct abi_call *call, const char *name);
int abi_field_index(const struct abi_structure *s, const char *name);
int abi_structure_index(const struct abi *abi, const char *name);

/* The structure that "struct pv_x" names, or NULL. */
const struct abi_structure *abi_type_structure(const struct abi *abi, const char *type);

/* The structure in whose elements the call's operations are numbered, or NULL. */
const struct abi_structure *abi_batch_structure(const struct abi *abi, const struct abi_call *call);

/* Does the operation look at this field of its structure, or of its batch's? */
bool abi_uses_field(const struct abi_operation *op, const char *field);

/* The same of the first 64 fields of a structure, as bits; of none where s is NULL. */
unsigned long long abi_fields_used(const struct abi_operation *op, const struct abi_structure *s);

bool abi_is(const char *word, const char *other);

#endif
