/* A domain's watchdogs. Rules: watchdog.h. */
#ifndef DOMAIN_WATCHDOG_TYPES_H
#define DOMAIN_WATCHDOG_TYPES_H

#include "domain/timer_types.h"
#include "lib/lock.h"

#define WATCHDOGS 2

struct domain_watchdogs {
	struct spinlock lock;
	u32 in_use;             /* lock: bit by number, from 0 */
	u32 seconds[WATCHDOGS]; /* lock */
	struct timer timers[WATCHDOGS];
};

#endif
