/*
 * The page-table code in trouble, on random states: stopped half way and then
 * resumed, overtaken by others or killed (T3); a copy from or to the guest fails
 * (T4); memory runs out. What each must leave is a state that the model can
 * explain.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <seam/directmap.h>

#include "driver.h"
#include "fake_guest.h"

static struct driver w;
static struct op_source src;

#define cr_assert_fine(expression, ...)                          \
	do {                                                     \
		const char *why = with_operations(expression);   \
		cr_assert_null(why, "%s: %s", #expression, why); \
	} while (0)

static struct op last[DRIVER_GROUP]; /* printed when it fails */
static u32 last_count;

static u32 generate(struct op *ops, u32 max)
{
	u32 n = driver_generate(&w, &src, ops, max);

	memcpy(last, ops, n * sizeof(*ops));
	last_count = n;
	return n;
}

static const char *with_operations(const char *why)
{
	char line[512];

	for (u32 i = 0; why != NULL && i < last_count; i++) {
		op_print(&last[i], line, sizeof(line));
		fprintf(stderr, "%s\n", line);
	}
	return why;
}

/* Random operations, compared with the model. */
static void some_operations(u32 n)
{
	struct op ops[DRIVER_GROUP];

	while (n-- > 0) {
		cr_assert_fine(driver_step(&w, ops, generate(ops, DRIVER_GROUP)));
	}
}

/* Outcomes that wait for an operation that never comes are dropped in the end. */
static void settle(void)
{
	for (u32 i = 0; i < MODEL_DOMAINS; i++) {
		struct mm_owner *o = w.domain[i] == NULL ? NULL : &w.domain[i]->mm;

		while (o != NULL && o->job.state != MM_JOB_IDLE) {
			if (mm_begin(o) == 0) {
				(void)!mm_reserve(o, MFN_INVALID);
				mm_end(o);
			}
		}
	}
}

enum after { RESUME, OTHERS_THEN_RESUME, ABANDON, KILL, AFTERS };

/* Others do what they want meanwhile, and nobody compares. */
static void others(u32 n)
{
	struct op ops[DRIVER_GROUP];

	while (n-- > 0) {
		u32 count = generate(ops, DRIVER_GROUP);

		if (ops[0].kind != OP_KILL) {
			cr_assert_fine(driver_step(&w, ops, count));
		}
	}
}

static void what_then(enum after after, u32 domain)
{
	struct op kill = { .kind = OP_KILL, .sub = (u8)domain, .budget = 2 };

	switch (after) {
	case OTHERS_THEN_RESUME:
		others(6);
		cr_assert_fine(driver_resume(&w));
		break;
	case RESUME:
		cr_assert_fine(driver_resume(&w));
		break;
	case KILL:
		cr_assert_fine(driver_step(&w, &kill, 1));
		break;
	default:
		others(6);
		break;
	}
}

/* Own frames in no use, by symbol; false if there are not enough. */
static bool unused_frames(struct model_who who, u16 *symbols, u32 n)
{
	struct model_view view;
	u32 found = 0;

	(void)model_look(&w.model, &view);
	for (u32 i = 0; found < n && i < OP_OTHER_FRAMES; i++) {
		u64 f = driver_frame(&w, who, OWN(i));

		if (w.model.frame[f].owner == w.model.domain[who.domain].id &&
		    w.model.frame[f].allocated && view.uses[f] == 0) {
			symbols[found++] = OWN(i);
		}
	}
	return found == n;
}

static void step(struct op op)
{
	cr_assert_fine(driver_step(&w, &op, 1));
}

/* A tree out of frames 0 to 4 of the list: a root with several tables, some named more than once. */
static void plant_tree(u8 cpu, const u16 *f)
{
	static const u8 links[][3] = { { 0, 0, 1 }, { 0, 3, 1 }, { 1, 0, 2 },
				       { 1, 1, 2 }, { 1, 5, 2 }, { 2, 0, 3 },
				       { 2, 2, 4 }, { 3, 0, 0 }, { 4, 1, 5 } };

	for (u32 i = 0; i < 5; i++) {
		step((struct op){ .kind = OP_CLEAR, .cpu = cpu, .frame = f[i] });
	}
	for (u32 i = 0; i < ARRAY_SIZE(links); i++) {
		step((struct op){ .kind = OP_STORE,
				  .cpu = cpu,
				  .frame = f[links[i][0]],
				  .index = links[i][1],
				  .to = f[links[i][2]],
				  .bits = links[i][0] == 3 ? 5 : 7 });
	}
}

