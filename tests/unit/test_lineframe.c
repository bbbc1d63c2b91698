/* tools/parley/lineframe.c: frames survive any cutting, and garbage around them. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parley/lineframe.h"

#define ROOM 65536

/* What was taken, as one run of bytes to compare. */
static uint8_t taken[ROOM];
static size_t taken_size;
static unsigned int taken_count;

static void take(void *context, const struct pv_line_header *header, const uint8_t *payload)
{
	cr_assert_eq(context, taken);
	cr_assert_leq(header->length, PV_LINE_PAYLOAD_MAX);
	if (taken_size + header->length + 2 <= ROOM) {
		taken[taken_size++] = header->type;
		taken[taken_size++] = (uint8_t)header->domid;
		memcpy(taken + taken_size, payload, header->length);
		taken_size += header->length;
	}
	taken_count++;
}

static size_t put_text(uint8_t *out, const char *text)
{
	return lineframe_make(out, PV_LINE_CONSOLE_OUT, 7, text, (uint16_t)strlen(text));
}

static void expect_texts(const char *a, const char *b)
{
	char expected[256];
	int size = snprintf(expected, sizeof(expected), "\2\7%s\2\7%s", a, b);

	cr_assert_eq(taken_count, 2);
	cr_assert_eq(taken_size, size);
	cr_assert_eq(memcmp(taken, expected, taken_size), 0);
}

Test(lineframe, has_the_documented_bytes)
{
	uint8_t frame[LINEFRAME_SIZE_MAX];
	struct pv_line_header header;
	size_t size = lineframe_make(frame, PV_LINE_CREDIT, 0x0102, "abcd", 4);

	cr_assert_eq(size, 12);
	memcpy(&header, frame, sizeof(header));
	cr_assert_eq(header.sync, 0xa5);
	cr_assert_eq(header.type, 4);
	cr_assert_eq(header.check, (uint16_t)(~0x04a5u ^ 0x0102 ^ 4));
	cr_assert_eq(memcmp(frame + 8, "abcd", 4), 0);
}

Test(lineframe, is_found_byte_by_byte)
{
	static struct lineframe_reader reader;
	uint8_t bytes[64];
	size_t size = put_text(bytes, "hello");

	size += put_text(bytes + size, "");
	for (size_t i = 0; i < size; i++) {
		lineframe_read(&reader, bytes + i, 1, take, taken);
	}
	expect_texts("hello", "");
	cr_assert_eq(reader.skipped, 0);
}

Test(lineframe, is_found_behind_garbage)
{
	static struct lineframe_reader reader;
	uint8_t bytes[128] = "boot \xa5\xa5 text \xa5";
	size_t size = 14;

	size += put_text(bytes + size, "one");
	memcpy(bytes + size, "\xa5\x02\x07", 3);
	size += 3;
	size += put_text(bytes + size, "two");
	lineframe_read(&reader, bytes, size, take, taken);
	expect_texts("one", "two");
	cr_assert_eq(reader.skipped, 17);
}

Test(lineframe, refuses_a_length_beyond_the_limit)
{
	static struct lineframe_reader reader;
	struct pv_line_header header = { .sync = PV_LINE_SYNC, .type = 2, .length = 2049 };
	uint8_t bytes[64];
	size_t size;

	header.check = lineframe_check(&header);
	lineframe_read(&reader, (uint8_t *)&header, sizeof(header), take, taken);
	size = put_text(bytes, "x");
	size += put_text(bytes + size, "y");
	lineframe_read(&reader, bytes, size, take, taken);
	expect_texts("x", "y");
}

Test(lineframe, carries_the_longest_payload)
{
	static struct lineframe_reader reader;
	static uint8_t payload[PV_LINE_PAYLOAD_MAX];
	static uint8_t frame[LINEFRAME_SIZE_MAX];
	size_t size;

	memset(payload, PV_LINE_SYNC, sizeof(payload));
	size = lineframe_make(frame, PV_LINE_CONSOLE_OUT, 1, payload, sizeof(payload));
	for (int i = 0; i < 3; i++) {
		lineframe_read(&reader, frame, size, take, taken);
	}
	cr_assert_eq(taken_count, 3);
	cr_assert_eq(reader.skipped, 0);
}

/* Whatever comes, a whole frame sent twice afterwards is found at least once. */
Test(lineframe, recovers_from_random_bytes)
{
	static struct lineframe_reader reader;
	static uint8_t noise[4096];
	static uint8_t flush[2 * LINEFRAME_SIZE_MAX];
	uint8_t frame[64];
	size_t size = put_text(frame, "still here");

	srand(3);
	for (int round = 0; round < 2000; round++) {
		unsigned int before;
		size_t length = (size_t)rand() % sizeof(noise);

		for (size_t i = 0; i < length; i++) {
			noise[i] = rand() % 8 ? (uint8_t)rand() : PV_LINE_SYNC;
		}
		lineframe_read(&reader, noise, length, take, taken);
		/* Fills up a frame that the noise may have announced. */
		lineframe_read(&reader, flush, sizeof(flush), take, taken);
		before = taken_count;
		lineframe_read(&reader, frame, size, take, taken);
		cr_assert_gt(taken_count, before);
	}
}
