/*
 * What share of the CPUs each vCPU gets when something changes while it runs: affinities, weights,
 * who is there; and by random loads, whose sums must be right at every step. See test_shares.c.
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "host_names.h"

#include <parley/errno.h>
#include <seam/cpu.h>

#include "domain/sched.h"
#include "domain/sched_queue.h"
#include "sched_machine.h"
#include "shares_fixture.h"

TestSuite(shares_change);

/* ---- changes at run time ---- */

Test(shares_change, one_that_runs_leaves_a_cpu_that_is_forbidden)
{
	struct vcpu *v;

	start_idle(2);
	v = new_hog(1, 256);
	machine_run(10 * MS, STEP_NS, NULL);
	for (u32 turn = 0; turn < 6; turn++) {
		u32 to = (turn + 1) % 2;

		change(v->domain, affinity, 1UL << to);
		machine_run(1 * MS, STEP_NS, NULL);
		cr_assert_eq(machine_running(to), v);
		cr_assert_null(machine_running(1 - to));
	}
}

/* Asleep with its registers still in the CPU, which it may not wake on. */
Test(shares_change, one_that_sleeps_wakes_elsewhere)
{
	struct vcpu *v;
	u32 cpu;

	start_idle(2);
	v = new_hog(1, 256);
	machine_run(1 * MS, STEP_NS, NULL);
	cpu = v->sched.cpu;
	machine_on_cpu(cpu);
	sched_block();
	cr_assert_null(machine_schedule(cpu));
	cr_assert(v->sched.loaded);
	change(v->domain, affinity, 1UL << (1 - cpu));
	machine_on_cpu(cpu);
	sched_wake(v);
	machine_run(1 * MS, STEP_NS, NULL);
	cr_assert_eq(machine_running(1 - cpu), v);
}

Test(shares_change, who_may_run_nowhere_is_refused)
{
	struct sched_params p;
	struct vcpu *v;

	start_idle(2);
	v = new_hog(1, 256);
	sched_domain_get(v->domain, &p);
	cr_assert_eq(p.weight, 256);
	p.affinity = 0x4;
	cr_assert_eq(sched_domain_set(v->domain, &p), -PV_EINVAL);
	p.affinity = 0x5;
	cr_assert_eq(sched_domain_set(v->domain, &p), 0);
	p.weight = 0;
	cr_assert_eq(sched_domain_set(v->domain, &p), -PV_EINVAL);
	p.weight = SCHED_WEIGHT_MAX + 1;
	cr_assert_eq(sched_domain_set(v->domain, &p), -PV_EINVAL);
	sched_domain_get(v->domain, &p);
	cr_assert_eq(p.affinity, 1);
	cr_assert_eq(p.weight, 256);
}

Test(shares_change, weights_change_while_domains_run)
{
	struct vcpu *a, *b;
	u64 ran_a, ran_b;

	start_idle(1);
	a = new_hog(1, 256);
	b = new_hog(2, 256);
	machine_run(SECOND_NS, STEP_NS, NULL);
	expect_share(a, 0, 500);
	change(a->domain, weight, 768);
	ran_a = machine_ran(a);
	ran_b = machine_ran(b);
	machine_run(SECOND_NS, STEP_NS, NULL);
	expect_share(a, ran_a, 750);
	expect_share(b, ran_b, 250);
}

/* Long alone with a weight that asked for more than one CPU: it has saved up nothing for when others come. */
Test(shares_change, what_nobody_else_could_use_is_not_owed)
{
	struct vcpu *heavy;
	u64 since;

	start_idle(2);
	heavy = new_hog(1, 1024);
	for (u32 i = 0; i < 2; i++) {
		(void)new_hog((u16)(i + 2), 256);
	}
	machine_run(10 * SECOND_NS, STEP_NS, NULL);
	for (u32 i = 2; i < 8; i++) {
		(void)new_hog((u16)(i + 2), 256);
	}
	machine_run(100 * MS, STEP_NS, NULL);
	since = machine_ran(heavy);
	machine_run(SECOND_NS, STEP_NS, NULL);
	expect_share(heavy, since, 667); /* 4 of 12 parts of two CPUs */
}

/* Hogs that may run on one CPU each do not disturb how others share all of them. */
Test(shares_change, one_cpu_is_not_made_to_wait_for_another)
{
	struct vcpu *pinned[4], *free;

	start_idle(2);
	for (u32 i = 0; i < 4; i++) {
		pinned[i] = new_hog((u16)(i + 1), 256);
		change(pinned[i]->domain, affinity, i == 0 ? 2 : 1);
	}
	free = new_hog(5, 256);
	machine_run(5 * SECOND_NS, STEP_NS, NULL);
	/* The free one goes where there is more: it shares CPU 1 with one, not CPU 0 with three. */
	cr_assert_gt(machine_ran(free), 2300 * MS, "%lu", machine_ran(free) / MS);
	for (u32 i = 1; i < 4; i++) {
		cr_assert_gt(machine_ran(pinned[i]), 1550 * MS);
	}
}

