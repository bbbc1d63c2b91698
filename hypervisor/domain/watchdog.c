/* Watchdogs; what and why in watchdog.h. Read next: lifecycle.c. */
#include "domain/watchdog.h"

#include <parley/errno.h>
#include <parley/sched.h>

#include "domain/timer.h"

#define NS_PER_S 1000000000UL

/*
 * Who gives one up leaves its timer set, for to stop it is to wait for its fire, and that waits for
 * locks under which a domain may be resumed. So whether it is meant is decided here.
 */
static void fire(void *arg)
{
	struct watchdog *w = arg;
	struct domain_watchdogs *all = &w->domain->watchdogs;
	bool late;

	spin_lock(&all->lock);
	late = w->in_use && w->deadline_ns <= time_now_ns() &&
	       __atomic_load_n(&w->domain->pause_count, __ATOMIC_SEQ_CST) == 0;
	spin_unlock(&all->lock);
	if (late) {
		domain_shutdown(w->domain, PV_SHUTDOWN_watchdog);
	}
}

void watchdog_init(struct domain *d)
{
	for (u32 i = 0; i < WATCHDOGS; i++) {
		struct watchdog *w = &d->watchdogs.dogs[i];

		w->domain = d;
		timer_init(&w->timer, fire, w);
	}
}

void watchdog_fini(struct domain *d)
{
	for (u32 i = 0; i < WATCHDOGS; i++) {
		timer_stop(&d->watchdogs.dogs[i].timer);
	}
}

/* Lock held, as for all below. */
static void start(struct watchdog *w, u32 seconds)
{
	w->in_use = true;
	w->seconds = seconds;
	w->deadline_ns = time_now_ns() + seconds * NS_PER_S;
	timer_set(&w->timer, w->deadline_ns);
}

static long take(struct domain_watchdogs *all, u32 seconds)
{
	for (u32 i = 0; i < WATCHDOGS; i++) {
		if (!all->dogs[i].in_use) {
			start(&all->dogs[i], seconds);
			return i + 1;
		}
	}
	return -PV_ENOSPC;
}

static long change(struct watchdog *w, u32 seconds)
{
	if (!w->in_use) {
		return -PV_EINVAL;
	}
	if (seconds != 0) {
		start(w, seconds);
	} else {
		w->in_use = false;
	}
	return 0;
}

long watchdog_set(struct domain *d, u32 id, u32 seconds)
{
	struct domain_watchdogs *all = &d->watchdogs;
	long rc;

	if (id > WATCHDOGS) {
		return -PV_EINVAL;
	}
	spin_lock(&all->lock);
	rc = id == 0 ? take(all, seconds) : change(&all->dogs[id - 1], seconds);
	spin_unlock(&all->lock);
	return rc;
}

void watchdog_resume(struct domain *d)
{
	struct domain_watchdogs *all = &d->watchdogs;

	spin_lock(&all->lock);
	for (u32 i = 0; i < WATCHDOGS; i++) {
		if (all->dogs[i].in_use) {
			start(&all->dogs[i], all->dogs[i].seconds);
		}
	}
	spin_unlock(&all->lock);
}
