/*
 * A walk over JSON that is known to be valid. It still ends at the closing NUL
 * whatever comes, and it does not recurse.
 */
#include "jsonplace.h"

#include <stdbool.h>
#include <string.h>

static const char *skip_space(const char *at)
{
	return at + strspn(at, " \t\r\n");
}

/* From an opening quote to behind the closing one. */
static const char *skip_string(const char *at)
{
	for (at++; *at && *at != '"'; at++) {
		if (*at == '\\' && at[1]) {
			at++;
		}
	}
	return *at ? at + 1 : at;
}

/* To the comma or bracket that ends the value that starts here. */
static const char *skip_value(const char *at)
{
	size_t depth = 0;

	while (*at) {
		if (*at == '"') {
			at = skip_string(at);
			continue;
		}
		if (*at == '{' || *at == '[') {
			depth++;
		} else if ((*at == '}' || *at == ']' || *at == ',') && depth == 0) {
			return at;
		} else if (*at == '}' || *at == ']') {
			depth--;
		}
		at++;
	}
	return at;
}

/* To the next member or element behind a value, or NULL after the last. */
static const char *find_next(const char *value)
{
	const char *at = skip_value(value);

	return *at == ',' ? skip_space(at + 1) : NULL;
}

static bool is_key(const char *quoted, const char *key)
{
	size_t length = strlen(key);

	return !strncmp(quoted + 1, key, length) && quoted[1 + length] == '"';
}

/* The value of the member whose key starts here. */
static const char *find_member_value(const char *quoted)
{
	const char *colon = skip_space(skip_string(quoted));

	return *colon == ':' ? skip_space(colon + 1) : colon;
}

/*
 * Enters an object or array: sets "place" to what is shown for the step and
 * returns the value there, or NULL where the step leads nowhere.
 */
static const char *enter(const char *value, const struct jsonplace_step *step, const char **place)
{
	const char *at = skip_space(value + 1);
	size_t index = 0;

	if (*value != (step->key ? '{' : '[')) {
		return NULL;
	}
	while (at && *at && *at != '}' && *at != ']') {
		const char *inner = step->key ? find_member_value(at) : at;

		if (step->key ? *at == '"' && is_key(at, step->key) : index == step->index) {
			*place = at;
			return inner;
		}
		at = find_next(inner);
		index++;
	}
	return NULL;
}

unsigned int jsonplace_find_line(const char *text, const struct jsonplace_step *steps,
				 size_t step_count)
{
	const char *value = skip_space(text);
	const char *place = value;
	unsigned int line = 1;

	for (size_t i = 0; i < step_count && value && *value; i++) {
		value = enter(value, &steps[i], &place);
	}
	for (const char *at = text; at < place; at++) {
		line += *at == '\n';
	}
	return line;
}
