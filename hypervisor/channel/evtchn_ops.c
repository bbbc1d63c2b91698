/*
 * The operations on ports. A record is filled in completely before its state
 * says what it is, under the lock, and every check comes before any change.
 *
 * Read next: ../hypercall/event_channel_op.c.
 */
#include "channel/evtchn_ops.h"

#include <parley/errno.h>

#include "channel/evtchn_table.h"
#include "channel/guest_bits.h"
#include "mm/alloc.h"

int evtchn_alloc_unbound(struct domain *d, u16 remote_domid)
{
	struct evtchn *chn;
	int port;

	spin_lock(&d->event_lock);
	port = evtchn_take_port(d);
	if (port >= 0) {
		chn = evtchn_at(d, (u32)port);
		chn->remote_domid = remote_domid == PV_DOMID_SELF ? d->id : remote_domid;
		chn->vcpu = 0;
		chn->state = EVTCHN_UNBOUND;
	}
	spin_unlock(&d->event_lock);
	return port;
}

/* Both locks held. */
static int bind_pair(struct domain *d, struct domain *rd, u32 rport)
{
	struct evtchn *there = evtchn_at(rd, rport);
	struct evtchn *here;
	int port;

	if (there == NULL || there->state != EVTCHN_UNBOUND || there->remote_domid != d->id) {
		return -PV_EINVAL;
	}
	port = evtchn_take_port(d);
	if (port < 0) {
		return port;
	}
	here = evtchn_at(d, (u32)port);
	here->remote = rd;
	here->remote_domid = rd->id;
	here->remote_port = rport;
	here->vcpu = 0;
	here->state = EVTCHN_INTERDOMAIN;
	there->remote = d;
	there->remote_port = (u32)port;
	there->state = EVTCHN_INTERDOMAIN;
	return port;
}

int evtchn_bind_interdomain(struct domain *d, u16 rdom, u32 rport)
{
	struct domain *rd;
	int port;

	/* evtchn_fini() needs the pair lock before a domain that is found here can go. */
	spin_lock(&evtchn_pair_lock);
	rd = rdom == PV_DOMID_SELF ? d : domain_find(rdom);
	if (rd == NULL) {
		port = -PV_ESRCH;
		goto out;
	}
	evtchn_lock_two(d, rd);
	port = rd->events.closed ? -PV_ESRCH : bind_pair(d, rd, rport);
	evtchn_unlock_two(d, rd);
out:
	spin_unlock(&evtchn_pair_lock);
	if (port >= 0) {
		evtchn_set_pending(d, (u32)port);
	}
	return port;
}

static bool virq_is_per_vcpu(u32 virq)
{
	return virq == PV_VIRQ_TIMER || virq == PV_VIRQ_DEBUG || virq == PV_VIRQ_XENOPROF ||
	       virq == PV_VIRQ_XENPMU;
}

int evtchn_bind_virq(struct domain *d, u32 virq, u32 vcpu)
{
	struct vcpu *v = domain_vcpu(d, vcpu);
	struct evtchn *chn;
	int port;

	if (virq >= PV_VIRQ_COUNT || (vcpu != 0 && !virq_is_per_vcpu(virq))) {
		return -PV_EINVAL;
	}
	if (v == NULL) {
		return -PV_ENOENT;
	}
	spin_lock(&d->event_lock);
	port = v->virq_port[virq] != 0 ? -PV_EEXIST : evtchn_take_port(d);
	if (port >= 0) {
		chn = evtchn_at(d, (u32)port);
		chn->virq = (u8)virq;
		chn->vcpu = vcpu;
		chn->state = EVTCHN_VIRQ;
		__atomic_store_n(&v->virq_port[virq], (u16)port, __ATOMIC_RELEASE);
	}
	spin_unlock(&d->event_lock);
	return port;
}

int evtchn_bind_ipi(struct domain *d, u32 vcpu)
{
	struct evtchn *chn;
	int port;

	if (domain_vcpu(d, vcpu) == NULL) {
		return -PV_ENOENT;
	}
	spin_lock(&d->event_lock);
	port = evtchn_take_port(d);
	if (port >= 0) {
		chn = evtchn_at(d, (u32)port);
		chn->vcpu = vcpu;
		chn->state = EVTCHN_IPI;
	}
	spin_unlock(&d->event_lock);
	return port;
}

/* The port that a guest may close, send on and so on, or NULL. The lock held. */
static struct evtchn *open_port(const struct domain *d, u32 port)
{
	struct evtchn *chn = evtchn_at(d, port);

