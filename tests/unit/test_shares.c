/*
 * What share of the CPUs each vCPU gets: weights, caps, affinities on a machine with a clock
 * of its own (sched_machine.h), by fixed loads and by random ones.
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "host_names.h"

#include <parley/errno.h>
#include <seam/cpu.h>

#include "domain/sched.h"
#include "domain/sched_cap.h"
#include "domain/sched_queue.h"
#include "sched_machine.h"

#define STEP_NS   20000UL
#define MS        1000000UL
#define SECOND_NS 1000000000UL

TestSuite(shares);

static struct vcpu *new_hog(u16 id, u32 weight)
{
	struct domain *d = machine_domain(id, 1);

	d->sched.weight = weight;
	sched_online(d->vcpus[0]);
	return d->vcpus[0];
}

/* What v ran is `want` of 1000 parts of a second, to 2 %. */
static void expect_share(const struct vcpu *v, u64 since, u64 want)
{
	u64 ran = (machine_ran(v) - since) / 1000;

	cr_assert_geq(ran, want * 980, "d%u vcpu %u ran %lu us, not %lu ms", v->domain->id, v->id,
		      ran, want);
	cr_assert_leq(ran, want * 1020, "d%u vcpu %u ran %lu us, not %lu ms", v->domain->id, v->id,
		      ran, want);
}

/* Hogs of these weights on so many CPUs get these thousandths of a CPU, from the first second on. */
static void expect_shares(u32 cpus, u32 count, const u32 *weights, const u64 *parts)
{
	struct vcpu *hogs[8];
	u64 since[8] = { 0 };

	machine_init(cpus);
	for (u32 cpu = 0; cpu < cpus; cpu++) {
		cr_assert_null(machine_schedule(cpu));
	}
	for (u32 i = 0; i < count; i++) {
		hogs[i] = new_hog((u16)(i + 1), weights[i]);
	}
	for (u32 second = 0; second < 3; second++) {
		machine_run(SECOND_NS, STEP_NS, NULL);
		for (u32 i = 0; i < count; i++) {
			expect_share(hogs[i], since[i], parts[i]);
			since[i] = machine_ran(hogs[i]);
		}
	}
}

Test(shares, three_equal_hogs_on_one_cpu)
{
	expect_shares(1, 3, (const u32[]){ 256, 256, 256 }, (const u64[]){ 333, 333, 333 });
}

Test(shares, three_equal_hogs_on_two_cpus)
{
	expect_shares(2, 3, (const u32[]){ 256, 256, 256 }, (const u64[]){ 667, 667, 667 });
}

Test(shares, one_to_two_to_four_on_one_cpu)
{
	expect_shares(1, 3, (const u32[]){ 256, 512, 1024 }, (const u64[]){ 143, 286, 571 });
}

/* Four sevenths of two CPUs are more than one vCPU can use: the others share the rest. */
Test(shares, one_to_two_to_four_on_two_cpus)
{
	expect_shares(2, 3, (const u32[]){ 256, 512, 1024 }, (const u64[]){ 333, 667, 1000 });
}

Test(shares, five_equal_hogs_on_four_cpus)
{
	expect_shares(4, 5, (const u32[]){ 256, 256, 256, 256, 256 },
		      (const u64[]){ 800, 800, 800, 800, 800 });
}

Test(shares, the_smallest_and_the_greatest_weight)
{
	struct vcpu *light, *heavy;

	machine_init(1);
	light = new_hog(1, 1);
	heavy = new_hog(2, 65535);
	machine_run(2 * SECOND_NS, STEP_NS, NULL);
	cr_assert_gt(machine_ran(light), 0, "it is not forgotten");
	cr_assert_leq(machine_ran(light), 1 * MS);
	cr_assert_gt(machine_ran(heavy), 1998 * MS);
}

/* ---- caps ---- */

static struct vcpu *new_capped(u16 id, u32 vcpus, u32 cap)
{
	struct domain *d = machine_domain(id, vcpus);
	struct sched_params p = { .weight = 256, .cap = cap, .affinity = ~0UL };

	cr_assert_eq(sched_domain_set(d, &p), 0);
	for (u32 i = 0; i < vcpus; i++) {
		sched_online(d->vcpus[i]);
	}
	return d->vcpus[0];
}

