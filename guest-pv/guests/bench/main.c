/*
 * bench: what single operations of the ABI cost, in ticks of the TSC. Under `parley run --icount`
 * (and under any hypervisor that QEMU runs with `-icount shift=0`) a tick is one instruction, so a
 * figure is exact: hypervisor, guest stub and handler together. Elsewhere figures are times.
 *
 * Each operation is run n and then 2n times, each five times over with the least time taken, which
 * leaves out whatever else the machine did; the difference has no constant overhead any more, and
 * from it the cost of the empty loop is subtracted.
 *
 * Options on the command line: `json` prints one JSON object; `mark` sets marks for a plugin (see
 * tools/profile); `only=NAME` measures one operation
 * (`only=NAME repeat=N` with N iterations, for a profile); `list` tells what there is.
 *
 * Read next: bench.h, then calls.c, mmu.c, grants.c and traps.c.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench.h"
#include "events.h"
#include "printf.h"
#include "start.h"
#include "string.h"

#define TRIES 5

static bool json, marked;
static unsigned printed, failures;
static uint64_t loop_hundredths; /* of the empty loop, 1/100 tick an iteration */

static uint64_t least_ticks(const struct bench_op *op, unsigned long n)
{
	uint64_t least = ~0ul;

	for (unsigned i = 0; i < TRIES; i++) {
		uint64_t ticks = op->run(n);

		least = ticks < least ? ticks : least;
	}
	return least;
}

/* In hundredths of a tick for each part. */
static uint64_t measure(const struct bench_op *op, unsigned long n)
{
	uint64_t once = least_ticks(op, n), twice = least_ticks(op, 2 * n);
	uint64_t loops = loop_hundredths * n, ticks = (twice - once) * 100;

	return (ticks - loops + n * op->parts / 2) / (n * op->parts);
}

/* operations: how many stood between the marks; 0 where there are none. */
static void print_figure(const char *name, const char *meaning, uint64_t hundredths,
			 unsigned long operations)
{
	unsigned long whole = hundredths / 100, rest = hundredths % 100;

	if (json) {
		printf("%s\n  {\"name\": \"%s\", \"meaning\": \"%s\", \"value\": %lu.%02lu}",
		       printed == 0 ? "" : ",", name, meaning, whole, rest);
	} else if (operations != 0) {
		printf("bench: %-18s %lu.%02lu instructions operations %lu\n", name, whole, rest,
		       operations);
	} else {
		printf("bench: %-18s %lu.%02lu instructions\n", name, whole, rest);
	}
	printed++;
}

static bool is_wanted(const struct bench_op *op)
{
	const char *only;
	size_t n = strlen(op->name);

	if (!start_option("only", &only)) {
		return true;
	}
	return strncmp(only, op->name, n) == 0 && (only[n] == ' ' || only[n] == '\0');
}

static void mark(void)
{
	__asm__ volatile("xchgw %%bx, %%bx" ::: "memory");
}

/* Once more between two marks, by which a plugin of the emulator knows what to count. */
static unsigned long run_marked(const struct bench_op *op, unsigned long n)
{
	if (!marked) {
		return 0;
	}
	mark();
	op->run(n);
	mark();
	return n * op->parts;
}

void bench_fail(const char *why)
{
	printf("bench: %s\n", why);
	failures++;
}

static uint64_t last_hundredths;

static void measure_op(const struct bench_op *op)
{
	const char *repeat;
	unsigned long n = op->iterations;
	long rc = op->setup != NULL ? op->setup() : 0;

	if (rc != 0) {
		printf("bench: %s cannot be measured: error %ld\n", op->name, -rc);
		failures++;
		return;
	}
	op->run(2); /* warm-up */
	if (start_option("repeat", &repeat)) {
		n = string_to_number(repeat);
	}
	last_hundredths = measure(op, n);
	print_figure(op->name, op->meaning, last_hundredths, run_marked(op, n));
	if (op->finish != NULL) {
		op->finish();
	}
}

/* Each call of a multicall but the first. */
static void measure_table(const struct bench_op *ops)
{
	uint64_t multicall_1 = 0;

	for (const struct bench_op *op = ops; op->name != NULL; op++) {
		if (!is_wanted(op)) {
			continue;
		}
		measure_op(op);
		if (strcmp(op->name, "multicall-1") == 0) {
			multicall_1 = last_hundredths;
		}
		if (strcmp(op->name, "multicall-8") == 0 && multicall_1 != 0) {
			print_figure("multicall-further", "each further call of a multicall",
				     (last_hundredths - multicall_1) / 7, 0);
		}
	}
}

static void list_table(const struct bench_op *ops)
{
	for (const struct bench_op *op = ops; op->name != NULL; op++) {
		printf("bench: %-18s %s\n", op->name, op->meaning);
	}
}

int main(void)
{
	static const struct bench_op *const tables[] = {
		bench_call_ops,
		bench_trap_ops,
		bench_mmu_ops,
		bench_grant_ops,
	};
	const unsigned count = sizeof(tables) / sizeof(tables[0]);

	json = start_option("json", NULL);
	marked = start_option("mark", NULL);
	if (start_option("list", NULL)) {
		for (unsigned i = 0; i < count; i++) {
			list_table(tables[i]);
		}
		return 0;
	}
	loop_hundredths = measure(&bench_call_ops[0], bench_call_ops[0].iterations);
	if (json) {
		printf("{\"unit\": \"instructions\", \"operations\": [");
	}
	for (unsigned i = 0; i < count; i++) {
		measure_table(tables[i]);
	}
	if (json) {
		printf("\n]}\n");
	}
	return failures != 0;
}
