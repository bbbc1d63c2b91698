/* Grace periods; see grace.h. Read next: reap.c, who waits for them. */
#include "domain/grace.h"

#include "cpu/ipi.h"
#include "cpu/percpu.h"

u64 grace_passes[HV_MAX_CPUS];

void grace_begin(struct grace *g)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (u32 i = 0; i < cpu_count; i++) {
		g->passes[i] = __atomic_load_n(&grace_passes[i], __ATOMIC_SEQ_CST);
	}
	for (u32 i = 0; i < cpu_count; i++) {
		ipi_kick(i);
	}
	cpu_info()->work |= CPU_WORK_RESCHED;
}

bool grace_is_over(const struct grace *g)
{
	for (u32 i = 0; i < cpu_count; i++) {
		if (__atomic_load_n(&grace_passes[i], __ATOMIC_SEQ_CST) == g->passes[i]) {
			return false;
		}
	}
	return true;
}
