/*
 * Event channels: what each kind of port reports, masks and pending bits, the
 * upcall's order of things, sleeping and polling.
 * Read next: time.c.
 */
#include "groups.h"

#include <stddef.h>
#include <stdint.h>

#include "check.h"
#include "cpu.h"
#include "events.h"
#include "hypercall.h"
#include "start.h"
#include "timer.h"

#define NS_PER_MS 1000000ul

static unsigned calls, last_port, mask_inside;

static void on_event(unsigned port, void *arg)
{
	calls++;
	last_port = port;
	mask_inside = cpu_current()->info->evtchn_upcall_mask;
}

static struct pv_evtchn_status status_of(int port)
{
	struct pv_evtchn_status status = { .dom = PV_DOMID_SELF, .port = (unsigned)port };

	hypercall_event_channel_op(PV_EVTCHNOP_status, &status);
	return status;
}

static void check_kinds(void)
{
	int unbound = events_alloc_unbound(PV_DOMID_SELF, on_event, NULL);
	int ipi = events_bind_ipi(0, on_event, NULL);
	int virq = events_bind_virq(PV_VIRQ_DEBUG, 0, on_event, NULL);
	struct pv_evtchn_status status = status_of(unbound);
	int bound;

	check_true("ports: numbers from 1", unbound > 0 && ipi > 0 && virq > 0);
	check_true("ports: unbound", status.status == PV_EVTCHNSTAT_unbound &&
					     status.u.unbound.dom == events_own_domid());
	check_result("ports: ipi", status_of(ipi).status, PV_EVTCHNSTAT_ipi);
	status = status_of(virq);
	check_true("ports: virq", status.status == PV_EVTCHNSTAT_virq &&
					  status.u.virq == PV_VIRQ_DEBUG && status.vcpu == 0);
	bound = events_bind_interdomain(PV_DOMID_SELF, (unsigned)unbound, on_event, NULL);
	status = status_of(bound);
	check_true("ports: interdomain", status.status == PV_EVTCHNSTAT_interdomain &&
						 status.u.interdomain.port == (unsigned)unbound);
	status = status_of(unbound);
	check_true("ports: and its peer", status.status == PV_EVTCHNSTAT_interdomain &&
						  status.u.interdomain.port == (unsigned)bound);
	calls = 0;
	check_result("ports: send", events_send((unsigned)bound), 0);
	check_true("ports: the peer has it", calls == 1 && last_port == (unsigned)unbound);
	check_result("ports: send the other way", events_send((unsigned)unbound), 0);
	check_true("ports: the first has it", calls == 2 && last_port == (unsigned)bound);
	events_close((unsigned)bound);
	check_result("ports: the peer of a closed port is unbound", status_of(unbound).status,
		     PV_EVTCHNSTAT_unbound);
	events_close((unsigned)unbound);
	events_close((unsigned)ipi);
	events_close((unsigned)virq);
	check_result("ports: closed", status_of(ipi).status, PV_EVTCHNSTAT_closed);
}

/* The four bits between a sender and a handler. */
static void check_masks(void)
{
	struct pv_vcpu_info *info = cpu_current()->info;
	unsigned port = (unsigned)events_bind_ipi(0, on_event, NULL);

	calls = 0;
	events_send(port);
	check_true("ports: upcall on send", calls == 1 && mask_inside == 1);
	check_result("ports: unmasked afterwards", info->evtchn_upcall_mask, 0);
	events_disable();
	events_send(port);
	check_true("ports: pending while upcalls are masked",
		   calls == 1 && events_is_pending(port) && info->evtchn_upcall_pending != 0);
	check_true("ports: its word is selected",
		   (info->evtchn_pending_sel >> (port / 64) & 1) != 0);
	events_enable();
	check_result("ports: upcall on unmasking", calls, 2);
	events_mask(port);
	events_send(port);
	check_true("ports: no upcall while the port is masked",
		   calls == 2 && events_is_pending(port) && info->evtchn_upcall_pending == 0);
	events_unmask(port);
	check_result("ports: upcall on unmasking the port", calls, 3);
	check_true("ports: nothing left", !events_is_pending(port));
	events_send(port);
	events_close(port);
}

/* Sleep: returns at once for what is pending, and unmasks. */
static void check_block(void)
{
	unsigned port = (unsigned)events_bind_ipi(0, on_event, NULL);

	calls = 0;
	events_disable();
	events_send(port);
	check_result("ports: block with an event pending",
		     hypercall_sched_op(PV_SCHEDOP_block, NULL), 0);
	check_result("ports: it is handled", calls, 1);
	check_result("ports: and upcalls are on", cpu_current()->info->evtchn_upcall_mask, 0);
	check_result("ports: yield", hypercall_sched_op(PV_SCHEDOP_yield, NULL), 0);
	events_close(port);
}

