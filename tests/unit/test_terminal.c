/*
 * The verbs on a terminal, a pseudo terminal whose other end is the person's: keys that leave,
 * settings that are as they were afterwards, a screen that is cleaned up, colour there only.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "fake_session.h"
#include "fake_verb.h"
#include "parley/verbs.h"

#define PATIENCE 10000 /* milliseconds for what must come */

TestSuite(terminal, .timeout = 60);

/* A verb on a terminal, and all that was on the screen so far. */
struct person {
	pid_t verb;
	int screen;
	struct termios before;
	size_t size;
	char seen[65536];
};

static struct person person;

/* Reads for as long as "milliseconds" without a byte; false at the end of the terminal. */
static bool look(int milliseconds)
{
	struct pollfd item = { .fd = person.screen, .events = POLLIN };
	ssize_t got;

	if (poll(&item, 1, milliseconds) <= 0) {
		return false;
	}
	got = read(person.screen, person.seen + person.size, sizeof(person.seen) - 1 - person.size);
	if (got <= 0) {
		return false;
	}
	person.size += (size_t)got;
	person.seen[person.size] = '\0';
	return true;
}

static void expect_from(size_t from, const char *text)
{
	while (!strstr(person.seen + from, text)) {
		cr_assert(look(PATIENCE), "\"%s\" is not in \"%s\"", text, person.seen + from);
	}
}

static void expect(const char *text)
{
	expect_from(0, text);
}

static void type(const char *keys)
{
	cr_assert_eq(write(person.screen, keys, strlen(keys)), (ssize_t)strlen(keys));
}

static void begin(fake_verb_fn *verb, const char *words)
{
	memset(&person, 0, sizeof(person));
	person.verb = fake_spawn_on_terminal(verb, words, 24, &person.screen);
	/* Settings of a new terminal; the verb needs longer to change them than this call. */
	cr_assert_eq(tcgetattr(person.screen, &person.before), 0);
}

static bool is_raw(void)
{
	struct termios now;

	cr_assert_eq(tcgetattr(person.screen, &now), 0);
	return !(now.c_lflag & (ICANON | ECHO | ISIG));
}

/* Its status; the terminal must be as it was. */
static int leave(void)
{
	struct termios now;
	int slave = open(ptsname(person.screen), O_RDWR | O_NOCTTY);
	int status;
	pid_t ended = 0;

	/* The rest is read: who restores a terminal waits until its output has gone. */
	for (int i = 0; i < 1000 && !ended; i++) {
		look(10);
		ended = waitpid(person.verb, &status, WNOHANG);
	}
	cr_assert_eq(ended, person.verb, "it does not end: %s", person.seen);
	while (look(50)) {
	}
	cr_assert_eq(tcgetattr(slave, &now), 0);
	cr_assert_eq(now.c_lflag, person.before.c_lflag);
	cr_assert_eq(now.c_iflag, person.before.c_iflag);
	cr_assert_eq(now.c_oflag, person.before.c_oflag);
	close(slave);
	close(person.screen);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void wait_for_input(size_t size)
{
	for (int i = 0; i < PATIENCE && machine.state->input_size < size; i++) {
		usleep(1000);
	}
}

/* ---- console ---- */

static void begin_console(const char *words)
{
	fake_machine_start(&machine, "m");
	fake_machine_say(&machine, PV_LINE_CONSOLE_OUT, 1, "earlier output\n", 15);
	usleep(100000);
	begin(verb_console, words);
	expect("earlier output");
}

Test(terminal, console_shows_sends_and_is_left_by_its_key)
{
	uint32_t credit = 100;

	begin_console("console one");
	expect("parley: this is the console of one (Ctrl-] leaves it)");
	fake_machine_say(&machine, PV_LINE_CREDIT, 1, &credit, sizeof(credit));
	fake_machine_say(&machine, PV_LINE_CONSOLE_OUT, 1, "login: ", 7);
	expect("login: ");
	cr_assert(is_raw());
	type("ab\003\032\r");
	wait_for_input(5);
	cr_assert_eq(memcmp(machine.state->input, "ab\003\032\r", 5), 0,
		     "all keys but one are the domain's");
	type("c\035d");
	cr_assert_eq(leave(), 0);
	cr_assert_not_null(strstr(person.seen, "parley: left the console of one, which runs on"));
	wait_for_input(6);
	usleep(50000);
	cr_assert_eq(machine.state->input_size, 6, "what is typed behind the key goes nowhere");
	cr_assert_eq(machine.state->domains[0].state, PV_CONTROL_STATE_running);
	cr_assert_eq(fake_machine_end(&machine), 0);
}

Test(terminal, console_is_left_by_another_key)
{
	uint32_t credit = 100;

	begin_console("console --escape ^x one");
	expect("(Ctrl-X leaves it)");
	fake_machine_say(&machine, PV_LINE_CREDIT, 1, &credit, sizeof(credit));
	type("\035");
	wait_for_input(1);
	cr_assert_eq(machine.state->input[0], '\035');
	type("\030");
	cr_assert_eq(leave(), 0);
	cr_assert_eq(fake_machine_end(&machine), 0);
}

Test(terminal, console_restores_when_a_signal_ends_it)
{
	begin_console("console one");
	expect("leaves it");
	kill(person.verb, SIGTERM);
	cr_assert_eq(leave(), 128 + SIGTERM);
	cr_assert_eq(fake_machine_end(&machine), 0);
}

Test(terminal, console_restores_when_the_domain_ends)
{
	begin_console("console one");
	expect("leaves it");
	fake_machine_say_state(&machine, 1, "one", PV_DOMAIN_STATE_SHUTDOWN, 0);
	cr_assert_eq(leave(), 0);
	cr_assert_not_null(strstr(person.seen, "parley: one has ended: powered off"));
	cr_assert_eq(fake_machine_end(&machine), 0);
}

/* In a pipe: a reader that is gone ends it, even where the domain says nothing more. */
Test(terminal, console_ends_with_its_reader)
{
	int pipes[2];
	int null = open("/dev/null", O_RDWR);
	int status;
	pid_t verb;

	fake_machine_start(&machine, "m");
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pipes), 0);
	verb = fake_spawn(verb_console, "console one", -1, pipes[1], null);
	close(pipes[1]);
	usleep(100000);
	cr_assert_eq(waitpid(verb, &status, WNOHANG), 0, "the end of its input is not the end");
	shutdown(pipes[0], SHUT_RDWR); /* closing would not do: the verb inherited it */
	cr_assert_eq(waitpid(verb, &status, 0), verb);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	cr_assert_eq(fake_machine_end(&machine), 0);
}

