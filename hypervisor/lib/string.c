/*
 * Memory and string functions. Block moves go by REP MOVSQ and STOSQ: short in
 * code, and eight bytes an instruction where instructions are counted. They
 * rely on the direction flag being clear, as the entry code leaves it.
 */
#include "lib/string.h"

void *memcpy(void *restrict dst, const void *restrict src, size_t size)
{
	void *to = dst;
	size_t words = size / 8;
	size_t rest = size % 8;

	__asm__ volatile("rep movsq" : "+D"(to), "+S"(src), "+c"(words)::"memory");
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(src), "+c"(rest)::"memory");
	return dst;
}

static void copy_backward(void *dst, const void *src, size_t size)
{
	char *to = (char *)dst + size - 1;
	const char *from = (const char *)src + size - 1;

	__asm__ volatile("std; rep movsb; cld" : "+D"(to), "+S"(from), "+c"(size)::"memory");
}

void *memmove(void *dst, const void *src, size_t size)
{
	if ((uintptr_t)dst - (uintptr_t)src >= size) {
		return memcpy(dst, src, size);
	}
	copy_backward(dst, src, size);
	return dst;
}

void *memset(void *dst, int byte, size_t size)
{
	void *to = dst;
	size_t words = size / 8;
	size_t rest = size % 8;
	u64 pattern = (u8)byte * 0x0101010101010101ULL;

	__asm__ volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(pattern) : "memory");
	__asm__ volatile("rep stosb" : "+D"(to), "+c"(rest) : "a"(pattern) : "memory");
	return dst;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const u8 *x = a;
	const u8 *y = b;

	for (size_t i = 0; i < size; i++) {
		if (x[i] != y[i]) {
			return x[i] < y[i] ? -1 : 1;
		}
	}
	return 0;
}

void *memchr(const void *s, int byte, size_t size)
{
	const u8 *p = s;

	for (size_t i = 0; i < size; i++) {
		if (p[i] == (u8)byte) {
			return (void *)(uintptr_t)(p + i);
		}
	}
	return NULL;
}

size_t strlen(const char *s)
{
	const char *end = s;

	while (*end != '\0') {
		end++;
	}
	return (size_t)(end - s);
}

size_t strnlen(const char *s, size_t max)
{
	size_t length = 0;

	while (length < max && s[length] != '\0') {
		length++;
	}
	return length;
}

int strncmp(const char *a, const char *b, size_t max)
{
	for (size_t i = 0; i < max; i++) {
		if (a[i] != b[i]) {
			return (u8)a[i] < (u8)b[i] ? -1 : 1;
		}
		if (a[i] == '\0') {
			return 0;
		}
	}
	return 0;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}

char *strchr(const char *s, int c)
{
	return memchr(s, c, strlen(s) + 1);
}

char *strrchr(const char *s, int c)
{
	for (size_t i = strlen(s) + 1; i > 0; i--) {
		if (s[i - 1] == (char)c) {
			return (char *)(uintptr_t)(s + i - 1);
		}
	}
	return NULL;
}

bool string_copy(char *dst, const char *src, size_t size)
{
	size_t length;

	if (size == 0) {
		return false;
	}
	length = strnlen(src, size);
	if (length == size) {
		memcpy(dst, src, size - 1);
		dst[size - 1] = '\0';
		return false;
	}
	memcpy(dst, src, length + 1);
	return true;
}

/* The value of a digit, or 255. */
static u32 digit_value(char c)
{
	if (c >= '0' && c <= '9') {
		return (u32)(c - '0');
	}
	if (c >= 'a' && c <= 'f') {
		return (u32)(c - 'a') + 10;
	}
	if (c >= 'A' && c <= 'F') {
		return (u32)(c - 'A') + 10;
	}
	return 255;
}

bool string_to_u64(const char *s, u64 *value)
{
	u32 base = 10;
	u64 result = 0;

	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		base = 16;
		s += 2;
	}
	if (*s == '\0') {
		return false;
	}
	for (; *s != '\0'; s++) {
		u32 digit = digit_value(*s);

		if (digit >= base || __builtin_mul_overflow(result, (u64)base, &result) ||
		    __builtin_add_overflow(result, (u64)digit, &result)) {
			return false;
		}
	}
	*value = result;
	return true;
}
