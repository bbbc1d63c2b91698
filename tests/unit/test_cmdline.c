/* lib/cmdline.c, lib/crc32.c and lib/bitmap.h. */
#include <criterion/criterion.h>

#include "lib/bitmap.h"
#include "lib/cmdline.h"

u32 hv_crc32(u32 crc, const void *data, size_t size);

Test(cmdline, words)
{
	const char *line = "hypervisor.elf  line=com2\tquiet name=";

	cr_assert(cmdline_has(line, "quiet"));
	cr_assert(cmdline_has(line, "line=com2"));
	cr_assert_not(cmdline_has(line, "line"));
	cr_assert_not(cmdline_has(line, "qui"));
	cr_assert_not(cmdline_has("", "quiet"));
}

Test(cmdline, values)
{
	const char *line = "a=1 line=com1 line=com2 lineage=x b=0x10 empty= long=0123456789";
	char buf[8];

	cr_assert(cmdline_get(line, "line", buf, sizeof(buf)));
	cr_assert_str_eq(buf, "com2");
	cr_assert(cmdline_get(line, "empty", buf, sizeof(buf)));
	cr_assert_str_eq(buf, "");
	cr_assert_not(cmdline_get(line, "long", buf, sizeof(buf)));
	cr_assert_str_eq(buf, "");
	cr_assert_not(cmdline_get(line, "none", buf, sizeof(buf)));
	cr_assert(cmdline_is(line, "line", "com2"));
	cr_assert_not(cmdline_is(line, "line", "com1"));
	cr_assert_eq(cmdline_get_u64(line, "b", 5), 16);
	cr_assert_eq(cmdline_get_u64(line, "empty", 5), 5);
	cr_assert_eq(cmdline_get_u64(line, "none", 5), 5);
}

Test(crc32, check_value)
{
	cr_assert_eq(hv_crc32(0, "123456789", 9), 0xcbf43926U);
	cr_assert_eq(hv_crc32(hv_crc32(0, "12345", 5), "6789", 4), 0xcbf43926U);
	cr_assert_eq(hv_crc32(0, "", 0), 0);
}

Test(bitmap, search)
{
	u64 map[BITMAP_WORDS(130)] = { 0 };

	cr_assert_eq(bitmap_next_set(map, 130, 0), 130);
	bitmap_set(map, 64);
	bitmap_set(map, 129);
	cr_assert_eq(bitmap_next_set(map, 130, 0), 64);
	cr_assert_eq(bitmap_next_set(map, 130, 65), 129);
	cr_assert_eq(bitmap_next_set(map, 129, 65), 129);
	cr_assert_eq(bitmap_next_clear(map, 130, 64), 65);
	cr_assert_eq(bitmap_next_clear(map, 130, 129), 130);
	cr_assert(bitmap_test_and_set(map, 64));
	cr_assert(bitmap_test_and_clear(map, 64));
	cr_assert_not(bitmap_test(map, 64));
	bitmap_clear(map, 129);
	cr_assert_eq(bitmap_next_set(map, 130, 0), 130);
}
