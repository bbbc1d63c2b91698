/*
 * The states of vCPUs: online, offline, blocked, woken, polling, paused. Who runs of those
 * that want to is sched_run.c's.
 *
 * A vCPU is in the care of one CPU, sched.cpu: it runs there, waits on that
 * CPU's queue, or last ran there; that queue's lock protects all its scheduler
 * state. `loaded` says that the CPU still holds the vCPU's registers: an idle
 * CPU keeps those of a domain's only vCPU, for the usual next thing to run is
 * the same vCPU, and nothing needs to be switched then. A loaded vCPU is never moved, so no other
 * CPU can run it before vcpu_switch() has saved it.
 *
 * Boost on wake: who wakes is up to SCHED_BONUS_NS behind the others, and they may be ahead
 * of it by SCHED_WAKE_LEAD_NS only. So a vCPU that wants less than its share runs at
 * once when it wakes; docs/limits.md states the bound.
 *
 * Read next: sched_run.c.
 */
#include "domain/sched.h"

#include <seam/cpu.h>

#include "channel/evtchn.h"
#include "cpu/ipi.h"
#include "domain/runstate.h"
#include "domain/sched_balance.h"
#include "domain/sched_cap.h"
#include "domain/sched_queue.h"
#include "domain/timer.h"
#include "domain/vcpu_timer.h"
#include "domain/watchdog.h"
#include "lib/bitmap.h"

void sched_kick(const struct sched_cpu *c)
{
	if (c->id == cpu_id()) {
		cpu_info()->work |= CPU_WORK_RESCHED;
	} else {
		ipi_kick(c->id);
	}
}

/* v was put on the queue: must the CPU look at it now? As the next it takes over, or its time to do so is set. */
static bool wants_attention(const struct sched_cpu *c, const struct vcpu *v)
{
	return c->running == NULL || queue_first(c) == v || !vcpu_fits(v, c);
}

void sched_make_runnable(struct sched_cpu *from, struct vcpu *v, bool woken)
{
	struct sched_cpu *to = balance_choose(from, v);
	u64 affinity = v->sched.affinity;
	bool tell, busy;

	if (to != from) {
		/* Not worth waiting for: an idle CPU will take it from here. */
		if (spin_trylock(&to->lock)) {
			queue_move(v, from, to);
		} else {
			to = from;
		}
	}
	v->sched.state = VCPU_RUNNABLE;
	v->sched.woken = woken;
	queue_settle_sleeper(to, v);
	runstate_change(v, PV_RUNSTATE_runnable, time_now_ns());
	queue_add(to, v);
	tell = wants_attention(to, v);
	busy = to->running != NULL || to->waiting > 1;
	if (to->running == NULL) {
		(void)balance_claim_idle(to);
	}
	if (to != from) {
		spin_unlock(&to->lock);
	}
	spin_unlock(&from->lock);
	if (tell) {
		sched_kick(to);
	}
	if (busy) {
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		balance_kick_idle(affinity & ~cpu_bit(to->id));
	}
}

void sched_unpark(struct vcpu *v)
{
	struct sched_cpu *c = queue_lock_of(v);

	if (v->sched.parked) {
		v->sched.parked = false;
		sched_make_runnable(c, v, false);
	} else {
		spin_unlock(&c->lock);
	}
}

/* The poll of v is over; its lock held. */
static void poll_over(struct vcpu *v)
{
	if (v->sched.polling) {
		v->sched.polling = false;
		evtchn_poll_end(v);
	}
}

void sched_vcpu_init(struct vcpu *v)
{
	u64 online = __atomic_load_n(&sched_online_cpus, __ATOMIC_RELAXED);
	u32 count = bitmap_count_word(online);

	v->sched.state = VCPU_OFFLINE;
	if (v->sched.affinity == 0) {
		v->sched.affinity = ~0UL;
	}
	v->sched.cpu = count == 0 ? 0 : v->global_id % count;
	v->sched.vtime = sched_cpus[v->sched.cpu].vtime;
	runstate_init(v, time_now_ns());
	vcpu_timer_init(v);
}

void sched_vcpu_fini(struct vcpu *v)
{
	sched_offline(v);
	vcpu_timer_fini(v);
}

void sched_online(struct vcpu *v)
{
	struct sched_cpu *c = queue_lock_of(v);

	if (v->sched.state != VCPU_OFFLINE) {
		spin_unlock(&c->lock);
		return;
	}
	sched_make_runnable(c, v, true);
}

void sched_offline(struct vcpu *v)
{
	struct sched_cpu *c = queue_lock_of(v);
	bool tell = v->sched.loaded;
	u64 now = time_now_ns();

	if (v->sched.queued) {
		queue_remove(c, v);
	} else if (v->sched.state == VCPU_RUNNING) {
		queue_account(c, v, now);
	}
	cap_return(v, now);
	poll_over(v);
	v->sched.parked = false;
	v->sched.state = VCPU_OFFLINE;
	runstate_change(v, PV_RUNSTATE_offline, now);
	spin_unlock(&c->lock);
	if (tell) {
		sched_kick(c);
	}
}

