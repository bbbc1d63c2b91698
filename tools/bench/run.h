/*
 * Running a program and keeping the lines it prints.
 */
#ifndef BENCH_RUN_H
#define BENCH_RUN_H

#include <stddef.h>

struct run_lines {
	char **items; /* without line ends */
	size_t count;
};

/*
 * Runs argv (NULL-terminated) until it ends, until a line contains one of the texts in `ends` (then
 * it is terminated), or for `timeout` seconds at most. What it says on standard error goes to the
 * file `log`, its lines too. Returns 0, or -1 after a message when it could not be run, was too
 * slow, or (with ends NULL) ended with a status other than 0.
 */
int run_program(char *const argv[], const char *const *ends, unsigned timeout, const char *log,
		struct run_lines *lines);

void run_lines_free(struct run_lines *lines);

#endif
