/*
 * A running machine from its start to its end: guests' consoles, the log, the
 * fates of the domains, and the exit status that follows from them.
 */
#ifndef TOOLS_PARLEY_SESSION_H
#define TOOLS_PARLEY_SESSION_H

#include <stdbool.h>
#include <stddef.h>

#include "config.h"
#include "qemu.h"
#include "runtime.h"

/* Exit statuses of `parley run`. */
#define SESSION_STATUS_DONE    0
#define SESSION_STATUS_CRASHED 1
#define SESSION_STATUS_TIMEOUT 124
/* and 128 + the signal's number when a signal or Ctrl-A x ended it */

struct detach;

struct session_options {
	const struct config *config;         /* the domains that are to start */
	double timeout;                      /* seconds, 0: none */
	int log_fd;                          /* where the hypervisor's log goes */
	const char *summary;                 /* file for a JSON summary, or NULL */
	bool stats;                          /* print what was counted for each domain */
	bool stats_json;                     /* and that as JSON */
	const struct runtime_socket *socket; /* by which other verbs reach the machine, or NULL */
	bool names_lines;            /* write names before lines even where there is one domain */
	const struct detach *detach; /* if it runs in the background, or NULL */
	bool is_counted;             /* the machine's TSC counts instructions */
	double patience; /* seconds that the hypervisor has for an answer, 0: as usual */
};

/*
 * Runs the event loop until the machine is gone, which it makes sure of.
 * Blocks the signals that it handles; call it once, near the program's end.
 * Returns the exit status.
 */
int session_run(const struct machine *machine, const struct session_options *options);

#endif
