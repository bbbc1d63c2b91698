/*
 * Reading a JSON tree strictly: each key must be known, there if it has to be,
 * and of the right type; each problem is named by file and place.
 *
 * Read next: model.c, which uses it.
 */
#ifndef ABIGEN_READER_H
#define ABIGEN_READER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct reader {
	const char *file;
	char place[256]; /* such as "hypercalls[3] (mmu_update)" */
	unsigned int problems;
};

/* Report one problem at the present place, with the key if there is one. */
void reader_problem(struct reader *r, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Go into an element of an array, or out to where `length` was. */
size_t reader_enter(struct reader *r, const char *key, size_t index);
void reader_leave(struct reader *r, size_t length);

/* Say what the element that was entered is called, NULL: nothing. */
void reader_name(struct reader *r, const char *name);

/* False (and reported) unless `value` is an object with no key but these. */
bool reader_is_object(struct reader *r, json_t *value, const char *const *keys);

/* The value of a key, checked; on a problem it is reported, and NULL, 0 or -1 is returned. */
const char *reader_string(struct reader *r, json_t *object, const char *key);
const char *reader_string_optional(struct reader *r, json_t *object, const char *key);
int reader_number(struct reader *r, json_t *object, const char *key, int limit);

/*
 * A number as C has it: a whole number, or a string; NULL if there is none. Kept in the
 * tree, as all strings.
 */
const char *reader_number_text(struct reader *r, json_t *object, const char *key);
json_t *reader_array(struct reader *r, json_t *object, const char *key);

/* As reader_string(), and one of a list that ends with NULL. */
const char *reader_word(struct reader *r, json_t *object, const char *key,
			const char *const *words);

/* Zeroed memory for `count` elements, at least one; ends the program if there is none. */
void *reader_allocate(size_t count, size_t size);

/* Reads one element of an array into what is to hold it, which is zero before. */
typedef void reader_element_fn(struct reader *r, json_t *value, void *element);

/* All elements of an array, each of `size` bytes; *count: how many. The caller frees the list. */
void *reader_list(struct reader *r, json_t *object, const char *key, size_t size, size_t *count,
		  reader_element_fn *load);

#endif
