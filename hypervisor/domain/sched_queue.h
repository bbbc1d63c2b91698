/*
 * TOUR(14) The run queues, and the virtual time that orders them. For the scheduler's
 * own files: sched.c (wake and sleep), sched_run.c (who runs), sched_balance.c (where),
 * sched_cap.c (how much at most), sched_params.c (changes at run time). Others include
 * sched.h.
 *
 * The algorithm. Each vCPU has a virtual time, which goes on while it runs, the
 * slower the greater its weight; whoever is most behind runs next. That is
 * start-time fair queueing (P. Goyal, X. Guo, H. Vin: "A hierarchical CPU scheduler
 * for multimedia operating systems", OSDI 1996): a share of the CPU in proportion to
 * the weights, whatever the lengths of the slices turn out to be, in the manner of
 * weighted fair queueing (A. Demers, S. Keshav, S. Shenker, SIGCOMM 1989) and of stride
 * scheduling (C. Waldspurger, W. Weihl, MIT/LCS/TM-528, 1995).
 *
 *   vtime(v)  += ns that v ran * SCHED_WEIGHT_DEFAULT / weight
 *   clock(c)  = least vtime of those that run or wait on CPU c; never goes back
 *
 * Who runs goes on until it is ahead of the next by SCHED_LEAD_NS, so that not every
 * step of the clock is a switch; thus no two that both want one CPU are ever further
 * apart than that, and what v gets of any span differs from its share by at most twice
 * SCHED_LEAD_NS * weight / SCHED_WEIGHT_DEFAULT, and what cannot be interrupted.
 *
 * A sleeper wakes at the clock at the earliest, in SFQ: sleep is not saved up. Ours may
 * be SCHED_BONUS_NS behind it, so that it runs at once, which is the warp of borrowed
 * virtual time (K. Duda, D. Cheriton, SOSP 1999), but limited for all alike: a vCPU
 * that uses less than its share gets what it asks for when it asks.
 *
 * Several CPUs. Each has its queue and its clock, and its virtual times are compared with
 * those of others by adding the queue's `base`. A waiting vCPU that is SCHED_LEAD_NS behind
 * one that runs elsewhere takes its place there (sched_balance.c), so that three hogs
 * on two CPUs get two thirds each. Where that cannot be, for affinities or since one vCPU's
 * weight asks for more than one CPU, the clocks part; more than SCHED_DRIFT_NS of
 * that is forgotten by moving the later clock's base on, or whoever was ahead would
 * later pay for what nobody else could have used (the infeasible weights of A. Chandra,
 * M. Adler, P. Goyal, P. Shenoy: "Surplus fair scheduling", OSDI 2000).
 *
 * Read next: sched.c.
 */
#ifndef DOMAIN_SCHED_QUEUE_H
#define DOMAIN_SCHED_QUEUE_H

#include "domain/domain.h"
#include "mm/layout.h"

/* All in virtual ns, but SLICE and GRACE. */
#define SCHED_LEAD_NS      2000000L
#define SCHED_WAKE_LEAD_NS 500000L /* the same, when the next has just woken */
#define SCHED_BONUS_NS     2000000L
#define SCHED_DRIFT_NS     10000000L
#define SCHED_DEBT_MAX_NS \
	1000000000L /* who is further ahead has slept so long that its time has wrapped */
#define SCHED_SLICE_MIN_NS  100000L
#define SCHED_GRACE_NS      500000UL /* at most so long beyond its time, */
#define SCHED_GRACE_STEP_NS 50000UL  /* looked at so often */

struct sched_cpu {
	struct spinlock lock;
	u32 id;
	struct vcpu *head, *tail; /* RUNNABLE, by vtime */
	u32 waiting;              /* on the queue; peeked at without the lock */
	u32 strays;               /* of these, those whose affinity has not this CPU */
	u64 vtime;                /* the clock */
	u64 base;                 /* vtime + base compares with other CPUs' */
	struct vcpu *running;     /* RUNNING here, or NULL */
	bool asked;               /* another CPU says that it has one for us to run instead */
	u64 balanced_ns;          /* when this CPU last looked for others to ask */
	u64 grace_end_ns;         /* when who runs must give way; 0: has not been asked to */

	/* This CPU only. */
	struct vcpu *loaded; /* whose registers it holds */
	u64 stolen_ns;       /* not to be charged to who runs */
	struct timer slice;
} aligned_to(64);

extern struct sched_cpu sched_cpus[HV_MAX_CPUS];
extern u64 sched_online_cpus; /* a: those that entered the scheduler */
extern u64 sched_idle_cpus;   /* a */

/* In an affinity and in the masks above. */
static inline u64 cpu_bit(u32 cpu)
{
	return 1UL << cpu;
}

/* Virtual times wrap: how far a is ahead of b. */
static inline s64 ahead(u64 a, u64 b)
{
	return (s64)(a - b);
}

/* That of its domain; one that was never given is the default. */
static inline u32 weight_of(const struct vcpu *v)
{
	u32 weight = READ_ONCE(v->domain->sched.weight);

	return weight == 0 ? SCHED_WEIGHT_DEFAULT : weight;
}

/* v may run on that CPU. */
static inline bool vcpu_fits(const struct vcpu *v, const struct sched_cpu *c)
{
	return (v->sched.affinity & cpu_bit(c->id)) != 0;
}

/* d is not paused. */
static inline bool domain_may_run(const struct domain *d)
{
	return __atomic_load_n(&d->pause_count, __ATOMIC_SEQ_CST) == 0;
}

/* Lock the queue that v is in the care of. */
struct sched_cpu *queue_lock_of(struct vcpu *v);

/* Bring the virtual time of v, RUNNING on c, up to date, and what is left of its cap. Lock held. */
void queue_account(struct sched_cpu *c, struct vcpu *v, u64 now);

/* Put v, RUNNABLE, on the queue in its turn; a paused domain's stays outside. And take it off. Lock held. */
void queue_add(struct sched_cpu *c, struct vcpu *v);
void queue_remove(struct sched_cpu *c, struct vcpu *v);

/* Who waits here and may run here, the most behind; or NULL. Lock held. */
static inline struct vcpu *queue_first(const struct sched_cpu *c)
{
	struct vcpu *v = c->head;

	if (unlikely(c->strays != 0)) {
		while (v != NULL && !vcpu_fits(v, c)) {
			v = v->sched.next;
		}
	}
	return v;
}

/* Give v, not queued, to another CPU's care, at the same place among all. Both locks held. */
void queue_move(struct vcpu *v, const struct sched_cpu *from, struct sched_cpu *to);

/* v, about to be queued on c, has not saved up time, nor does it owe more than is possible. Lock held. */
void queue_settle_sleeper(const struct sched_cpu *c, struct vcpu *v);

/* Let the clock follow; who runs is up to date. Lock held. */
void queue_advance_clock(struct sched_cpu *c);

/* How far who runs may be ahead of the next. */
static inline s64 allowed_lead(const struct vcpu *next)
{
	return next->sched.woken ? SCHED_WAKE_LEAD_NS : SCHED_LEAD_NS;
}

/* ---- sched.c ---- */

/* Have CPU c call schedule() soon. */
void sched_kick(const struct sched_cpu *c);

/*
 * v becomes RUNNABLE, or is so and on no queue: find it a CPU and tell that. woken: it slept. The
 * lock of `from`, whose care it is in, is held and given up.
 */
void sched_make_runnable(struct sched_cpu *from, struct vcpu *v, bool woken);

/* The cap's budget is there again: v may go on if it was parked. No lock held. */
void sched_unpark(struct vcpu *v);

#endif
