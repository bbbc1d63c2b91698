/*
 * A file that appears whole or not at all: written beside its place under
 * another name, then moved there.
 */
#ifndef TOOLS_PARLEY_OUTPUT_H
#define TOOLS_PARLEY_OUTPUT_H

#include <limits.h>

#include "problem.h"

struct output {
	const char *path;       /* where it is to be, as given */
	char written[PATH_MAX]; /* where it is written */
	int fd;
};

/*
 * Opens the file to write. A path that exists and is no regular file (a pipe,
 * /dev/stdout) is written directly. Returns 0, or -1 with a problem.
 */
int output_open(struct output *output, const char *path, struct problem *problem);

/* Closes and moves the file to its place. Returns 0, or -1 with a problem. */
int output_commit(struct output *output, struct problem *problem);

/* Closes and removes what was written. */
void output_abandon(struct output *output);

#endif
