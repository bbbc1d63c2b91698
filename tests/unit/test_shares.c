/*
 * What share of the CPUs each vCPU gets, by weight and by cap, on a machine with a clock of its own
 * (sched_machine.h). What changes meanwhile, and random loads: test_shares_change.c.
 */
#include <criterion/criterion.h>

#include "host_names.h"

#include "domain/sched.h"
#include "sched_machine.h"
#include "shares_fixture.h"

TestSuite(shares);

/* Hogs of these weights on so many CPUs get these thousandths of a CPU, from the first second on. */
static void expect_shares(u32 cpus, u32 count, const u32 *weights, const u64 *parts)
{
	struct vcpu *hogs[8];
	u64 since[8] = { 0 };

	start_idle(cpus);
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

Test(shares, caps_change_while_a_domain_runs)
{
	struct vcpu *v;
	u64 ran;

	start_idle(1);
	v = new_capped(1, 1, 10);
	machine_run(SECOND_NS + 7 * MS, STEP_NS, NULL);
	ran = machine_ran(v);
	change(v->domain, cap, 80);
	machine_run(SECOND_NS, STEP_NS, NULL);
	expect_share(v, ran, 800);
	machine_run(3 * MS, STEP_NS, NULL);
	ran = machine_ran(v);
	change(v->domain, cap, 0);
	machine_run(SECOND_NS, STEP_NS, NULL);
	expect_share(v, ran, 1000);
	ran = machine_ran(v);
	change(v->domain, cap, 5);
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
