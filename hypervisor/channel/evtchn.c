/*
 * TOUR(15) Ports and their delivery: the table that grows on demand, and the few steps
 * by which an event reaches a vCPU:
 *
 *   shared_info.evtchn_pending[port / 64] bit port % 64   was set: done
 *   shared_info.evtchn_mask, the same bit                 set: no upcall
 *   vcpu_info.evtchn_pending_sel bit port / 64            was set: done
 *   vcpu_info.evtchn_upcall_pending = 1                   was 1: done
 *   sched_wake()
 *
 * All these words are the guest's to write as well. We never believe them: a
 * guest that spoils them loses its own events.
 *
 * Read next: evtchn_ops.c.
 */
#include "channel/evtchn.h"

#include <parley/errno.h>
#include <parley/event_channel.h>

#include "channel/evtchn_table.h"
#include "channel/guest_bits.h"
#include "domain/sched.h"
#include "domain/trace.h"
#include "lib/bitmap.h"
#include "lib/string.h"
#include "mm/alloc.h"

_Static_assert(EVTCHN_PORTS == PV_EVTCHN_2L_NR_CHANNELS, "the two-level interface");

#define EVTCHN_BUCKET_SIZE (sizeof(struct evtchn) * EVTCHN_BUCKET_PORTS)

struct spinlock evtchn_pair_lock = SPINLOCK_INIT;

int evtchn_init(struct domain *d)
{
	struct evtchn_table *t = &d->events;

	t->buckets[0] = heap_alloc(EVTCHN_BUCKET_SIZE);
	if (t->buckets[0] == NULL) {
		return -PV_ENOMEM;
	}
	t->buckets[0][0].state = EVTCHN_RESERVED; /* port 0 is no port */
	t->free_hint = 1;
	t->port_limit = EVTCHN_BUCKET_PORTS;
	return 0;
}

/* One more bucket of ports. */
static int table_grow(struct domain *d)
{
	struct evtchn_table *t = &d->events;
	struct evtchn *bucket;

	if (t->port_limit >= EVTCHN_PORTS) {
		return -PV_ENOSPC;
	}
	bucket = heap_alloc(EVTCHN_BUCKET_SIZE);
	if (bucket == NULL) {
		return -PV_ENOMEM;
	}
	t->buckets[t->port_limit / EVTCHN_BUCKET_PORTS] = bucket;
	__atomic_store_n(&t->port_limit, t->port_limit + EVTCHN_BUCKET_PORTS, __ATOMIC_RELEASE);
	return 0;
}

int evtchn_take_port(struct domain *d)
{
	struct evtchn_table *t = &d->events;
	u32 port;
	int rc;

	if (t->closed) {
		return -PV_ESRCH;
	}
	for (port = t->free_hint; port < t->port_limit; port++) {
		if (evtchn_at(d, port)->state == EVTCHN_FREE) {
			break;
		}
	}
	t->free_hint = port;
	if (port == t->port_limit) {
		rc = table_grow(d);
		if (rc < 0) {
			return rc;
		}
	}
	evtchn_at(d, port)->state = EVTCHN_RESERVED;
	t->free_hint = port + 1;
	return (int)port;
}

void evtchn_free_port(struct domain *d, u32 port)
{
	struct evtchn *chn = evtchn_at(d, port);

	*chn = (struct evtchn){ .state = EVTCHN_FREE };
	(void)guest_test_and_clear_bit(&d->shared->evtchn_pending[port / 64], port % 64);
	d->events.free_hint = MIN(d->events.free_hint, port);
}

void evtchn_lock_two(struct domain *a, struct domain *b)
{
	struct domain *first = a->id < b->id ? a : b;
	struct domain *second = a->id < b->id ? b : a;

	spin_lock(&first->event_lock);
	if (first != second) {
		spin_lock(&second->event_lock);
	}
}

void evtchn_unlock_two(struct domain *a, struct domain *b)
{
	spin_unlock(&a->event_lock);
	if (a != b) {
		spin_unlock(&b->event_lock);
	}
}

static inline void vcpu_mark_pending(struct vcpu *v)
{
	/*
	 * The wake is due even if upcalls are masked: a guest that is just
	 * unmasking may have looked at the byte before we wrote it.
	 */
	if (guest_exchange_byte(&v->info->evtchn_upcall_pending, 1) == 0 && !sched_sees_events(v)) {
		sched_wake(v);
	}
}

