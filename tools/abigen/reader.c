/*
 * Strict reading of JSON objects. Rules: reader.h.
 */
#include "abigen/reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void reader_problem(struct reader *r, const char *key, const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "%s: %s%s%s%s", r->file, r->place, r->place[0] && key ? "." : "",
		key ? key : "", r->place[0] || key ? ": " : "");
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	r->problems++;
}

size_t reader_enter(struct reader *r, const char *key, size_t index)
{
	size_t length = strlen(r->place);

	snprintf(r->place + length, sizeof(r->place) - length, "%s%s[%zu]", length ? "." : "", key,
		 index);
	return length;
}

void reader_name(struct reader *r, const char *name)
{
	size_t length = strlen(r->place);

	if (name) {
		snprintf(r->place + length, sizeof(r->place) - length, " (%s)", name);
	}
}

void reader_leave(struct reader *r, size_t length)
{
	r->place[length] = '\0';
}

static bool is_listed(const char *word, const char *const *list)
{
	for (; *list; list++) {
		if (strcmp(word, *list) == 0) {
			return true;
		}
	}
	return false;
}

bool reader_is_object(struct reader *r, json_t *value, const char *const *keys)
{
	const char *key;
	json_t *unused;

	if (!json_is_object(value)) {
		reader_problem(r, NULL, "must be an object");
		return false;
	}
	json_object_foreach(value, key, unused) {
		if (!is_listed(key, keys)) {
			reader_problem(r, key, "unknown key");
		}
	}
	return true;
}

const char *reader_string_optional(struct reader *r, json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	if (!value) {
		return NULL;
	}
	if (!json_is_string(value) || json_string_length(value) == 0) {
		reader_problem(r, key, "must be a string that is not empty");
		return NULL;
	}
	return json_string_value(value);
}

const char *reader_string(struct reader *r, json_t *object, const char *key)
{
	if (!json_object_get(object, key)) {
		reader_problem(r, key, "missing");
		return NULL;
	}
	return reader_string_optional(r, object, key);
}

int reader_number(struct reader *r, json_t *object, const char *key, int limit)
{
	json_t *value = json_object_get(object, key);
	json_int_t number;

	if (!value) {
		reader_problem(r, key, "missing");
		return -1;
	}
	number = json_integer_value(value);
	if (!json_is_integer(value) || number < 0 || number >= limit) {
		reader_problem(r, key, "must be a whole number from 0 to %d", limit - 1);
		return -1;
	}
	return (int)number;
}

const char *reader_number_text(struct reader *r, json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);
	char text[32];

	if (json_is_integer(value)) {
		snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(value));
		json_object_set_new(object, key, json_string(text));
	}
	return reader_string_optional(r, object, key);
}

json_t *reader_array(struct reader *r, json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	if (!value) {
		reader_problem(r, key, "missing");
		return NULL;
	}
	if (!json_is_array(value)) {
		reader_problem(r, key, "must be an array");
		return NULL;
	}
	return value;
}

const char *reader_word(struct reader *r, json_t *object, const char *key, const char *const *words)
{
	const char *word = reader_string(r, object, key);

	if (word && !is_listed(word, words)) {
		reader_problem(r, key, "\"%s\" is not a known word", word);
		return NULL;
	}
	return word;
}

void *reader_list(struct reader *r, json_t *object, const char *key, size_t size, size_t *count,
		  reader_element_fn *load)
{
	json_t *array = reader_array(r, object, key);
	char *list = reader_allocate(json_array_size(array), size);
	json_t *value;
	size_t i;

	json_array_foreach(array, i, value) {
		size_t length = reader_enter(r, key, i);

		load(r, value, list + i * size);
		reader_leave(r, length);
	}
	*count = json_array_size(array);
	return list;
}

void *reader_allocate(size_t count, size_t size)
{
	void *memory = calloc(count ? count : 1, size);

	if (!memory) {
		fprintf(stderr, "abigen: out of memory\n");
		exit(2);
	}
	return memory;
}
