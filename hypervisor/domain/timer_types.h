/* A one-shot timer. Its rules are in timer.h. */
#ifndef DOMAIN_TIMER_TYPES_H
#define DOMAIN_TIMER_TYPES_H

#include "lib/types.h"

struct timer {
	u64 deadline_ns;	/* hypervisor time (time_now_ns) */
	void (*fire)(void *arg);
	void *arg;
	u32 cpu;		/* whose heap it is on */
	u32 heap_index;		/* 1-based; 0: not set */
};

#endif
