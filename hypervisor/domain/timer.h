/*
 * Time: nanoseconds since boot from the TSC, and one-shot timers in a heap per
 * CPU that program the local APIC timer. Timers never fire early. Fire
 * functions run on that CPU, interrupts off, no lock held, from
 * timer_run() - on the exit path or from idle - and may set timers.
 */
#ifndef DOMAIN_TIMER_H
#define DOMAIN_TIMER_H

#include "domain/timer_types.h"

/* ns since the hypervisor started; the same on all CPUs; monotonic. 0 before tsc_init(). */
u64 time_now_ns(void);

/* Each CPU, before its first timer_set(). */
void timer_init_cpu(void);

/* A timer that is not set. fire is called with interrupts off and no lock of the timers held. */
void timer_init(struct timer *t, void (*fire)(void *arg), void *arg);

/* (Re)set for an absolute time, on this CPU's heap; in the past: CPU_WORK_TIMER is set, so it fires at the next timer_run(). */
void timer_set(struct timer *t, u64 deadline_ns);

/*
 * Stop it wherever it is; afterwards it is not set, also if its fire set it just now, and fire is not running on
 * any CPU, unless called from fire itself. Hold no lock that fire takes.
 */
void timer_stop(struct timer *t);

/* True from timer_set() until it fires or is stopped. */
static inline bool timer_is_set(const struct timer *t)
{
	return READ_ONCE(t->is_set);
}

/* Run what is due on this CPU and program the next interrupt. Clears CPU_WORK_TIMER. */
void timer_run(void);

/* This CPU is about to wait, with interrupts off: let it be woken for the next timer, and for none that was put off. */
void timer_wait(void);

#endif