static void start_idle(u32 cpus)
{
	machine_init(cpus);
	for (u32 cpu = 0; cpu < cpus; cpu++) {
		cr_assert_null(machine_schedule(cpu));
	}
}

Test(shares, a_cap_holds_on_an_idle_machine)
{
	struct vcpu *quarter, *half;

	start_idle(2);
	quarter = new_capped(1, 1, 25);
	half = new_capped(2, 1, 50);
	machine_run(SECOND_NS, STEP_NS, NULL);
	expect_share(quarter, 0, 250);
	expect_share(half, 0, 500);
}

Test(shares, the_smallest_cap)
{
	struct vcpu *v;

	start_idle(1);
	v = new_capped(1, 1, 1);
	machine_run(2 * SECOND_NS, STEP_NS, NULL);
	expect_share(v, 0, 20);
}

Test(shares, who_is_capped_leaves_the_rest_to_others)
{
	struct vcpu *capped, *other;

	start_idle(1);
	capped = new_capped(1, 1, 30);
	other = new_hog(2, 256);
	machine_run(SECOND_NS, STEP_NS, NULL);
	expect_share(capped, 0, 300);
	expect_share(other, 0, 700);
}

/* On two CPUs, so the three of them run at once: in turns, by period. */
Test(shares, the_vcpus_of_a_domain_share_its_cap)
{
	struct vcpu *v;

	start_idle(2);
	v = new_capped(1, 3, 60);
	machine_run(SECOND_NS, STEP_NS, NULL);
	for (u32 i = 0; i < 3; i++) {
		u64 ran = machine_ran(v->domain->vcpus[i]) / MS;

		cr_assert_geq(ran, 180, "vcpu %u ran %lu ms", i, ran);
		cr_assert_leq(ran, 220, "vcpu %u ran %lu ms", i, ran);
	}
	cr_assert_leq(sched_domain_cpu_time(v->domain), 612 * MS);
	cr_assert_geq(sched_domain_cpu_time(v->domain), 588 * MS);
}

/* One sister has to share its CPU with somebody else; she gets her part of the cap all the same. */
Test(shares, a_sister_on_a_busy_cpu_gets_her_part)
{
	struct vcpu *v, *other;

	start_idle(2);
	other = new_hog(2, 256);
	other->sched.affinity = 1;
	v = new_capped(1, 2, 40);
	v->sched.affinity = 1;
	v->domain->vcpus[1]->sched.affinity = 2;
	machine_run(SECOND_NS, STEP_NS, NULL);
	expect_share(v, 0, 200);
	expect_share(v->domain->vcpus[1], 0, 200);
}

Test(shares, a_cap_of_all_its_vcpus_is_none)
{
	struct vcpu *v;

	start_idle(2);
	v = new_capped(1, 2, 200);
	cr_assert_eq(v->domain->sched.quota_ns, 0);
	machine_run(SECOND_NS, STEP_NS, NULL);
	expect_share(v, 0, 1000);
}

static void set_cap(struct domain *d, u32 cap)
{
	struct sched_params p;

	sched_domain_get(d, &p);
	p.cap = cap;
	cr_assert_eq(sched_domain_set(d, &p), 0);
}

Test(shares, caps_change_while_a_domain_runs)
{
	struct vcpu *v;
	u64 ran;

	start_idle(1);
	v = new_capped(1, 1, 10);
	machine_run(SECOND_NS + 7 * MS, STEP_NS, NULL);
	ran = machine_ran(v);
	set_cap(v->domain, 80);
	machine_run(SECOND_NS, STEP_NS, NULL);
	expect_share(v, ran, 800);
	machine_run(3 * MS, STEP_NS, NULL);
	ran = machine_ran(v);
	set_cap(v->domain, 0);
	machine_run(SECOND_NS, STEP_NS, NULL);
	expect_share(v, ran, 1000);
	ran = machine_ran(v);
	set_cap(v->domain, 5);
	machine_run(SECOND_NS, STEP_NS, NULL);
	expect_share(v, ran, 50);
}

