/* Scheduler state inside a vCPU and a domain. Its rules are in sched.h. */
#ifndef DOMAIN_SCHED_TYPES_H
#define DOMAIN_SCHED_TYPES_H

#include "lib/types.h"

enum vcpu_state {
	VCPU_OFFLINE = 0,	/* never brought up, or vcpu_op down */
	VCPU_BLOCKED,		/* waits for an event */
	VCPU_RUNNABLE,		/* on a run queue */
	VCPU_RUNNING,		/* on a CPU */
};

struct vcpu;

struct sched_vcpu {
	enum vcpu_state state;
	u32 cpu;		/* whose run queue it is on or last ran on */
	bool wake_pending;	/* woken while about to block */
	bool polling;		/* in sched_op poll */
	u64 affinity;		/* CPUs it may run on */
	u64 slice_end_ns;
	s64 credit;
	u64 ran_since_ns;
	struct vcpu *next, *prev;	/* run queue */
};

struct sched_domain {
	u32 weight;
	u32 cap;
};

#endif
