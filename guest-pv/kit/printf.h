/*
 * Formatted output. Conversions: d i u x X p c s %, with the flags 0 and -,
 * a width, and the lengths h, l, ll and z. Anything else is copied as it stands.
 */
#ifndef KIT_PRINTF_H
#define KIT_PRINTF_H

#include <stdarg.h>
#include <stddef.h>

/*
 * Formats into buf, always terminated when size > 0. Returns the length the
 * whole text has, as the standard function of this name does.
 */
int vsnprintf(char *buf, size_t size, const char *format, va_list args);
int snprintf(char *buf, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Formats up to 511 characters and writes them to the console in one piece. */
int printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
