/*
 * Parsing by hand where the C library is too lenient: strtoull takes signs,
 * spaces and wraps negative numbers.
 */
#include "text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define NEAREST_LENGTH_MAX 32

/* Digits to a number; returns what follows them, or NULL for none or too many. */
static const char *read_digits(const char *text, unsigned int base, uint64_t *value)
{
	const char *digits = "0123456789abcdef";
	const char *at = text;
	uint64_t sum = 0;

	for (;; at++) {
		const char *digit = *at ? strchr(digits, tolower((unsigned char)*at)) : NULL;

		if (!digit || (unsigned int)(digit - digits) >= base) {
			break;
		}
		if (__builtin_mul_overflow(sum, (uint64_t)base, &sum) ||
		    __builtin_add_overflow(sum, (uint64_t)(digit - digits), &sum)) {
			return NULL;
		}
	}
	*value = sum;
	return at == text ? NULL : at;
}

/* The shift of "K", "MiB" and so on, or -1. */
static int unit_to_shift(const char *unit)
{
	static const char letters[] = "KMGT";
	const char *letter;

	if (!*unit) {
		return -1;
	}
	letter = strchr(letters, toupper((unsigned char)*unit));
	if (!letter || (unit[1] && strcmp(unit + 1, "iB"))) {
		return -1;
	}
	return 10 * ((int)(letter - letters) + 1);
}

int text_to_size(const char *text, uint64_t *bytes, struct problem *problem)
{
	uint64_t value;
	const char *unit = read_digits(text, 10, &value);
	int shift;

	if (unit && !*unit) {
		return problem_set(problem,
				   "\"%s\" has no unit (write \"%.20sM\" for mebibytes, or K, G)",
				   text, text);
	}
	shift = unit ? unit_to_shift(unit) : -1;
	if (shift < 0) {
		return problem_set(problem,
				   "\"%s\" is not a size (write a number and a unit, such as "
				   "\"512M\" or \"1G\")",
				   text);
	}
	if (value == 0 || value > UINT64_MAX >> shift || value << shift > 1ULL << 46) {
		return problem_set(problem, "\"%s\" is out of range (from 4K to 64T)", text);
	}
	if ((value << shift) & 4095) {
		return problem_set(problem, "\"%s\" is not a multiple of 4K", text);
	}
	*bytes = value << shift;
	return 0;
}

int text_to_number(const char *text, uint64_t low, uint64_t high, uint64_t *value,
		   struct problem *problem)
{
	const char *end = read_digits(text, 10, value);

	if (!end || *end || *value < low || *value > high) {
		return problem_set(problem, "\"%s\" is not a number from %llu to %llu", text,
				   (unsigned long long)low, (unsigned long long)high);
	}
	return 0;
}

int text_to_mask(const char *text, uint64_t *mask, struct problem *problem)
{
	bool prefixed = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	const char *end = read_digits(prefixed ? text + 2 : text, 16, mask);

	if (!end || *end) {
		return problem_set(problem,
				   "\"%s\" is not a mask of up to 64 CPUs (write hexadecimal, "
				   "such as \"0x3\" for CPUs 0 and 1)",
				   text);
	}
	if (*mask == 0) {
		return problem_set(problem, "the mask is empty (leave the field out for all CPUs)");
	}
	return 0;
}

static int refuse_cpus(const char *text, struct problem *problem)
{
	return problem_set(
		problem,
		"\"%s\" is not a list of CPUs (write such as \"0,2-3\", numbers from 0 to "
		"63, or \"all\")",
		text);
}

int text_to_cpus(const char *text, uint64_t *mask, struct problem *problem)
{
	const char *at = text;
	uint64_t from = 0;
	uint64_t to;

	*mask = 0;
	if (!strcmp(text, "all")) {
		*mask = UINT64_MAX;
		return 0;
	}
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		return text_to_mask(text, mask, problem);
	}
	for (;; at++) {
		at = read_digits(at, 10, &from);
		to = from;
		if (at && *at == '-') {
			at = read_digits(at + 1, 10, &to);
		}
		if (!at || from > to || to > 63) {
			return refuse_cpus(text, problem);
		}
		*mask |= (UINT64_MAX >> (63 - to)) & (UINT64_MAX << from);
		if (!*at) {
			return 0;
		}
		if (*at != ',') {
			return refuse_cpus(text, problem);
		}
	}
}

