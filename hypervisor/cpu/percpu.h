/*
 * Each CPU's own area: the pages behind its window of the address space
 * (mm/layout.h) and where things are in it. All windows are visible from every
 * CPU, for all address spaces share the tables behind them.
 */
#ifndef CPU_PERCPU_H
#define CPU_PERCPU_H

#include "cpu/cpu_info.h"
#include "mm/layout.h"

extern u32 cpu_count; /* CPUs that run; numbers are 0 .. cpu_count - 1 */
extern u32 cpu_apic_id[HV_MAX_CPUS];

/* Allocate and map the area of a CPU and fill its GDT, TSS and stub. 0 or -PV_ENOMEM. */
int percpu_init(u32 cpu) must_check;

/* Give up the area of a CPU that did not start. */
void percpu_fini(u32 cpu);

/* Where the area of a CPU is, in every address space; and the end of its main stack. */
static inline u64 percpu_window(u32 cpu)
{
	return PERCPU_VIRT_START + cpu * PERCPU_STRIDE;
}

static inline u64 percpu_stack_top(u32 cpu)
{
	return percpu_window(cpu) + PERCPU_STACK_OFFSET + CPU_STACK_SIZE;
}

/* Another CPU's cpu_info. */
static inline struct cpu_info *percpu_info(u32 cpu)
{
	return (struct cpu_info *)(percpu_stack_top(cpu) - sizeof(struct cpu_info));
}

/* Continue on a CPU's own stack, empty, in a function that does not return. */
void noreturn_fn percpu_enter_stack(u32 cpu, void (*fn)(void));

#endif
