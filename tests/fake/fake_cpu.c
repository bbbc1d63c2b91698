/* The CPU of the host build: who runs, the TSC, and waiting for a lock. */
#include <sched.h>

#include <seam/cpu.h>

#include "lib/lock.h"

_Thread_local struct cpu_info fake_cpu_info;
u64 fake_tsc;

void cpu_serve(void)
{
	sched_yield();
}
