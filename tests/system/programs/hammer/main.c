/*
 * hammer [-r ROUNDS] [SUBJECT...]: run the subjects, all of them by default.
 * Prints "hammer SUBJECT: ok NUMBER" for each and "hammer: all ok" at the end;
 * exits 1 at the first thing that is wrong.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hammer.h"

struct subject {
	const char *name;
	uint64_t (*run)(unsigned int rounds);
	unsigned int rounds;
};

static const struct subject subjects[] = {
	{ "fork", hammer_fork, 40 },    { "exec", hammer_exec, 20 },
	{ "mmap", hammer_mmap, 60 },    { "signal", hammer_signal, 40 },
	{ "thread", hammer_thread, 4 }, { "pipe", hammer_pipe, 4 },
	{ "float", hammer_float, 16 },  { "time", hammer_time, 4 },
};

_Noreturn void hammer_fail(const char *file, int line, const char *condition)
{
	dprintf(STDOUT_FILENO, "hammer: failed: %s:%d: %s\n", file, line, condition);
	_exit(1);
}

uint64_t hammer_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

uint64_t hammer_hash(uint64_t hash, const void *data, size_t size)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; i < size; i++) {
		hash = (hash ^ bytes[i]) * 0x100000001b3ULL;
	}
	return hash;
}

int hammer_wait(int pid)
{
	int status;

	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void run_subject(const struct subject *subject, unsigned int rounds)
{
	uint64_t number = subject->run(rounds != 0 ? rounds : subject->rounds);

	printf("hammer %s: ok %016jx\n", subject->name, (uintmax_t)number);
	fflush(stdout);
}

static bool is_wanted(const char *name, char **names)
{
	if (*names == NULL) {
		return true;
	}
	for (; *names != NULL; names++) {
		if (strcmp(*names, name) == 0) {
			return true;
		}
	}
	return false;
}

int main(int argc, char **argv)
{
	unsigned int rounds = 0;
	char **names = argv + 1;

	if (argc == 3 && strcmp(argv[1], "exec-child") == 0) {
		return (int)(strtoul(argv[2], NULL, 10) * 3 % 251);
	}
	if (argc > 2 && strcmp(argv[1], "-r") == 0) {
		rounds = (unsigned int)strtoul(argv[2], NULL, 10);
		names += 2;
	}
	for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
		if (is_wanted(subjects[i].name, names)) {
			run_subject(&subjects[i], rounds);
		}
	}
	printf("hammer: all ok\n");
	return 0;
}
