/* lib/printf.c against the C library's own printf, and at the end of the buffer. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "lib/types.h"

int hv_snprintf(char *buf, size_t size, const char *fmt, ...) printf_like(3, 4);
size_t string_format(char *buf, size_t size, const char *fmt, ...) printf_like(3, 4);

#define same(...)                                                                    \
	do {                                                                         \
		char ours[256], theirs[256];                                         \
		int length = hv_snprintf(ours, sizeof(ours), __VA_ARGS__);           \
                                                                                     \
		cr_assert_eq(length, snprintf(theirs, sizeof(theirs), __VA_ARGS__)); \
		cr_assert_str_eq(ours, theirs);                                      \
	} while (0)

Test(printf, integers)
{
	same("%d %d %d", 0, -1, INT32_MIN);
	same("%u %lu", UINT32_MAX, UINT64_MAX);
	same("%ld %lld", INT64_MIN, (long long)INT64_MAX);
	same("%x %X %#x %#x", 0xabcU, 0xabcU, 0xabcU, 0U);
	same("%lx %llx %zx", 0x123456789abcdefUL, 0xfULL, (size_t)5);
	same("%hhu %hu %hhd %hd", (u8)255, (u16)65535, (signed char)-1, (short)-2);
	same("%zu %td", (size_t)12, (ptrdiff_t)-3);
}

Test(printf, widths)
{
	same("[%5d][%-5d][%05d]", 42, 42, 42);
	same("[%5d][%-5d][%05d]", -42, -42, -42);
	same("[%016lx][%#10x][%#010x]", 0xabcUL, 0xabcU, 0xabcU);
	same("[%.3d][%8.3d][%-8.3d]", 7, 7, 7);
	same("[%*d][%-*d][%*d]", 6, 1, 6, 1, -6, 1);
	same("[%+d][%+d]", 1, -1);
	same("[%2d]", 12345);
}

Test(printf, text)
{
	same("%s|%10s|%-10s|%.2s|%10.2s", "abc", "abc", "abc", "abc", "abc");
	same("%c%c %%", 'x', 'y');
	same("%.*s", 3, "abcdef");
	same("plain");
}

Test(printf, precision_bounds_the_read)
{
	const char text[3] = { 'a', 'b', 'c' };
	char buf[8];

	hv_snprintf(buf, sizeof(buf), "%.3s", text);
	cr_assert_str_eq(buf, "abc");
}

Test(printf, pointer)
{
	char buf[32];

	hv_snprintf(buf, sizeof(buf), "%p", (void *)0x1234);
	cr_assert_str_eq(buf, "0000000000001234");
}

Test(printf, cut)
{
	char buf[5] = "xxxx";

	cr_assert_eq(hv_snprintf(buf, sizeof(buf), "%s", "abcdef"), 6);
	cr_assert_str_eq(buf, "abcd");
	cr_assert_eq(hv_snprintf(buf, 1, "%s", "abc"), 3);
	cr_assert_str_eq(buf, "");
	cr_assert_eq(hv_snprintf(NULL, 0, "%d", 123), 3);
	cr_assert_eq(string_format(buf, sizeof(buf), "%s", "abcdef"), 4);
	cr_assert_eq(string_format(buf, sizeof(buf), "%s", "ab"), 2);
}
