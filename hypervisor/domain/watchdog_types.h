/* A domain's watchdogs. Rules: watchdog.h. */
#ifndef DOMAIN_WATCHDOG_TYPES_H
#define DOMAIN_WATCHDOG_TYPES_H

#include "domain/timer_types.h"
#include "lib/lock.h"

#define WATCHDOGS 2

struct domain;

struct watchdog {
	struct domain *domain; /* constant */
	struct timer timer;
	bool in_use;     /* lock */
	u32 seconds;     /* lock */
	u64 deadline_ns; /* lock */
};

struct domain_watchdogs {
	struct spinlock lock;
	struct watchdog dogs[WATCHDOGS];
};

#endif
