/* Operations with two processes on one processor. */
#include <stddef.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

static int there[2], back[2];

/* The other process answers each byte with a byte until its end of the pipe is closed. */
static void setup_ping_pong(void)
{
	char byte;

	if (pipe(there) != 0 || pipe(back) != 0) {
		bench_fail("pipe");
	}
	switch (fork()) {
	case -1:
		bench_fail("fork");
	case 0:
		close(there[1]);
		while (read(there[0], &byte, 1) == 1 && write(back[1], &byte, 1) == 1) {
		}
		_exit(0);
	default:
		break;
	}
}

static void run_ping_pong(unsigned n)
{
	char byte = 0;

	while (n-- > 0) {
		if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1) {
			bench_fail("pipe of two processes");
		}
	}
}

static void wait_for(pid_t child)
{
	int status;

	if (waitpid(child, &status, 0) != child || status != 0) {
		bench_fail("child");
	}
}

static void run_fork(unsigned n)
{
	while (n-- > 0) {
		pid_t child = fork();

		if (child < 0) {
			bench_fail("fork");
		}
		if (child == 0) {
			_exit(0);
		}
		wait_for(child);
	}
}

static void run_exec(unsigned n)
{
	static char self[] = BENCH_SELF, argument[] = BENCH_EXIT_ARG;
	char *const arguments[] = { self, argument, NULL };
	char *const environment[] = { NULL };

	while (n-- > 0) {
		pid_t child = fork();

		if (child < 0) {
			bench_fail("fork");
		}
		if (child == 0) {
			execve(self, arguments, environment);
			_exit(127);
		}
		wait_for(child);
	}
}

const struct bench_op bench_process_ops[] = {
	{ "ping-pong", 100, run_ping_pong, setup_ping_pong },
	{ "fork", 20, run_fork, NULL },
	{ "fork-exec", 5, run_exec, NULL },
	{ NULL, 0, NULL, NULL },
};
