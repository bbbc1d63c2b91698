/* channel/evtchn*.c: what each operation on ports does, refuses and leaves alone. */
#include <criterion/criterion.h>
#include <signal.h>

#include <parley/errno.h>

#include "channel/evtchn_ops.h"
#include "domain/sched.h"
#include "mm/alloc.h"
#include "small_domain.h"

static struct domain *a, *b;
static u32 wakes;
static struct vcpu *last_woken;

void sched_wake(struct vcpu *v)
{
	wakes++;
	last_woken = v;
}

void sched_wake_anyhow(struct vcpu *v)
{
	wakes++;
	last_woken = v;
}

static void setup(void)
{
	small_domains_init();
	a = small_domain(1, 2);
	b = small_domain(2, 1);
	cr_assert_eq(evtchn_init(a), 0);
	cr_assert_eq(evtchn_init(b), 0);
	wakes = 0;
}

static void teardown(void)
{
	evtchn_fini(a);
	evtchn_fini(b);
}

TestSuite(evtchn, .init = setup, .fini = teardown);

static bool pending(const struct domain *d, int port)
{
	return (d->shared->evtchn_pending[port / 64] >> (port % 64)) & 1;
}

static u32 status_of(struct domain *d, int port)
{
	struct pv_evtchn_status s = { .port = (u32)port };

	cr_assert_eq(evtchn_status(d, &s), 0);
	return s.status;
}

/* A pair of ports: *pa in a, *pb in b. */
static void make_pair(int *pa, int *pb)
{
	*pa = evtchn_alloc_unbound(a, b->id);
	cr_assert_gt(*pa, 0);
	*pb = evtchn_bind_interdomain(b, a->id, (u32)*pa);
	cr_assert_gt(*pb, 0);
}

Test(evtchn, ports_start_at_one_and_are_reused)
{
	cr_assert_eq(evtchn_alloc_unbound(a, 2), 1);
	cr_assert_eq(evtchn_alloc_unbound(a, 2), 2);
	cr_assert_eq(evtchn_close(a, 1), 0);
	cr_assert_eq(evtchn_alloc_unbound(a, 2), 1);
	cr_assert_eq(evtchn_alloc_unbound(a, 2), 3);
}

Test(evtchn, all_ports_then_no_space)
{
	for (int port = 1; port < EVTCHN_PORTS; port++) {
		cr_assert_eq(evtchn_alloc_unbound(a, 2), port);
	}
	cr_assert_eq(evtchn_alloc_unbound(a, 2), -PV_ENOSPC);
	cr_assert_eq(evtchn_bind_virq(a, PV_VIRQ_TIMER, 0), -PV_ENOSPC);
	cr_assert_eq(a->vcpus[0]->virq_port[PV_VIRQ_TIMER], 0);
	cr_assert_eq(evtchn_close(a, EVTCHN_PORTS - 1), 0);
	cr_assert_eq(evtchn_bind_virq(a, PV_VIRQ_TIMER, 0), EVTCHN_PORTS - 1);
}

Test(evtchn, memory_for_ports_can_run_out)
{
	int port = 0;

	while (alloc_page() != NULL) {
	}
	while (port >= 0) {
		port = evtchn_alloc_unbound(a, 2);
	}
	cr_assert_eq(port, -PV_ENOMEM);
	cr_assert_eq(evtchn_close(a, 1), 0);
	cr_assert_eq(evtchn_alloc_unbound(a, 2), 1);
}

Test(evtchn, every_operation_refuses_every_wrong_port)
{
	static const u32 ports[] = { 0, 5, 127, 128, 4095, 4096, 4097, 1U << 31, ~0U };

	for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
		cr_assert_eq(evtchn_close(a, ports[i]), -PV_EINVAL);
		cr_assert_eq(evtchn_send(a, ports[i]), -PV_EINVAL);
		cr_assert_eq(evtchn_bind_vcpu(a, ports[i], 0), -PV_EINVAL);
		cr_assert_eq(evtchn_bind_interdomain(b, a->id, ports[i]), -PV_EINVAL);
		evtchn_set_pending(a, ports[i] >= 4096 ? ports[i] : 4095);
	}
	cr_assert_eq(evtchn_unmask(a, 0), -PV_EINVAL);
	cr_assert_eq(evtchn_unmask(a, 4096), -PV_EINVAL);
	cr_assert_eq(wakes, 0);
}

Test(evtchn, delivery_sets_each_word_once)
{
	int port = evtchn_bind_ipi(a, 1);
	struct pv_vcpu_info *info = a->vcpus[1]->info;

	cr_assert_eq(evtchn_send(a, (u32)port), 0);
	cr_assert(pending(a, port));
	cr_assert_eq(info->evtchn_pending_sel, 1);
	cr_assert_eq(info->evtchn_upcall_pending, 1);
	cr_assert_eq(wakes, 1);
	cr_assert_eq(last_woken, a->vcpus[1]);
	cr_assert_eq(evtchn_send(a, (u32)port), 0);
	cr_assert_eq(wakes, 1);
	cr_assert_eq(a->vcpus[0]->info->evtchn_upcall_pending, 0);
}

