/*
 * Watchdogs (SCHEDOP_watchdog): timers that end a domain unless its guest sets them anew in
 * time, so that one that hangs does not hang for ever. A domain has WATCHDOGS of
 * them, numbered from 1. Time in which the domain is paused by others does not count: when
 * it goes on, they begin anew.
 *
 * Locks: watchdogs.lock > timer heap.
 */
#ifndef DOMAIN_WATCHDOG_H
#define DOMAIN_WATCHDOG_H

#include "domain/domain.h"

/* A new domain, and its end: no lock held that domain_shutdown() takes. */
void watchdog_init(struct domain *d);
void watchdog_fini(struct domain *d);

/*
 * id 0: take a free one and let it run for `seconds`: its number, or -PV_ENOSPC if all are in use.
 * Else set that one anew, or, with 0 seconds, give it up: 0, or -PV_EINVAL if it is not in use.
 */
long watchdog_set(struct domain *d, u32 id, u32 seconds);

/* d was paused and goes on. The life lock may be held. */
void watchdog_resume(struct domain *d);

#endif
