/* The run queues; what and why in sched_queue.h. Read next: sched.c. */
#include "domain/sched_queue.h"

#include <seam/cpu.h>

#include "domain/sched_cap.h"

struct sched_cpu sched_cpus[HV_MAX_CPUS];
u64 sched_online_cpus;
u64 sched_idle_cpus;

struct sched_cpu *queue_lock_of(struct vcpu *v)
{
	for (;;) {
		struct sched_cpu *c = &sched_cpus[READ_ONCE(v->sched.cpu)];

		spin_lock(&c->lock);
		if (likely(v->sched.cpu == c->id)) {
			return c;
		}
		spin_unlock(&c->lock);
	}
}

void queue_account(struct sched_cpu *c, struct vcpu *v, u64 now)
{
	u64 weight = weight_of(v);
	u64 ran, scaled;

	if (now <= v->sched.ran_since_ns) {
		return; /* another CPU, which took the time before it had the lock */
	}
	ran = now - v->sched.ran_since_ns;
	v->sched.ran_since_ns = now;
	if (unlikely(c->stolen_ns != 0) && c->id == cpu_id()) {
		u64 not_its_own = MIN(ran, c->stolen_ns);

		c->stolen_ns -= not_its_own;
		ran -= not_its_own;
	}
	scaled = ran * SCHED_WEIGHT_DEFAULT + v->sched.vtime_rest;
	v->sched.vtime += scaled / weight;
	v->sched.vtime_rest = scaled % weight;
	cap_charge(v, ran);
}

void queue_add(struct sched_cpu *c, struct vcpu *v)
{
	struct vcpu *after = c->tail;

	if (!domain_may_run(v->domain)) {
		return;
	}
	while (after != NULL && ahead(after->sched.vtime, v->sched.vtime) > 0) {
		after = after->sched.prev;
	}
	v->sched.queued = true;
	v->sched.prev = after;
	v->sched.next = after == NULL ? c->head : after->sched.next;
	if (v->sched.next != NULL) {
		v->sched.next->sched.prev = v;
	} else {
		c->tail = v;
	}
	if (after != NULL) {
		after->sched.next = v;
	} else {
		c->head = v;
	}
	c->strays += !vcpu_fits(v, c);
	WRITE_ONCE(c->waiting, c->waiting + 1);
}

void queue_remove(struct sched_cpu *c, struct vcpu *v)
{
	if (v->sched.prev != NULL) {
		v->sched.prev->sched.next = v->sched.next;
	} else {
		c->head = v->sched.next;
	}
	if (v->sched.next != NULL) {
		v->sched.next->sched.prev = v->sched.prev;
	} else {
		c->tail = v->sched.prev;
	}
	v->sched.next = v->sched.prev = NULL;
	v->sched.queued = false;
	c->strays -= !vcpu_fits(v, c);
	WRITE_ONCE(c->waiting, c->waiting - 1);
}

void queue_move(struct vcpu *v, const struct sched_cpu *from, struct sched_cpu *to)
{
	if (to->running == NULL && to->head == NULL) {
		/* Nobody there has a place to lose: its clock stood still, so set it. */
		to->base = from->vtime + from->base - to->vtime;
	}
	v->sched.vtime += from->base - to->base;
	WRITE_ONCE(v->sched.cpu, to->id);
}

void queue_settle_sleeper(const struct sched_cpu *c, struct vcpu *v)
{
	s64 lead = ahead(v->sched.vtime, c->vtime);

	if (lead < -SCHED_BONUS_NS) {
		v->sched.vtime = c->vtime - SCHED_BONUS_NS;
	} else if (unlikely(lead > SCHED_DEBT_MAX_NS)) {
		v->sched.vtime = c->vtime;
	}
}

void queue_advance_clock(struct sched_cpu *c)
{
	const struct vcpu *next = c->head;
	u64 least = c->running->sched.vtime;

	if (next != NULL && ahead(least, next->sched.vtime) > 0) {
		least = next->sched.vtime;
	}
	if (ahead(least, c->vtime) > 0) {
		c->vtime = least;
	}
}
