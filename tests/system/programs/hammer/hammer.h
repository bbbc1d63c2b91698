/*
 * hammer: a static program that works a guest kernel hard from user space and
 * checks what it gets. Each subject is a file with one function, which returns
 * a number that does not depend on timing, so that a test can compare it with
 * the same program's on any other machine; whatever is wrong ends the program.
 */
#ifndef HAMMER_H
#define HAMMER_H

#include <stddef.h>
#include <stdint.h>

/* Ends the program with a message unless the condition holds. */
#define CHECK(condition)                                             \
	do {                                                         \
		if (!(condition)) {                                  \
			hammer_fail(__FILE__, __LINE__, #condition); \
		}                                                    \
	} while (0)

_Noreturn void hammer_fail(const char *file, int line, const char *condition);

/* A step of a pseudo-random sequence; deterministic, never 0 for a state that is not. */
uint64_t hammer_next(uint64_t *state);

/* FNV-1a over bytes, going on from a former value; start from HAMMER_HASH. */
#define HAMMER_HASH 0xcbf29ce484222325ULL
uint64_t hammer_hash(uint64_t hash, const void *data, size_t size);

/* Waits for a child and returns its exit status; fails if it did not exit by itself. */
int hammer_wait(int pid);

/* The subjects. Each does `rounds` times its work and returns its number. */
uint64_t hammer_fork(unsigned int rounds);
uint64_t hammer_exec(unsigned int rounds);
uint64_t hammer_mmap(unsigned int rounds);
uint64_t hammer_signal(unsigned int rounds);
uint64_t hammer_thread(unsigned int rounds);
uint64_t hammer_pipe(unsigned int rounds);
uint64_t hammer_float(unsigned int rounds);
uint64_t hammer_time(unsigned int rounds);

#endif
