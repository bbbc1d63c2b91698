/*
 * Host stand-in of hypervisor/arch/seam/cpu.h. A test says who runs through
 * fake_cpu_info (its .cpu, .current, .work) and what time it is by fake_tsc.
 */
#ifndef SEAM_CPU_H
#define SEAM_CPU_H

#include "cpu/cpu_info.h"

extern u64 fake_tsc;

void fake_cpu_relax(void); /* lets another thread run */

static inline u32 cpu_id(void)
{
	return cpu_info()->cpu;
}

static inline struct vcpu *current_vcpu(void)
{
	return cpu_info()->current;
}

static inline void cpu_relax(void)
{
	fake_cpu_relax();
}

static inline u64 cpu_read_tsc(void)
{
	return __atomic_load_n(&fake_tsc, __ATOMIC_RELAXED);
}

#endif
