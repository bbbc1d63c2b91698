/* Verbs of `parley`, each run in a process of its own against the machine of fake_session.h. */
#ifndef UNIT_FAKE_VERB_H
#define UNIT_FAKE_VERB_H

#include <stddef.h>
#include <sys/types.h>

/* What a verb wrote, and its status. */
struct fake_result {
	int status; /* 128 + N ended by signal N */
	char out[65536];
	char err[8192];
};

typedef int fake_verb_fn(int argc, char **argv);

/* Runs a verb to its end; "words" is the command line, split at spaces. The result stays until the next. */
struct fake_result *fake_run(fake_verb_fn *verb, const char *words);

/* The same without waiting: its standard input is "input" (or /dev/null for -1). */
pid_t fake_spawn(fake_verb_fn *verb, const char *words, int input, int out, int err);

/* The same on a terminal of its own, of "rows" lines: *screen is the end that a person has. */
pid_t fake_spawn_on_terminal(fake_verb_fn *verb, const char *words, unsigned short rows,
			     int *screen);

/* All that was written to a file so far, at most room - 1 bytes, as a string. */
void fake_read(int fd, char *text, size_t room);

#endif
