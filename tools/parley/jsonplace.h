/*
 * On which line of a JSON text does a value stand? Jansson checks the text and
 * forgets lines; this walks the text again, so it is only for text that
 * Jansson accepted, and only for messages.
 */
#ifndef TOOLS_PARLEY_JSONPLACE_H
#define TOOLS_PARLEY_JSONPLACE_H

#include <stddef.h>

/* One step into a value: a member by its key, or with key NULL an element. */
struct jsonplace_step {
	const char *key;
	size_t index;
};

/*
 * The line, from 1, of what the steps lead to: a member's key, an element's
 * first character. Where a step leads nowhere, the line of what encloses it.
 */
unsigned int jsonplace_find_line(const char *text, const struct jsonplace_step *steps,
				 size_t step_count);

#endif
