/*
 * Event channels, the two-level interface: a port's pending bit in shared_info,
 * a selector and a byte in vcpu_info, and a wake. A port is free or fully built;
 * its state changes under the owner's event_lock. That two ports are a pair
 * changes only under evtchn_pair_lock and then both event_locks, lower domid
 * first; so who holds one end's event_lock may use the other end.
 * Reading the pending bit needs no lock.
 *
 * Lock order: evtchn_pair_lock > event_lock > run queue lock.
 *
 * Read next: evtchn_ops.h, what guests can do with ports.
 */
#ifndef CHANNEL_EVTCHN_H
#define CHANNEL_EVTCHN_H

#include "domain/domain.h"

/* A new domain: its first ports, all free. 0 or -PV_ENOMEM. */
int evtchn_init(struct domain *d) must_check;

/*
 * The end of d, none of whose vCPUs runs: close all ports, some at a time; peers
 * become unbound. True if there is more to do. And all at once.
 */
bool evtchn_fini_step(struct domain *d) must_check;
void evtchn_fini(struct domain *d);

/* Set the port pending in d and wake its vCPU as the ABI says. Any CPU; no lock needed. */
void evtchn_set_pending(struct domain *d, u32 port);

/* Virtual interrupt: per-vCPU (TIMER, DEBUG) or global. Nothing if unbound. */
void evtchn_virq(struct vcpu *v, u32 virq);
void evtchn_virq_global(struct domain *d, u32 virq);

/* A port whose other end is the hypervisor (console, store): returns the port or -errno. notify runs on the sender's CPU, no lock held. */
int evtchn_alloc_hypervisor(struct domain *d, void (*notify)(void *arg), void *arg) must_check;

/*
 * sched_op poll. begin: the current vCPU is woken from now on by an event on
 * one of the n ports, masked or not, and by no other unless its upcalls are unmasked. True if one of the n ports has an
 * event already, then the poll is over. end: no longer. Full barrier inside,
 * partner in evtchn_set_pending(). Ports must be below EVTCHN_PORTS.
 */
bool evtchn_poll_begin(struct vcpu *v, const u32 *ports, u32 n) must_check;
void evtchn_poll_end(struct vcpu *v);

/* Make v look at all its events: after its vcpu_info has moved. */
void evtchn_rescan(struct vcpu *v);

/* The vCPU has an upcall to take: pending and not masked. */
static inline bool evtchn_upcall_due(const struct vcpu *v)
{
	return READ_ONCE(v->info->evtchn_upcall_pending) && !READ_ONCE(v->info->evtchn_upcall_mask);
}

#endif