/* ---- top ---- */

#define ENTER "\033[?1049h\033[?25l"
#define LEAVE "\033[?25h\033[?1049l"

static void begin_top(const char *words)
{
	fake_machine_start(&machine, "m");
	begin(verb_top, words);
	expect("two ");
	expect_from((size_t)(strstr(person.seen, "two ") - person.seen), "\033[J");
	cr_assert_not_null(strstr(person.seen, ENTER));
	cr_assert(is_raw());
}

/* The other screen is left, and nothing is written to the first. */
static void expect_clean_end(void)
{
	const char *left = strstr(person.seen, LEAVE);

	cr_assert_not_null(left);
	while (!strncmp(left, LEAVE, strlen(LEAVE))) {
		left += strlen(LEAVE);
	}
	cr_assert_str_eq(left, "");
}

Test(terminal, top_is_left_by_q)
{
	begin_top("top");
	type("zq");
	cr_assert_eq(leave(), 0);
	expect_clean_end();
	cr_assert_eq(fake_machine_end(&machine), 0);
}

Test(terminal, top_is_left_by_ctrl_c_and_by_signals)
{
	begin_top("top");
	type("\003");
	cr_assert_eq(leave(), 0);
	expect_clean_end();
	begin(verb_top, "top");
	expect("two ");
	kill(person.verb, SIGTERM);
	cr_assert_eq(leave(), 128 + SIGTERM);
	expect_clean_end();
	cr_assert_eq(fake_machine_end(&machine), 0);
}

/*
 * A smaller screen is drawn at once, long before the next look, with as many domains as fit: the
 * busier, which is the one that has used as much in a shorter life.
 */
Test(terminal, top_fits_the_screen_when_that_changes)
{
	struct winsize size = { .ws_row = 4, .ws_col = 100 };
	size_t from;

	begin_top("top --interval 1000");
	from = person.size;
	cr_assert_eq(ioctl(person.screen, TIOCSWINSZ, &size), 0);
	expect_from(from, "\033[J");
	cr_assert_not_null(strstr(person.seen + from, "two "));
	cr_assert_null(strstr(person.seen + from, "one "));
	from = person.size;
	size.ws_row = 24;
	cr_assert_eq(ioctl(person.screen, TIOCSWINSZ, &size), 0);
	expect_from(from, "one ");
	type("q");
	cr_assert_eq(leave(), 0);
	expect_clean_end();
	cr_assert_eq(fake_machine_end(&machine), 0);
}

/* ---- others ---- */

Test(terminal, top_once_and_ls_draw_nothing)
{
	fake_machine_start(&machine, "m");
	begin(verb_top, "top --once --interval 0.1");
	cr_assert_eq(leave(), 0);
	cr_assert_not_null(strstr(person.seen, "one "));
	cr_assert_null(strchr(person.seen, '\033'));
	begin(verb_ls, "ls");
	cr_assert_eq(leave(), 0);
	cr_assert_null(strchr(person.seen, '\033'));
	cr_assert_null(strchr(fake_run(verb_top, "top --once --interval 0.1")->out, '\033'));
	cr_assert_eq(fake_machine_end(&machine), 0);
}