Test(evtchn, a_masked_port_waits_for_unmask)
{
	int port = evtchn_bind_ipi(a, 0);

	a->shared->evtchn_mask[0] = 1UL << port;
	cr_assert_eq(evtchn_send(a, (u32)port), 0);
	cr_assert(pending(a, port));
	cr_assert_eq(wakes, 0);
	cr_assert_eq(evtchn_unmask(a, (u32)port), 0);
	cr_assert_eq(a->shared->evtchn_mask[0], 0);
	cr_assert_eq(a->vcpus[0]->info->evtchn_pending_sel, 1);
	cr_assert_eq(wakes, 1);
}

Test(evtchn, events_cross_a_pair_both_ways)
{
	int pa, pb;

	make_pair(&pa, &pb);
	cr_assert(pending(b, pb), "one may have been sent before the pair was made");
	b->shared->evtchn_pending[0] = 0;
	cr_assert_eq(evtchn_send(a, (u32)pa), 0);
	cr_assert(pending(b, pb));
	cr_assert_not(pending(a, pa));
	cr_assert_eq(evtchn_send(b, (u32)pb), 0);
	cr_assert(pending(a, pa));
}

Test(evtchn, only_the_named_domain_may_bind)
{
	int pa = evtchn_alloc_unbound(a, 7);

	cr_assert_eq(evtchn_bind_interdomain(b, a->id, (u32)pa), -PV_EINVAL);
	cr_assert_eq(evtchn_bind_interdomain(b, 9, (u32)pa), -PV_ESRCH);
	cr_assert_eq(status_of(b, 1), PV_EVTCHNSTAT_closed);
	cr_assert_eq(status_of(a, pa), PV_EVTCHNSTAT_unbound);
}

Test(evtchn, a_pair_within_one_domain)
{
	int first = evtchn_alloc_unbound(a, PV_DOMID_SELF);
	int second = evtchn_bind_interdomain(a, PV_DOMID_SELF, (u32)first);

	cr_assert_gt(second, 0);
	cr_assert_eq(evtchn_send(a, (u32)second), 0);
	cr_assert(pending(a, first));
	cr_assert_eq(evtchn_close(a, (u32)first), 0);
	cr_assert_eq(status_of(a, second), PV_EVTCHNSTAT_unbound);
	cr_assert_eq(evtchn_close(a, (u32)second), 0);
}

Test(evtchn, closing_one_end_leaves_the_other_waiting)
{
	struct pv_evtchn_status s;
	int pa, pb;

	make_pair(&pa, &pb);
	cr_assert_eq(evtchn_close(b, (u32)pb), 0);
	cr_assert_not(pending(b, pb));
	s = (struct pv_evtchn_status){ .port = (u32)pa };
	cr_assert_eq(evtchn_status(a, &s), 0);
	cr_assert_eq(s.status, PV_EVTCHNSTAT_unbound);
	cr_assert_eq(s.u.unbound.dom, b->id);
	cr_assert_eq(evtchn_send(a, (u32)pa), 0);
	cr_assert_eq(evtchn_bind_interdomain(b, a->id, (u32)pa), pb);
}

Test(evtchn, virqs_are_bound_once_and_forgotten_at_close)
{
	int port = evtchn_bind_virq(a, PV_VIRQ_TIMER, 1);

	cr_assert_gt(port, 0);
	cr_assert_eq(evtchn_bind_virq(a, PV_VIRQ_TIMER, 1), -PV_EEXIST);
	cr_assert_gt(evtchn_bind_virq(a, PV_VIRQ_TIMER, 0), 0);
	cr_assert_eq(evtchn_send(a, (u32)port), -PV_EINVAL);
	cr_assert_eq(evtchn_bind_vcpu(a, (u32)port, 0), -PV_EINVAL);
	evtchn_virq(a->vcpus[1], PV_VIRQ_TIMER);
	cr_assert(pending(a, port));
	cr_assert_eq(last_woken, a->vcpus[1]);
	cr_assert_eq(evtchn_close(a, (u32)port), 0);
	wakes = 0;
	evtchn_virq(a->vcpus[1], PV_VIRQ_TIMER);
	cr_assert_eq(wakes, 0);
}

Test(evtchn, virq_arguments)
{
	int port;

	cr_assert_eq(evtchn_bind_virq(a, PV_VIRQ_COUNT, 0), -PV_EINVAL);
	cr_assert_eq(evtchn_bind_virq(a, ~0U, 0), -PV_EINVAL);
	cr_assert_eq(evtchn_bind_virq(a, PV_VIRQ_TIMER, 2), -PV_ENOENT);
	cr_assert_eq(evtchn_bind_virq(a, PV_VIRQ_CONSOLE, 1), -PV_EINVAL);
	cr_assert_eq(evtchn_bind_ipi(a, 2), -PV_ENOENT);
	port = evtchn_bind_virq(a, PV_VIRQ_CONSOLE, 0);
	cr_assert_gt(port, 0);
	cr_assert_eq(evtchn_bind_vcpu(a, (u32)port, 2), -PV_ENOENT);
	cr_assert_eq(evtchn_bind_vcpu(a, (u32)port, 1), 0);
	evtchn_virq_global(a, PV_VIRQ_CONSOLE);
	cr_assert_eq(last_woken, a->vcpus[1]);
}

