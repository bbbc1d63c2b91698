/*
 * The local APIC of each CPU, as xAPIC through memory or as x2APIC through
 * MSRs where the firmware has turned that on. Functions act on the CPU they
 * run on unless they take an APIC id.
 */
#ifndef DRIVERS_LAPIC_H
#define DRIVERS_LAPIC_H

#include "lib/types.h"

/* Boot CPU, after acpi_init(): map it; then lapic_init_cpu() on every CPU. */
void lapic_init(void);

/* Enable this CPU's, everything masked but NMI by LINT1. */
void lapic_init_cpu(void);

/* Boot CPU, after tsc_init() and lapic_init_cpu(): measure the timer's rate, if TSC-deadline is not there. */
void lapic_timer_init(void);

/* This CPU's APIC ID; and: its interrupt is taken. */
u32 lapic_id(void);
void lapic_eoi(void);

/* Interrupt another CPU. They return once the APIC has taken the command. */
void lapic_send_ipi(u32 apic_id, u8 vector);
void lapic_send_nmi(u32 apic_id);
void lapic_send_init(u32 apic_id);
void lapic_send_startup(u32 apic_id, u8 page); /* it starts at page << 12, real mode */

/* NMI to all CPUs but this one; nothing if no APIC is on yet. */
void lapic_send_nmi_others(void);

/* CPU_VECTOR_TIMER once at hypervisor time ns or a little later (in the past: at once); replaces the time set before. UINT64_MAX: never. */
void lapic_timer_set(u64 ns);

#endif
