/* lib/string.c: the standard meanings at every small size and alignment. */
#include <criterion/criterion.h>
#include <string.h>

#include "host_names.h"
#include "lib/string.h"

#undef memcmp

static void fill(u8 *p, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		p[i] = (u8)(i * 7 + 1);
	}
}

Test(string, memcpy_copies_exactly)
{
	for (size_t offset = 0; offset < 8; offset++) {
		for (size_t size = 0; size < 40; size++) {
			u8 from[64], to[64] = { 0 };

			fill(from, sizeof(from));
			cr_assert_eq(memcpy(to + 8, from + offset, size), to + 8);
			cr_assert_eq(memcmp(to + 8, from + offset, size), 0);
			cr_assert_eq(to[7], 0);
			cr_assert_eq(to[8 + size], 0);
		}
	}
}

Test(string, memmove_overlaps_both_ways)
{
	for (size_t to = 0; to < 20; to++) {
		u8 p[64], expect[64];

		fill(p, sizeof(p));
		for (size_t i = 0; i < 30; i++) {
			expect[i] = p[10 + i];
		}
		cr_assert_eq(memmove(p + to, p + 10, 30), p + to);
		cr_assert_eq(memcmp(p + to, expect, 30), 0);
	}
}

Test(string, memset_sets_exactly)
{
	for (size_t size = 0; size < 40; size++) {
		u8 p[64] = { 0 };

		cr_assert_eq(memset(p + 1, 0x1fe, size), p + 1);
		for (size_t i = 0; i < sizeof(p); i++) {
			cr_assert_eq(p[i], i >= 1 && i < 1 + size ? 0xfe : 0);
		}
	}
}

Test(string, compare)
{
	cr_assert_eq(strcmp("a", "a"), 0);
	cr_assert_lt(strcmp("a", "b"), 0);
	cr_assert_gt(strcmp("ab", "a"), 0);
	cr_assert_gt(strcmp("\xff", "a"), 0);
	cr_assert_eq(strncmp("abc", "abd", 2), 0);
	cr_assert_eq(hv_memcmp("a\0b", "a\0b", 3), 0);
	cr_assert_lt(hv_memcmp("a\0b", "a\0c", 3), 0);
}

Test(string, search)
{
	const char *s = "abcabc";

	cr_assert_eq(strlen(s), 6);
	cr_assert_eq(strnlen(s, 3), 3);
	cr_assert_eq(strchr(s, 'c'), s + 2);
	cr_assert_eq(strchr(s, '\0'), s + 6);
	cr_assert_null(strchr(s, 'x'));
	cr_assert_eq(strrchr(s, 'c'), s + 5);
	cr_assert_null(strrchr(s, 'x'));
	cr_assert_null(memchr(s, 'c', 2));
}

Test(string, copy_cuts_and_terminates)
{
	char buf[4] = "xxx";

	cr_assert(string_copy(buf, "abc", sizeof(buf)));
	cr_assert_str_eq(buf, "abc");
	cr_assert_not(string_copy(buf, "abcd", sizeof(buf)));
	cr_assert_str_eq(buf, "abc");
	cr_assert_not(string_copy(buf, "", 0));
	cr_assert_str_eq(buf, "abc");
}

Test(string, to_u64)
{
	u64 value = 7;

	cr_assert(string_to_u64("0", &value) && value == 0);
	cr_assert(string_to_u64("123", &value) && value == 123);
	cr_assert(string_to_u64("0xFf", &value) && value == 255);
	cr_assert(string_to_u64("18446744073709551615", &value) && value == UINT64_MAX);
	value = 7;
	cr_assert_not(string_to_u64("18446744073709551616", &value));
	cr_assert_not(string_to_u64("", &value));
	cr_assert_not(string_to_u64("0x", &value));
	cr_assert_not(string_to_u64("12a", &value));
	cr_assert_not(string_to_u64("-1", &value));
	cr_assert_eq(value, 7);
}
