/*
 * Two hypercalls at once, on two CPUs of the small machine (T5). Each CPU is a
 * thread, but only one runs at a time: at each lock and each atomic instruction
 * (fake_points.h) the schedule, which depends on nothing but a seed, decides who
 * goes on. A CPU that calls the other (a TLB flush) waits until that one spins,
 * or is back with its guest, as on a machine.
 *
 * Stores to page tables reach the other CPU late, as from a store buffer: at the
 * next instruction that drains it (simtlb.h).
 *
 * Read next: race.c, ../unit/test_mm_race.c.
 */
#ifndef MODEL_RACE_H
#define MODEL_RACE_H

#include "driver.h"

struct race_side {
	const struct op *ops;
	u32 n;
	struct driver_result result;
};

/*
 * Carry out one group on CPU 0 and one on CPU 1 at once. `choose` says who goes
 * on at a point (0 or 1; NULL: by the seed). Then the results and the state must
 * be those of one after the other, in one order or the other: NULL, or what is
 * wrong.
 */
const char *race_run(struct driver *w, struct race_side sides[2], u64 seed,
		     u32 (*choose)(u32 cpu, enum fake_point point));

/* Once, before the first race of a process. */
void race_begin(struct driver *w);

#endif