	return chn == NULL || chn->state <= EVTCHN_RESERVED ? NULL : chn;
}

/* The virq's port is forgotten before the port is free for another use. The lock held. */
static void virq_unbind(struct domain *d, const struct evtchn *chn, u32 port)
{
	for (u32 i = 0; i < d->vcpu_count; i++) {
		if (d->vcpus[i]->virq_port[chn->virq] == port) {
			WRITE_ONCE(d->vcpus[i]->virq_port[chn->virq], 0);
		}
	}
}

/* The lock of d held, of the other end's domain too for a pair. */
static void close_port(struct domain *d, u32 port)
{
	struct evtchn *chn = evtchn_at(d, port);

	if (chn->state == EVTCHN_VIRQ) {
		virq_unbind(d, chn, port);
	} else if (chn->state == EVTCHN_INTERDOMAIN) {
		struct evtchn *there = evtchn_at(chn->remote, chn->remote_port);

		there->state = EVTCHN_UNBOUND;
		there->remote = NULL;
		there->remote_port = 0;
		there->remote_domid = d->id;
	}
	evtchn_free_port(d, port);
}

/* The other end's domain, or NULL: the port is no end of a pair. The lock held. */
static struct domain *peer_of(const struct domain *d, u32 port)
{
	const struct evtchn *chn = evtchn_at(d, port);

	return chn != NULL && chn->state == EVTCHN_INTERDOMAIN ? chn->remote : NULL;
}

/* Close a port that is no end of a pair; the hypervisor's only if `all`. The lock held. */
static int close_single(struct domain *d, u32 port, bool all)
{
	const struct evtchn *chn = open_port(d, port);

	if (chn == NULL || (chn->state == EVTCHN_HYPERVISOR && !all)) {
		return -PV_EINVAL;
	}
	close_port(d, port);
	return 0;
}

/*
 * The port was an end of a pair when we looked. The pair lock keeps what is a pair one, and lets
 * nothing become one: what it is now it stays, whatever other vCPUs do.
 */
static int close_pair(struct domain *d, u32 port, bool all)
{
	struct domain *rd;
	int rc = 0;

	spin_lock(&evtchn_pair_lock);
	spin_lock(&d->event_lock);
	rd = peer_of(d, port);
	if (rd == NULL) {
		rc = close_single(d, port, all);
	}
	spin_unlock(&d->event_lock);
	if (rd != NULL) {
		evtchn_lock_two(d, rd);
		close_port(d, port);
		evtchn_unlock_two(d, rd);
	}
	spin_unlock(&evtchn_pair_lock);
	return rc;
}

/* Close a port; the hypervisor's only if `all`. Only ends of pairs are worth the pair lock, which all domains share. */
static int close_any(struct domain *d, u32 port, bool all)
{
	bool is_pair;
	int rc = 0;

	spin_lock(&d->event_lock);
	is_pair = peer_of(d, port) != NULL;
	if (!is_pair) {
		rc = close_single(d, port, all);
	}
	spin_unlock(&d->event_lock);
	return is_pair ? close_pair(d, port, all) : rc;
}

int evtchn_close(struct domain *d, u32 port)
{
	return close_any(d, port, false);
}

/* A port whose other end is the hypervisor is told without the lock. */
static void send_to_hypervisor(struct domain *d, const struct evtchn *chn)
{
	void (*notify)(void *arg) = chn->notify;
	void *arg = chn->arg;

	spin_unlock(&d->event_lock);
	notify(arg);
}

int evtchn_send(struct domain *d, u32 port)
{
	const struct evtchn *chn;
	int rc = 0;

	spin_lock(&d->event_lock);
	chn = evtchn_at(d, port);
	if (unlikely(chn == NULL)) {
		rc = -PV_EINVAL;
	} else if (chn->state == EVTCHN_IPI) {
		evtchn_raise(d, chn, port);
	} else if (chn->state == EVTCHN_INTERDOMAIN) {
		evtchn_set_pending(chn->remote, chn->remote_port);
	} else if (chn->state == EVTCHN_HYPERVISOR) {
		send_to_hypervisor(d, chn);
		return 0;
	} else if (chn->state != EVTCHN_UNBOUND) {
		rc = -PV_EINVAL;
	}
	spin_unlock(&d->event_lock);
	return rc;
}

bool evtchn_has_port(struct domain *d, u32 port)
{
	bool has;

	spin_lock(&d->event_lock);
	has = evtchn_at(d, port) != NULL;
	spin_unlock(&d->event_lock);
	return has;
}