/* Something that walks a tree, with a small budget. */
static bool long_operation(struct op *op, u64 which)
{
	struct model_who who;
	u16 f[6];
	u8 cpu = (u8)(which % MACHINE_CPUS);

	if (!driver_who(&w, cpu, &who) || !unused_frames(who, f, ARRAY_SIZE(f))) {
		return false;
	}
	plant_tree(cpu, f);
	*op = (struct op){ .cpu = cpu, .frame = f[0], .budget = (u8)(1 + which % 3) };
	if (which % 11 == 0) {
		/* one that fails at its end */
		step((struct op){
			.kind = OP_STORE, .cpu = cpu, .frame = f[4], .to = EDGE(0), .bits = 7 });
	}
	switch (which % 5) {
	case 0:
		op->kind = OP_KERNEL_ROOT;
		break;
	case 1:
		step((struct op){ .kind = OP_PIN, .cpu = cpu, .frame = f[0], .index = 3 });
		op->kind = OP_UNPIN;
		break;
	case 2:
		*op = (struct op){ .kind = OP_MMU_UPDATE,
				   .cpu = cpu,
				   .frame = OWN(0),
				   .index = 9,
				   .to = f[1],
				   .bits = 7,
				   .budget = op->budget };
		break;
	case 3:
		op->kind = OP_USER_ROOT;
		break;
	default:
		op->kind = OP_PIN;
		op->index = 3;
		break;
	}
	return true;
}

/* Stop number `stop` of an operation, if it has so many: true if it was stopped there. */
static bool stop_there(u64 seed, u32 stop, enum after after)
{
	struct op op;
	struct model_who who;
	bool stopped;

	src = (struct op_source){ .state = seed };
	driver_begin(&w);
	some_operations(30);
	if (!long_operation(&op, seed >> 20) || !driver_who(&w, op.cpu, &who)) {
		cr_assert_fine(driver_end(&w));
		return false;
	}
	w.is_unchecked = true;
	w.stop_after = stop;
	cr_assert_fine(driver_step(&w, &op, 1));
	w.stop_after = 0;
	stopped = w.stopped.is_there;
	if (stopped) {
		what_then(after, who.domain);
		w.stopped.is_there = false;
	}
	settle();
	w.is_unchecked = false;
	cr_assert_fine(driver_adopt(&w));
	some_operations(10);
	cr_assert_fine(driver_end(&w));
	return stopped;
}

Test(mm_trouble, stopped_anywhere)
{
	u32 stops = 0;

	for (u64 seed = 1; seed <= 60; seed++) {
		u32 stop = 1;
		bool more = true;

		/* each stop of the first few, then every third */
		for (; more && stop < 40; stop += stop < 6 ? 1 : 3) {
			more = stop_there(seed << 20, stop, (enum after)((seed + stop) % AFTERS));
			stops += more;
		}
	}
	cr_assert_gt(stops, 100, "only %u stops", stops);
}

Test(mm_trouble, any_copy_fails)
{
	u32 failed = 0;

	for (u64 seed = 1; seed <= 12; seed++) {
		src = (struct op_source){ .state = seed << 24 };
		driver_begin(&w);
		for (u32 i = 0; i < 250; i++) {
			struct op ops[DRIVER_GROUP];
			u32 n = generate(ops, DRIVER_GROUP);
			u32 fail = 1 + (u32)op_random(&src, 3 * n);
			u64 before = fake_guest_copies;

			cr_assert_fine(driver_step_failing(&w, ops, n, fail));
			failed += fake_guest_copies >= before + fail;
		}
		cr_assert_fine(driver_end(&w));
	}
	cr_assert_gt(failed, 500, "only %u failed", failed);
}

/* All but `left` frames are taken away, and the domains may have as many as they like. */
static void take_memory(u64 left, mfn_t *taken, u64 *count)
{
	for (*count = 0; alloc_free_count() > left; (*count)++) {
		taken[*count] = alloc_frames(0);
		w.model.frame[taken[*count].v].owner = MODEL_HV;
	}
	for (u32 i = 0; i < MODEL_DOMAINS; i++) {
		w.model.domain[i].max_frames = MODEL_FRAMES;
		w.domain[i]->mm.max_frames = MODEL_FRAMES;
	}
}

Test(mm_trouble, memory_runs_out)
{
	static mfn_t taken[MODEL_FRAMES];

	for (u64 left = 0; left < 4; left++) {
		u64 count;

		src = (struct op_source){ .state = left + 77 };
		driver_begin(&w);
		take_memory(left, taken, &count);
		for (u32 i = 0; i < 400; i++) {
			struct op ops[DRIVER_GROUP];
			u32 n = generate(ops, DRIVER_GROUP);

			if (ops[0].kind != OP_KILL) {
				cr_assert_fine(driver_step(&w, ops, n));
			}
		}
		while (count > 0) {
			alloc_free_frames(taken[--count], 0);
		}
		cr_assert_fine(driver_end(&w));
	}
}
