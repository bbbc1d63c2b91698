/* See fake_verb.h. */
#include "fake_verb.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <getopt.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS_MAX 32

void fake_read(int fd, char *text, size_t room)
{
	ssize_t got = pread(fd, text, room - 1, 0);

	text[got > 0 ? got : 0] = '\0';
}

static void become_verb(fake_verb_fn *verb, const char *words)
{
	static char text[1024];
	char *argv[WORDS_MAX + 1];
	int argc = 0;
	char *rest = NULL;
	int status;

	snprintf(text, sizeof(text), "%s", words);
	for (char *word = strtok_r(text, " ", &rest); word && argc < WORDS_MAX;
	     word = strtok_r(NULL, " ", &rest)) {
		argv[argc++] = word;
	}
	argv[argc] = NULL;
	optind = 0;
	status = verb(argc, argv);
	fflush(stdout);
	fflush(stderr);
	_exit(status);
}

pid_t fake_spawn(fake_verb_fn *verb, const char *words, int input, int out, int err)
{
	pid_t child = fork();

	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(input >= 0 ? input : open("/dev/null", O_RDONLY), STDIN_FILENO);
		dup2(out, STDOUT_FILENO);
		dup2(err, STDERR_FILENO);
		become_verb(verb, words);
	}
	return child;
}

pid_t fake_spawn_on_terminal(fake_verb_fn *verb, const char *words, unsigned short rows,
			     int *screen)
{
	const struct winsize size = { .ws_row = rows, .ws_col = 100 };
	pid_t child = forkpty(screen, NULL, NULL, &size);

	cr_assert_geq(child, 0);
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		become_verb(verb, words);
	}
	return child;
}

struct fake_result *fake_run(fake_verb_fn *verb, const char *words)
{
	static struct fake_result result;
	int out = memfd_create("out", 0);
	int err = memfd_create("err", 0);
	pid_t child = fake_spawn(verb, words, -1, out, err);
	int status;

	cr_assert_eq(waitpid(child, &status, 0), child);
	result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	fake_read(out, result.out, sizeof(result.out));
	fake_read(err, result.err, sizeof(result.err));
	close(out);
	close(err);
	return &result;
}
