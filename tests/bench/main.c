/*
 * linux-bench: what operations of Linux cost, in ticks of the TSC. On a machine that counts
 * instructions (QEMU with `-icount shift=0`) a tick is one instruction, of the program, the kernel
 * or a hypervisor. The same static program runs under Parley, under Xen and on the bare machine.
 *
 *	linux-bench [--only NAME] [--mark]
 *
 * An operation is warmed up and then measured in rounds; the figure is the mean over all rounds,
 * ticks of the kernel's timer and everything else included; the best round is told as well. With
 * --mark the rounds stand between two instructions that do nothing (`xchg %bx, %bx`), by which a
 * plugin of the emulator knows what to count; each then is one round.
 *
 * Read next: bench.h, calls.c.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <unistd.h>

#include "bench.h"

#define ROUNDS 10

void bench_fail(const char *what)
{
	printf("bench: %s: %s\n", what, strerror(errno));
	fflush(stdout);
	_Exit(1);
}

static uint64_t ticks_now(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high)::"memory");
	return (uint64_t)high << 32 | low;
}

static void mark(bool wanted)
{
	if (wanted) {
		__asm__ volatile("xchgw %%bx, %%bx" ::: "memory");
	}
}

static void measure(const struct bench_op *op, bool marked)
{
	uint64_t least = UINT64_MAX, sum = 0;

	if (op->setup != NULL) {
		op->setup();
	}
	op->run(op->iterations);
	op->run(op->iterations);
	mark(marked);
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t start = ticks_now(), ticks;

		op->run(op->iterations);
		ticks = ticks_now() - start;
		least = ticks < least ? ticks : least;
		sum += ticks;
	}
	mark(marked);
	printf("bench: %-16s %10.1f least %10.1f operations %u\n", op->name,
	       (double)sum / (ROUNDS * op->iterations), (double)least / op->iterations,
	       ROUNDS * op->iterations);
	fflush(stdout);
}

/*
 * Where mappings stand decides how many tables an operation makes and gives back. So that a figure
 * does not depend on luck, the program starts itself again without randomization.
 */
static void fix_layout(char **argv)
{
	int now = personality(0xffffffff);

	if (now < 0 || (now & ADDR_NO_RANDOMIZE) != 0) {
		return;
	}
	if (personality((unsigned long)now | ADDR_NO_RANDOMIZE) >= 0) {
		execv("/proc/self/exe", argv);
	}
	bench_fail("no fixed layout");
}

int main(int argc, char **argv)
{
	static const struct bench_op *const tables[] = {
		bench_call_ops,
		bench_memory_ops,
		bench_process_ops,
		bench_idle_ops,
	};
	const char *only = NULL;
	bool marked = false;

	if (argc == 2 && strcmp(argv[1], BENCH_EXIT_ARG) == 0) {
		_Exit(0);
	}
	fix_layout(argv);
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--mark") == 0) {
			marked = true;
		} else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc) {
			only = argv[++i];
		} else {
			fprintf(stderr, "usage: linux-bench [--only NAME] [--mark]\n");
			return 2;
		}
	}
	for (unsigned t = 0; t < sizeof(tables) / sizeof(tables[0]); t++) {
		if (only == NULL && tables[t] == bench_idle_ops) {
			continue;
		}
		for (const struct bench_op *op = tables[t]; op->name != NULL; op++) {
			if (only == NULL || strcmp(only, op->name) == 0) {
				measure(op, marked);
			}
		}
	}
	return 0;
}
