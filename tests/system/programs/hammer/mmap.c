/*
 * Memory: map, write, protect, move, discard and unmap, with the faults that
 * protection must bring and the contents that must survive; memory shared
 * between processes; large sparse mappings that need many page tables.
 */
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hammer.h"

#define PAGE   4096UL
#define PAGES  96UL
#define SPARSE (1UL << 40)

static sigjmp_buf fault_return;
static volatile uintptr_t fault_address;

static void note_fault(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	fault_address = (uintptr_t)info->si_addr;
	siglongjmp(fault_return, 1);
}

/* The access must fault at exactly this address. */
static void expect_fault(volatile unsigned char *address, int write)
{
	fault_address = 0;
	if (sigsetjmp(fault_return, 1) == 0) {
		if (write) {
			*address = 1;
		} else {
			(void)*address;
		}
		hammer_fail(__FILE__, __LINE__, "no fault where one is due");
	}
	CHECK(fault_address == (uintptr_t)address);
}

static unsigned char *map(size_t size, int protection, int flags)
{
	unsigned char *memory = mmap(NULL, size, protection, flags | MAP_ANONYMOUS, -1, 0);

	CHECK(memory != MAP_FAILED);
	return memory;
}

static uint64_t check_protection(uint64_t *seed)
{
	unsigned char *memory = map(PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	uint64_t hash;

	for (size_t i = 0; i < PAGES; i++) {
		memset(memory + i * PAGE, (int)hammer_next(seed), PAGE);
	}
	hash = hammer_hash(HAMMER_HASH, memory, PAGES * PAGE);
	CHECK(mprotect(memory, PAGES * PAGE, PROT_READ) == 0);
	expect_fault(memory + hammer_next(seed) % (PAGES * PAGE), 1);
	CHECK(hammer_hash(HAMMER_HASH, memory, PAGES * PAGE) == hash);
	CHECK(mprotect(memory + 3 * PAGE, PAGE, PROT_NONE) == 0);
	expect_fault(memory + 3 * PAGE + 5, 0);
	CHECK(mprotect(memory, PAGES * PAGE, PROT_READ | PROT_WRITE) == 0);
	CHECK(hammer_hash(HAMMER_HASH, memory, PAGES * PAGE) == hash);
	memory = mremap(memory, PAGES * PAGE, 2 * PAGES * PAGE, MREMAP_MAYMOVE);
	CHECK(memory != MAP_FAILED);
	CHECK(hammer_hash(HAMMER_HASH, memory, PAGES * PAGE) == hash);
	CHECK(memory[2 * PAGES * PAGE - 1] == 0);
	CHECK(madvise(memory, PAGES * PAGE, MADV_DONTNEED) == 0);
	for (size_t i = 0; i < PAGES; i++) {
		CHECK(memory[i * PAGE] == 0);
	}
	CHECK(munmap(memory, 2 * PAGES * PAGE) == 0);
	expect_fault(memory + PAGE, 0);
	return hash;
}

/* Touches a terabyte here and there: each touch is a page of its own in tables of its own. */
static uint64_t check_sparse(uint64_t *seed)
{
	unsigned char *memory = map(SPARSE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE);
	uint64_t start = *seed;
	uint64_t hash = HAMMER_HASH;

	for (int i = 0; i < 24; i++) {
		memory[hammer_next(seed) % SPARSE] = (unsigned char)(i + 1);
	}
	*seed = start;
	for (int i = 0; i < 24; i++) {
		unsigned char byte = memory[hammer_next(seed) % SPARSE];

		CHECK(byte == (unsigned char)(i + 1));
		hash = hammer_hash(hash, &byte, 1);
	}
	CHECK(munmap(memory, SPARSE) == 0);
	return hash;
}

static uint64_t check_shared(uint64_t *seed)
{
	unsigned char *memory = map(16 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
	uint64_t hash;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		for (size_t i = 0; i < 16; i++) {
			memset(memory + i * PAGE, (int)hammer_next(seed), PAGE);
		}
		_exit(7);
	}
	CHECK(hammer_wait(pid) == 7);
	for (size_t i = 0; i < 16; i++) {
		CHECK(memory[i * PAGE] == (unsigned char)hammer_next(seed));
	}
	hash = hammer_hash(HAMMER_HASH, memory, 16 * PAGE);
	CHECK(munmap(memory, 16 * PAGE) == 0);
	return hash;
}

uint64_t hammer_mmap(unsigned int rounds)
{
	struct sigaction action = { .sa_sigaction = note_fault, .sa_flags = SA_SIGINFO };
	struct sigaction former;
	uint64_t seed = 88172645463325252ULL;
	uint64_t result = 0;

	CHECK(sigaction(SIGSEGV, &action, &former) == 0);
	for (unsigned int round = 0; round < rounds; round++) {
		result = result * 31 + check_protection(&seed);
		result = result * 31 + check_sparse(&seed);
		result = result * 31 + check_shared(&seed);
	}
	CHECK(sigaction(SIGSEGV, &former, NULL) == 0);
	return result;
}
