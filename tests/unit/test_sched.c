/*
 * domain/sched.c: who runs where. The CPUs are played one after another by one
 * thread; what an idle CPU waits for is a hook.
 */
#include <criterion/criterion.h>

#include "host_names.h"

#include "lib/string.h"

#include <seam/cpu.h>
#include <seam/idle.h>

#include "channel/evtchn.h"
#include "domain/sched.h"
#include "domain/timer.h"
#include "sched_machine.h"

#define CPUS     2
#define SLICE_NS 10000000UL

static struct domain *d;
static struct vcpu *only; /* vCPU of a domain that has no other */

static void setup(void)
{
	machine_init(CPUS);
	d = machine_domain(1, 4);
	only = machine_domain(2, 1)->vcpus[0];
}

TestSuite(sched, .init = setup);

Test(sched, a_new_vcpu_runs_and_keeps_its_cpu)
{
	struct vcpu *v = d->vcpus[0];

	cr_assert_null(machine_schedule(0));
	machine_on_cpu(0);
	sched_online(v);
	cr_assert_eq(machine_schedule(0), v);
	cr_assert_eq(v->sched.state, VCPU_RUNNING);
	cr_assert_eq(v->runstate.state, PV_RUNSTATE_running);
	cr_assert_eq(machine_schedule(0), v);
	cr_assert_eq(machine_switches, 1);
}

Test(sched, blocking_and_waking_on_one_cpu_switches_nothing)
{
	sched_online(only);
	cr_assert_eq(machine_schedule(0), only);
	for (int i = 0; i < 5; i++) {
		sched_block();
		cr_assert_eq(only->sched.state, VCPU_BLOCKED);
		cr_assert_null(machine_schedule(0));
		sched_wake(only);
		cr_assert_eq(machine_schedule(0), only);
	}
	cr_assert_eq(machine_switches, 1);
}

Test(sched, an_idle_cpu_keeps_no_registers_of_a_vcpu_with_sisters)
{
	struct vcpu *v = d->vcpus[0];

	sched_online(v);
	cr_assert_eq(machine_schedule(0), v);
	sched_block();
	cr_assert_null(machine_schedule(0));
	cr_assert_null(current_vcpu());
	cr_assert_not(v->sched.loaded);
}

Test(sched, an_event_just_before_blocking_is_not_lost)
{
	struct vcpu *v = d->vcpus[0];

	sched_online(v);
	cr_assert_eq(machine_schedule(0), v);
	v->info->evtchn_upcall_pending = 1;
	sched_block();
	cr_assert_eq(machine_schedule(0), v);
}

static void other_cpu_wakes(void)
{
	fake_interrupt = NULL; /* it comes once */
	machine_on_cpu(1);
	sched_wake(d->vcpus[0]);
	machine_on_cpu(0);
}

Test(sched, an_idle_cpu_is_kicked_by_a_wake_from_another)
{
	struct vcpu *v = d->vcpus[0];

	sched_online(v);
	cr_assert_eq(machine_schedule(0), v);
	sched_block();
	fake_interrupt = other_cpu_wakes;
	schedule();
	cr_assert_eq(current_vcpu(), v);
	cr_assert_eq(v->sched.state, VCPU_RUNNING);
	cr_assert_eq(machine_kicks[0], 1);
}

Test(sched, two_vcpus_share_a_cpu_by_slices)
{
	struct vcpu *v = d->vcpus[0], *w = d->vcpus[1];

	v->sched.affinity = w->sched.affinity = 1;
	sched_online(v);
	sched_online(w);
	cr_assert_eq(machine_schedule(0), v);
	cr_assert_eq(machine_schedule(0), v);
	fake_tsc += SLICE_NS;
	cr_assert_eq(machine_schedule(0), w);
	cr_assert_eq(v->sched.state, VCPU_RUNNABLE);
	cr_assert_eq(v->runstate.time[PV_RUNSTATE_running], SLICE_NS);
	fake_tsc += SLICE_NS / 2;
	cr_assert_eq(machine_schedule(0), w);
	sched_yield();
	cr_assert_eq(machine_schedule(0), v);
}

Test(sched, an_idle_cpu_takes_waiting_vcpus_but_none_that_is_loaded)
{
	struct vcpu *w = d->vcpus[1];

	sched_online(only);
	cr_assert_eq(machine_schedule(0), only);
	sched_online(w);
	cr_assert_eq(machine_schedule(1), w);
	machine_on_cpu(0);
	sched_block();
	cr_assert_null(machine_schedule(0));
	/* It is asleep, and CPU 0 still holds its registers. */
	machine_on_cpu(1);
	sched_block();
	sched_wake(only);
	cr_assert_null(machine_schedule(1));
	cr_assert_eq(machine_schedule(0), only);
}

