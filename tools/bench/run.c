/* Running a program and keeping the lines it prints; see run.h. */
#include "bench/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 4096

/* The program and what it has said of its present line. */
struct running {
	pid_t pid;
	int out;
	FILE *log;
	char line[LINE_MAX_BYTES];
	size_t length;
};

static void start_child(char *const argv[], int out, int log)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	dup2(open("/dev/null", O_RDONLY), 0);
	dup2(out, 1);
	dup2(log, 2);
	execvp(argv[0], argv);
	dprintf(2, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

static int start(struct running *r, char *const argv[], const char *log)
{
	int ends[2];

	r->length = 0;
	r->log = fopen(log, "w");
	if (r->log == NULL || pipe2(ends, O_CLOEXEC) != 0) {
		fprintf(stderr, "bench: %s: %s\n", log, strerror(errno));
		return -1;
	}
	setvbuf(r->log, NULL, _IOLBF, 0);
	r->pid = fork();
	if (r->pid == 0) {
		start_child(argv, ends[1], fileno(r->log));
	}
	close(ends[1]);
	r->out = ends[0];
	return r->pid < 0 ? -1 : 0;
}

static void lines_add(struct run_lines *lines, const char *text)
{
	lines->items = reallocarray(lines->items, lines->count + 1, sizeof(*lines->items));
	if (lines->items == NULL || (lines->items[lines->count] = strdup(text)) == NULL) {
		abort();
	}
	lines->count++;
}

static bool is_end(const char *line, const char *const *ends)
{
	for (; ends != NULL && *ends != NULL; ends++) {
		if (strstr(line, *ends) != NULL) {
			return true;
		}
	}
	return false;
}

/* True when the line that now is whole ends the run. */
static bool line_done(struct running *r, const char *const *ends, struct run_lines *lines)
{
	while (r->length > 0 && r->line[r->length - 1] == '\r') {
		r->length--;
	}
	r->line[r->length] = '\0';
	r->length = 0;
	fprintf(r->log, "%s\n", r->line);
	lines_add(lines, r->line);
	return is_end(r->line, ends);
}

static bool take_bytes(struct running *r, const char *bytes, size_t n, const char *const *ends,
		       struct run_lines *lines)
{
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] == '\n') {
			if (line_done(r, ends, lines)) {
				return true;
			}
		} else if (r->length < sizeof(r->line) - 1) {
			r->line[r->length++] = bytes[i];
		}
	}
	return false;
}

enum outcome {
	OUTCOME_ENDED,
	OUTCOME_SEEN,
	OUTCOME_TIMEOUT,
};

static enum outcome follow(struct running *r, const char *const *ends, unsigned timeout,
			   struct run_lines *lines)
{
	time_t deadline = time(NULL) + timeout;
	char buffer[4096];

	for (;;) {
		struct pollfd p = { .fd = r->out, .events = POLLIN };
		ssize_t n;

		if (time(NULL) >= deadline) {
			return OUTCOME_TIMEOUT;
		}
		if (poll(&p, 1, 1000) <= 0) {
			continue;
		}
		n = read(r->out, buffer, sizeof(buffer));
		if (n <= 0) {
			return OUTCOME_ENDED;
		}
		if (take_bytes(r, buffer, (size_t)n, ends, lines)) {
			return OUTCOME_SEEN;
		}
	}
}

int run_program(char *const argv[], const char *const *ends, unsigned timeout, const char *log,
		struct run_lines *lines)
{
	struct running r;
	enum outcome outcome;
	int status = 0;

	*lines = (struct run_lines){ 0 };
	if (start(&r, argv, log) != 0) {
		return -1;
	}
	outcome = follow(&r, ends, timeout, lines);
	if (outcome != OUTCOME_ENDED) {
		kill(r.pid, SIGTERM);
	}
	waitpid(r.pid, &status, 0);
	close(r.out);
	fclose(r.log);
	if (outcome == OUTCOME_TIMEOUT) {
		fprintf(stderr, "bench: %s: not done after %u s, see %s\n", argv[0], timeout, log);
		return -1;
	}
	if (outcome == OUTCOME_ENDED && (ends != NULL || status != 0)) {
		fprintf(stderr, "bench: %s: ended with status 0x%x, see %s\n", argv[0],
			(unsigned)status, log);
		return -1;
	}
	return 0;
}

void run_lines_free(struct run_lines *lines)
{
	for (size_t i = 0; i < lines->count; i++) {
		free(lines->items[i]);
	}
	free(lines->items);
	*lines = (struct run_lines){ 0 };
}