const char *text_from_cpus(uint64_t mask, uint64_t all, char buffer[TEXT_CPUS_MAX])
{
	size_t used = 0;

	if (all && (mask & all) == all) {
		snprintf(buffer, TEXT_CPUS_MAX, "all");
		return buffer;
	}
	buffer[0] = '\0';
	for (unsigned int cpu = 0; cpu < 64; cpu++) {
		unsigned int last = cpu;

		if (!(mask >> cpu & 1)) {
			continue;
		}
		while (last < 63 && (mask >> (last + 1) & 1)) {
			last++;
		}
		used += (size_t)snprintf(buffer + used, TEXT_CPUS_MAX - used,
					 last > cpu ? "%s%u-%u" : "%s%u", used ? "," : "", cpu,
					 last);
		cpu = last;
	}
	return buffer;
}

const char *text_from_size(uint64_t bytes, char buffer[TEXT_SIZE_MAX])
{
	static const char letters[] = "KMGT";
	size_t unit = 0;

	bytes >>= 10;
	while (unit + 1 < sizeof(letters) - 1 && bytes && !(bytes & 1023)) {
		bytes >>= 10;
		unit++;
	}
	snprintf(buffer, TEXT_SIZE_MAX, "%llu%c", (unsigned long long)bytes, letters[unit]);
	return buffer;
}

const char *text_round_size(uint64_t bytes, char buffer[TEXT_SIZE_MAX])
{
	static const char letters[] = "KMGT";
	size_t unit = 0;

	if (bytes >> 20 < 10240 && !(bytes & 0xfffff)) {
		snprintf(buffer, TEXT_SIZE_MAX, "%lluM", (unsigned long long)(bytes >> 20));
		return buffer;
	}
	bytes = (bytes * 10 + 512) >> 10;
	while (unit + 1 < sizeof(letters) - 1 && bytes >= 10240) {
		bytes = (bytes + 512) >> 10;
		unit++;
	}
	snprintf(buffer, TEXT_SIZE_MAX, "%llu.%llu%c", (unsigned long long)bytes / 10,
		 (unsigned long long)bytes % 10, letters[unit]);
	return buffer;
}

void text_clean(char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (!isprint((unsigned char)text[i]) && text[i] != '\n' && text[i] != '\t') {
			text[i] = '?';
		}
	}
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Edits between two short words, one row of the usual table at a time. */
static size_t measure_distance(const char *a, const char *b)
{
	size_t row[NEAREST_LENGTH_MAX + 1];
	size_t length = strlen(b);

	for (size_t j = 0; j <= length; j++) {
		row[j] = j;
	}
	for (size_t i = 1; a[i - 1]; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= length; j++) {
			size_t above = row[j];
			size_t change = diagonal + (a[i - 1] != b[j - 1]);

			row[j] = smaller(change, smaller(above, row[j - 1]) + 1);
			diagonal = above;
		}
	}
	return row[length];
}

const char *text_find_nearest(const char *text, const char *const *names)
{
	const char *best = NULL;
	size_t best_distance = 3; /* farther is no misspelling */

	if (strlen(text) > NEAREST_LENGTH_MAX) {
		return NULL;
	}
	for (; *names; names++) {
		size_t length = strlen(*names);
		size_t distance;

		if (length > NEAREST_LENGTH_MAX) {
			continue;
		}
		distance = measure_distance(text, *names);
		if (distance < best_distance &&
		    2 * distance < (length > strlen(text) ? length : strlen(text))) {
			best = *names;
			best_distance = distance;
		}
	}
	return best;
}

bool text_is_name(const char *text)
{
	size_t length = 0;

	for (; text[length]; length++) {
		unsigned char c = (unsigned char)text[length];

		if (c > 126 || (!isalnum(c) && !strchr("._-", c))) {
			return false;
		}
	}
	return length >= 1 && length <= 63;
}
