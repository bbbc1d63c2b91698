/* See shares_fixture.h. */
#include <criterion/criterion.h>

#include "host_names.h"

#include "domain/sched.h"
#include "sched_machine.h"
#include "shares_fixture.h"

void start_idle(u32 cpus)
{
	machine_init(cpus);
	for (u32 cpu = 0; cpu < cpus; cpu++) {
		cr_assert_null(machine_schedule(cpu));
	}
}

struct vcpu *new_hog(u16 id, u32 weight)
{
	struct domain *d = machine_domain(id, 1);

	d->sched.weight = weight;
	sched_online(d->vcpus[0]);
	return d->vcpus[0];
}

void expect_share(const struct vcpu *v, u64 since, u64 want)
{
	u64 ran = (machine_ran(v) - since) / 1000;

	cr_assert_geq(ran, want * 980, "d%u vcpu %u ran %lu us, not %lu ms", v->domain->id, v->id,
		      ran, want);
	cr_assert_leq(ran, want * 1020, "d%u vcpu %u ran %lu us, not %lu ms", v->domain->id, v->id,
		      ran, want);
}
