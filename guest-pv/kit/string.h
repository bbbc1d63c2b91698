/*
 * The few memory and string functions the kit needs. Names and meanings are
 * those of the C standard; the compiler may call the mem* ones by itself.
 */
#ifndef KIT_STRING_H
#define KIT_STRING_H

#include <stddef.h>

void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
const char *strstr(const char *text, const char *part);

/*
 * Reads a number at s: decimal, or hexadecimal after "0x". Stops at the first
 * other character; an empty number is 0. Large numbers wrap.
 */
unsigned long string_to_number(const char *s);

#endif
