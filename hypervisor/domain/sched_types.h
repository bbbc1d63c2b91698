/* Scheduler state inside a vCPU and a domain. Its rules are in sched.h. */
#ifndef DOMAIN_SCHED_TYPES_H
#define DOMAIN_SCHED_TYPES_H

#include "lib/types.h"

enum vcpu_state {
	VCPU_OFFLINE = 0,	/* never brought up, or vcpu_op down */
	VCPU_BLOCKED,		/* waits for an event */
	VCPU_RUNNABLE,		/* on a run queue, unless its domain is paused */
	VCPU_RUNNING,		/* on a CPU */
};

struct vcpu;

/* All under the lock of the run queue of .cpu, but where said. */
struct sched_vcpu {
	enum vcpu_state state;
	u32 cpu;		/* whose run queue it is on or last ran on */
	bool queued;		/* is on that run queue */
	bool loaded;		/* a: a CPU (.cpu) holds its registers, in use or since it last ran */
	bool wake_pending;	/* woken between the start of a poll and blocking */
	bool polling;		/* in sched_op poll */
	bool runstate_dirty;	/* the guest's runstate area is behind */
	u64 affinity;		/* CPUs it may run on; constant while it is not offline */
	u64 slice_end_ns;
	s64 credit;		/* for weights: not used yet */
	struct vcpu *next, *prev;	/* run queue */
};

struct sched_domain {
	u32 weight;		/* LIMIT: weights and caps are kept but all vCPUs get equal shares */
	u32 cap;
};

#endif
