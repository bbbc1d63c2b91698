/*
 * Sequences in child processes, and delta debugging: take out runs of
 * operations, long ones first, then simplify those that are left, as long as the
 * sequence still fails. See sequence.h.
 */
#include "sequence.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "driver.h"

static struct driver driver;

static void run_source(struct sequence *s, struct op_source *src, u32 length)
{
	const char *why = NULL;

	s->count = 0;
	s->failed = false;
	driver_begin(&driver);
	while (why == NULL && s->count < length && !op_source_is_empty(src)) {
		u32 n = driver_generate(&driver, src, s->ops + s->count, length - s->count);

		s->failed_at = s->count;
		s->count += n;
		why = driver_step(&driver, s->ops + s->failed_at, n);
	}
	if (why == NULL) {
		s->failed_at = s->count;
		why = driver_end(&driver);
	}
	if (why != NULL) {
		s->failed = true;
		snprintf(s->why, sizeof(s->why), "%s", why);
	}
}

void sequence_run_random(struct sequence *s, u64 seed, u32 length)
{
	struct op_source src = { .state = seed };

	run_source(s, &src, length);
}

void sequence_run_bytes(struct sequence *s, const u8 *bytes, size_t size, u32 length)
{
	struct op_source src = { .bytes = bytes, .size = size };

	run_source(s, &src, length);
}

bool sequence_run(struct sequence *s)
{
	const char *why = driver_run(&driver, s->ops, s->count, &s->failed_at);

	s->failed = why != NULL;
	snprintf(s->why, sizeof(s->why), "%s", why == NULL ? "" : why);
	return !s->failed;
}

/* ---- child processes ---- */

/* There only in a build for coverage, which otherwise hears nothing of a process that ends so. */
__attribute__((weak)) void __gcov_dump(void);

__attribute__((noreturn)) static void end_process(int status)
{
	if (__gcov_dump != NULL) {
		__gcov_dump();
	}
	_exit(status);
}

static void end_child(pid_t child, struct sequence *s)
{
	int status;

	while (waitpid(child, &status, 0) != child) {
	}
	if (status != 0 && !s->failed) {
		s->failed = true;
		snprintf(s->why, sizeof(s->why), "it crashed, wait status %#x", status);
	}
}

static void be_quiet(void)
{
	(void)!freopen("/dev/null", "w", stderr);
	(void)!freopen("/dev/null", "w", stdout);
}

/* s lies in shared memory. */
static bool still_fails(struct sequence *s)
{
	pid_t child = fork();

	if (child == 0) {
		be_quiet();
		alarm(20);
		(void)sequence_run(s);
		end_process(0);
	}
	s->failed = false;
	end_child(child, s);
	return s->failed;
}

/* ---- shrinking ---- */

static struct sequence *shared_sequence(void)
{
	struct sequence *s =
		mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return s == MAP_FAILED ? NULL : s;
}

static bool try_without(struct sequence *s, struct sequence *trial, u32 from, u32 n)
{
	memcpy(trial, s, sizeof(*s));
	memmove(trial->ops + from, trial->ops + from + n,
		(s->count - from - n) * sizeof(s->ops[0]));
	trial->count = s->count - n;
	if (!still_fails(trial)) {
		return false;
	}
	memcpy(s, trial, sizeof(*s));
	if (s->failed_at < s->count) {
		s->count =
			s->failed_at + driver_group(s->ops + s->failed_at, s->count - s->failed_at);
	}
	return true;
}

static void take_out(struct sequence *s, struct sequence *trial)
{
	for (u32 size = s->count / 2; size > 0; size /= 2) {
		u32 from = 0;

		while (from + size <= s->count && s->count > 1) {
			if (!try_without(s, trial, from, size)) {
				from += size;
			}
		}
	}
}

/* Fields that need not be there become 0. */
static void simplify(struct sequence *s, struct sequence *trial)
{
	for (u32 i = 0; i < s->count; i++) {
		for (u32 field = 0; field < 5; field++) {
			struct op *op;

			memcpy(trial, s, sizeof(*s));
			op = &trial->ops[i];
			switch (field) {
			case 0:
				op->join = 0;
				break;
			case 1:
				op->budget = 0;
				break;
			case 2:
				op->sub = op->kind == OP_RUN ? op->sub : 0;
				break;
			case 3:
				op->va &= ~0xfffUL;
				break;
			default:
				op->bits &= ~0xff00000000000f70UL;
				break;
			}
			if (memcmp(op, &s->ops[i], sizeof(*op)) != 0 && still_fails(trial)) {
				memcpy(s, trial, sizeof(*s));
			}
		}
	}
}

static void print(const struct sequence *s, u64 seed)
{
	char line[512];

	fprintf(stderr,
		"seed %#lx fails: %s\nshrunk to %u operations; to keep it, put this into "
		"tests/unit/test_mm_kept.c:\n",
		seed, s->why, s->count);
	for (u32 i = 0; i < s->count; i++) {
		op_print(&s->ops[i], line, sizeof(line));
		fprintf(stderr, "\t%s\n", line);
	}
}

static void shrink(struct sequence *s, u64 seed)
{
	struct sequence *trial = shared_sequence();

	if (trial == NULL) {
		return;
	}
	if (s->failed_at + 1 < s->count) {
		s->count =
			s->failed_at + driver_group(s->ops + s->failed_at, s->count - s->failed_at);
	}
	take_out(s, trial);
	simplify(s, trial);
	take_out(s, trial);
	if (still_fails(s)) { /* once more, for its words */
		print(s, seed);
	} else {
		fprintf(stderr, "seed %#lx fails, but not again when it is repeated\n", seed);
	}
	munmap(trial, sizeof(*trial));
}

/* ---- the search ---- */

#define SEEDS_PER_CHILD 32

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

struct progress {
	u64 seed;
	u64 done;
};

static bool is_over(const struct search *what, const struct progress *p, double end)
{
	return p->done >= what->count || now() >= end;
}

static void search_child(const struct search *what, struct sequence *s, struct progress *p,
			 double end)
{
	for (u32 i = 0; i < SEEDS_PER_CHILD && !is_over(what, p, end); i++) {
		alarm(120);
		sequence_run_random(s, p->seed, what->length);
		if (s->failed) {
			end_process(1);
		}
		p->seed++;
		p->done++;
	}
	end_process(0);
}

u64 sequence_search(const struct search *what, struct sequence *failed)
{
	struct sequence *s = shared_sequence();
	struct progress *p =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	double end = now() + what->seconds;
	u64 done;

	*p = (struct progress){ .seed = what->seed };
	s->failed = false;
	while (!s->failed && !is_over(what, p, end)) {
		pid_t child = fork();

		if (child == 0) {
			search_child(what, s, p, end);
		}
		end_child(child, s);
	}
	if (s->failed) {
		shrink(s, p->seed);
	}
	memcpy(failed, s, sizeof(*s));
	done = p->done;
	munmap(s, sizeof(*s));
	munmap(p, 4096);
	return done;
}
