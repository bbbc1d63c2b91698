/*
 * Who runs: schedule(), called where a CPU leaves the hypervisor, and idle, a loop in it.
 *
 * There is no tick. A CPU sets its slice timer only if somebody waits for it, or if the
 * cap of who runs will be used up; one that runs a vCPU alone is left alone.
 *
 * Read next: sched_balance.c.
 */
#include <seam/cpu.h>
#include <seam/idle.h>

#include "channel/evtchn.h"
#include "cpu/percpu.h"
#include "cpu/switch.h"
#include "domain/console.h"
#include "domain/grace.h"
#include "domain/lifecycle.h"
#include "domain/runstate.h"
#include "domain/sched.h"
#include "domain/sched_balance.h"
#include "domain/sched_cap.h"
#include "domain/sched_queue.h"
#include "domain/timer.h"
#include "domain/trace.h"
#include "domain/vcpu_timer.h"

static struct sched_cpu *this_sched_cpu(void)
{
	return &sched_cpus[cpu_id()];
}

static void request_resched(void *unused)
{
	(void)unused;
	cpu_info()->work |= CPU_WORK_RESCHED;
}

void sched_init(void)
{
	for (u32 i = 0; i < HV_MAX_CPUS; i++) {
		sched_cpus[i].id = i;
	}
}

void sched_init_cpu(void)
{
	struct sched_cpu *c = this_sched_cpu();

	timer_init(&c->slice, request_resched, NULL);
	__atomic_fetch_or(&sched_online_cpus, cpu_bit(c->id), __ATOMIC_SEQ_CST);
}

/*
 * v's time is over, but its kernel has its interrupts off and likely holds a
 * lock for which others would wait: let it come to an end of that, for a while.
 */
static bool has_grace(struct sched_cpu *c, const struct vcpu *v, u64 now)
{
	if (v->mode != VCPU_MODE_KERNEL || !READ_ONCE(v->info->evtchn_upcall_mask)) {
		return false;
	}
	if (c->grace_end_ns == 0) {
		c->grace_end_ns = now + SCHED_GRACE_NS;
	}
	return now < c->grace_end_ns;
}

/* v, RUNNING, should give way to `next`, the first of those that wait. */
static bool gives_way(struct vcpu *v, const struct vcpu *next)
{
	if (!v->sched.yielding) {
		return ahead(v->sched.vtime, next->sched.vtime) > allowed_lead(next);
	}
	if (ahead(next->sched.vtime, v->sched.vtime) >= 0) {
		v->sched.vtime = next->sched.vtime + 1;
	}
	return true;
}

/* v, RUNNING, may run on: it may do so here, has not used up its cap, and need not give way. */
static bool may_run_on(struct sched_cpu *c, struct vcpu *v, u64 now)
{
	const struct vcpu *next = queue_first(c);

	if (!domain_may_run(v->domain) || !vcpu_fits(v, c)) {
		return false;
	}
	if (!cap_take(v, now)) {
		return has_grace(c, v, now);
	}
	if (next == NULL) {
		v->sched.yielding = false;
	} else if (gives_way(v, next)) {
		return !v->sched.yielding && has_grace(c, v, now);
	}
	c->grace_end_ns = 0;
	return true;
}

/* Our lock held: does the vCPU that runs here go on? If not, it is put where it belongs. */
static bool running_goes_on(struct sched_cpu *c, u64 now)
{
	struct vcpu *v = c->running;

	if (v == NULL) {
		return false;
	}
	if (v->sched.state == VCPU_RUNNING) {
		queue_account(c, v, now);
		if (may_run_on(c, v, now)) {
			return true;
		}
		cap_return(v, now);
		v->sched.state = VCPU_RUNNABLE;
		runstate_change(v, PV_RUNSTATE_runnable, now);
		queue_add(c, v);
	}
	c->running = NULL;
	return false;
}

/* Another CPU has one for us that is behind who runs here: put it on our queue. */
static void take_offered(struct sched_cpu *c, u64 now)
{
	struct vcpu *v = c->running;
	bool again;
	u64 limit;

	WRITE_ONCE(c->asked, false);
	if (v == NULL || v->sched.state != VCPU_RUNNING) {
		return;
	}
	queue_account(c, v, now);
	limit = v->sched.vtime - SCHED_LEAD_NS;
	v = balance_take(c, &limit, &again);
	if (v != NULL) {
		queue_add(c, v);
	}
}

/* Who is to run here next, taken from a queue; those whose domains have used up their caps are parked. */
static struct vcpu *find_next(struct sched_cpu *c, u64 now, bool *again)
{
	for (;;) {
		struct vcpu *v = queue_first(c);

		if (v != NULL) {
			queue_remove(c, v);
		} else {
			v = balance_take(c, NULL, again);
		}
		if (v == NULL || cap_take(v, now)) {
			return v;
		}
		v->sched.parked = true;
	}
}

/* v, taken from a queue, runs here from now on. */
static void set_running(struct sched_cpu *c, struct vcpu *v, u64 now)
{
	c->running = v;
	c->grace_end_ns = 0;
	c->stolen_ns = 0;
	v->sched.state = VCPU_RUNNING;
	v->sched.wake_pending = false;
	v->sched.woken = false;
	v->sched.yielding = false;
	v->sched.loaded = true;
	v->sched.ran_since_ns = now;
	runstate_change(v, PV_RUNSTATE_running, now);
}