/* v shall look at its events. anyhow: also if it polls and cannot take an upcall. */
static void wake(struct vcpu *v, bool anyhow)
{
	struct sched_cpu *c = queue_lock_of(v);

	if (unlikely(v->sched.polling) && !anyhow && READ_ONCE(v->info->evtchn_upcall_mask)) {
		/* Not for what it waits. It unmasks only after its poll, and then it looks. */
		spin_unlock(&c->lock);
		return;
	}
	switch (v->sched.state) {
	case VCPU_BLOCKED:
		poll_over(v);
		sched_make_runnable(c, v, true);
		return;
	case VCPU_RUNNING:
		v->sched.wake_pending = true;
		spin_unlock(&c->lock);
		if (c->id != cpu_id()) {
			ipi_kick(c->id);
		}
		return;
	default:
		spin_unlock(&c->lock);
		return;
	}
}

void sched_wake(struct vcpu *v)
{
	if (!sched_sees_events(v)) {
		wake(v, false);
	}
}

void sched_wake_anyhow(struct vcpu *v)
{
	if (!sched_sees_events(v)) {
		wake(v, true);
	}
}

void sched_block(void)
{
	struct vcpu *v = current_vcpu();
	struct sched_cpu *c = queue_lock_of(v);
	u64 now = time_now_ns();

	if (v->sched.state != VCPU_RUNNING || (v->sched.polling && v->sched.wake_pending)) {
		poll_over(v);
		spin_unlock(&c->lock);
		return;
	}
	queue_account(c, v, now);
	cap_return(v, now);
	v->sched.state = VCPU_BLOCKED;
	runstate_change(v, PV_RUNSTATE_blocked, now);
	spin_unlock(&c->lock);
	cpu_info()->work |= CPU_WORK_RESCHED;

	/* Partner: evtchn.c sets the pending bits, vcpu_op send_nmi its byte, and then they wake it. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (evtchn_upcall_due(v) || READ_ONCE(v->nmi_pending)) {
		sched_wake_anyhow(v);
	}
}

void sched_yield(void)
{
	struct vcpu *v = current_vcpu();

	if (READ_ONCE(sched_cpus[cpu_id()].waiting) != 0) {
		v->sched.yielding = true;
		cpu_info()->work |= CPU_WORK_RESCHED;
	}
}

void sched_poll_begin(void)
{
	struct vcpu *v = current_vcpu();
	struct sched_cpu *c = queue_lock_of(v);

	v->sched.polling = true;
	v->sched.wake_pending = false;
	spin_unlock(&c->lock);
}

void sched_poll_end(void)
{
	struct vcpu *v = current_vcpu();
	struct sched_cpu *c = queue_lock_of(v);

	poll_over(v);
	spin_unlock(&c->lock);
}

void sched_poll_timeout(struct vcpu *v)
{
	if (READ_ONCE(v->sched.polling)) {
		sched_wake_anyhow(v);
	}
}

void sched_pause_domain(struct domain *d)
{
	__atomic_fetch_add(&d->pause_count, 1, __ATOMIC_SEQ_CST);
	for (u32 i = 0; i < d->vcpu_count; i++) {
		struct vcpu *v = d->vcpus[i];
		struct sched_cpu *c = queue_lock_of(v);
		bool tell = v->sched.loaded;

		if (v->sched.queued) {
			queue_remove(c, v);
		}
		spin_unlock(&c->lock);
		if (tell) {
			sched_kick(c);
		}
	}
}

void sched_unpause_domain(struct domain *d)
{
	if (__atomic_sub_fetch(&d->pause_count, 1, __ATOMIC_SEQ_CST) == 0) {
		watchdog_resume(d);
	}
	for (u32 i = 0; i < d->vcpu_count; i++) {
		struct vcpu *v = d->vcpus[i];
		struct sched_cpu *c = queue_lock_of(v);

		if (v->sched.state == VCPU_RUNNABLE && !v->sched.queued && !v->sched.parked) {
			sched_make_runnable(c, v, false);
		} else {
			spin_unlock(&c->lock);
		}
	}
}

bool sched_domain_is_quiet(const struct domain *d)
{
	for (u32 i = 0; i < d->vcpu_count; i++) {
		/* Partner: the release in unload(). */
		if (__atomic_load_n(&d->vcpus[i]->sched.loaded, __ATOMIC_ACQUIRE)) {
			return false;
		}
	}
	return true;
}

bool sched_vcpu_is_loaded(const struct vcpu *v)
{
	/* Partner: set before vcpu_switch() loads the root, cleared after it is gone. */
	return __atomic_load_n(&v->sched.loaded, __ATOMIC_SEQ_CST);
}

bool sched_vcpu_is_running(const struct vcpu *v)
{
	return READ_ONCE(v->sched.state) == VCPU_RUNNING;
}
