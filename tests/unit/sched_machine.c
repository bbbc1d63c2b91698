/* The machine of the scheduler's tests; see sched_machine.h. */
#include "sched_machine.h"

#include <criterion/criterion.h>
#include <setjmp.h>

#include "host_names.h"

#include "lib/string.h"

#include <seam/cpu.h>
#include <seam/idle.h>

#include "channel/evtchn.h"
#include "domain/sched.h"
#include "domain/sched_queue.h"
#include "domain/timer.h"
#include "domain/watchdog.h"
#include "lib/log.h"
#include "small_domain.h"

u32 machine_kicks[MACHINE_CPUS_MAX];
u32 machine_switches;

static struct cpu_info infos[MACHINE_CPUS_MAX];
static u32 kicks_seen[MACHINE_CPUS_MAX];
static jmp_buf went_idle;

/* ---- what the scheduler calls ---- */

u32 cpu_count;

void vcpu_switch(struct vcpu *prev, struct vcpu *next)
{
	cr_assert_eq(current_vcpu(), prev);
	cr_assert_neq(prev, next);
	fake_cpu_info.current = next;
	machine_switches++;
}

void ipi_kick(u32 cpu)
{
	machine_kicks[cpu]++;
}

void console_poll(void)
{
}

void domain_reap(void)
{
}

void domain_shutdown(struct domain *d, u8 reason)
{
	d->life = DOMAIN_DYING;
	d->shutdown_reason = reason;
	sched_pause_domain(d);
}

void exit_to_guest_from_boot(void)
{
	panic("not reached");
}

/* ---- the machine ---- */

void machine_init(u32 cpus)
{
	memset(infos, 0, sizeof(infos));
	memset(&fake_cpu_info, 0, sizeof(fake_cpu_info));
	memset(machine_kicks, 0, sizeof(machine_kicks));
	memset(kicks_seen, 0, sizeof(kicks_seen));
	machine_switches = 0;
	machine_drains = 0;
	fake_tsc = 1000;
	cpu_count = cpus;
	small_domains_init();
	sched_init();
	for (u32 cpu = 0; cpu < cpus; cpu++) {
		machine_on_cpu(cpu);
		timer_init_cpu();
		sched_init_cpu();
	}
	machine_on_cpu(0);
}

void machine_on_cpu(u32 cpu)
{
	infos[cpu_id()] = fake_cpu_info;
	fake_cpu_info = infos[cpu];
	fake_cpu_info.cpu = cpu;
}

static void nothing_comes(void)
{
	longjmp(went_idle, 1);
}

struct vcpu *machine_schedule(u32 cpu)
{
	machine_on_cpu(cpu);
	if (fake_cpu_info.work & CPU_WORK_TIMER) {
		timer_run();
	}
	fake_interrupt = nothing_comes;
	if (setjmp(went_idle) != 0) {
		return NULL;
	}
	sched_idle_cpus &= ~cpu_bit(cpu); /* where it waited, it would have come to do this */
	schedule();
	return current_vcpu();
}

struct domain *machine_domain(u16 id, u32 vcpus)
{
	struct domain *new = small_domain(id, vcpus);

	cr_assert_eq(evtchn_init(new), 0);
	for (u32 i = 0; i < vcpus; i++) {
		sched_vcpu_init(new->vcpus[i]);
		new->vcpus[i]->sched.cpu = 0;
		new->vcpus[i]->periodic_ns = 0;
	}
	new->sched.affinity = ~0UL;
	sched_domain_init(new);
	watchdog_init(new);
	return new;
}

struct vcpu *machine_running(u32 cpu)
{
	return sched_cpus[cpu].running;
}

/* True if there was something to do. */
static bool step_cpu(u32 cpu)
{
	bool busy = false;

	machine_on_cpu(cpu);
	fake_cpu_info.work |= CPU_WORK_TIMER; /* a look costs nothing here */
	timer_run();
	while (fake_cpu_info.work != 0 || machine_kicks[cpu] != kicks_seen[cpu]) {
		kicks_seen[cpu] = machine_kicks[cpu];
		(void)machine_schedule(cpu);
		busy = true;
	}
	return busy;
}

void machine_run(u64 ns, u64 step_ns, void (*each_step)(void))
{
	u64 end = fake_tsc + ns;

	while (fake_tsc < end) {
		bool busy;

		fake_tsc += step_ns;
		do {
			busy = false;
			for (u32 cpu = 0; cpu < cpu_count; cpu++) {
				busy |= step_cpu(cpu);
			}
		} while (busy);
		if (each_step != NULL) {
			each_step();
		}
	}
}

u64 machine_ran(const struct vcpu *v)
{
	return sched_vcpu_cpu_time((struct vcpu *)v);
}
