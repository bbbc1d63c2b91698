/* domain/sched_run.c and domain/trace.c: who runs where, as the trace tells it. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include <seam/cpu.h>

#include "domain/sched.h"
#include "domain/trace_state.h"
#include "sched_machine.h"

static struct domain *d;
static struct vcpu *only; /* vCPU of a domain that has no other */

static void setup(void)
{
	machine_init(2);
	d = machine_domain(1, 4);
	only = machine_domain(2, 1)->vcpus[0];
}

TestSuite(trace_sched, .init = setup);

static void trace_here(void)
{
	for (u32 cpu = 0; cpu < 2; cpu++) {
		trace_cpus[cpu].ring = (struct trace_ring){ .bytes = calloc(1, TRACE_RING_SIZE) };
		trace_cpus[cpu].running = PV_TRACE_IDLE;
	}
	trace_reader = TRACE_READER_LINE;
	trace_switches = 1;
}

static struct pv_trace_record take_record(u32 cpu)
{
	struct pv_trace_record r;

	cr_assert_eq(trace_ring_peek(&trace_cpus[cpu].ring, &r, sizeof(r)), sizeof(r));
	trace_ring_take(&trace_cpus[cpu].ring, sizeof(r));
	return r;
}

Test(trace_sched, each_change_of_who_runs_is_recorded_once)
{
	struct pv_trace_record r;
	u64 began;

	trace_here();
	only->domain->trace_kinds = TRACE_BIT(switch);
	sched_online(only);
	cr_assert_eq(machine_schedule(0), only);
	cr_assert_eq(only->trace, TRACE_BIT(switch), "brought up to date when it is loaded");
	r = take_record(0);
	cr_assert_eq(r.kind, PV_TRACE_switch);
	cr_assert_eq(r.args[0], PV_TRACE_IDLE);
	cr_assert_eq(r.args[1], 2UL << 16);
	cr_assert_eq(r.domid, 2);
	began = r.time_ns;
	cr_assert_eq(machine_schedule(0), only);
	cr_assert(trace_ring_is_empty(&trace_cpus[0].ring), "it goes on");
	fake_tsc += 300;
	sched_block();
	cr_assert_null(machine_schedule(0));
	cr_assert_eq(current_vcpu(), only, "its registers stay, and yet it does not run");
	r = take_record(0);
	cr_assert_eq(r.args[0], 2UL << 16);
	cr_assert_eq(r.args[1], PV_TRACE_IDLE);
	cr_assert_eq(r.args[2], 300);
	cr_assert_eq(r.time_ns - r.args[2], began, "it begins where the other ended");
	cr_assert_gt(machine_drains, 0, "an idle CPU sends what it has recorded");
}

Test(trace_sched, switches_of_others_are_not_recorded)
{
	trace_here();
	only->domain->trace_kinds = TRACE_BIT(switch);
	sched_online(d->vcpus[0]);
	cr_assert_eq(machine_schedule(0), d->vcpus[0]);
	sched_block();
	cr_assert_null(machine_schedule(0));
	cr_assert(trace_ring_is_empty(&trace_cpus[0].ring));
	cr_assert_eq(trace_cpus[0].ring.lost, 0);
}
