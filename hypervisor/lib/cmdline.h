/*
 * The hypervisor's command line: words with blanks between them, "word" or
 * "name=value". The last word that fits wins.
 */
#ifndef LIB_CMDLINE_H
#define LIB_CMDLINE_H

#include "lib/types.h"

/* True if the word stands there by itself. */
bool cmdline_has(const char *cmdline, const char *word);

/* Copy the value of "name=value"; false, and buf empty, if there is none or it does not fit. */
bool cmdline_get(const char *cmdline, const char *name, char *buf, size_t size);

/* True if "name=value" stands there with this value. */
bool cmdline_is(const char *cmdline, const char *name, const char *value);

/* The value of "name=value" as a number (string_to_u64), or what is given. */
u64 cmdline_get_u64(const char *cmdline, const char *name, u64 otherwise);

#endif