Test(sched, who_wakes_runs_soon_and_who_sleeps_gains_no_more_than_that)
{
	struct vcpu *busy = d->vcpus[0], *sleeper = d->vcpus[1];

	busy->sched.affinity = sleeper->sched.affinity = 1;
	sched_online(sleeper);
	cr_assert_eq(machine_schedule(0), sleeper);
	sched_block();
	sched_online(busy);
	cr_assert_eq(machine_schedule(0), busy);
	fake_tsc += 1000 * SLICE_NS;
	cr_assert_eq(machine_schedule(0), busy);
	sched_wake(sleeper);
	cr_assert_eq(machine_schedule(0), sleeper);
	fake_tsc += 2 * SLICE_NS;
	cr_assert_eq(machine_schedule(0), busy);
}

Test(sched, shares_follow_the_weights)
{
	struct vcpu *light = d->vcpus[0], *heavy = only;
	u64 start = fake_tsc;

	light->sched.affinity = heavy->sched.affinity = 1;
	heavy->domain->sched.weight = 768;
	sched_online(light);
	sched_online(heavy);
	while (fake_tsc - start < 400 * SLICE_NS) {
		(void)machine_schedule(0);
		fake_tsc += SLICE_NS / 10;
	}
	(void)machine_schedule(0);
	cr_assert_gt(heavy->runstate.time[PV_RUNSTATE_running], 280 * SLICE_NS);
	cr_assert_lt(heavy->runstate.time[PV_RUNSTATE_running], 320 * SLICE_NS);
}

Test(sched, a_kernel_with_interrupts_off_gets_a_little_grace)
{
	struct vcpu *v = d->vcpus[0], *w = d->vcpus[1];

	v->sched.affinity = w->sched.affinity = 1;
	sched_online(v);
	sched_online(w);
	cr_assert_eq(machine_schedule(0), v);
	v->info->evtchn_upcall_mask = 1;
	fake_tsc += SLICE_NS;
	cr_assert_eq(machine_schedule(0), v);
	fake_tsc += 100000;
	cr_assert_eq(machine_schedule(0), v);
	fake_tsc += 500000;
	cr_assert_eq(machine_schedule(0), w, "but not for ever");
}

Test(sched, affinity_is_kept)
{
	struct vcpu *v = d->vcpus[0], *w = d->vcpus[1];

	v->sched.affinity = w->sched.affinity = 2;
	sched_online(v);
	sched_online(w);
	cr_assert_null(machine_schedule(0));
	cr_assert_eq(machine_schedule(1), v);
	cr_assert_null(machine_schedule(0));
	machine_on_cpu(1);
	fake_tsc += SLICE_NS;
	cr_assert_eq(machine_schedule(1), w);
}

Test(sched, down_and_up_again)
{
	struct vcpu *v = d->vcpus[0];

	sched_online(v);
	cr_assert_eq(machine_schedule(0), v);
	sched_offline(v);
	cr_assert_null(machine_schedule(0));
	cr_assert_null(current_vcpu(), "an idle CPU does not keep a stopped vCPU");
	cr_assert(sched_domain_is_quiet(d));
	sched_wake(v);
	cr_assert_null(machine_schedule(0));
	fake_tsc += 3 * SLICE_NS;
	sched_online(v);
	cr_assert_eq(machine_schedule(0), v);
	cr_assert_eq(v->runstate.state, PV_RUNSTATE_running);
	cr_assert_eq(v->runstate.time[PV_RUNSTATE_offline], 3 * SLICE_NS);
	cr_assert_eq(v->runstate.time[PV_RUNSTATE_blocked], 0);
}

Test(sched, a_paused_domain_leaves_all_cpus_and_comes_back)
{
	struct vcpu *v = d->vcpus[0], *w = d->vcpus[1], *asleep = d->vcpus[2];

	sched_online(v);
	cr_assert_eq(machine_schedule(0), v);
	sched_online(w);
	cr_assert_eq(machine_schedule(1), w);
	machine_on_cpu(0);
	sched_online(asleep);
	fake_tsc += SLICE_NS;
	cr_assert_eq(machine_schedule(0), asleep);
	sched_block();
	cr_assert_eq(machine_schedule(0), v);

	machine_on_cpu(1);
	sched_pause_domain(d);
	cr_assert_not(sched_domain_is_quiet(d));
	sched_wake(asleep);
	cr_assert_null(machine_schedule(0));
	cr_assert_null(machine_schedule(1));
	cr_assert(sched_domain_is_quiet(d));

	sched_unpause_domain(d);
	cr_assert_not_null(machine_schedule(0));
	cr_assert_not_null(machine_schedule(1));
	fake_tsc += SLICE_NS;
	cr_assert_not_null(machine_schedule(0));
	cr_assert_eq(v->sched.queued + w->sched.queued + asleep->sched.queued, 1);
}

