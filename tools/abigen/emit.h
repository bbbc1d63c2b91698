/*
 * What abigen writes. Each function takes a model that has been checked.
 */
#ifndef ABIGEN_EMIT_H
#define ABIGEN_EMIT_H

#include <stdio.h>
#include <stdlib.h>

#include "abigen/model.h"

/* C: an #include of every header that the list names. */
void emit_includes(FILE *out, const struct abi *abi);

/* C: text as part of a name, such as that of a group of constants. */
void emit_tag(FILE *out, const char *text);

/* C: the hypervisor's table of handlers and names. */
void emit_dispatch(FILE *out, const struct abi *abi);

/* C header: the prototypes of the handlers. */
void emit_prototypes(FILE *out, const struct abi *abi);

/* C: assertions that the structures and the numbers are those of the headers, and of Xen's. */
void emit_assertions(FILE *out, const struct abi *abi);

/* C: hypercall/trace_capture.h's table. */
void emit_capture(FILE *out, const struct abi *abi);

/* C: parley/abi_decode.h's tables. */
void emit_decode(FILE *out, const struct abi *abi);

/* C: tests/edges/edges.h's tables. */
void emit_edges(FILE *out, const struct abi *abi);

/* C: the numbers of one header, such as "mmu.h", if it has any. */
bool header_has_numbers(const struct abi *abi, const char *header);
void emit_numbers(FILE *out, const struct abi *abi, const char *header);

/* Markdown: one line a call; those that are refused; error numbers; the families. */
void emit_table(FILE *out, const struct abi *abi);
void emit_refused(FILE *out, const struct abi *abi);
void emit_errnos(FILE *out, const struct abi *abi);
void emit_families(FILE *out, const struct abi *abi);

/* Markdown: one section a call of the family, then the structures and constants they use. */
void emit_family(FILE *out, const struct abi *abi, const char *family);

#endif
