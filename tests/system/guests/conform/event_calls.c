/* event_channel_op. Read next: grant_calls.c; between two domains: ../events. */
#include "groups.h"

#include <stdint.h>

#include "calls.h"
#include "cpu.h"
#include "events.h"
#include "hypercall.h"
#include "mmu.h"
#include "page.h"
#include "smp.h"
#include "timer.h"

#define PORTS PV_EVTCHN_2L_NR_CHANNELS

static uint16_t taken[PORTS];

static long do_op(unsigned op, void *arg)
{
	return hypercall_event_channel_op(op, arg);
}

static long alloc(unsigned dom, unsigned remote, unsigned *port)
{
	struct pv_evtchn_alloc_unbound a = { .dom = (pv_domid_t)dom,
					     .remote_dom = (pv_domid_t)remote };
	long rc = do_op(PV_EVTCHNOP_alloc_unbound, &a);

	*port = a.port;
	return rc;
}

static long bind_inter(unsigned dom, unsigned port)
{
	struct pv_evtchn_bind_interdomain b = { .remote_dom = (pv_domid_t)dom,
						.remote_port = port };

	return do_op(PV_EVTCHNOP_bind_interdomain, &b);
}

static long bind_virq(unsigned virq, unsigned vcpu)
{
	struct pv_evtchn_bind_virq b = { .virq = virq, .vcpu = vcpu };

	return do_op(PV_EVTCHNOP_bind_virq, &b);
}

static long bind_ipi(unsigned vcpu)
{
	struct pv_evtchn_bind_ipi b = { .vcpu = vcpu };

	return do_op(PV_EVTCHNOP_bind_ipi, &b);
}

static long bind_vcpu(unsigned port, unsigned vcpu)
{
	struct pv_evtchn_bind_vcpu b = { .port = port, .vcpu = vcpu };

	return do_op(PV_EVTCHNOP_bind_vcpu, &b);
}

static long on_port(unsigned op, unsigned port)
{
	uint32_t word = port;

	return do_op(op, &word);
}

static void check_ports_in_turn(void)
{
	unsigned port = 0;
	struct pv_evtchn_status status = { .dom = PV_DOMID_SELF };

	DOES("event_channel_op.alloc_unbound", "for ourselves",
	     alloc(PV_DOMID_SELF, PV_DOMID_SELF, &port), 0);
	DOES("event_channel_op.send", "to nobody", on_port(PV_EVTCHNOP_send, port), 0);
	DOES("event_channel_op.bind_vcpu", "vCPU 0", bind_vcpu(port, 0), 0);
	REFUSES("event_channel_op.bind_vcpu", PV_ENOENT, "the first beyond",
		bind_vcpu(port, smp_count()));
	DOES("event_channel_op.unmask", "it", on_port(PV_EVTCHNOP_unmask, port), 0);
	status.port = port;
	DOES("event_channel_op.status", "of it", do_op(PV_EVTCHNOP_status, &status), 0);
	DOES("event_channel_op.close", "it", on_port(PV_EVTCHNOP_close, port), 0);
	REFUSES("event_channel_op.close", PV_EINVAL, "closed already",
		on_port(PV_EVTCHNOP_close, port));
	REFUSES("event_channel_op.close", PV_EINVAL, "4096", on_port(PV_EVTCHNOP_close, PORTS));
	REFUSES("event_channel_op.send", PV_EINVAL, "closed", on_port(PV_EVTCHNOP_send, port));
	REFUSES("event_channel_op.send", PV_EINVAL, "4096", on_port(PV_EVTCHNOP_send, PORTS));
	REFUSES("event_channel_op.bind_vcpu", PV_EINVAL, "closed", bind_vcpu(port, 0));
	REFUSES("event_channel_op.unmask", PV_EINVAL, "4096", on_port(PV_EVTCHNOP_unmask, PORTS));
	status.port = PORTS;
	REFUSES("event_channel_op.status", PV_EINVAL, "4096",
		calls_on_parley() ? do_op(PV_EVTCHNOP_status, &status) : -PV_EINVAL);
	if (calls_on_parley()) {
		status.dom = 100;
		REFUSES("event_channel_op.status", PV_EPERM, "another domain's",
			do_op(PV_EVTCHNOP_status, &status));
		REFUSES("event_channel_op.alloc_unbound", PV_EPERM, "in another domain",
			alloc(100, PV_DOMID_SELF, &port));
	}
}

