/*
 * What a domain is given of the CPUs, changed while it runs, and what it has used.
 *
 * Read next: runstate.c.
 */
#include <parley/errno.h>

#include "domain/sched.h"
#include "domain/sched_cap.h"
#include "domain/sched_queue.h"
#include "domain/timer.h"

void sched_domain_init(struct domain *d)
{
	cap_init(d);
}

void sched_domain_fini(struct domain *d)
{
	cap_fini(d);
}

void sched_domain_get(const struct domain *d, struct sched_params *p)
{
	*p = (struct sched_params){
		.weight = d->sched.weight == 0 ? SCHED_WEIGHT_DEFAULT : d->sched.weight,
		.cap = d->sched.cap,
		.affinity = d->sched.affinity,
	};
}

/* What v has run until now counts by the old weight, and for the old cap. */
static void account(struct vcpu *v)
{
	struct sched_cpu *c = queue_lock_of(v);
	u64 now = time_now_ns();

	if (v->sched.state == VCPU_RUNNING) {
		queue_account(c, v, now);
	}
	cap_return(v, now);
	spin_unlock(&c->lock);
}

/*
 * Another affinity for v. One that waits moves at once; one whose registers a CPU holds
 * leaves when that CPU, which is told, puts them away.
 */
static void set_affinity(struct vcpu *v, u64 affinity)
{
	struct sched_cpu *c = queue_lock_of(v);
	bool queued = v->sched.queued, tell = v->sched.loaded;

	if (queued) {
		queue_remove(c, v);
	}
	v->sched.affinity = affinity;
	if (queued && !tell) {
		sched_make_runnable(c, v, v->sched.woken);
		return;
	}
	if (queued) {
		queue_add(c, v);
	}
	spin_unlock(&c->lock);
	if (tell) {
		sched_kick(c);
	}
}

int sched_domain_set(struct domain *d, const struct sched_params *p)
{
	u64 affinity = p->affinity & __atomic_load_n(&sched_online_cpus, __ATOMIC_RELAXED);

	if (p->weight == 0 || p->weight > SCHED_WEIGHT_MAX || affinity == 0) {
		return -PV_EINVAL;
	}
	for (u32 i = 0; i < d->vcpu_count; i++) {
		account(d->vcpus[i]);
	}
	WRITE_ONCE(d->sched.affinity, affinity);
	WRITE_ONCE(d->sched.weight, p->weight);
	if (p->cap != d->sched.cap) {
		cap_set(d, p->cap);
	}
	for (u32 i = 0; i < d->vcpu_count; i++) {
		sched_unpark(d->vcpus[i]);
		set_affinity(d->vcpus[i], affinity);
	}
	return 0;
}

u64 sched_vcpu_cpu_time(struct vcpu *v)
{
	struct sched_cpu *c = queue_lock_of(v);
	u64 now = time_now_ns();
	u64 ran = v->runstate.time[PV_RUNSTATE_running];

	if (v->sched.state == VCPU_RUNNING && now > v->runstate.state_entry_time) {
		ran += now - v->runstate.state_entry_time;
	}
	spin_unlock(&c->lock);
	return ran;
}

u64 sched_domain_cpu_time(const struct domain *d)
{
	u64 ran = 0;

	for (u32 i = 0; i < d->vcpu_count; i++) {
		ran += sched_vcpu_cpu_time(d->vcpus[i]);
	}
	return ran;
}
