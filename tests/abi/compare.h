/*
 * What the ABI tests share: two tables, one of numbers and one of structure
 * fields, each row with our value and the value of Debian's libxen-dev. That
 * package is a dependency of these tests only; the product never includes it.
 *
 * Read next: numbers.c, layouts.c (the tables), test_layout.c (the tests).
 */
#ifndef TESTS_ABI_COMPARE_H
#define TESTS_ABI_COMPARE_H

#include <stddef.h>
#include <stdint.h>

struct compare_number {
	const char *name; /* ours, PV_... */
	uint64_t ours;
	uint64_t theirs;
};

struct compare_field {
	const char *structure; /* ours, without "struct" */
	const char *field;     /* NULL: the structure as a whole */
	size_t our_offset;
	size_t our_size;
	size_t their_offset;
	size_t their_size;
};

extern const struct compare_number compare_numbers[];
extern const size_t compare_number_count;

extern const struct compare_field compare_fields[];
extern const size_t compare_field_count;

#endif