Test(sched, a_wake_between_the_start_of_a_poll_and_its_sleep_is_not_lost)
{
	struct vcpu *v = d->vcpus[0];

	sched_online(v);
	cr_assert_eq(machine_schedule(0), v);
	v->info->evtchn_upcall_mask = 1;
	sched_poll_begin();
	machine_on_cpu(1);
	sched_wake_anyhow(v);
	machine_on_cpu(0);
	sched_block();
	cr_assert_eq(v->sched.state, VCPU_RUNNING);
	cr_assert_not(v->sched.polling);
}

Test(sched, a_poll_ends_with_a_wake_or_its_time)
{
	struct vcpu *v = d->vcpus[0];
	u32 port = 5;

	sched_online(v);
	cr_assert_eq(machine_schedule(0), v);
	sched_poll_begin();
	cr_assert_not(evtchn_poll_begin(v, &port, 1));
	sched_block();
	cr_assert_null(machine_schedule(0));
	sched_poll_timeout(v);
	cr_assert_eq(machine_schedule(0), v);
	cr_assert_eq(d->events.watchers, 0);
	sched_block();
	sched_poll_timeout(v);
	cr_assert_null(machine_schedule(0), "not in a poll, so not its time-out");
}

Test(sched, a_poll_with_upcalls_masked_ends_for_its_ports_only)
{
	struct vcpu *v = d->vcpus[0];
	u32 ports[3] = { 5, 70, 4095 };

	sched_online(v);
	cr_assert_eq(machine_schedule(0), v);
	v->info->evtchn_upcall_mask = 1;
	sched_poll_begin();
	cr_assert_not(evtchn_poll_begin(v, ports, 3));
	sched_wake(v);
	sched_block();
	sched_wake(v);
	cr_assert_null(machine_schedule(0), "events of others, before it sleeps and after");
	sched_wake_anyhow(v);
	cr_assert_eq(machine_schedule(0), v);
	cr_assert_eq(d->events.watchers, 0);

	v->info->evtchn_upcall_mask = 0;
	sched_poll_begin();
	cr_assert_not(evtchn_poll_begin(v, ports, 3));
	sched_block();
	sched_wake(v);
	cr_assert_eq(machine_schedule(0), v, "an upcall that it can take");
}

Test(sched, an_nmi_that_comes_before_the_sleep_ends_it)
{
	struct vcpu *v = d->vcpus[0];

	sched_online(v);
	cr_assert_eq(machine_schedule(0), v);
	v->nmi_pending = 1;
	sched_block();
	cr_assert_eq(machine_schedule(0), v);
}

static u64 random_state = 88172645463325252UL;

/* Anything that can come, to any vCPU, on any CPU. */
static void random_event(void)
{
	struct vcpu *v;

	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	v = d->vcpus[random_state % 4];
	machine_on_cpu((random_state >> 8) % CPUS);
	switch ((random_state >> 16) % 8) {
	case 0:
		sched_online(v);
		break;
	case 1:
		sched_offline(v);
		break;
	case 2:
		sched_wake(v);
		break;
	case 3:
		if (current_vcpu() != NULL && current_vcpu()->sched.state == VCPU_RUNNING) {
			sched_block();
		}
		break;
	case 4:
		sched_pause_domain(d);
		(void)machine_schedule(cpu_id());
		sched_unpause_domain(d);
		break;
	case 5:
		fake_tsc += SLICE_NS / 3;
		break;
	default:
		(void)machine_schedule(cpu_id());
		break;
	}
}

static void expect_consistent(void)
{
	u32 running = 0;

	for (u32 i = 0; i < d->vcpu_count; i++) {
		const struct sched_vcpu *s = &d->vcpus[i]->sched;

		running += s->state == VCPU_RUNNING;
		cr_assert(!s->queued || s->state == VCPU_RUNNABLE);
		cr_assert(s->state != VCPU_RUNNABLE || s->queued);
		cr_assert(s->state != VCPU_RUNNING || s->loaded);
	}
	cr_assert_leq(running, CPUS);
}

/* All that want to run do so in turn. */
static void expect_all_run(void)
{
	machine_on_cpu(0);
	for (u32 i = 0; i < d->vcpu_count; i++) {
		sched_online(d->vcpus[i]);
		sched_wake(d->vcpus[i]);
	}
	for (u32 i = 0; i < d->vcpu_count; i++) {
		u64 before = d->vcpus[i]->runstate.time[PV_RUNSTATE_running];

		for (int turn = 0; turn < 10; turn++) {
			fake_tsc += SLICE_NS;
			(void)machine_schedule(0);
			(void)machine_schedule(1);
		}
		cr_assert_gt(d->vcpus[i]->runstate.time[PV_RUNSTATE_running], before);
	}
}

/* Nothing is ever lost or doubled, whatever comes in which order. */
Test(sched, random_walk)
{
	for (int step = 0; step < 20000; step++) {
		random_event();
		expect_consistent();
	}
	expect_all_run();
}
