/*
 * Formatted text into a buffer, with the standard names and meanings of what
 * is there: flags - 0 # + space, width and precision (also *), lengths hh h l
 * ll z t, conversions d i u x X p c s %. An unknown conversion is printed as it
 * stands. No floating point.
 */
#ifndef LIB_PRINTF_H
#define LIB_PRINTF_H

#include <stdarg.h>

#include "lib/types.h"

/* Write at most size bytes, NUL included; return the length that the whole text has. */
int snprintf(char *buf, size_t size, const char *fmt, ...) printf_like(3, 4);
int vsnprintf(char *buf, size_t size, const char *fmt, va_list args) printf_like(3, 0);

/* As snprintf, but return the length written, so that it can be added to a position. */
size_t string_format(char *buf, size_t size, const char *fmt, ...) printf_like(3, 4);

#endif
