/*
 * A vCPU's timers, which all end in its VIRQ_TIMER: the single shot (set by
 * vcpu_op or set_timer_op) and the periodic tick. A vCPU starts with a tick of
 * 100 Hz, as the ABI has always had it; the tick goes on only while the vCPU
 * wants a CPU, so that it never wakes a sleeping one.
 */
#ifndef DOMAIN_VCPU_TIMER_H
#define DOMAIN_VCPU_TIMER_H

#include "domain/domain.h"

#define VCPU_TIMER_PERIOD_DEFAULT_NS 10000000UL
#define VCPU_TIMER_PERIOD_MIN_NS     1000000UL

/* A new vCPU: its timers, none set, its tick at the default period. Its end: none is set any more. No lock held. */
void vcpu_timer_init(struct vcpu *v);
void vcpu_timer_fini(struct vcpu *v);

/* The single shot: hypervisor time in ns, in the past: at once. */
void vcpu_timer_set(struct vcpu *v, u64 deadline_ns);
void vcpu_timer_stop(struct vcpu *v);

/* The tick: 0 or -PV_EINVAL for a period below the minimum or beyond reason. 0 ns stops it. */
int vcpu_timer_set_period(struct vcpu *v, u64 period_ns) must_check;

/* v is about to run here: its tick goes on. */
void vcpu_timer_resume_slow(struct vcpu *v);

static inline void vcpu_timer_resume(struct vcpu *v)
{
	if (unlikely(v->periodic_ns != 0)) {
		vcpu_timer_resume_slow(v);
	}
}

#endif
