/*
 * What the scheduler calls of the trace, for tests without one: weak, so that a test
 * of the trace itself, which finds these first, gets the real ones.
 */
#include "domain/trace.h"
#include "sched_machine.h"

u32 machine_drains;

__attribute__((weak)) void trace_update_vcpu(struct vcpu *v)
{
	v->trace = (u16)v->domain->trace_kinds;
}

__attribute__((weak)) void trace_drain(void)
{
	machine_drains++;
}
