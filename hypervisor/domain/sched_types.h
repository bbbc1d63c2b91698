/* Scheduler state inside a vCPU and a domain. Its rules are in sched.h. */
#ifndef DOMAIN_SCHED_TYPES_H
#define DOMAIN_SCHED_TYPES_H

#include "domain/timer_types.h"
#include "lib/lock.h"
#include "lib/types.h"

enum vcpu_state {
	VCPU_OFFLINE = 0, /* never brought up, or vcpu_op down */
	VCPU_BLOCKED,     /* waits for an event */
	VCPU_RUNNABLE,    /* on a run queue, unless its domain is paused or it is parked */
	VCPU_RUNNING,     /* on a CPU */
};

struct vcpu;

/* All under the lock of the run queue of .cpu, but where said. */
struct sched_vcpu {
	enum vcpu_state state;
	u32 cpu;             /* whose run queue it is on or last ran on */
	bool queued;         /* is on that run queue */
	bool loaded;         /* a: a CPU (.cpu) holds its registers, in use or since it last ran */
	bool wake_pending;   /* woken between the start of a poll and blocking */
	bool polling;        /* in sched_op poll; also read without the lock */
	bool yielding;       /* others first, once */
	bool woken;          /* slept, and has not run since */
	bool parked;         /* RUNNABLE, but its domain has used up its cap */
	bool runstate_dirty; /* the guest's runstate area is behind */
	u64 affinity;        /* CPUs it may run on; changes only while it is not queued */
	u64 vtime;           /* ns it ran, over its weight; see sched_queue.h */
	u64 vtime_rest;      /* what the last division left, of 1/weight ns */
	u64 ran_since_ns;    /* counted in vtime up to here; while RUNNING */
	s64 allowance_ns;    /* of its domain's cap, taken and not yet used; see sched_cap.h */
	u64 taken_ns;        /* the same, taken in taken_period; domain.sched.cap_lock */
	u64 taken_period;    /* cap_lock */
	struct vcpu *next, *prev; /* run queue */
};

#define SCHED_WEIGHT_DEFAULT 256
#define SCHED_WEIGHT_MAX     65535

struct sched_domain {
	u32 weight;   /* of each of its vCPUs; 0: the default */
	u32 cap;      /* as it was given: per cent of one CPU, 0: none */
	u64 affinity; /* of each of its vCPUs */
	u64 quota_ns; /* that it may run in each period, 0: no cap; read without a lock */

	struct spinlock cap_lock;
	s64 budget_ns;     /* cap_lock: left in this period; below 0: owed to the next */
	u64 period;        /* cap_lock: counts them */
	u64 period_end_ns; /* cap_lock */
	bool refill_set;   /* cap_lock */
	struct timer refill;
};

#endif