static void check_binds(void)
{
	int timer = events_bind_virq(PV_VIRQ_DEBUG, 0, NULL, NULL);
	unsigned port = 0;
	struct pv_evtchn_bind_pirq pirq = { .pirq = 1 };

	REFUSES("event_channel_op.bind_virq", PV_EEXIST, "twice", bind_virq(PV_VIRQ_DEBUG, 0));
	REFUSES("event_channel_op.bind_virq", PV_EINVAL, "the first beyond",
		bind_virq(PV_NR_VIRQS, 0));
	REFUSES("event_channel_op.bind_virq", PV_ENOENT, "no such vCPU",
		bind_virq(PV_VIRQ_DEBUG, smp_count()));
	REFUSES("event_channel_op.bind_vcpu", PV_EINVAL, "a vCPU's own virq",
		bind_vcpu((unsigned)timer, 0));
	events_close((unsigned)timer);
	REFUSES("event_channel_op.bind_ipi", PV_ENOENT, "no such vCPU", bind_ipi(smp_count()));
	if (calls_on_parley()) {
		REFUSES("event_channel_op.bind_pirq", PV_ENOSYS, "no devices",
			do_op(PV_EVTCHNOP_bind_pirq, &pirq));
	}
	REFUSES("event_channel_op.bind_interdomain", PV_ESRCH, "no such domain",
		bind_inter(0x7123, 1));
	alloc(PV_DOMID_SELF, 0x123, &port);
	REFUSES("event_channel_op.bind_interdomain", PV_EINVAL, "meant for another",
		bind_inter(PV_DOMID_SELF, port));
	on_port(PV_EVTCHNOP_close, port);
	REFUSES("event_channel_op.bind_interdomain", PV_EINVAL, "closed",
		bind_inter(PV_DOMID_SELF, port));
	REFUSES("event_channel_op.bind_interdomain", PV_EINVAL, "4096",
		bind_inter(PV_DOMID_SELF, PORTS));
	REFUSES("event_channel_op", PV_EFAULT, "from nowhere",
		do_op(PV_EVTCHNOP_close, (void *)NOWHERE));
	REFUSES("event_channel_op", PV_EFAULT, "from the hypervisor",
		do_op(PV_EVTCHNOP_send, (void *)HYPERVISOR));
	REFUSES("event_channel_op", PV_ENOSYS, "beyond the numbers", do_op(99, &port));
	if (calls_on_parley()) {
		struct pv_evtchn_reset reset = { .dom = 100 };

		REFUSES("event_channel_op.reset", PV_EPERM, "another domain",
			do_op(PV_EVTCHNOP_reset, &reset));
	}
}

/* For a domain that nobody is, until there are no more; then every way to get one. */
static void check_all_ports(void)
{
	unsigned count = 0, wrong = 0, port = 0, unbound = 0;
	long rc, ready;

	ready = alloc(PV_DOMID_SELF, PV_DOMID_SELF, &unbound);
	while ((rc = alloc(PV_DOMID_SELF, 0, &port)) == 0 && count < PORTS) {
		wrong += port == 0 || port >= PORTS;
		taken[count++] = (uint16_t)port;
	}
	REFUSES("event_channel_op.alloc_unbound", PV_ENOSPC, "all in use", rc);
	REFUSES("event_channel_op.bind_ipi", PV_ENOSPC, "all in use", bind_ipi(0));
	REFUSES("event_channel_op.bind_virq", PV_ENOSPC, "all in use", bind_virq(PV_VIRQ_DEBUG, 0));
	REFUSES("event_channel_op.bind_interdomain", PV_ENOSPC, "all in use",
		ready == 0 ? bind_inter(PV_DOMID_SELF, unbound) : ready);
	check_true("event_channel_op: the last is 4095",
		   count > 4000 && count < PORTS && wrong == 0);
	for (unsigned i = 0; i < count; i++) {
		wrong += on_port(PV_EVTCHNOP_close, taken[i]) != 0;
	}
	on_port(PV_EVTCHNOP_close, unbound);
	check_result("event_channel_op: all closed", wrong, 0);
}

/* A poll of each port, bound or not, with a time that has passed. */
static void check_polls(void)
{
	unsigned long bad = 0, first = 0;
	uint32_t port;
	struct pv_sched_poll poll = { .ports = (uintptr_t)&port, .nr_ports = 1, .timeout = 1 };
	long got = 0;

	for (port = 32; port < PORTS; port++) {
		long rc = hypercall_sched_op(PV_SCHEDOP_poll, &poll);

		if (rc != 0 && bad++ == 0) {
			first = port;
			got = rc;
		}
	}
	if (calls_on_parley()) {
		check_sweep("sched_op.poll: every port, at once", bad, first, got);
	}
	REFUSES("sched_op.poll", PV_EINVAL, "port 4096",
		hypercall_sched_op(PV_SCHEDOP_poll, &poll));
}

