/*
 * Seam: the single instructions that logic needs from the CPU it runs on. The
 * host build has stand-ins of the same names in tests/fake/seam/cpu.h. What
 * only ring 0 needs (MSRs, control registers) is in cpu/insn.h instead.
 */
#ifndef SEAM_CPU_H
#define SEAM_CPU_H

#include "cpu/cpu_info.h"

/* Number of the CPU that runs this, 0 .. cpu_count - 1. */
static inline u32 cpu_id(void)
{
	return cpu_info()->cpu;
}

/* The vCPU whose guest entered the hypervisor here; the idle vCPU has none: NULL. */
static inline struct vcpu *current_vcpu(void)
{
	return cpu_info()->current;
}

static inline void cpu_relax(void)
{
	__asm__ volatile("pause" ::: "memory");
}

static inline u64 cpu_read_tsc(void)
{
	u32 lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return ((u64)hi << 32) | lo;
}

#endif
