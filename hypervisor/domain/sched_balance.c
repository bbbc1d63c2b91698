/*
 * Where vCPUs run; rules in sched_balance.h.
 *
 * An idle CPU cannot miss a waiting vCPU: the waker puts it on a queue and then
 * looks for idle CPUs; the idle CPU says that it is idle and then looks at the
 * queues (full barriers between). One that was claimed has been told to look.
 *
 * Of two queues one is locked outright and the other only tried, so that no two CPUs wait
 * for each other. What is missed so is found the next time: by an idle CPU at once.
 *
 * Read next: sched_cap.c.
 */
#include "domain/sched_balance.h"

#include "cpu/ipi.h"

static u64 cpus_of(u64 affinity)
{
	return affinity & __atomic_load_n(&sched_online_cpus, __ATOMIC_RELAXED);
}

struct sched_cpu *balance_choose(struct sched_cpu *last, const struct vcpu *v)
{
	u64 allowed = cpus_of(v->sched.affinity);
	u64 idle = __atomic_load_n(&sched_idle_cpus, __ATOMIC_RELAXED) & allowed;

	if (v->sched.loaded || (idle & cpu_bit(last->id))) {
		return last;
	}
	if (idle != 0) {
		return &sched_cpus[__builtin_ctzll(idle)];
	}
	return (allowed & cpu_bit(last->id)) ? last : &sched_cpus[__builtin_ctzll(allowed)];
}

bool balance_claim_idle(const struct sched_cpu *c)
{
	u64 bit = cpu_bit(c->id);

	return (READ_ONCE(sched_idle_cpus) & bit) != 0 &&
	       (__atomic_fetch_and(&sched_idle_cpus, ~bit, __ATOMIC_SEQ_CST) & bit) != 0;
}

bool balance_declare_idle(const struct sched_cpu *c)
{
	u64 bit = cpu_bit(c->id);

	return (READ_ONCE(sched_idle_cpus) & bit) == 0 &&
	       (__atomic_fetch_or(&sched_idle_cpus, bit, __ATOMIC_SEQ_CST) & bit) == 0;
}

void balance_kick_idle(u64 affinity)
{
	u64 idle = __atomic_load_n(&sched_idle_cpus, __ATOMIC_SEQ_CST) & affinity;

	for (; idle != 0; idle &= idle - 1) {
		const struct sched_cpu *c = &sched_cpus[__builtin_ctzll(idle)];

		if (balance_claim_idle(c)) {
			sched_kick(c);
			return;
		}
	}
}

/* Who has waited longest on o, another's queue, of those that c could run now. o's lock held. */
static struct vcpu *first_for(const struct sched_cpu *o, const struct sched_cpu *c)
{
	struct vcpu *v = o->head;

	while (v != NULL && (v->sched.loaded || !vcpu_fits(v, c))) {
		v = v->sched.next;
	}
	return v;
}

/* balance_take() from these CPUs. */
static struct vcpu *take_from(struct sched_cpu *c, u64 others, const u64 *limit, bool *again)
{
	struct sched_cpu *from = NULL;
	struct vcpu *best = NULL;
	u64 best_place = limit == NULL ? 0 : *limit + c->base;

	for (; others != 0; others &= others - 1) {
		struct sched_cpu *o = &sched_cpus[__builtin_ctzll(others)];
		struct vcpu *v;

		if (READ_ONCE(o->waiting) == 0) {
			continue;
		}
		if (!spin_trylock(&o->lock)) {
			*again = true;
			continue;
		}
		v = first_for(o, c);
		if (v == NULL || ((best != NULL || limit != NULL) &&
				  ahead(v->sched.vtime + o->base, best_place) >= 0)) {
			spin_unlock(&o->lock);
			continue;
		}
		if (from != NULL) {
			spin_unlock(&from->lock);
		}
		from = o;
		best = v;
		best_place = v->sched.vtime + o->base;
	}
	if (best != NULL) {
		queue_remove(from, best);
		queue_move(best, from, c);
		spin_unlock(&from->lock);
	}
	return best;
}

struct vcpu *balance_take(struct sched_cpu *c, const u64 *limit, bool *again)
{
	u64 others = cpus_of(~cpu_bit(c->id));

	return others == 0 ? NULL : take_from(c, others, limit, again);
}

/* Clocks that have parted too far: the later one is moved on. Both locks held. */
static void limit_drift(struct sched_cpu *c, u64 clock_c, struct sched_cpu *o, u64 clock_o)
{
	s64 drift = ahead(clock_c + c->base, clock_o + o->base);

	if (drift > SCHED_DRIFT_NS) {
		o->base += (u64)(drift - SCHED_DRIFT_NS);
	} else if (drift < -SCHED_DRIFT_NS) {
		c->base += (u64)(-drift - SCHED_DRIFT_NS);
	}
}

/* How far who runs on o is ahead of w, who waits on c; negative if nobody runs there. Both locks held. */
static s64 lead_on(struct sched_cpu *o, struct sched_cpu *c, const struct vcpu *w, u64 now)
{
	struct vcpu *r = o->running;

	if (r == NULL || r->sched.state != VCPU_RUNNING) {
		return -1;
	}
	queue_account(o, r, now);
	queue_advance_clock(o);
	limit_drift(c, c->vtime, o, o->vtime);
	return ahead(r->sched.vtime + o->base, w->sched.vtime + c->base);
}

bool balance_is_due(const struct sched_cpu *c)
{
	return cpus_of(c->head->sched.affinity & ~cpu_bit(c->id)) != 0;
}

void balance_offer(struct sched_cpu *c, u64 now)
{
	const struct vcpu *w = c->head;
	u64 others = cpus_of(w->sched.affinity & ~cpu_bit(c->id));
	s64 most = SCHED_LEAD_NS;
	struct sched_cpu *to = NULL;

	if (others == 0 || now - c->balanced_ns < SCHED_LEAD_NS) {
		return;
	}
	c->balanced_ns = now;
	for (; others != 0; others &= others - 1) {
		struct sched_cpu *o = &sched_cpus[__builtin_ctzll(others)];
		s64 lead;

		if (!spin_trylock(&o->lock)) {
			continue;
		}
		lead = lead_on(o, c, w, now);
		if (lead > most) {
			most = lead;
			to = o;
		}
		spin_unlock(&o->lock);
	}
	if (to != NULL) {
		WRITE_ONCE(to->asked, true);
		sched_kick(to);
	}
}

/* One that waits on c, must go elsewhere, and can, for its registers are saved. Lock held. */
static struct vcpu *find_stray(const struct sched_cpu *c)
{
	struct vcpu *v = c->head;

	while (v != NULL && (v->sched.loaded || vcpu_fits(v, c))) {
		v = v->sched.next;
	}
	return v;
}

void balance_send_strays(struct sched_cpu *c)
{
	for (;;) {
		struct vcpu *v;

		spin_lock(&c->lock);
		v = c->strays == 0 ? NULL : find_stray(c);
		if (v == NULL) {
			spin_unlock(&c->lock);
			return;
		}
		queue_remove(c, v);
		sched_make_runnable(c, v, false);
		cpu_serve(); /* it may have come back, the other lock being taken */
	}
}
