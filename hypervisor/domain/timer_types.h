/* A one-shot timer. Its rules are in timer.h. */
#ifndef DOMAIN_TIMER_TYPES_H
#define DOMAIN_TIMER_TYPES_H

#include "lib/types.h"

struct timer {
	u64 deadline_ns; /* hypervisor time (time_now_ns) */
	void (*fire)(void *arg);
	void *arg;
	u32 cpu;       /* whose heap it is on, or was last */
	u32 fired_cpu; /* where it last fired */
	bool is_set;   /* on the heap */

	/* The pairing heap: first child, next sibling, and previous sibling or parent. */
	struct timer *child, *next, *prev;
};

#endif
