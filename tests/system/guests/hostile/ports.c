/*
 * Event ports: out of range, closed, bound twice, of other domains, and all of
 * them used up.
 */
#include "groups.h"

#include <stdint.h>

#include "check.h"
#include "events.h"
#include "hypercall.h"
#include "smp.h"
#include "start.h"
#include "timer.h"

static const unsigned wrong_ports[] = { 0,      1000,       4095,       4096,      131071,
					131072, 0x7fffffff, 0x80000000, 0xffffffff };

/* Every operation on a port that is not there. */
static long with_port(unsigned op, unsigned port)
{
	union {
		struct pv_evtchn_send send;
		struct pv_evtchn_close close;
		struct pv_evtchn_unmask unmask;
		struct pv_evtchn_bind_vcpu bind_vcpu;
		struct pv_evtchn_set_priority set_priority;
	} u = { .set_priority = { .port = port } };

	return hypercall_event_channel_op(op, &u);
}

static void check_wrong_ports(void)
{
	static const struct {
		const char *name;
		unsigned op;
	} ops[] = {
		{ "ports: close", PV_EVTCHNOP_close },
		{ "ports: send", PV_EVTCHNOP_send },
		{ "ports: bind_vcpu", PV_EVTCHNOP_bind_vcpu },
	};

	for (unsigned i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		unsigned long bad = 0, first = 0;
		long got = 0;

		for (unsigned j = 0; j < sizeof(wrong_ports) / sizeof(wrong_ports[0]); j++) {
			long rc = with_port(ops[i].op, wrong_ports[j]);

			if (rc != -PV_EINVAL && bad++ == 0) {
				first = wrong_ports[j];
				got = rc;
			}
		}
		check_sweep(ops[i].name, bad, first, got);
	}
	check_refused("ports: unmask 4096", with_port(PV_EVTCHNOP_unmask, 4096));
	check_refused("ports: unmask 2^32-1", with_port(PV_EVTCHNOP_unmask, ~0u));
	check_refused("ports: priority of 2^32-1", with_port(PV_EVTCHNOP_set_priority, ~0u));
}

static void check_status(void)
{
	struct pv_evtchn_status status = { .dom = PV_DOMID_SELF };
	int port = events_alloc_unbound(PV_DOMID_SELF, NULL, NULL);

	events_close((unsigned)port);
	status.port = (unsigned)port;
	check_result("ports: status of a closed port",
		     hypercall_event_channel_op(PV_EVTCHNOP_status, &status), 0);
	check_result("ports: closed it is", status.status, PV_EVTCHNSTAT_closed);
	status.port = 0x7fffffff;
	check_result("ports: status out of range",
		     hypercall_event_channel_op(PV_EVTCHNOP_status, &status), -PV_EINVAL);
	status.port = 1;
	status.dom = 100;
	check_refused("ports: status of another domain's port",
		      hypercall_event_channel_op(PV_EVTCHNOP_status, &status));
}

static long bind_virq(unsigned virq, unsigned vcpu)
{
	struct pv_evtchn_bind_virq bind = { .virq = virq, .vcpu = vcpu };

	return hypercall_event_channel_op(PV_EVTCHNOP_bind_virq, &bind);
}

static long bind_ipi(unsigned vcpu)
{
	struct pv_evtchn_bind_ipi bind = { .vcpu = vcpu };

	return hypercall_event_channel_op(PV_EVTCHNOP_bind_ipi, &bind);
}

static void check_binds(void)
{
	struct pv_evtchn_bind_pirq pirq = { .pirq = 1 };

	check_result("ports: virq 24", bind_virq(PV_NR_VIRQS, 0), -PV_EINVAL);
	check_result("ports: virq 2^32-1", bind_virq(~0u, 0), -PV_EINVAL);
	check_result("ports: timer bound twice", bind_virq(PV_VIRQ_TIMER, 0), -PV_EEXIST);
	check_result("ports: virq of no vCPU", bind_virq(PV_VIRQ_TIMER, smp_count()), -PV_ENOENT);
	check_result("ports: virq of vCPU 2^32-1", bind_virq(PV_VIRQ_TIMER, ~0u), -PV_ENOENT);
	if (smp_count() > 1) {
		check_result("ports: a domain's virq on vCPU 1", bind_virq(PV_VIRQ_CONSOLE, 1),
			     -PV_EINVAL);
	}
	check_result("ports: ipi of no vCPU", bind_ipi(smp_count()), -PV_ENOENT);
	check_result("ports: ipi of vCPU 2^32-1", bind_ipi(~0u), -PV_ENOENT);
	if (!start_is_privileged()) {
		check_refused("ports: a device's interrupt",
			      hypercall_event_channel_op(PV_EVTCHNOP_bind_pirq, &pirq));
	}
}

