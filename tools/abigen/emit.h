/*
 * What abigen writes. Each function takes a model that has been checked.
 */
#ifndef ABIGEN_EMIT_H
#define ABIGEN_EMIT_H

#include <stdio.h>

#include "abigen/model.h"

/* C: the hypervisor's table of handlers and names, with assertions against the headers. */
void emit_dispatch(FILE *out, const struct abi *abi);

/* C header: the prototypes of the handlers. */
void emit_prototypes(FILE *out, const struct abi *abi);

/* Markdown: one line a call. */
void emit_table(FILE *out, const struct abi *abi);

/* Markdown: one section a call, and the numbers that are refused. */
void emit_reference(FILE *out, const struct abi *abi);

#endif