static u32 notified;

static void notify(void *arg)
{
	notified++;
	cr_assert_eq(arg, &notified);
}

Test(evtchn, the_hypervisors_port_is_out_of_reach)
{
	int port = evtchn_alloc_hypervisor(a, notify, &notified);

	cr_assert_gt(port, 0);
	cr_assert_eq(evtchn_send(a, (u32)port), 0);
	cr_assert_eq(notified, 1);
	cr_assert_eq(evtchn_close(a, (u32)port), -PV_EINVAL);
	cr_assert_eq(evtchn_bind_interdomain(b, a->id, (u32)port), -PV_EINVAL);
	while (evtchn_reset_step(a)) {
	}
	cr_assert_eq(status_of(a, port), PV_EVTCHNSTAT_interdomain);
}

Test(evtchn, reset_closes_everything_in_steps)
{
	u32 steps = 1;
	int pa, pb;

	make_pair(&pa, &pb);
	for (int i = 0; i < 3 * EVTCHN_RESET_STEP; i++) {
		cr_assert_gt(evtchn_alloc_unbound(a, 2), 0);
	}
	while (evtchn_reset_step(a)) {
		steps++;
	}
	cr_assert_geq(steps, 3);
	for (int port = 1; port < 4 * EVTCHN_RESET_STEP; port++) {
		cr_assert_eq(status_of(a, port), PV_EVTCHNSTAT_closed);
	}
	cr_assert_eq(status_of(b, pb), PV_EVTCHNSTAT_unbound);
	cr_assert_eq(evtchn_alloc_unbound(a, 2), 1);
}

Test(evtchn, the_end_of_a_domain_frees_its_peers)
{
	struct domain *c = small_domain(3, 1);
	int port, peer;

	cr_assert_eq(evtchn_init(c), 0);
	port = evtchn_alloc_unbound(c, a->id);
	peer = evtchn_bind_interdomain(a, c->id, (u32)port);
	cr_assert_gt(peer, 0);
	evtchn_fini(c);
	cr_assert_eq(status_of(a, peer), PV_EVTCHNSTAT_unbound);
	cr_assert_eq(evtchn_send(a, (u32)peer), 0);
	cr_assert_eq(evtchn_bind_interdomain(a, c->id, 1), -PV_ESRCH);
	cr_assert_eq(evtchn_alloc_unbound(c, 1), -PV_ESRCH);
}

Test(evtchn, a_poll_sees_events_before_and_after_it_begins)
{
	u32 port = (u32)evtchn_bind_ipi(a, 0);
	u32 ports[2] = { port, (u32)evtchn_bind_ipi(a, 1) };

	a->shared->evtchn_mask[0] = ~0UL;
	cr_assert_not(evtchn_poll_begin(a->vcpus[0], &port, 1));
	evtchn_set_pending(a, ports[1]);
	cr_assert_eq(wakes, 0, "not the port that is polled");
	evtchn_set_pending(a, port);
	cr_assert_eq(wakes, 1);
	evtchn_poll_end(a->vcpus[0]);
	cr_assert_eq(a->events.watchers, 0);
	cr_assert(evtchn_poll_begin(a->vcpus[1], ports, 2));
	evtchn_poll_end(a->vcpus[1]);
}

Test(evtchn, a_poll_of_several_ports_is_woken_by_these_only)
{
	u32 ports[3] = { (u32)evtchn_bind_ipi(a, 0), (u32)evtchn_bind_ipi(a, 0),
			 (u32)evtchn_bind_ipi(a, 0) };

	a->shared->evtchn_mask[0] = ~0UL;
	cr_assert_not(evtchn_poll_begin(a->vcpus[0], ports, 2));
	evtchn_set_pending(a, ports[2]);
	cr_assert_eq(wakes, 0, "none of those that are polled");
	evtchn_set_pending(a, ports[1]);
	cr_assert_eq(wakes, 1);
	evtchn_poll_end(a->vcpus[0]);
	cr_assert_not(evtchn_poll_begin(a->vcpus[0], ports, 0));
	evtchn_set_pending(a, ports[0]);
	cr_assert_eq(wakes, 1, "a poll of no ports is for its time only");
	evtchn_poll_end(a->vcpus[0]);
}

Test(evtchn, rescan_makes_the_guest_look_at_all_ports)
{
	evtchn_rescan(a->vcpus[0]);
	cr_assert_eq(a->vcpus[0]->info->evtchn_pending_sel, ~0UL);
	cr_assert_eq(a->vcpus[0]->info->evtchn_upcall_pending, 1);
	cr_assert_eq(wakes, 1);
}
