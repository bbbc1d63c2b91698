/*
 * What share of the CPUs each vCPU gets: weights, caps, affinities on a machine with a clock
 * of its own (sched_machine.h), by fixed loads and by random ones.
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "host_names.h"

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