/* Wake who polls for the port. Partner of the barrier in evtchn_poll_begin(). */
static void wake_pollers(struct domain *d, u32 port)
{
	u64 pollers = __atomic_load_n(&d->events.watchers, __ATOMIC_SEQ_CST) &
		      EVTCHN_WATCHER_POLLERS;

	while (pollers != 0) {
		struct vcpu *v = d->vcpus[__builtin_ctzll(pollers)];
		u32 wanted = READ_ONCE(v->poll_port);

		pollers &= pollers - 1;
		if (wanted == port || (wanted == 0 && bitmap_test(v->poll_ports, port))) {
			sched_wake_anyhow(v);
		}
	}
}

/* For the trace: who is told of the port. */
static void trace_port(struct domain *d, u32 port)
{
	const struct evtchn *chn = evtchn_at(d, port);
	const struct vcpu *v = domain_vcpu(d, READ_ONCE(chn->vcpu));

	if (v != NULL) {
		trace_event(v, chn, port);
	}
}

/* The event was delivered; others want to know. Apart, and it looks for the port again, since few do. */
static __attribute__((noinline)) void tell_watchers(struct domain *d, u32 port)
{
	if (READ_ONCE(d->events.watchers) & EVTCHN_WATCHER_TRACE) {
		trace_port(d, port);
	}
	wake_pollers(d, port);
}

static inline void deliver(struct domain *d, struct vcpu *v, u32 port)
{
	u32 word = port / 64, bit = port % 64;

	if (!((READ_ONCE(d->shared->evtchn_mask[word]) >> bit) & 1) &&
	    !guest_test_and_set_bit(&v->info->evtchn_pending_sel, word)) {
		vcpu_mark_pending(v);
	}
}

void evtchn_deliver(struct domain *d, struct vcpu *v, u32 port)
{
	deliver(d, v, port);
}

void evtchn_raise(struct domain *d, const struct evtchn *chn, u32 port)
{
	struct vcpu *v = domain_vcpu(d, READ_ONCE(chn->vcpu));

	if (v == NULL || guest_test_and_set_bit(&d->shared->evtchn_pending[port / 64], port % 64)) {
		return;
	}
	deliver(d, v, port);
	if (unlikely(__atomic_load_n(&d->events.watchers, __ATOMIC_SEQ_CST) != 0)) {
		tell_watchers(d, port);
	}
}

void evtchn_set_pending(struct domain *d, u32 port)
{
	const struct evtchn *chn = evtchn_at(d, port);

	if (chn != NULL) {
		evtchn_raise(d, chn, port);
	}
}

void evtchn_virq(struct vcpu *v, u32 virq)
{
	u32 port = READ_ONCE(v->virq_port[virq]);

	if (port != 0) {
		evtchn_set_pending(v->domain, port);
	}
}

void evtchn_virq_global(struct domain *d, u32 virq)
{
	evtchn_virq(d->vcpus[0], virq);
}

int evtchn_alloc_hypervisor(struct domain *d, void (*notify)(void *arg), void *arg)
{
	struct evtchn *chn;
	int port;

	spin_lock(&d->event_lock);
	port = evtchn_take_port(d);
	if (port >= 0) {
		chn = evtchn_at(d, (u32)port);
		chn->vcpu = 0;
		chn->notify = notify;
		chn->arg = arg;
		chn->state = EVTCHN_HYPERVISOR;
	}
	spin_unlock(&d->event_lock);
	return port;
}

/* A sender that is late for the last poll may see this one's ports half made: it wakes v for nothing at most. */
static void set_poll_ports(struct vcpu *v, const u32 *ports, u32 n)
{
	WRITE_ONCE(v->poll_port, 0);
	memset(v->poll_ports, 0, sizeof(v->poll_ports));
	for (u32 i = 0; i < n; i++) {
		v->poll_ports[ports[i] / 64] |= 1UL << (ports[i] % 64);
	}
}

bool evtchn_poll_begin(struct vcpu *v, const u32 *ports, u32 n)
{
	struct domain *d = v->domain;

	if (n == 1) {
		WRITE_ONCE(v->poll_port, ports[0]);
	} else {
		set_poll_ports(v, ports, n);
	}
	__atomic_fetch_or(&d->events.watchers, 1UL << v->id, __ATOMIC_SEQ_CST);
	for (u32 i = 0; i < n; i++) {
		if (bitmap_test(d->shared->evtchn_pending, ports[i])) {
			return true;
		}
	}
	return false;
}

void evtchn_poll_end(struct vcpu *v)
{
	__atomic_fetch_and(&v->domain->events.watchers, ~(1UL << v->id), __ATOMIC_SEQ_CST);
}

void evtchn_rescan(struct vcpu *v)
{
	struct pv_vcpu_info *info = v->info;

	__atomic_store_n(&info->evtchn_pending_sel, ~0UL, __ATOMIC_SEQ_CST);
	if (guest_exchange_byte(&info->evtchn_upcall_pending, 1) == 0) {
		sched_wake(v);
	}
}
