/*
 * `parley run --detach`: the machine is held by a process in the background, and the one that was
 * called leaves once the domains run.
 */
#ifndef TOOLS_PARLEY_DETACH_H
#define TOOLS_PARLEY_DETACH_H

#include <limits.h>
#include <stdint.h>

#include "problem.h"

struct detach {
	int ready_fd;        /* in the background: written when the domains run, else -1 */
	char path[PATH_MAX]; /* of the file that gets what would go to the terminal */
};

/* What is written to ready_fd: all domains run, or some could not be built. */
#define DETACH_READY  'r'
#define DETACH_FAILED 'f'

/* detach_fork's result in the background. */
#define DETACH_BACKGROUND (-1)

/*
 * Goes on in the background: there it returns DETACH_BACKGROUND, with standard streams that are a file
 * beside the machine's socket. In the process that was called it waits until ready_fd is
 * written or the other has ended, says so, and returns the status to leave with.
 */
int detach_fork(struct detach *detach, const char *machine);

/*
 * In the background, now and then: once the file has more than "max" bytes it becomes NAME.log.old,
 * in place of an earlier one, and standard streams go on in a new one. Guests write there, for as
 * long as they like.
 */
#define DETACH_FILE_MAX ((uint64_t)16 << 20)
void detach_limit_file(const struct detach *detach, uint64_t max);

#endif
