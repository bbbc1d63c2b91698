/*
 * Which call a record is of, which operations of it, and how long its list is, by the tables of
 * abi_decode.h.
 *
 * Read next: trace_value.h.
 */
#ifndef TOOLS_PARLEY_TRACE_CALL_H
#define TOOLS_PARLEY_TRACE_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi_decode.h"
#include "trace_stream.h"

/* The call that the record is of, NULL if it is of none or of one without a name. */
const struct abi_call *trace_get_call(const struct trace_item *item);

/* Its name; unknown calls have their number in theirs. Returns "buffer" or a name that lasts. */
const char *trace_get_call_name(const struct trace_item *item, char buffer[24]);

/*
 * The operation that the call is asked for: the first of a batch. NULL if the call
 * has none, or it is not known.
 */
const struct abi_operation *trace_get_operation(const struct trace_item *item);

/*
 * Asks for each operation of a call, of a batch each that was recorded, whether it is wanted; NULL: one
 * that is not known. True with the first that is.
 */
typedef bool trace_operation_fn(void *context, const struct abi_operation *operation);
bool trace_visit_operations(const struct trace_item *item, trace_operation_fn *wants,
			    void *context);

/* How many elements a call was given that takes a list of them, 0: it takes none. */
uint64_t trace_count_elements(const struct trace_item *item);

/* The name of a value, NULL if it has none; by its prefix, or of a group. */
const char *trace_find_name(const char *prefix, int64_t value);
const char *trace_find_in(const struct abi_names *names, int64_t value);

/* ---- for the walk through a call (trace_value.c) ---- */

/* A number of so many bytes, of which 8 count. */
uint64_t trace_load(const uint8_t *bytes, size_t size);

/* The operation of an element of a batch, NULL: not known, or it is no batch. */
const struct abi_operation *trace_get_element_operation(const struct abi_call *call,
							const struct abi_structure *s,
							const uint8_t *bytes);

/* How many elements an argument of a call points to. */
uint64_t trace_count_list(const struct trace_item *item, const struct abi_argument *arg);

#endif
