/*
 * The time stamp counter: its rate, measured once against HPET, ACPI PM timer
 * or PIT. It is the clock of everything; all CPUs are taken to have it in step,
 * which tsc_check_cpu() looks at.
 */
#ifndef DRIVERS_TSC_H
#define DRIVERS_TSC_H

#include "lib/scale.h"

extern u64 tsc_hz;
extern u32 tsc_khz;
extern struct time_scale tsc_scale; /* ticks to ns, also for pvclock */
extern u64 tsc_start;               /* the TSC at hypervisor time 0 */

/* Boot CPU, after acpi_init(): measure; then time_now_ns() works. Panics if there is nothing to measure with. */
void tsc_init(void);

/* The first TSC value at which hypervisor time is ns or later. */
u64 tsc_at_ns(u64 ns);

/* A new CPU, with the TSC that the boot CPU read just before it: log if it runs behind. */
void tsc_check_cpu(u64 boot_cpu_tsc);

#endif
