/*
 * TOUR(14) Run queues, fair shares, and idle.
 *
 * Each vCPU has a virtual time, which goes on while it runs, the slower the
 * greater its domain's weight. A CPU's queue is in the order of virtual time;
 * who is most behind runs until it is ahead of the next by SCHED_LEAD_NS. Who
 * sleeps does not save up time: it wakes at most SCHED_BONUS_NS behind the others,
 * which is enough to run soon, and not enough to keep them from running.
 *
 * A vCPU is in the care of one CPU, sched.cpu: it runs there, waits on that
 * CPU's queue, or last ran there; that queue's lock protects all its scheduler
 * state. `loaded` says that the CPU still holds the vCPU's registers: an idle
 * CPU keeps those of a domain's only vCPU, for the usual next thing to run is
 * the same vCPU, and nothing needs to be switched then. A loaded vCPU is never moved, so no other
 * CPU can run it before vcpu_switch() has saved it.
 *
 * Who becomes runnable goes to its last CPU if that idles, else to another
 * that idles, else to its last. An idle CPU takes waiting vCPUs from others'
 * queues. Neither can miss the other: the waker puts the vCPU on a queue and
 * then looks for idle CPUs; the idle CPU says that it is idle and then looks
 * at the queues (full barriers between).
 *
 * Over 700 lines, for queue, virtual time, grace and idle are one state under one
 * lock; the queue is what to take out first.
 *
 * Read next: runstate.c, vcpu_timer.c.
 */
#include "domain/sched.h"

#include <parley/errno.h>
#include <seam/cpu.h>
#include <seam/idle.h>

#include "channel/evtchn.h"
#include "cpu/ipi.h"
#include "cpu/percpu.h"
#include "cpu/switch.h"
#include "domain/console.h"
#include "domain/lifecycle.h"
#include "domain/runstate.h"
#include "domain/timer.h"
#include "domain/vcpu_timer.h"
#include "lib/bitmap.h"
#include "lib/log.h"

#define SCHED_LEAD_NS       5000000L
#define SCHED_WAKE_LEAD_NS  500000L /* the same, when the next has just woken */
#define SCHED_BONUS_NS      5000000UL
#define SCHED_SLICE_MIN_NS  100000L
#define SCHED_GRACE_NS      500000UL /* at most so long beyond its time, */
#define SCHED_GRACE_STEP_NS 50000UL  /* looked at so often */

struct sched_cpu {
	struct spinlock lock;
	u32 id;
	struct vcpu *head, *tail; /* RUNNABLE, by vtime */
	u32 waiting;              /* on the queue; peeked at without the lock */
	u64 vtime;                /* of who is most behind here; never goes back */
	struct vcpu *running;     /* RUNNING here, or NULL */
	struct vcpu *loaded;      /* this CPU only: whose registers it holds */
	u64 grace_end_ns;         /* when who runs must give way; 0: has not been asked to */
	struct timer slice;
} aligned_to(64);

static struct sched_cpu sched_cpus[HV_MAX_CPUS];
static u64 online_cpus; /* a: those that entered the scheduler */
static u64 idle_cpus;   /* a */

static u64 cpu_bit(u32 cpu)
{
	return 1UL << cpu;
}

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
	__atomic_fetch_or(&online_cpus, cpu_bit(c->id), __ATOMIC_SEQ_CST);
}

/* Lock the queue that v is in the care of. */
static struct sched_cpu *lock_vcpu(struct vcpu *v)
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

static bool domain_may_run(const struct domain *d)
{
	return __atomic_load_n(&d->pause_count, __ATOMIC_SEQ_CST) == 0;
}

/* Virtual times wrap: how far a is ahead of b. */
static s64 ahead(u64 a, u64 b)
{
	return (s64)(a - b);
}

static u32 weight_of(const struct vcpu *v)
{
	u32 weight = v->domain->sched.weight;

	return weight == 0 ? SCHED_WEIGHT_DEFAULT : weight;
}

/* Bring the virtual time of v, RUNNING, up to date. */
static void account(struct vcpu *v, u64 now)
{
	u64 ran = now - v->sched.ran_since_ns;

	v->sched.ran_since_ns = now;
	v->sched.vtime += ran * SCHED_WEIGHT_DEFAULT / weight_of(v);
}

/* Put v, RUNNABLE, on the queue in its turn. A paused domain's waits outside, see sched_unpause_domain(). */
static void queue_add(struct sched_cpu *c, struct vcpu *v)
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
	WRITE_ONCE(c->waiting, c->waiting + 1);
}

static void queue_remove(struct sched_cpu *c, struct vcpu *v)
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
	WRITE_ONCE(c->waiting, c->waiting - 1);
}

