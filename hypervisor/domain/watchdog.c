/* Watchdogs; what and why in watchdog.h. Read next: lifecycle.c. */
#include "domain/watchdog.h"

#include <parley/errno.h>
#include <parley/sched.h>

#include "domain/timer.h"

#define NS_PER_S 1000000000UL

static void fire(void *arg)
{
	struct domain *d = arg;

	if (__atomic_load_n(&d->pause_count, __ATOMIC_SEQ_CST) == 0) {
		domain_shutdown(d, PV_SHUTDOWN_watchdog);
	}
}

void watchdog_init(struct domain *d)
{
	for (u32 i = 0; i < WATCHDOGS; i++) {
		timer_init(&d->watchdogs.timers[i], fire, d);
	}
}

void watchdog_fini(struct domain *d)
{
	for (u32 i = 0; i < WATCHDOGS; i++) {
		timer_stop(&d->watchdogs.timers[i]);
	}
}

/* Lock held. */
static void start(struct domain_watchdogs *w, u32 i, u32 seconds)
{
	w->in_use |= 1U << i;
	w->seconds[i] = seconds;
	timer_set(&w->timers[i], time_now_ns() + seconds * NS_PER_S);
}

static long take(struct domain_watchdogs *w, u32 seconds)
{
	for (u32 i = 0; i < WATCHDOGS; i++) {
		if (!((w->in_use >> i) & 1)) {
			start(w, i, seconds);
			return i + 1;
		}
	}
	return -PV_ENOSPC;
}

static long change(struct domain_watchdogs *w, u32 i, u32 seconds)
{
	if (!((w->in_use >> i) & 1)) {
		return -PV_EINVAL;
	}
	if (seconds != 0) {
		start(w, i, seconds);
	} else {
		w->in_use &= ~(1U << i);
		timer_stop(&w->timers[i]);
	}
	return 0;
}

long watchdog_set(struct domain *d, u32 id, u32 seconds)
{
	struct domain_watchdogs *w = &d->watchdogs;
	long rc;

	if (id > WATCHDOGS) {
		return -PV_EINVAL;
	}
	spin_lock(&w->lock);
	rc = id == 0 ? take(w, seconds) : change(w, id - 1, seconds);
	spin_unlock(&w->lock);
	return rc;
}

void watchdog_resume(struct domain *d)
{
	struct domain_watchdogs *w = &d->watchdogs;

	spin_lock(&w->lock);
	for (u32 i = 0; i < WATCHDOGS; i++) {
		if ((w->in_use >> i) & 1) {
			start(w, i, w->seconds[i]);
		}
	}
	spin_unlock(&w->lock);
}