static void check_fifo(void)
{
	struct pv_evtchn_init_control init = { .control_gfn = ODD_FRAME, .vcpu = 0 };
	struct pv_evtchn_set_priority priority = { .port = PORTS, .priority = 1 };
	struct pv_evtchn_expand_array array = { 0 };
	void *page = page_alloc();
	unsigned port = 0;

	REFUSES("event_channel_op.init_control", PV_EINVAL, "a frame beyond memory",
		do_op(PV_EVTCHNOP_init_control, &init));
	init.control_gfn = mmu_root_mfn();
	REFUSES("event_channel_op.init_control", PV_EINVAL, "a page table",
		do_op(PV_EVTCHNOP_init_control, &init));
	init.control_gfn = mmu_page_mfn(page);
	init.offset = 4;
	REFUSES("event_channel_op.init_control", PV_EINVAL, "not aligned",
		do_op(PV_EVTCHNOP_init_control, &init));
	init.offset = KIT_PAGE_SIZE - 64;
	REFUSES("event_channel_op.init_control", PV_EINVAL, "over the page's end",
		do_op(PV_EVTCHNOP_init_control, &init));
	init.offset = KIT_PAGE_SIZE - 72;
	init.vcpu = smp_count();
	REFUSES("event_channel_op.init_control", PV_ENOENT, "no such vCPU",
		do_op(PV_EVTCHNOP_init_control, &init));
	init.vcpu = 0;
	if (calls_on_parley()) {
		/* Where it is offered there would be no way back to two levels. */
		REFUSES("event_channel_op.init_control", PV_ENOSYS, "all is well",
			do_op(PV_EVTCHNOP_init_control, &init));
		check_true("event_channel_op.init_control: nothing written", init.link_bits == 0);
		REFUSES("event_channel_op", PV_ENOSYS, "expand_array",
			do_op(PV_EVTCHNOP_expand_array, &array));
	}
	REFUSES("event_channel_op.set_priority", PV_EINVAL, "4096",
		do_op(PV_EVTCHNOP_set_priority, &priority));
	alloc(PV_DOMID_SELF, PV_DOMID_SELF, &port);
	priority.port = port;
	REFUSES("event_channel_op.set_priority", PV_ENOSYS, "two levels",
		do_op(PV_EVTCHNOP_set_priority, &priority));
	on_port(PV_EVTCHNOP_close, port);
	page_free(page);
}

static long old_form(unsigned op, uint32_t a, uint32_t b)
{
	struct pv_evtchn_op old = { .cmd = op, .u = { a, b } };

	return hypercall(PV_HYPERCALL_event_channel_op_compat, (uintptr_t)&old, 0, 0, 0, 0);
}

static void check_old_form(void)
{
	uint32_t self = PV_DOMID_SELF, none = 0x7123;

	DOES("event_channel_op_compat", "send to a closed one", old_form(PV_EVTCHNOP_send, 4000, 0),
	     -PV_EINVAL);
	REFUSES("event_channel_op_compat", PV_EINVAL, "close",
		old_form(PV_EVTCHNOP_close, PORTS, 0));
	REFUSES("event_channel_op_compat", PV_ESRCH, "no such domain",
		old_form(PV_EVTCHNOP_bind_interdomain, none, 1));
	REFUSES("event_channel_op_compat", PV_ENOENT, "no such vCPU",
		old_form(PV_EVTCHNOP_bind_ipi, smp_count(), 0));
	REFUSES("event_channel_op_compat", PV_EEXIST, "bound already",
		old_form(PV_EVTCHNOP_bind_virq, PV_VIRQ_TIMER, 0));
	REFUSES("event_channel_op_compat", PV_ENOSYS, "beyond the numbers", old_form(99, 0, 0));
	REFUSES("event_channel_op_compat", PV_EFAULT, "from nowhere",
		hypercall(PV_HYPERCALL_event_channel_op_compat, NOWHERE, 0, 0, 0, 0));
	if (calls_on_parley()) {
		REFUSES("event_channel_op_compat", PV_EPERM, "in another domain",
			old_form(PV_EVTCHNOP_alloc_unbound, 100 | self << 16, 0));
	}
}

static void fill_and_ask_in_the_old_form(void)
{
	unsigned count = 0, port = 0;

	while (count < PORTS && alloc(PV_DOMID_SELF, 0, &port) == 0) {
		taken[count++] = (uint16_t)port;
	}
	REFUSES("event_channel_op_compat", PV_ENOSPC, "all in use",
		old_form(PV_EVTCHNOP_bind_ipi, 0, 0));
	while (count > 0) {
		on_port(PV_EVTCHNOP_close, taken[--count]);
	}
}

void event_calls_check(void)
{
	check_ports_in_turn();
	check_binds();
	check_all_ports();
	check_polls();
	check_fifo();
	check_old_form();
	fill_and_ask_in_the_old_form();
}
