/* lib/log.c: lines, ring, sinks and the budget. */
#include <criterion/criterion.h>
#include <string.h>

#include "lib/log.h"

static char sunk[4 * LOG_RING_SIZE];
static size_t sunk_size;
static u64 now;

static void sink(const char *text, size_t size)
{
	memcpy(sunk + sunk_size, text, size);
	sunk_size += size;
}

static u64 clock_ns(void)
{
	return now;
}

Test(log, line_form)
{
	log_set_clock(clock_ns);
	now = 1234567890;
	log_add_sink(sink);
	log_warn("x %d", 1);
	sunk[sunk_size] = '\0';
	cr_assert_str_eq(sunk, "[    1.234567] warning: x 1\n");
}

Test(log, new_sink_gets_the_past)
{
	log_info("one");
	log_add_sink(sink);
	log_info("two");
	sunk[sunk_size] = '\0';
	cr_assert_str_eq(sunk, "[    0.000000] one\n[    0.000000] two\n");
}

Test(log, long_line_is_cut)
{
	char text[600];

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_add_sink(sink);
	log_info("%s", text);
	cr_assert_leq(sunk_size, LOG_LINE_MAX);
	cr_assert_eq(sunk[sunk_size - 1], '\n');
}

Test(log, ring_keeps_the_newest)
{
	static char buf[LOG_RING_SIZE];

	for (int i = 0; i < LOG_RING_SIZE; i++) {
		log_raw("ab", 2);
	}
	log_raw("end", 3);
	cr_assert_eq(log_read(buf, sizeof(buf)), LOG_RING_SIZE);
	cr_assert_eq(memcmp(buf + sizeof(buf) - 3, "end", 3), 0);
	cr_assert_eq(log_read(buf, 3), 3);
	cr_assert_eq(memcmp(buf, "end", 3), 0);
	log_add_sink(sink);
	cr_assert_eq(sunk_size, LOG_RING_SIZE);
}

Test(log, works_after_bust)
{
	log_bust_lock();
	log_add_sink(sink);
	log_info("x");
	cr_assert_gt(sunk_size, 0);
}

Test(log, budget)
{
	struct log_limit limit = { 0 };
	u32 dropped, through = 0;

	log_set_clock(clock_ns);
	for (int i = 0; i < 1000; i++) {
		through += log_limit_allows(&limit, &dropped);
	}
	cr_assert_eq(through, 16);
	now += 500000000;
	cr_assert(log_limit_allows(&limit, &dropped));
	cr_assert_eq(dropped, 984);
	cr_assert_not(log_limit_allows(&limit, &dropped));
}
