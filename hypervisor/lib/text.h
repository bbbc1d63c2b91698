/*
 * Text that grows to the end of its buffer and no further: what does not fit is
 * cut. Always terminated, if there is a buffer at all.
 */
#ifndef LIB_TEXT_H
#define LIB_TEXT_H

#include "lib/printf.h"

struct text {
	char *bytes; /* NULL: nothing is kept */
	u32 size;    /* without the NUL */
	u32 room;    /* bytes of the buffer */
};

/* Add formatted text. */
static inline void text_vadd(struct text *t, const char *fmt, va_list args)
{
	int added;

	if (t->bytes == NULL || t->room - t->size <= 1) {
		return;
	}
	added = vsnprintf(t->bytes + t->size, t->room - t->size, fmt, args);
	t->size = MIN(t->size + (u32)added, t->room - 1);
}

static inline printf_like(2, 3) void text_add(struct text *t, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	text_vadd(t, fmt, args);
	va_end(args);
}

#endif