/* Out of budget, and then: paused, taken down, forgotten. Each time it comes back as it should, or not. */
Test(shares, one_that_is_parked_can_be_paused_and_taken_down)
{
	struct vcpu *v;
	u64 ran;

	start_idle(1);
	v = new_capped(1, 1, 20);
	machine_run(5 * MS, STEP_NS, NULL);
	cr_assert(v->sched.parked);
	sched_pause_domain(v->domain);
	ran = machine_ran(v);
	machine_run(100 * MS, STEP_NS, NULL);
	cr_assert_eq(machine_ran(v), ran);
	cr_assert(sched_domain_is_quiet(v->domain));
	sched_unpause_domain(v->domain);
	machine_run(100 * MS, STEP_NS, NULL);
	cr_assert_gt(machine_ran(v), ran + 18 * MS);

	machine_run(5 * MS, STEP_NS, NULL);
	sched_offline(v);
	cr_assert_not(v->sched.parked);
	ran = machine_ran(v);
	machine_run(100 * MS, STEP_NS, NULL);
	cr_assert_eq(machine_ran(v), ran);
	sched_online(v);
	machine_run(200 * MS, STEP_NS, NULL);
	cr_assert_gt(machine_ran(v), ran + 38 * MS);
	sched_offline(v);
	machine_run(1 * MS, STEP_NS, NULL);
	sched_domain_fini(v->domain);
	machine_run(100 * MS, STEP_NS, NULL);
}

/* ---- changes at run time ---- */

static void set_affinity(struct domain *d, u64 cpus)
{
	struct sched_params p;

	sched_domain_get(d, &p);
	p.affinity = cpus;
	cr_assert_eq(sched_domain_set(d, &p), 0);
}

Test(shares, one_that_runs_leaves_a_cpu_that_is_forbidden)
{
	struct vcpu *v;

	start_idle(2);
	v = new_hog(1, 256);
	machine_run(10 * MS, STEP_NS, NULL);
	for (u32 turn = 0; turn < 6; turn++) {
		u32 to = (turn + 1) % 2;

		set_affinity(v->domain, 1UL << to);
		machine_run(1 * MS, STEP_NS, NULL);
		cr_assert_eq(machine_running(to), v);
		cr_assert_null(machine_running(1 - to));
	}
}

/* Asleep with its registers still in the CPU, which it may not wake on. */
Test(shares, one_that_sleeps_wakes_elsewhere)
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
	set_affinity(v->domain, 1UL << (1 - cpu));
	machine_on_cpu(cpu);
	sched_wake(v);
	machine_run(1 * MS, STEP_NS, NULL);
	cr_assert_eq(machine_running(1 - cpu), v);
}

Test(shares, who_may_run_nowhere_is_refused)
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

Test(shares, weights_change_while_domains_run)
{
	struct vcpu *a, *b;
	struct sched_params p;
	u64 ran_a, ran_b;

	start_idle(1);
	a = new_hog(1, 256);
	b = new_hog(2, 256);
	machine_run(SECOND_NS, STEP_NS, NULL);
	expect_share(a, 0, 500);
	sched_domain_get(a->domain, &p);
	p.weight = 768;
	cr_assert_eq(sched_domain_set(a->domain, &p), 0);
	ran_a = machine_ran(a);
	ran_b = machine_ran(b);
	machine_run(SECOND_NS, STEP_NS, NULL);
	expect_share(a, ran_a, 750);
	expect_share(b, ran_b, 250);
}

/* Long alone with a weight that asked for more than one CPU: it has saved up nothing for when others come. */
Test(shares, what_nobody_else_could_use_is_not_owed)
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
Test(shares, one_cpu_is_not_made_to_wait_for_another)
{
	struct vcpu *pinned[4], *free;

	start_idle(2);
	for (u32 i = 0; i < 4; i++) {
		pinned[i] = new_hog((u16)(i + 1), 256);
		set_affinity(pinned[i]->domain, i == 0 ? 2 : 1);
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
Test(shares, time_for_others_is_not_charged)
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
Test(shares, random_loads_on_one_cpu)
{
	random_load(1, SCHED_LEAD_NS + SCHED_SLICE_MIN_NS + STEP_NS, 88172645463325252UL);
}

/* On several, clocks may part by SCHED_DRIFT_NS before anything is forgotten. */
Test(shares, random_loads_on_two_cpus)
{
	random_load(2, SCHED_DRIFT_NS + 2 * SCHED_LEAD_NS, 1181783497276652981UL);
}

Test(shares, random_loads_on_four_cpus)
{
	random_load(4, SCHED_DRIFT_NS + 2 * SCHED_LEAD_NS, 0x9e3779b97f4a7c15UL);
}