int evtchn_status(struct domain *d, struct pv_evtchn_status *status)
{
	const struct evtchn *chn;

	if (status->port >= EVTCHN_PORTS) {
		return -PV_EINVAL;
	}
	spin_lock(&d->event_lock);
	chn = evtchn_at(d, status->port);
	status->status = PV_EVTCHNSTAT_closed;
	status->vcpu = chn == NULL ? 0 : chn->vcpu;
	switch (chn == NULL ? EVTCHN_FREE : chn->state) {
	case EVTCHN_UNBOUND:
		status->status = PV_EVTCHNSTAT_unbound;
		status->u.unbound.dom = chn->remote_domid;
		break;
	case EVTCHN_INTERDOMAIN:
		status->status = PV_EVTCHNSTAT_interdomain;
		status->u.interdomain.dom = chn->remote_domid;
		status->u.interdomain.port = chn->remote_port;
		break;
	case EVTCHN_HYPERVISOR:
		status->status = PV_EVTCHNSTAT_interdomain;
		status->u.interdomain.dom = PV_DOMID_SERVICES;
		status->u.interdomain.port = 0;
		break;
	case EVTCHN_VIRQ:
		status->status = PV_EVTCHNSTAT_virq;
		status->u.virq = chn->virq;
		break;
	case EVTCHN_IPI:
		status->status = PV_EVTCHNSTAT_ipi;
		break;
	default:
		break;
	}
	spin_unlock(&d->event_lock);
	return 0;
}

int evtchn_bind_vcpu(struct domain *d, u32 port, u32 vcpu)
{
	struct evtchn *chn;
	int rc = 0;

	if (domain_vcpu(d, vcpu) == NULL) {
		return -PV_ENOENT;
	}
	spin_lock(&d->event_lock);
	chn = open_port(d, port);
	if (chn == NULL || chn->state == EVTCHN_IPI ||
	    (chn->state == EVTCHN_VIRQ && virq_is_per_vcpu(chn->virq))) {
		rc = -PV_EINVAL;
	} else {
		WRITE_ONCE(chn->vcpu, vcpu);
	}
	spin_unlock(&d->event_lock);
	return rc;
}

int evtchn_unmask(struct domain *d, u32 port)
{
	u32 word = port / 64, bit = port % 64;
	struct vcpu *v;
	int rc = 0;

	spin_lock(&d->event_lock);
	if (port == 0 || evtchn_at(d, port) == NULL) {
		rc = -PV_EINVAL;
		goto out;
	}
	v = d->vcpus[evtchn_at(d, port)->vcpu];
	if (guest_test_and_clear_bit(&d->shared->evtchn_mask[word], bit) &&
	    ((READ_ONCE(d->shared->evtchn_pending[word]) >> bit) & 1)) {
		evtchn_deliver(d, v, port);
	}
out:
	spin_unlock(&d->event_lock);
	return rc;
}

/* Close the next few ports; the hypervisor's only if `all`. True if there are more. */
static bool close_step(struct domain *d, bool all)
{
	u32 limit = __atomic_load_n(&d->events.port_limit, __ATOMIC_ACQUIRE);
	u32 from = READ_ONCE(d->events.reset_next);
	u32 to = MIN(from + EVTCHN_RESET_STEP, limit);

	for (u32 port = MAX(from, 1U); port < to; port++) {
		(void)close_any(d, port, all); /* what is not open is as it shall be */
	}
	WRITE_ONCE(d->events.reset_next, to < limit ? to : 0);
	return to < limit;
}

bool evtchn_reset_step(struct domain *d)
{
	return close_step(d, false);
}

/* No port is given out any more, and nobody binds to one of d. */
static void close_table(struct domain *d)
{
	spin_lock(&evtchn_pair_lock);
	spin_lock(&d->event_lock);
	d->events.closed = true;
	d->events.reset_next = 0;
	spin_unlock(&d->event_lock);
	spin_unlock(&evtchn_pair_lock);
}

static void free_table(struct domain *d)
{
	struct evtchn_table *t = &d->events;

	t->port_limit = 0;
	for (u32 i = 0; i < EVTCHN_BUCKETS; i++) {
		heap_free(t->buckets[i], sizeof(struct evtchn) * EVTCHN_BUCKET_PORTS);
		t->buckets[i] = NULL;
	}
}

bool evtchn_fini_step(struct domain *d)
{
	struct evtchn_table *t = &d->events;

	if (!t->closed) {
		close_table(d);
	}
	if (close_step(d, true)) {
		return true;
	}
	free_table(d);
	return false;
}

void evtchn_fini(struct domain *d)
{
	while (evtchn_fini_step(d)) {
	}
}