/* Where v, about to be queued, shall go. */
static struct sched_cpu *choose_cpu(struct sched_cpu *last, const struct vcpu *v)
{
	u64 allowed = v->sched.affinity & __atomic_load_n(&online_cpus, __ATOMIC_RELAXED);
	u64 idle = __atomic_load_n(&idle_cpus, __ATOMIC_RELAXED) & allowed;

	if (v->sched.loaded || allowed == 0 || (idle & cpu_bit(last->id))) {
		return last;
	}
	if (idle != 0) {
		return &sched_cpus[__builtin_ctzll(idle)];
	}
	return (allowed & cpu_bit(last->id)) ? last : &sched_cpus[__builtin_ctzll(allowed)];
}

static void kick(const struct sched_cpu *c)
{
	if (c->id == cpu_id()) {
		cpu_info()->work |= CPU_WORK_RESCHED;
	} else {
		ipi_kick(c->id);
	}
}

/* An idle CPU that could take v from a queue is told so. */
static void kick_idle(u64 affinity)
{
	u64 idle = __atomic_load_n(&idle_cpus, __ATOMIC_SEQ_CST) & affinity;

	if (idle != 0) {
		kick(&sched_cpus[__builtin_ctzll(idle)]);
	}
}

/* v changes its queue: keep how far it is ahead of the others. Both locks held. */
static void move(struct vcpu *v, const struct sched_cpu *from, const struct sched_cpu *to)
{
	v->sched.vtime += to->vtime - from->vtime;
	WRITE_ONCE(v->sched.cpu, to->id);
}

/* How far who runs may be ahead of the next. */
static s64 allowed_lead(const struct vcpu *next)
{
	return next->sched.woken ? SCHED_WAKE_LEAD_NS : SCHED_LEAD_NS;
}

/* v was put on the queue: must the CPU look at it now? As the next it takes over, or its time to do so is set. */
static bool wants_attention(const struct sched_cpu *c, const struct vcpu *v)
{
	return c->running == NULL || c->head == v;
}

