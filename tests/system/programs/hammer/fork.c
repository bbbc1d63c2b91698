/*
 * Processes: waves of children that write to memory they share copy-on-write
 * with their parent, grandchildren, and exec. Page-table pin, unpin and the
 * write protection of forked tables are what this exercises beneath.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hammer.h"

#define CHILDREN 8
#define COW_SIZE (512 * 1024)

/* A child changes every page of its copy and exits with what it made of it. */
static _Noreturn void child(unsigned char *memory, unsigned int seed)
{
	uint64_t hash = HAMMER_HASH;

	for (size_t i = 0; i < COW_SIZE; i += 4096) {
		CHECK(memory[i] == (unsigned char)(i >> 12));
		memory[i] = (unsigned char)(memory[i] + seed);
	}
	for (size_t i = 0; i < COW_SIZE; i += 4096) {
		hash = hammer_hash(hash, memory + i, 1);
	}
	if (seed % 4 == 0) {
		pid_t grandchild = fork();

		CHECK(grandchild >= 0);
		if (grandchild == 0) {
			_exit((int)(hash % 200));
		}
		CHECK(hammer_wait(grandchild) == (int)(hash % 200));
	}
	_exit((int)(hash % 251));
}

uint64_t hammer_fork(unsigned int rounds)
{
	unsigned char *memory =
		mmap(NULL, COW_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t result = HAMMER_HASH;

	CHECK(memory != MAP_FAILED);
	for (size_t i = 0; i < COW_SIZE; i += 4096) {
		memory[i] = (unsigned char)(i >> 12);
	}
	for (unsigned int round = 0; round < rounds; round++) {
		pid_t pids[CHILDREN];

		for (unsigned int i = 0; i < CHILDREN; i++) {
			pids[i] = fork();
			CHECK(pids[i] >= 0);
			if (pids[i] == 0) {
				child(memory, round * CHILDREN + i);
			}
		}
		for (unsigned int i = 0; i < CHILDREN; i++) {
			int status = hammer_wait(pids[i]);

			result = hammer_hash(result, &status, sizeof(status));
		}
	}
	for (size_t i = 0; i < COW_SIZE; i += 4096) {
		CHECK(memory[i] == (unsigned char)(i >> 12));
	}
	CHECK(munmap(memory, COW_SIZE) == 0);
	return result;
}

uint64_t hammer_exec(unsigned int rounds)
{
	uint64_t result = HAMMER_HASH;

	for (unsigned int round = 0; round < rounds; round++) {
		char number[16];
		pid_t pid;
		int status;

		snprintf(number, sizeof(number), "%u", round);
		pid = fork();
		CHECK(pid >= 0);
		if (pid == 0) {
			execl("/proc/self/exe", "hammer", "exec-child", number, (char *)NULL);
			hammer_fail(__FILE__, __LINE__, "execl");
		}
		status = hammer_wait(pid);
		CHECK(status == (int)(round * 3 % 251));
		result = hammer_hash(result, &status, sizeof(status));
	}
	return result;
}
