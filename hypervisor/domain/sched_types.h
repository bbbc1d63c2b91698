/* Scheduler state inside a vCPU and a domain. Its rules are in sched.h. */
#ifndef DOMAIN_SCHED_TYPES_H
#define DOMAIN_SCHED_TYPES_H

#include "lib/types.h"

enum vcpu_state {
	VCPU_OFFLINE = 0, /* never brought up, or vcpu_op down */
	VCPU_BLOCKED,     /* waits for an event */
	VCPU_RUNNABLE,    /* on a run queue, unless its domain is paused */
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
	bool polling;        /* in sched_op poll */
	bool yielding;       /* others first, once */
	bool woken;          /* slept, and has not run since */
	bool runstate_dirty; /* the guest's runstate area is behind */
	u64 affinity;        /* CPUs it may run on; constant while it is not offline */
	u64 vtime;           /* ns it ran, over its weight; see sched.c */
	u64 ran_since_ns;    /* counted in vtime up to here; while RUNNING */
	struct vcpu *next, *prev; /* run queue */
};

#define SCHED_WEIGHT_DEFAULT 256
#define SCHED_WEIGHT_MAX     65535

struct sched_domain {
	u32 weight; /* of each of its vCPUs; 0: the default */
	u32 cap;    /* LIMIT: kept but not enforced */
	u64 affinity; /* of each of its vCPUs */
};

#endif
