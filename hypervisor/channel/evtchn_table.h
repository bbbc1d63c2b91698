/*
 * Inside the room: the table of ports that evtchn.c keeps and evtchn_ops.c
 * works on. All of it under the domain's event_lock.
 */
#ifndef CHANNEL_EVTCHN_TABLE_H
#define CHANNEL_EVTCHN_TABLE_H

#include "channel/evtchn.h"

/* Held while a pair of ports is made or broken; see evtchn.h. */
extern struct spinlock evtchn_pair_lock;

/* The port's record, or NULL if it has never had one. Also without the lock. */
static inline struct evtchn *evtchn_at(const struct domain *d, u32 port)
{
	/* Partner: the release in table_grow(). A bucket stays until evtchn_fini(). */
	u32 limit = __atomic_load_n(&d->events.port_limit, __ATOMIC_ACQUIRE);

	if (port >= limit) {
		return NULL;
	}
	return &d->events.buckets[port / EVTCHN_BUCKET_PORTS][port % EVTCHN_BUCKET_PORTS];
}

/* evtchn_set_pending() for a port whose record is at hand. */
void evtchn_raise(struct domain *d, const struct evtchn *chn, u32 port);

/* A free port, made EVTCHN_RESERVED until its record is filled in: or -PV_ENOSPC, -PV_ENOMEM, -PV_ESRCH (domain is dying). */
int evtchn_take_port(struct domain *d) must_check;

/* The port is free again, its pending bit clear. */
void evtchn_free_port(struct domain *d, u32 port);

/* The port is pending: what must follow unless its mask bit is set. v: the vCPU it notifies. */
void evtchn_deliver(struct domain *d, struct vcpu *v, u32 port);

/* Both locks of a pair, once if it is one domain. */
void evtchn_lock_two(struct domain *a, struct domain *b);
void evtchn_unlock_two(struct domain *a, struct domain *b);

#endif
