/*
 * Two CPUs in the page-table code at once (T5): whatever the schedule, the end
 * is that of one call after the other, and no TLB holds what it must not.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "fake_points.h"
#include "race.h"
#include "simtlb.h"

static struct driver w;

static const char *with_operations(const char *why, const struct race_side sides[2])
{
	char line[512];

	for (u32 cpu = 0; why != NULL && cpu < 2; cpu++) {
		for (u32 i = 0; i < sides[cpu].n; i++) {
			op_print(&sides[cpu].ops[i], line, sizeof(line));
			fprintf(stderr, "CPU %u: %s\n", cpu, line);
		}
	}
	return why;
}

static void step(struct op op)
{
	const char *why = driver_step(&w, &op, 1);

	cr_assert_null(why, "%s", why);
}

/* Both CPUs run vCPUs of the first domain, on the same tables. */
static void begin(void)
{
	driver_begin(&w);
	step((struct op){ .kind = OP_INITIALISE, .frame = OWN(0), .to = OWN(40) });
	step((struct op){ .kind = OP_RUN, .cpu = 1, .sub = 2 });
	race_begin(&w);
}

/* A call for that CPU, by the generator. */
static u32 generate(struct op_source *src, u32 cpu, struct op *ops)
{
	for (;;) {
		u32 n = driver_generate(&w, src, ops, DRIVER_GROUP);

		if (ops[0].cpu == cpu && driver_is_call(ops[0].kind)) {
			for (u32 i = 0; i < n; i++) {
				ops[i].budget = 0;
			}
			return n;
		}
	}
}

static void race(struct op_source *src)
{
	struct op ops[2][DRIVER_GROUP];
	struct race_side sides[2] = { 0 };
	u64 seed = op_random(src, 0);
	const char *why;

	for (u32 cpu = 0; cpu < 2; cpu++) {
		sides[cpu].ops = ops[cpu];
		sides[cpu].n = generate(src, cpu, ops[cpu]);
		/* Several calls of a multicall are not one step: other calls come between. */
		if (sides[cpu].n > 1 && ops[cpu][1].join == OP_MULTI) {
			sides[cpu].n = 1;
		}
	}
	why = with_operations(race_run(&w, sides, seed, NULL), sides);
	cr_assert_null(why, "%s", why);
}

Test(mm_race, random_pairs)
{
	for (u64 seed = 1; seed <= 60; seed++) {
		struct op_source src = { .state = seed << 33 };
		const char *why;

		begin();
		for (u32 i = 0; i < 60; i++) {
			struct op ops[DRIVER_GROUP];
			u32 n = driver_generate(&w, &src, ops, DRIVER_GROUP);

			race(&src);
			if (ops[0].kind != OP_KILL && ops[0].kind != OP_RUN) {
				why = driver_step(&w, ops, n);
				cr_assert_null(why, "%s", why);
			}
		}
		why = driver_end(&w);
		cr_assert_null(why, "%s", why);
	}
}

/* ---- one schedule that matters ---- */

/*
 * CPU 1 goes until it has let go of the lock and is about to flush. CPU 0 goes
 * until it has replaced the entry and stamped the frame. CPU 1 flushes and walks
 * again, while the new entry still is in CPU 0's store buffer.
 */
static u32 late_store(u32 cpu, enum fake_point point)
{
	static u32 unlocked[2];

	if (point == FAKE_POINT_UNLOCK) {
		unlocked[cpu]++;
		return !cpu;
	}
	if (unlocked[0] != 0 || unlocked[1] == 0) {
		return 1;
	}
	return 0;
}

Test(mm_race, a_stamp_is_not_older_than_the_store)
{
	struct op unmap = { .kind = OP_UPDATE_VA, .va = 5 << 12, .to = NO_FRAME };
	struct op flush = {
		.kind = OP_UPDATE_VA, .cpu = 1, .va = 8 << 12, .to = NO_FRAME, .sub = 1
	};
	struct race_side sides[2] = { { .ops = &unmap, .n = 1 }, { .ops = &flush, .n = 1 } };
	const char *why;

	begin();
	why = race_run(&w, sides, 1, late_store);
	cr_assert_null(why, "%s", why);
	/* The frame becomes a table: whoever may still write to it must flush now. */
	step((struct op){ .kind = OP_PIN, .frame = OWN(5) });
	why = driver_end(&w);
	cr_assert_null(why, "%s", why);
}
