/*
 * Numbers and names as people write them: sizes with a unit, bounded numbers,
 * CPU masks, and the nearest name to a misspelt one.
 */
#ifndef TOOLS_PARLEY_TEXT_H
#define TOOLS_PARLEY_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "problem.h"

#define TEXT_SIZE_MAX 24  /* room that text_from_size needs */
#define TEXT_CPUS_MAX 200 /* room that text_from_cpus needs */

/*
 * "512M", "1G", "2048K", "1GiB": bytes. Refuses what has no unit, is zero, is
 * not a multiple of 4 KiB or does not fit. Returns 0, or -1 with a problem that
 * repeats the text.
 */
int text_to_size(const char *text, uint64_t *bytes, struct problem *problem);

/* A decimal number from low to high. Returns 0, or -1 with a problem. */
int text_to_number(const char *text, uint64_t low, uint64_t high, uint64_t *value,
		   struct problem *problem);

/* A hexadecimal mask, "0x3" or "3", not zero. Returns 0, or -1 with a problem. */
int text_to_mask(const char *text, uint64_t *mask, struct problem *problem);

/*
 * CPUs as a list "0,2-3", a mask "0xd", or "all", which gives every bit. Returns 0, or -1 with a
 * problem.
 */
int text_to_cpus(const char *text, uint64_t *mask, struct problem *problem);

/* A mask as a list, or as "all" where it has all bits of "all" (0: never). Returns "buffer". */
const char *text_from_cpus(uint64_t mask, uint64_t all, char buffer[TEXT_CPUS_MAX]);

/* Bytes as "512M", in the largest unit that is exact. Returns "buffer". */
const char *text_from_size(uint64_t bytes, char buffer[TEXT_SIZE_MAX]);

/* Bytes as a person wants them in a table: "512M", "1.5G". Returns "buffer". */
const char *text_round_size(uint64_t bytes, char buffer[TEXT_SIZE_MAX]);

/* Makes "size" bytes fit for a terminal: what cannot be printed becomes '?', but for line ends and tabs. */
void text_clean(char *text, size_t size);

/*
 * The name in the NULL-terminated list that "text" was probably meant to be,
 * or NULL where none is near.
 */
const char *text_find_nearest(const char *text, const char *const *names);

/* True for 1 to 63 characters of letters, digits, dot, underscore and dash. */
bool text_is_name(const char *text);

#endif
