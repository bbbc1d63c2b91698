/* The CPU of the host build: who runs, the TSC, and waiting for a lock. */
#include <threads.h>

#include <seam/cpu.h>

#include "cpu/ipi.h"
#include "cpu/percpu.h"

#include "lib/lock.h"

_Thread_local struct cpu_info fake_cpu_info;
u64 fake_tsc;

void fake_cpu_relax(void)
{
	thrd_yield(); /* sched_yield is the name of a function of ours */
}

void cpu_serve(void)
{
	cpu_relax();
}

u64 *cpu_other_cycles(void)
{
	static _Thread_local u64 cycles;

	return &cycles;
}

/* A test that looks at other CPUs has its own. */
__attribute__((weak)) u32 cpu_count = 1;

__attribute__((weak)) void ipi_kick(u32 cpu)
{
	(void)cpu;
}