static void check_other_domains(void)
{
	static const unsigned ids[] = { 100,          0x7fef,           PV_DOMID_IO,
					PV_DOMID_XEN, PV_DOMID_INVALID, 0xffff };
	unsigned long bad = 0, first = 0;
	long got = 0;

	for (unsigned i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		struct pv_evtchn_alloc_unbound alloc = {
			.dom = (uint16_t)ids[i],
			.remote_dom = PV_DOMID_SELF,
		};
		struct pv_evtchn_bind_interdomain bind = {
			.remote_dom = (uint16_t)ids[i],
			.remote_port = 1,
		};
		struct pv_evtchn_reset reset = { .dom = (uint16_t)ids[i] };
		long rc = hypercall_event_channel_op(PV_EVTCHNOP_alloc_unbound, &alloc);

		rc = rc < 0 ? hypercall_event_channel_op(PV_EVTCHNOP_bind_interdomain, &bind) : rc;
		rc = rc < 0 ? hypercall_event_channel_op(PV_EVTCHNOP_reset, &reset) : rc;
		if (rc >= 0 && bad++ == 0) {
			first = ids[i];
			got = rc;
		}
	}
	check_sweep("ports: in other domains", bad, first, got);
}

static unsigned seen;

static void on_event(unsigned port, void *arg)
{
	seen++;
}

/* A pair of ports inside the domain, and what may be done to it twice. */
static void check_pair(void)
{
	int unbound = events_alloc_unbound(PV_DOMID_SELF, on_event, NULL);
	struct pv_evtchn_bind_interdomain bind = {
		.remote_dom = PV_DOMID_SELF,
		.remote_port = (unsigned)unbound,
	};
	int bound = events_bind_interdomain(PV_DOMID_SELF, (unsigned)unbound, on_event, NULL);

	check_true("ports: a pair", unbound > 0 && bound > 0);
	check_refused("ports: bound to twice",
		      hypercall_event_channel_op(PV_EVTCHNOP_bind_interdomain, &bind));
	seen = 0;
	check_result("ports: send to the peer", events_send((unsigned)bound), 0);
	check_true("ports: it arrives", seen > 0);
	check_result("ports: close", events_close((unsigned)bound), 0);
	check_result("ports: close twice", events_close((unsigned)bound), -PV_EINVAL);
	check_result("ports: close the peer", events_close((unsigned)unbound), 0);
	check_result("ports: send to what was closed", events_send((unsigned)bound), -PV_EINVAL);
}

/* All ports taken: an error, no damage, and all come back. */
static void check_exhaustion(void)
{
	static uint16_t taken[PV_EVTCHN_2L_NR_CHANNELS];
	struct pv_evtchn_alloc_unbound alloc = { .dom = PV_DOMID_SELF,
						 .remote_dom = PV_DOMID_SELF };
	unsigned count = 0, wrong = 0;
	uint64_t before = timer_now_ns();
	long rc;

	while ((rc = hypercall_event_channel_op(PV_EVTCHNOP_alloc_unbound, &alloc)) == 0 &&
	       count < PV_EVTCHN_2L_NR_CHANNELS) {
		wrong += alloc.port == 0 || alloc.port >= PV_EVTCHN_2L_NR_CHANNELS;
		taken[count++] = (uint16_t)alloc.port;
	}
	check_result("ports: no more of them", rc, -PV_ENOSPC);
	check_result("ports: all within range", wrong, 0);
	check_result("ports: ipi then", bind_ipi(0), -PV_ENOSPC);
	timer_sleep_ns(1000);
	check_true("ports: the timer goes on", timer_now_ns() > before);
	while (count > 0) {
		struct pv_evtchn_close close = { .port = taken[--count] };

		wrong += hypercall_event_channel_op(PV_EVTCHNOP_close, &close) != 0;
	}
	check_result("ports: all closed", wrong, 0);
}

void ports_check(void)
{
	check_wrong_ports();
	check_status();
	check_binds();
	check_other_domains();
	check_pair();
	check_exhaustion();
}
