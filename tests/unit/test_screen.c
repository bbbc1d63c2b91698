/* tools/parley/screen.c and terminal.c: names before lines, and keys out of input. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "parley/outqueue.h"
#include "parley/screen.h"
#include "parley/terminal.h"

static struct outqueue out;
static struct screen screen;

static void open_screen(size_t streams, bool raw)
{
	static const char *const names[] = { "one", "two", "three" };

	outqueue_init(&out, 1);
	screen_init(&screen, &out, raw, false);
	for (size_t i = 0; i < streams; i++) {
		cr_assert_eq(screen_add(&screen, names[i]), i);
	}
}

static void put(size_t stream, const char *text)
{
	screen_put(&screen, stream, (const uint8_t *)text, strlen(text));
}

/* Compares and forgets what the screen shows so far. */
static void expect(const char *text)
{
	cr_assert(out.size == strlen(text) && (!out.size || !memcmp(out.data, text, out.size)),
		  "expected \"%s\", shown \"%.*s\"", text, (int)out.size, (char *)out.data);
	out.size = 0;
}

Test(screen, leaves_one_domain_as_it_is)
{
	open_screen(1, true);
	put(0, "a\r\nb\033[1m\0x");
	put(0, "\r");
	expect("a\r\nb\033[1m\r");
	screen_fini(&screen);
	expect("");
}

Test(screen, names_whole_lines)
{
	open_screen(2, false);
	put(0, "hel");
	put(1, "wor");
	expect("");
	put(1, "ld\r\n\n");
	put(0, "lo\nmore");
	expect("two| world\ntwo| \none| hello\n");
	screen_fini(&screen);
	expect("one| more\n");
}

Test(screen, shows_the_prompt_of_the_focused_domain)
{
	open_screen(2, false);
	put(0, "# ");
	put(1, "login: ");
	cr_assert(screen_has_hidden(&screen));
	screen_show_partial(&screen);
	expect("one| # ");
	put(0, "ls");
	screen_show_partial(&screen);
	expect("ls");
	put(1, "tty1\n");
	screen_show_partial(&screen);
	expect("\ntwo| login: tty1\none| # ls");
	put(0, "\n");
	expect("\n");
	screen.focus = 1;
	screen_show_partial(&screen);
	expect("");
}

Test(screen, breaks_endless_lines)
{
	static char line[SCREEN_LINE_MAX + 1];

	open_screen(2, false);
	memset(line, 'x', SCREEN_LINE_MAX);
	put(0, line);
	expect("");
	put(0, "y\n");
	cr_assert_eq(out.size, 2 * strlen("one| \n") + SCREEN_LINE_MAX + 1);
	cr_assert_eq(memcmp(out.data + out.size - 8, "\none| y\n", 8), 0);
}

Test(screen, refuses_too_many_streams)
{
	open_screen(0, false);
	for (size_t i = 0; i < SCREEN_STREAMS_MAX; i++) {
		cr_assert_eq(screen_add(&screen, "x"), i);
	}
	cr_assert_eq(screen_add(&screen, "x"), SCREEN_NONE);
	screen_fini(&screen);
}

Test(terminal, takes_commands_out_of_input)
{
	static const struct {
		const char *typed;
		const char *kept;
		enum terminal_command command;
		size_t taken;
	} cases[] = {
		{ "plain", "plain", TERMINAL_NONE, 5 },     { "ab\001xcd", "ab", TERMINAL_QUIT, 4 },
		{ "\001\001z", "\001z", TERMINAL_NONE, 3 }, { "\001az", "\001z", TERMINAL_NONE, 3 },
		{ "\0013", "", TERMINAL_SELECT, 2 },        { "\001c", "", TERMINAL_NEXT, 2 },
		{ "\001?", "", TERMINAL_HELP, 2 },          { "\001Zb", "b", TERMINAL_NONE, 3 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct terminal_keys keys = { false };
		uint8_t data[16];
		size_t taken;
		size_t kept;
		unsigned int digit = 0;

		memcpy(data, cases[i].typed, strlen(cases[i].typed));
		cr_assert_eq(terminal_filter(&keys, data, strlen(cases[i].typed), &taken, &kept,
					     &digit),
			     cases[i].command);
		cr_assert_eq(taken, cases[i].taken);
		cr_assert_eq(kept, strlen(cases[i].kept));
		cr_assert_eq(memcmp(data, cases[i].kept, kept), 0);
		cr_assert_eq(digit, cases[i].command == TERMINAL_SELECT ? 3 : 0);
	}
}

Test(terminal, remembers_ctrl_a_between_reads)
{
	struct terminal_keys keys = { false };
	uint8_t data[] = { 1, 'x' };
	size_t taken;
	size_t kept;
	unsigned int digit;

	cr_assert_eq(terminal_filter(&keys, data, 1, &taken, &kept, &digit), TERMINAL_NONE);
	cr_assert_eq(kept, 0);
	cr_assert_eq(terminal_filter(&keys, data + 1, 1, &taken, &kept, &digit), TERMINAL_QUIT);
}