/* Look again when who runs must give way, or has used up what it may. */
static void set_slice(struct sched_cpu *c, u64 now)
{
	const struct vcpu *v = c->running, *next = queue_first(c);
	s64 left = INT64_MAX;

	if (unlikely(c->grace_end_ns != 0)) {
		timer_set(&c->slice, now + SCHED_GRACE_STEP_NS);
		return;
	}
	if (next != NULL) {
		left = allowed_lead(next) - ahead(v->sched.vtime, next->sched.vtime);
		left = MAX(left * weight_of(v) / SCHED_WEIGHT_DEFAULT, SCHED_SLICE_MIN_NS);
		if (balance_is_due(c)) {
			left = MIN(left, SCHED_LEAD_NS);
		}
	}
	if (cap_is_on(v)) {
		left = MIN(left, v->sched.allowance_ns);
	}
	if (left != INT64_MAX) {
		timer_set(&c->slice, now + (u64)left);
	}
}

/* Who runs here next, now RUNNING; NULL: nobody. */
static struct vcpu *pick(struct sched_cpu *c, bool *again)
{
	u64 now = time_now_ns();
	struct vcpu *v;

	*again = false;
	spin_lock(&c->lock);
	if (unlikely(c->asked)) {
		take_offered(c, now);
	}
	if (!running_goes_on(c, now)) {
		v = find_next(c, now, again);
		if (v != NULL) {
			set_running(c, v, now);
		}
	}
	v = c->running;
	if (v != NULL) {
		queue_advance_clock(c);
		set_slice(c, now);
		if (c->head != NULL) {
			balance_offer(c, now);
		}
	}
	spin_unlock(&c->lock);
	return v;
}

/* Exchange the registers that this CPU holds. */
static void switch_to(struct sched_cpu *c, struct vcpu *next)
{
	struct vcpu *prev = c->loaded;

	if (prev != next) {
		if (prev != NULL) {
			runstate_flush(prev);
		}
		c->loaded = next;
		if (next != NULL) {
			next->domain->mm.stats[PV_STATS_WORK_context_switch]++;
		}
		vcpu_switch(prev, next);
		if (next != NULL) {
			trace_vcpu_loaded(next);
		}
		if (prev != NULL) {
			/* Only now may another CPU take it. */
			__atomic_store_n(&prev->sched.loaded, false, __ATOMIC_RELEASE);
			if (READ_ONCE(c->waiting) != 0) {
				__atomic_thread_fence(__ATOMIC_SEQ_CST);
				balance_kick_idle(prev->sched.affinity & ~cpu_bit(c->id));
			}
		}
	}
}

/*
 * An idle CPU keeps registers only for a vCPU that is just asleep, and has no
 * sisters: theirs would have to wake this CPU at each of their TLB flushes.
 */
static void unload_for_idle(struct sched_cpu *c)
{
	struct vcpu *v = c->loaded;

	if (v != NULL &&
	    (v->domain->vcpu_count > 1 || READ_ONCE(c->strays) != 0 ||
	     READ_ONCE(v->sched.state) == VCPU_OFFLINE || !domain_may_run(v->domain))) {
		switch_to(c, NULL);
	}
}

static void send_strays(struct sched_cpu *c)
{
	if (unlikely(READ_ONCE(c->strays) != 0)) {
		balance_send_strays(c);
	}
}

/* Work that interrupts have left for this CPU: true if there was any. */
static bool idle_work(void)
{
	u32 work = cpu_info()->work;

	if (work & CPU_WORK_RETRIED) {
		access_retries_forget(cpu_info());
	}
	if (work & CPU_WORK_TIMER) {
		timer_run();
	}
	if (work & CPU_WORK_CONSOLE) {
		cpu_info()->work &= ~CPU_WORK_CONSOLE;
		console_poll();
	}
	if (work & CPU_WORK_REAP) {
		cpu_info()->work &= ~CPU_WORK_REAP;
		domain_reap();
	}
	if (work & CPU_WORK_TRACE) {
		cpu_info()->work &= ~CPU_WORK_TRACE;
		trace_drain();
	}
	return work != 0;
}

void schedule(void)
{
	struct sched_cpu *c = this_sched_cpu();
	struct vcpu *next;
	bool idle = false, again;

	for (;;) {
		grace_pass();
		cpu_info()->work &= ~CPU_WORK_RESCHED;
		next = pick(c, &again);
		if (next != NULL) {
			break;
		}
		if (balance_declare_idle(c)) {
			idle = true;
			continue; /* look once more, now that others can see it */
		}
		trace_running(NULL);
		unload_for_idle(c);
		send_strays(c);
		if (idle_work()) {
			continue;
		}
		if (again) {
			cpu_serve();
			continue;
		}
		timer_wait();
		cpu_wait_for_interrupt();
	}
	if (idle) {
		(void)balance_claim_idle(c);
	}
	switch_to(c, next);
	trace_running(next);
	send_strays(c);
	runstate_flush(next);
	vcpu_timer_resume(next);
}

void sched_discount(u64 ns)
{
	this_sched_cpu()->stolen_ns += ns;
}

void noreturn_fn sched_start(void)
{
	schedule();
	exit_to_guest_from_boot();
}
