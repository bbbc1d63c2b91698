/*
 * Caps: a domain's vCPUs together run at most `cap` per cent of one CPU's time, even on an
 * idle machine. Time is cut into periods of SCHED_CAP_PERIOD_NS, and for each the domain has
 * a budget (a deferrable server: J. Strosnider, J. Lehoczky, L. Sha, IEEE Transactions on
 * Computers, 1995). Budget that is not used is lost at the end of its period; what was used beyond,
 * because an exit came late, is taken off the next. So in any span a domain runs at
 * most its cap of the span, and of one period, and what cannot be interrupted.
 *
 * A vCPU takes an allowance from the budget when it begins to run, and gives back what
 * is left when it stops. Who finds none is parked: runnable, but on no queue, until a timer
 * refills the budget. That timer exists only while somebody is parked.
 *
 * The vCPUs of a domain share its budget evenly: one that has taken its even part
 * of a period takes more only of what no sister that wants a CPU is still due.
 *
 * A domain without a cap pays one test for all this, where its time is accounted.
 *
 * Locks: run queue > cap_lock > timer heap.
 */
#ifndef DOMAIN_SCHED_CAP_H
#define DOMAIN_SCHED_CAP_H

#include "domain/domain.h"

#define SCHED_CAP_PERIOD_NS 10000000UL

/* A new domain: its cap, from d->sched.cap; once it has its vCPUs. And its end: no vCPU runs any more. */
void cap_init(struct domain *d);
void cap_fini(struct domain *d);

/* Another cap, per cent of one CPU, 0: none. No lock held; the caller unparks the vCPUs. */
void cap_set(struct domain *d, u32 cap);

/* The domain of v has a cap that its vCPUs could exceed. */
static inline bool cap_is_on(const struct vcpu *v)
{
	return unlikely(READ_ONCE(v->domain->sched.quota_ns) != 0);
}

/* v has run so long. Its run queue lock held. */
static inline void cap_charge(struct vcpu *v, u64 ran_ns)
{
	if (cap_is_on(v)) {
		v->sched.allowance_ns -= (s64)ran_ns;
	}
}

/* v, that is to run or to go on, has an allowance, if need be a new one; false: it must be parked. Its run queue lock held. */
bool cap_take_slow(struct vcpu *v, u64 now);

static inline bool cap_take(struct vcpu *v, u64 now)
{
	return !cap_is_on(v) || v->sched.allowance_ns > 0 || cap_take_slow(v, now);
}

/* v stops: the rest of its allowance goes back. Its run queue lock held. */
void cap_return_slow(struct vcpu *v, u64 now);

static inline void cap_return(struct vcpu *v, u64 now)
{
	if (unlikely(v->sched.allowance_ns != 0)) {
		cap_return_slow(v, now);
	}
}

#endif
