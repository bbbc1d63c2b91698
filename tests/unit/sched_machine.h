/*
 * A machine for tests of the scheduler: some CPUs, played one after another by one thread, and
 * a clock that stands still unless it is moved. Guests do nothing but want a CPU.
 */
#ifndef UNIT_SCHED_MACHINE_H
#define UNIT_SCHED_MACHINE_H

#include "domain/domain.h"

#define MACHINE_CPUS_MAX 4

extern u32 machine_kicks[MACHINE_CPUS_MAX]; /* how often each was told by another */
extern u32 machine_switches;
extern u32 machine_drains; /* calls of trace_drain(), in sched_trace.c */

/* So many CPUs, all in the scheduler, no domains, time 1000 ns. */
void machine_init(u32 cpus);

/* From now on this thread is that CPU. */
void machine_on_cpu(u32 cpu);

/* Run the scheduler on a CPU: who it chose, or NULL if it waits for an interrupt. */
struct vcpu *machine_schedule(u32 cpu);

/* A domain whose vCPUs are offline, have no tick, and are in the care of CPU 0. */
struct domain *machine_domain(u16 id, u32 vcpus);

/* Who runs on a CPU, NULL: it is idle. */
struct vcpu *machine_running(u32 cpu);

/*
 * Let time pass: each CPU takes its timers when they are due and what it was told, and goes back to
 * whoever it chooses. Calls each_step, if not NULL, after every step.
 */
void machine_run(u64 ns, u64 step_ns, void (*each_step)(void));

/* ns that v has run. */
u64 machine_ran(const struct vcpu *v);

#endif
