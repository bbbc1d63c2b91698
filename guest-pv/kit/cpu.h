/*
 * One vCPU's own data, and the few instructions C has no words for.
 *
 * The kernel GS base of a vCPU always points at its struct kit_cpu. The
 * hypervisor swaps GS bases when it crosses between user and kernel mode, so
 * this holds in every handler too.
 */
#ifndef KIT_CPU_H
#define KIT_CPU_H

#include <stddef.h>
#include <stdint.h>

#include <parley/shared_info.h>

#include "cpu_offsets.h"

#define KIT_MAX_VCPUS 32
#define KIT_PAGE_SIZE 4096ul

struct user_space;

struct kit_cpu {
	struct kit_cpu *self;
	uint64_t user_return;           /* kernel stack while in user mode */
	uint64_t failsafe_selectors[4]; /* ds es fs gs of the last failsafe */
	unsigned id;                    /* vCPU number */
	struct pv_vcpu_info *info;
	struct user_space *user; /* address space now in user mode, or NULL */
	uint64_t fault_error;    /* of the last exception */
	uint64_t fault_address;  /* of the last page fault */
	int report_depth;        /* guards against faults while reporting one */
};

_Static_assert(offsetof(struct kit_cpu, self) == CPU_SELF, "cpu_offsets.h");
_Static_assert(offsetof(struct kit_cpu, user_return) == CPU_USER_RETURN, "cpu_offsets.h");
_Static_assert(offsetof(struct kit_cpu, failsafe_selectors) == CPU_FAILSAFE_DS, "cpu_offsets.h");

extern struct kit_cpu kit_cpus[KIT_MAX_VCPUS];

/* The vCPU this runs on. */
static inline struct kit_cpu *cpu_current(void)
{
	struct kit_cpu *cpu;

	__asm__ volatile("movq %%gs:0, %0" : "=r"(cpu));
	return cpu;
}

static inline void cpu_barrier(void)
{
	__asm__ volatile("" ::: "memory");
}

static inline void cpu_fence(void)
{
	__asm__ volatile("mfence" ::: "memory");
}

static inline void cpu_pause(void)
{
	__asm__ volatile("pause" ::: "memory");
}

static inline uint64_t cpu_read_tsc(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high)::"memory");
	return (uint64_t)high << 32 | low;
}

struct cpu_cpuid {
	uint32_t eax, ebx, ecx, edx;
};

/* CPUID as the hypervisor wants a guest to see it (the forced form). */
static inline struct cpu_cpuid cpu_read_cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct cpu_cpuid r;

	/* ud2, "xen", cpuid: the hypervisor emulates all seven bytes. */
	__asm__ volatile(".byte 0x0f, 0x0b, 0x78, 0x65, 0x6e; cpuid"
			 : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "a"(leaf), "c"(subleaf));
	return r;
}

#endif
