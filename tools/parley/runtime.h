/*
 * Where machines that run are found: a folder with one Unix socket for each, NAME.sock,
 * by which other calls of `parley` reach the `parley run` that holds the machine.
 *
 * The folder is $PARLEY_RUNTIME_DIR, else $XDG_RUNTIME_DIR/parley, else /run/parley for
 * root and /tmp/parley-UID for others. It is its user's alone. A socket that nobody
 * listens on was left by a run that was killed: whoever finds it removes it.
 *
 * Read next: link.h, what is said over the socket.
 */
#ifndef TOOLS_PARLEY_RUNTIME_H
#define TOOLS_PARLEY_RUNTIME_H

#include <limits.h>
#include <stdbool.h>

#include "problem.h"

#define RUNTIME_NAME_MAX 64 /* room for a machine's name */

/* The socket of a machine that this process holds. */
struct runtime_socket {
	int fd;     /* listening, or -1: there is none */
	int folder; /* where it is */
	char name[RUNTIME_NAME_MAX];
};

/* The folder's path. Returns "path". */
const char *runtime_get_path(char path[PATH_MAX]);

/*
 * Makes the folder where it is missing, and the socket of a machine called "name" in it.
 * Where a machine of that name runs, a fixed name is refused, and another gets "-2",
 * "-3" and so on. Returns 0, or -1 with a problem and fd -1.
 */
int runtime_listen(struct runtime_socket *socket, const char *name, bool is_fixed,
		   struct problem *problem);

/* Stops listening and removes the socket. */
void runtime_close(struct runtime_socket *socket);

/*
 * Connects to the machine called "name", or, where that is NULL, to $PARLEY_MACHINE or to the only
 * one that runs. Returns a blocking descriptor, or -1 with a problem that lists what there is.
 */
int runtime_connect(const char *name, struct problem *problem);

#endif
