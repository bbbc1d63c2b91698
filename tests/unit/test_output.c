/*
 * session_output.c: standard output of `parley run` that nobody reads. The machine is served all
 * the same, and each byte of a console is either written or told to be missing.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake_session.h"
#include "parley/link.h"

TestSuite(output, .timeout = 60);

static struct problem problem;
static int reader; /* our end of the session's standard output */

static void start(void)
{
	int ends[2];

	cr_assert_eq(pipe(ends), 0);
	reader = ends[0];
	fcntl(reader, F_SETFL, O_NONBLOCK);
	fake_output = ends[1];
	fake_machine_start(&machine, "m");
	close(ends[1]);
}

#define FRAMES 1500

static void flood(void)
{
	static char text[PV_LINE_PAYLOAD_MAX];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\n';
	for (int i = 0; i < FRAMES; i++) {
		fake_machine_say(&machine, PV_LINE_CONSOLE_OUT, 1, text, sizeof(text));
	}
}

/* Reads for so long, or until the mark is there; returns how many x there were. */
static size_t count_read(const char *mark, int milliseconds, bool *has_mark)
{
	char bytes[4096];
	size_t count = 0;

	*has_mark = false;
	for (int i = 0; i < milliseconds && !*has_mark; i++) {
		ssize_t got;

		while ((got = read(reader, bytes, sizeof(bytes) - 1)) > 0) {
			bytes[got] = '\0';
			*has_mark = *has_mark || strstr(bytes, mark);
			for (ssize_t j = 0; j < got; j++) {
				count += bytes[j] == 'x';
			}
		}
		usleep(1000);
	}
	return count;
}

static unsigned long count_missing(void)
{
	char text[4096];
	ssize_t size = pread(machine.err, text, sizeof(text) - 1, 0);
	const char *at;

	text[size > 0 ? size : 0] = '\0';
	at = strstr(text, " bytes of consoles are missing here");
	cr_assert_not_null(at, "%s", text);
	while (at > text && at[-1] >= '0' && at[-1] <= '9') {
		at--;
	}
	return strtoul(at, NULL, 10);
}

Test(output, a_stopped_reader_holds_no_verb_up_and_what_it_missed_is_counted)
{
	struct pv_control_domain_id id = { .domid = 2 };
	unsigned long missing, shown;
	struct link link;
	bool has_mark;

	start();
	cr_assert_eq(link_open(&link, NULL, &problem), 0, "%s", problem.text);
	flood();
	cr_assert_eq(link_call(&link, PV_CONTROLOP_pause, &id, sizeof(id), &problem), 0);
	shown = count_read("mark", 500, &has_mark);
	fake_machine_say(&machine, PV_LINE_CONSOLE_OUT, 1, "mark\n", 5);
	shown += count_read("mark", 10000, &has_mark);
	cr_assert(has_mark, "it is read again");
	missing = count_missing();
	/* Each frame ends in a line's end; whole frames are left out. */
	cr_assert_eq(missing % PV_LINE_PAYLOAD_MAX, 0);
	cr_assert_gt(missing, 0);
	cr_assert_eq(shown + missing / PV_LINE_PAYLOAD_MAX * (PV_LINE_PAYLOAD_MAX - 1),
		     (unsigned long)FRAMES * (PV_LINE_PAYLOAD_MAX - 1));
	link_close(&link);
	cr_assert_eq(fake_machine_end(&machine), 0);
}

/* Nobody else needs the line: a reader that comes back in time misses nothing. */
Test(output, without_others_a_pause_loses_nothing)
{
	size_t shown;
	bool has_mark;
	int status;
	pid_t child;

	start();
	child = fork();
	if (child == 0) {
		flood();
		fake_machine_say(&machine, PV_LINE_CONSOLE_OUT, 1, "mark\n", 5);
		_exit(0);
	}
	sleep(3);
	shown = count_read("mark", 20000, &has_mark);
	cr_assert(has_mark);
	cr_assert_eq(shown, (size_t)FRAMES * (PV_LINE_PAYLOAD_MAX - 1));
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert_eq(fake_machine_end(&machine), 0);
}
