/*
 * Names that `parley trace -e` takes: of kinds of records here, and all of them for who asks
 * or has misspelt one. trace_filter.c says what they choose.
 */
#ifndef TOOLS_PARLEY_TRACE_FILTER_NAMES_H
#define TOOLS_PARLEY_TRACE_FILTER_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include <parley/trace.h>

#define KIND(name) (1ULL << PV_TRACE_##name)
#define CALL_KINDS (KIND(hypercall) | KIND(multicall))

/* The kinds of a name, bits by PV_TRACE_*, 0: it has none. */
uint64_t trace_find_kinds(const char *name);

/*
 * The names that somebody may have meant, in words: the nearest, or operations that have the text in
 * their name, as "pin" or "send". Returns "hint", which may be empty.
 */
const char *trace_suggest_name(const char *name, char *hint, size_t size);

#endif