/* Poll: for masked ports, with upcalls masked or not, and with a limit. */
static void check_poll(void)
{
	unsigned port = (unsigned)events_bind_ipi(0, on_event, NULL);
	uint32_t list = port;
	struct pv_sched_poll poll = { .ports = (uintptr_t)&list, .nr_ports = 1 };
	uint64_t start = timer_now_ns();

	calls = 0;
	events_mask(port);
	events_send(port);
	check_result("ports: poll of a pending port", hypercall_sched_op(PV_SCHEDOP_poll, &poll),
		     0);
	check_true("ports: no upcall for it, still pending", calls == 0 && events_is_pending(port));
	events_close(port);

	port = (unsigned)events_bind_ipi(0, on_event, NULL);
	list = port;
	events_mask(port);
	start = timer_now_ns();
	poll.timeout = start + 5 * NS_PER_MS;
	events_disable();
	check_result("ports: poll with a limit", hypercall_sched_op(PV_SCHEDOP_poll, &poll), 0);
	check_true("ports: it lasts that long", timer_now_ns() - start >= 5 * NS_PER_MS);
	poll.nr_ports = PV_SCHED_POLL_MAX_PORTS + 1;
	check_result("ports: poll of too many", hypercall_sched_op(PV_SCHEDOP_poll, &poll),
		     -PV_EINVAL);
	events_enable();
	events_close(port);
}

/* One port of several ends a poll; the timer's, which is not named, does not while upcalls are masked. */
static void check_poll_of_several(void)
{
	uint32_t list[2] = { (uint32_t)events_bind_ipi(0, on_event, NULL),
			     (uint32_t)events_bind_ipi(0, on_event, NULL) };
	struct pv_sched_poll poll = { .ports = (uintptr_t)list, .nr_ports = 2 };
	uint64_t start = timer_now_ns();

	events_mask(list[0]);
	events_mask(list[1]);
	events_send(list[1]);
	check_result("ports: poll of two, the second pending",
		     hypercall_sched_op(PV_SCHEDOP_poll, &poll), 0);
	events_close(list[1]);
	list[1] = list[0];
	events_disable();
	timer_set_deadline(start + NS_PER_MS);
	poll.timeout = start + 5 * NS_PER_MS;
	check_result("ports: poll of two, another's event",
		     hypercall_sched_op(PV_SCHEDOP_poll, &poll), 0);
	/* Some hypervisors let any event of the vCPU end it. */
	if (!start_is_privileged()) {
		check_true("ports: does not end it", timer_now_ns() - start >= 5 * NS_PER_MS);
		poll.nr_ports = 0;
		poll.timeout = timer_now_ns() + 3 * NS_PER_MS;
		start = timer_now_ns();
		timer_set_deadline(start + NS_PER_MS);
		check_result("ports: poll of none", hypercall_sched_op(PV_SCHEDOP_poll, &poll), 0);
		check_true("ports: ends with its time", timer_now_ns() >= poll.timeout);
	}
	events_enable();
	events_close(list[0]);
}

/* The forms of old kernels: the number stands in front of the structure, a reason in the register. */
static void check_old_forms(void)
{
	struct {
		uint32_t op;
		struct pv_evtchn_send send;
	} old = { .op = PV_EVTCHNOP_send };
	struct pv_sched_shutdown suspend = { .reason = PV_SHUTDOWN_suspend };
	unsigned port = (unsigned)events_bind_ipi(0, on_event, NULL);

	old.send.port = port;
	calls = 0;
	check_result("ports: sent in the old form",
		     hypercall(PV_HYPERCALL_event_channel_op_compat, (uintptr_t)&old, 0, 0, 0, 0),
		     0);
	check_true("ports: and it came", calls == 1 && last_port == port);
	old.op = PV_EVTCHNOP_init_control;
	check_result("ports: no FIFO in the old form",
		     hypercall(PV_HYPERCALL_event_channel_op_compat, (uintptr_t)&old, 0, 0, 0, 0),
		     -PV_ENOSYS);
	check_result("ports: the old form from nowhere",
		     hypercall(PV_HYPERCALL_event_channel_op_compat, PV_HYPERVISOR_VIRT_START, 0, 0,
			       0, 0),
		     -PV_EFAULT);
	events_close(port);
	check_result("ports: yield in the old form",
		     hypercall(PV_HYPERCALL_sched_op_compat, PV_SCHEDOP_yield, 0, 0, 0, 0), 0);
	/* An initial domain would end by it. */
	if (!start_is_privileged()) {
		check_result("ports: a suspend in the old form is cancelled",
			     hypercall(PV_HYPERCALL_sched_op_compat, PV_SCHEDOP_shutdown,
				       PV_SHUTDOWN_suspend, 0, 0, 0),
			     1);
		check_result("ports: also where its address is given",
			     hypercall(PV_HYPERCALL_sched_op_compat, PV_SCHEDOP_shutdown,
				       (uintptr_t)&suspend, 0, 0, 0),
			     1);
	}
	check_result("ports: no poll in the old form",
		     hypercall(PV_HYPERCALL_sched_op_compat, PV_SCHEDOP_poll, 0, 0, 0, 0),
		     -PV_ENOSYS);
}

void ports_check(void)
{
	check_old_forms();
	check_kinds();
	check_masks();
	check_block();
	check_poll();
	check_poll_of_several();
}
