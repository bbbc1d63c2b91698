/*
 * The string functions that C programs expect, with the standard names and
 * meanings, for the freestanding build. On the host, tests/fake/host_names.h
 * renames them so that they stand beside the C library's. The compiler also
 * calls memcpy, memmove, memset and memcmp by itself.
 */
#ifndef LIB_STRING_H
#define LIB_STRING_H

#include "lib/types.h"

void *memcpy(void *restrict dst, const void *restrict src, size_t size);
void *memmove(void *dst, const void *src, size_t size);
void *memset(void *dst, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
void *memchr(const void *s, int byte, size_t size);

size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t max);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);

/* Copy a string, cut to fit size bytes and always terminated if size > 0. True if nothing was cut. */
bool string_copy(char *dst, const char *src, size_t size);

/* The number of the first byte of a string to the end, in base 10 or, with 0x before it, 16;
 * false, and *value unchanged, for anything else or one that does not fit. */
bool string_to_u64(const char *s, u64 *value) must_check;

#endif
