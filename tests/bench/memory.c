/* Mapping, touching and protecting anonymous memory. Read next: processes.c. */
#include <stddef.h>
#include <sys/mman.h>

#include "bench.h"

#define PAGE  4096ul
#define PAGES 64

static char *map(size_t size)
{
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		bench_fail("mmap");
	}
	return p;
}

static void unmap(char *p, size_t size)
{
	if (munmap(p, size) != 0) {
		bench_fail("munmap");
	}
}

static void run_mmap_one(unsigned n)
{
	while (n-- > 0) {
		unmap(map(PAGE), PAGE);
	}
}

static void run_mmap_touch(unsigned n)
{
	while (n-- > 0) {
		volatile char *p = map(PAGES * PAGE);

		for (unsigned i = 0; i < PAGES; i++) {
			p[i * PAGE] = 1;
		}
		unmap((char *)p, PAGES * PAGE);
	}
}

static volatile char *page;

static void setup_mprotect(void)
{
	page = map(PAGE);
	page[0] = 1;
}

/* Read-only, writable again, and a store, which finds the entry read-only still. */
static void run_mprotect(unsigned n)
{
	while (n-- > 0) {
		if (mprotect((char *)page, PAGE, PROT_READ) != 0 ||
		    mprotect((char *)page, PAGE, PROT_READ | PROT_WRITE) != 0) {
			bench_fail("mprotect");
		}
		page[0] = 1;
	}
}

const struct bench_op bench_memory_ops[] = {
	{ "mmap-1", 200, run_mmap_one, NULL },
	{ "mmap-64-touch", 10, run_mmap_touch, NULL },
	{ "mprotect-touch", 300, run_mprotect, setup_mprotect },
	{ NULL, 0, NULL, NULL },
};
