/*
 * The temporary name is in the same folder, since a move across file systems
 * is no move.
 */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_special(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && !S_ISREG(status.st_mode);
}

int output_open(struct output *output, const char *path, struct problem *problem)
{
	mode_t mask = umask(0);
	int length;

	umask(mask);
	output->path = path;
	output->written[0] = '\0';
	if (is_special(path)) {
		output->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	} else {
		length = snprintf(output->written, sizeof(output->written), "%s.XXXXXX", path);
		if (length < 0 || (size_t)length >= sizeof(output->written)) {
			return problem_set(problem, "%s: the path is too long", path);
		}
		output->fd = mkostemp(output->written, O_CLOEXEC);
	}
	if (output->fd < 0) {
		return problem_set(problem, "%s: cannot create: %s", path, strerror(errno));
	}
	if (output->written[0]) {
		fchmod(output->fd, 0666 & ~mask);
	}
	return 0;
}

void output_abandon(struct output *output)
{
	close(output->fd);
	if (output->written[0]) {
		unlink(output->written);
	}
}

int output_commit(struct output *output, struct problem *problem)
{
	bool is_closed = close(output->fd) == 0;

	if (is_closed && (!output->written[0] || rename(output->written, output->path) == 0)) {
		return 0;
	}
	problem_set(problem, "%s: cannot write: %s", output->path, strerror(errno));
	if (output->written[0]) {
		unlink(output->written);
	}
	return -1;
}