/* v becomes runnable: find it a CPU and tell that. The lock of `from`, its queue, is held and given up. */
static void make_runnable(struct sched_cpu *from, struct vcpu *v)
{
	struct sched_cpu *to = choose_cpu(from, v);
	u64 affinity = v->sched.affinity;
	u64 now = time_now_ns();
	bool tell, busy;

	if (to != from) {
		/* Not worth waiting for: an idle CPU will take it from here. */
		if (spin_trylock(&to->lock)) {
			move(v, from, to);
		} else {
			to = from;
		}
	}
	v->sched.state = VCPU_RUNNABLE;
	v->sched.woken = true;
	if (ahead(to->vtime - SCHED_BONUS_NS, v->sched.vtime) > 0) {
		v->sched.vtime = to->vtime - SCHED_BONUS_NS;
	}
	runstate_change(v, PV_RUNSTATE_runnable, now);
	queue_add(to, v);
	tell = wants_attention(to, v);
	busy = to->running != NULL;
	if (to != from) {
		spin_unlock(&to->lock);
	}
	spin_unlock(&from->lock);
	if (tell) {
		kick(to);
	}
	if (busy) {
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		kick_idle(affinity & ~cpu_bit(to->id));
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
	u64 online = __atomic_load_n(&online_cpus, __ATOMIC_RELAXED);
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
	struct sched_cpu *c = lock_vcpu(v);

	if (v->sched.state != VCPU_OFFLINE) {
		spin_unlock(&c->lock);
		return;
	}
	make_runnable(c, v);
}

void sched_offline(struct vcpu *v)
{
	struct sched_cpu *c = lock_vcpu(v);
	bool tell = v->sched.loaded;
	u64 now = time_now_ns();

	if (v->sched.queued) {
		queue_remove(c, v);
	} else if (v->sched.state == VCPU_RUNNING) {
		account(v, now);
	}
	poll_over(v);
	v->sched.state = VCPU_OFFLINE;
	runstate_change(v, PV_RUNSTATE_offline, now);
	spin_unlock(&c->lock);
	if (tell) {
		kick(c);
	}
}

void sched_wake(struct vcpu *v)
{
	struct sched_cpu *c;

	if (sched_sees_events(v)) {
		return;
	}
	c = lock_vcpu(v);

	switch (v->sched.state) {
	case VCPU_BLOCKED:
		poll_over(v);
		make_runnable(c, v);
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

void sched_block(void)
{
	struct vcpu *v = current_vcpu();
	struct sched_cpu *c = lock_vcpu(v);
	u64 now = time_now_ns();

	if (v->sched.state != VCPU_RUNNING || (v->sched.polling && v->sched.wake_pending)) {
		poll_over(v);
		spin_unlock(&c->lock);
		return;
	}
	account(v, now);
	v->sched.state = VCPU_BLOCKED;
	runstate_change(v, PV_RUNSTATE_blocked, now);
	spin_unlock(&c->lock);
	cpu_info()->work |= CPU_WORK_RESCHED;

	/* Partner: evtchn.c sets the pending bits, then calls sched_wake(). */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (evtchn_upcall_due(v)) {
		sched_wake(v);
	}
}

void sched_yield(void)
{
	struct vcpu *v = current_vcpu();

	if (READ_ONCE(this_sched_cpu()->waiting) != 0) {
		v->sched.yielding = true;
		cpu_info()->work |= CPU_WORK_RESCHED;
	}
}

void sched_poll_begin(void)
{
	struct vcpu *v = current_vcpu();
	struct sched_cpu *c = lock_vcpu(v);

	v->sched.polling = true;
	v->sched.wake_pending = false;
	spin_unlock(&c->lock);
}

void sched_poll_end(void)
{
	struct vcpu *v = current_vcpu();
	struct sched_cpu *c = lock_vcpu(v);

	poll_over(v);
	spin_unlock(&c->lock);
}

void sched_poll_timeout(struct vcpu *v)
{
	if (READ_ONCE(v->sched.polling)) {
		sched_wake(v);
	}
}

void sched_pause_domain(struct domain *d)
{
	__atomic_fetch_add(&d->pause_count, 1, __ATOMIC_SEQ_CST);
	for (u32 i = 0; i < d->vcpu_count; i++) {
		struct vcpu *v = d->vcpus[i];
		struct sched_cpu *c = lock_vcpu(v);
		bool tell = v->sched.loaded;

		if (v->sched.queued) {
			queue_remove(c, v);
		}
		spin_unlock(&c->lock);
		if (tell) {
			kick(c);
		}
	}
}

void sched_unpause_domain(struct domain *d)
{
	__atomic_fetch_sub(&d->pause_count, 1, __ATOMIC_SEQ_CST);
	for (u32 i = 0; i < d->vcpu_count; i++) {
		struct vcpu *v = d->vcpus[i];
		struct sched_cpu *c = lock_vcpu(v);

		if (v->sched.state == VCPU_RUNNABLE && !v->sched.queued) {
			make_runnable(c, v);
		} else {
			spin_unlock(&c->lock);
		}
	}
}

void sched_domain_get(const struct domain *d, struct sched_params *p)
{
	*p = (struct sched_params){
		.weight = d->sched.weight == 0 ? SCHED_WEIGHT_DEFAULT : d->sched.weight,
		.cap = d->sched.cap,
		.affinity = d->sched.affinity,
	};
}

/* Another affinity for v: one that waits moves at once, the others when they next wake. */
static void set_affinity(struct vcpu *v, u64 affinity)
{
	struct sched_cpu *c = lock_vcpu(v);

	v->sched.affinity = affinity;
	if (v->sched.queued && !v->sched.loaded) {
		queue_remove(c, v);
		make_runnable(c, v);
	} else {
		spin_unlock(&c->lock);
	}
}

int sched_domain_set(struct domain *d, const struct sched_params *p)
{
	u64 affinity = p->affinity & __atomic_load_n(&online_cpus, __ATOMIC_RELAXED);

	if (p->weight == 0 || p->weight > SCHED_WEIGHT_MAX || affinity == 0) {
		return -PV_EINVAL;
	}
	WRITE_ONCE(d->sched.weight, p->weight);
	WRITE_ONCE(d->sched.cap, p->cap);
	WRITE_ONCE(d->sched.affinity, affinity);
	for (u32 i = 0; i < d->vcpu_count; i++) {
		set_affinity(d->vcpus[i], affinity);
	}
	return 0;
}

u64 sched_vcpu_cpu_time(struct vcpu *v)
{
	struct sched_cpu *c = lock_vcpu(v);
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

/*
 * A vCPU from another CPU's queue; our lock is held, so theirs is only tried.
 * *again: one could not be looked at.
 */
static struct vcpu *steal(struct sched_cpu *c, bool *again)
{
	u64 others = __atomic_load_n(&online_cpus, __ATOMIC_RELAXED) & ~cpu_bit(c->id);

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
		for (v = o->head; v != NULL; v = v->sched.next) {
			if (!v->sched.loaded && (v->sched.affinity & cpu_bit(c->id))) {
				break;
			}
		}
		if (v != NULL) {
			queue_remove(o, v);
			move(v, o, c);
		}
		spin_unlock(&o->lock);
		if (v != NULL) {
			return v;
		}
	}
	return NULL;
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

/* v, RUNNING, may run on: it is alone, or not too far ahead of the next. */
static bool may_run_on(struct sched_cpu *c, struct vcpu *v, u64 now)
{
	struct vcpu *next = c->head;

	if (!domain_may_run(v->domain)) {
		return false;
	}
	if (next == NULL) {
		v->sched.yielding = false;
		return true;
	}
	if (v->sched.yielding) {
		if (ahead(next->sched.vtime, v->sched.vtime) >= 0) {
			v->sched.vtime = next->sched.vtime + 1;
		}
		return false;
	}
	return ahead(v->sched.vtime, next->sched.vtime) <= allowed_lead(next) ||
	       has_grace(c, v, now);
}

/* Our lock held: does the vCPU that runs here go on? If not, it is put where it belongs. */
static bool running_goes_on(struct sched_cpu *c, u64 now)
{
	struct vcpu *v = c->running;

	if (v == NULL) {
		return false;
	}
	if (v->sched.state == VCPU_RUNNING) {
		account(v, now);
		if (may_run_on(c, v, now)) {
			return true;
		}
		v->sched.state = VCPU_RUNNABLE;
		runstate_change(v, PV_RUNSTATE_runnable, now);
		queue_add(c, v);
	}
	c->running = NULL;
	return false;
}

/* v, taken from a queue, runs here from now on. */
static void set_running(struct sched_cpu *c, struct vcpu *v, u64 now)
{
	c->running = v;
	c->grace_end_ns = 0;
	v->sched.state = VCPU_RUNNING;
	v->sched.wake_pending = false;
	v->sched.woken = false;
	v->sched.yielding = false;
	v->sched.loaded = true;
	v->sched.ran_since_ns = now;
	runstate_change(v, PV_RUNSTATE_running, now);
}

/* Let the CPU's own virtual time follow who is most behind, and look again when the next is due. */
static void set_pace(struct sched_cpu *c, u64 now)
{
	struct vcpu *v = c->running, *next = c->head;
	u64 least = v->sched.vtime;
	s64 left;

	if (next != NULL && ahead(least, next->sched.vtime) > 0) {
		least = next->sched.vtime;
	}
	if (ahead(least, c->vtime) > 0) {
		c->vtime = least;
	}
	if (next != NULL && c->grace_end_ns != 0) {
		timer_set(&c->slice, now + SCHED_GRACE_STEP_NS);
	} else if (next != NULL) {
		left = allowed_lead(next) - ahead(v->sched.vtime, next->sched.vtime);
		timer_set(&c->slice, now + (u64)MAX(left, SCHED_SLICE_MIN_NS) * weight_of(v) /
						     SCHED_WEIGHT_DEFAULT);
	}
}

/* Who runs here next, now RUNNING; NULL: nobody. */
static struct vcpu *pick(struct sched_cpu *c, bool *again)
{
	u64 now = time_now_ns();
	struct vcpu *v;

	*again = false;
	spin_lock(&c->lock);
	if (!running_goes_on(c, now)) {
		v = c->head;
		if (v != NULL) {
			queue_remove(c, v);
		} else {
			v = steal(c, again);
		}
		if (v != NULL) {
			set_running(c, v, now);
		}
	}
	v = c->running;
	if (v != NULL) {
		set_pace(c, now);
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
		if (prev != NULL) {
			/* Only now may another CPU take it. */
			__atomic_store_n(&prev->sched.loaded, false, __ATOMIC_RELEASE);
			if (READ_ONCE(c->waiting) != 0) {
				__atomic_thread_fence(__ATOMIC_SEQ_CST);
				kick_idle(prev->sched.affinity & ~cpu_bit(c->id));
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

	if (v != NULL && (v->domain->vcpu_count > 1 || READ_ONCE(v->sched.state) == VCPU_OFFLINE ||
			  !domain_may_run(v->domain))) {
		switch_to(c, NULL);
	}
}

/* Work that interrupts have left for this CPU: true if there was any. */
static bool idle_work(void)
{
	u32 work = cpu_info()->work;

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
	return work != 0;
}

void schedule(void)
{
	struct sched_cpu *c = this_sched_cpu();
	struct vcpu *next;
	bool idle = false, again;

	for (;;) {
		cpu_info()->work &= ~CPU_WORK_RESCHED;
		next = pick(c, &again);
		if (next != NULL) {
			break;
		}
		if (!idle) {
			idle = true;
			__atomic_fetch_or(&idle_cpus, cpu_bit(c->id), __ATOMIC_SEQ_CST);
			continue; /* look once more, now that others can see it */
		}
		unload_for_idle(c);
		if (idle_work()) {
			continue;
		}
		if (again) {
			cpu_serve();
			continue;
		}
		cpu_wait_for_interrupt();
	}
	if (idle) {
		__atomic_fetch_and(&idle_cpus, ~cpu_bit(c->id), __ATOMIC_SEQ_CST);
	}
	switch_to(c, next);
	runstate_flush(next);
	vcpu_timer_resume(next);
}

void noreturn_fn sched_start(void)
{
	schedule();
	exit_to_guest_from_boot();
}