/* A third of the time on its CPU goes to others: that is not what it is charged for. */
Test(shares_change, time_for_others_is_not_charged)
{
	struct vcpu *a, *b;

	start_idle(1);
	a = new_hog(1, 256);
	b = new_hog(2, 256);
	while (fake_tsc < SECOND_NS) {
		machine_run(1 * MS, STEP_NS, NULL);
		if (machine_running(0) == a) {
			machine_on_cpu(0);
			sched_discount(MS / 3);
		}
	}
	/* a has it for 3 ms, of which 2 ms are its own, for each 2 ms of b. */
	cr_assert_geq(machine_ran(a), 580 * MS);
	cr_assert_leq(machine_ran(a), 620 * MS);
	cr_assert_leq(machine_ran(b), 420 * MS);
}

/* ---- random loads ---- */

#define LOADS 10

static struct load {
	struct vcpu *v;
	u64 until; /* works or sleeps till then */
} loads[LOADS];
static u64 random_state;

static u64 random_below(u64 n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % n;
}

static u32 load_cpus;
static u64 bound_ns;

/* No CPU idles while somebody waits that it could run. */
static void expect_work_conserved(void)
{
	for (u32 cpu = 0; cpu < load_cpus; cpu++) {
		if (machine_running(cpu) != NULL) {
			continue;
		}
		for (u32 i = 0; i < LOADS; i++) {
			const struct sched_vcpu *s = &loads[i].v->sched;

			cr_assert(s->state != VCPU_RUNNABLE || !(s->affinity & (1UL << cpu)),
				  "CPU %u idles, load %u waits", cpu, i);
		}
	}
}

/* The hogs, which have equal weights and always want a CPU, have had the same so far. */
static void expect_bounded_lag(void)
{
	u64 a = machine_ran(loads[0].v), b = machine_ran(loads[1].v);

	cr_assert_leq(a > b ? a - b : b - a, bound_ns, "%lu and %lu us", a / 1000, b / 1000);
}

static void random_change(struct load *load)
{
	struct vcpu *v = load->v;

	load->until = fake_tsc + random_below(8 * MS);
	if (v->sched.state == VCPU_BLOCKED) {
		machine_on_cpu((u32)random_below(load_cpus));
		sched_wake(v);
	} else if (v->sched.state == VCPU_RUNNING) {
		machine_on_cpu(v->sched.cpu);
		sched_block();
		(void)machine_schedule(v->sched.cpu);
	}
}

/* Loads 0 and 1 are hogs; the others work and sleep at random. */
static void random_step(void)
{
	expect_work_conserved();
	expect_bounded_lag();
	for (u32 i = 2; i < LOADS; i++) {
		if (fake_tsc >= loads[i].until) {
			random_change(&loads[i]);
		}
	}
}

static void random_load(u32 cpus, u64 bound, u64 seed)
{
	u64 last[2] = { 0 };

	random_state = seed;
	load_cpus = cpus;
	bound_ns = bound;
	start_idle(cpus);
	for (u32 i = 0; i < LOADS; i++) {
		loads[i] = (struct load){ .v = new_hog((u16)(i + 1), 256) };
	}
	for (u32 tenth = 0; tenth < 50; tenth++) {
		machine_run(100 * MS, STEP_NS, random_step);
		for (u32 i = 0; i < 2; i++) {
			u64 got = machine_ran(loads[i].v) - last[i];

			last[i] += got;
			cr_assert_gt(got, 5 * MS, "hog %u starves", i);
		}
	}
}

/* On one CPU the bound is that of sched_queue.h, and the length of a step. */
Test(shares_change, random_loads_on_one_cpu)
{
	random_load(1, SCHED_LEAD_NS + SCHED_SLICE_MIN_NS + STEP_NS, 88172645463325252UL);
}

/* On several, clocks may part by SCHED_DRIFT_NS before anything is forgotten. */
Test(shares_change, random_loads_on_two_cpus)
{
	random_load(2, SCHED_DRIFT_NS + 2 * SCHED_LEAD_NS, 1181783497276652981UL);
}

Test(shares_change, random_loads_on_four_cpus)
{
	random_load(4, SCHED_DRIFT_NS + 2 * SCHED_LEAD_NS, 0x9e3779b97f4a7c15UL);
}
