/*
 * peers: event channels between two domains. Each runs this guest; the command line says
 * which it is, "role=first" or "role=second", and "other=N", the other's number. The first
 * offers ports, the second binds to them; they take turns by a page of the first's that both
 * have mapped. At the end the first resets all its ports, or with "end=first" it is gone,
 * while the second is bound to them.
 *
 *	ok NAME | FAIL NAME: ...
 *	peers: ROLE: N passed, M failed
 *
 * Read next: ../../peers.c, the test that runs it.
 */
#include <stddef.h>

#include "check.h"
#include "cpu.h"
#include "events.h"
#include "grants.h"
#include "hypercall.h"
#include "mmu.h"
#include "page.h"
#include "power.h"
#include "printf.h"
#include "start.h"
#include "timer.h"

#define REF_CONTROL 8
#define WINDOW      0x10040000000ul
#define PATIENCE_NS 60000000000ul
#define PORTS       PV_EVTCHN_2L_NR_CHANNELS
#define NOBODY      0x7123

struct control {
	uint32_t turn;
	uint32_t offered, for_another, closed, bound;
	uint32_t offered_count, bound_count;
};

static unsigned other;
static volatile struct control *control;
static uint16_t ports[PORTS];

static void next_turn(void)
{
	__atomic_fetch_add(&control->turn, 1, __ATOMIC_SEQ_CST);
}

/* Without the timer, whose port a reset closes too. */
static void wait_for_turn(uint32_t turn)
{
	uint64_t end = timer_now_ns() + PATIENCE_NS;

	while (__atomic_load_n(&control->turn, __ATOMIC_SEQ_CST) < turn) {
		if (timer_now_ns() > end) {
			power_panic("turn %u does not come", turn);
		}
		hypercall_sched_op(PV_SCHEDOP_yield, NULL);
	}
}

static long alloc(unsigned remote, unsigned *port)
{
	struct pv_evtchn_alloc_unbound op = { .dom = PV_DOMID_SELF,
					      .remote_dom = (pv_domid_t)remote };
	long rc = hypercall_event_channel_op(PV_EVTCHNOP_alloc_unbound, &op);

	*port = op.port;
	return rc;
}

/* The port, or an error. Its event, which is there at once, is taken away. */
static long bind(unsigned domid, unsigned port)
{
	struct pv_evtchn_bind_interdomain op = { .remote_dom = (pv_domid_t)domid,
						 .remote_port = port };
	long rc = hypercall_event_channel_op(PV_EVTCHNOP_bind_interdomain, &op);

	return rc != 0 ? rc : (long)op.local_port;
}

static struct pv_evtchn_status status_of(unsigned port)
{
	struct pv_evtchn_status status = { .dom = PV_DOMID_SELF, .port = port };

	hypercall_event_channel_op(PV_EVTCHNOP_status, &status);
	return status;
}

static bool is_unbound(unsigned port)
{
	struct pv_evtchn_status status = status_of(port);

	return status.status == PV_EVTCHNSTAT_unbound && status.u.unbound.dom == other;
}

static bool is_bound_to(unsigned port, unsigned theirs)
{
	struct pv_evtchn_status status = status_of(port);

	return status.status == PV_EVTCHNSTAT_interdomain && status.u.interdomain.dom == other &&
	       status.u.interdomain.port == theirs;
}

/* Ports are masked: an event shows as its pending bit, which this takes away. */
static bool take_pending(unsigned port)
{
	uint64_t bit = 1ul << (port % 64);

	return (__atomic_fetch_and(&shared_info->evtchn_pending[port / 64], ~bit,
				   __ATOMIC_SEQ_CST) &
		bit) != 0;
}

/* ---- the first ---- */

static void offer_all(void)
{
	unsigned count = 0, port = 0;

	while (count < PORTS && alloc(other, &port) == 0) {
		ports[count++] = (uint16_t)port;
	}
	control->offered_count = count;
	check_true("first: thousands of ports", count > 4000 && count < PORTS);
}

static void check_all_arrived(void)
{
	unsigned arrived = 0, bound = 0;

	for (unsigned i = 0; i < control->offered_count; i++) {
		arrived += take_pending(ports[i]);
		bound += status_of(ports[i]).status == PV_EVTCHNSTAT_interdomain;
	}
	check_result("first: as many are bound as the second says", bound, control->bound_count);
	check_result("first: and as many have an event", arrived, control->bound_count);
}

static void first_main(void)
{
	struct pv_evtchn_reset reset = { .dom = PV_DOMID_SELF };
	unsigned offered = 0, for_another = 0, closed = 0;

	control = page_alloc();
	check_true("first: three ports",
		   alloc(other, &offered) == 0 && alloc(NOBODY, &for_another) == 0 &&
			   alloc(other, &closed) == 0 && events_close(closed) == 0);
	control->offered = offered;
	control->for_another = for_another;
	control->closed = closed;
	check_result("first: sent before anybody is there", events_send(offered), 0);
	check_true("first: to nobody", !take_pending(offered));
	grants_set(REF_CONTROL, PV_GTF_permit_access, other, mmu_page_mfn((void *)control));

	wait_for_turn(1); /* bound, and sent to us */
	check_true("first: the second's event", take_pending(offered));
	check_true("first: bound to it", is_bound_to(offered, control->bound));
	check_result("first: sent back", events_send(offered), 0);
	next_turn();

	wait_for_turn(3); /* closed by the second */
	check_true("first: unbound again, for the same domain", is_unbound(offered));
	check_result("first: sent to nobody", events_send(offered), 0);
	next_turn();

	wait_for_turn(5); /* bound anew */
	check_true("first: bound anew", is_bound_to(offered, control->bound));
	check_result("first: closed", events_close(offered), 0);
	check_result("first: no event can be sent", events_send(offered), -PV_EINVAL);
	next_turn();

	wait_for_turn(7);
	offer_all();
	next_turn();

	wait_for_turn(9);
	check_all_arrived();
	if (start_option_is("end", "first")) {
		next_turn();
		return;
	}
	check_result("first: all closed at once",
		     hypercall_event_channel_op(PV_EVTCHNOP_reset, &reset), 0);
	check_result("first: the last, too", status_of(ports[control->offered_count - 1]).status,
		     PV_EVTCHNSTAT_closed);
	next_turn();
	wait_for_turn(11);
}

/* ---- the second ---- */

static void map_control(void)
{
	uint64_t end = timer_now_ns() + PATIENCE_NS;
	long rc =
		mmu_map(mmu_root_mfn(), WINDOW, mmu_pte(mmu_page_mfn(page_alloc()), MMU_PTE_DATA));

	rc = rc != 0 ? rc : mmu_set_mapping(WINDOW, 0);
	while (rc == 0 && grants_map(other, REF_CONTROL, WINDOW, PV_GNTMAP_host_map) < 0) {
		if (timer_now_ns() > end) {
			power_panic("the first gives nothing");
		}
		timer_sleep_ns(1000000);
	}
	control = (void *)WINDOW;
}

/* Every number is tried: those that are offered to us bind until we have no port left. */
static unsigned bind_all(void)
{
	unsigned count = 0, wrong = 0;
	long rc = 0;

	for (unsigned port = 0; port <= PORTS; port++) {
		rc = bind(other, port);
		if (rc == -PV_ENOSPC) {
			break;
		}
		wrong += rc < 0 && rc != -PV_EINVAL;
		if (rc > 0) {
			ports[count++] = (uint16_t)rc;
		}
	}
	check_result("second: no other error", wrong, 0);
	check_true("second: all that were offered, or all that there are",
		   count > 4000 && (rc == -PV_ENOSPC || count == control->offered_count));
	return count;
}

static void send_on_all(unsigned count)
{
	unsigned wrong = 0;

	for (unsigned i = 0; i < count; i++) {
		wrong += events_send(ports[i]) != 0;
	}
	check_result("second: sent on each", wrong, 0);
}

static void check_what_is_left(unsigned count)
{
	unsigned unbound = 0, wrong = 0;

	if (start_option_is("end", "first")) {
		timer_sleep_ns(1000000000ul);
	}
	for (unsigned i = 0; i < count; i++) {
		unbound += is_unbound(ports[i]);
		wrong += events_send(ports[i]) != 0 || events_close(ports[i]) != 0;
	}
	/* Those of a dead domain may still name it until it is taken apart. */
	check_true("second: none has another end",
		   unbound == count || start_option_is("end", "first"));
	check_result("second: each can be sent on and closed", wrong, 0);
}

static void second_main(void)
{
	unsigned count;
	long port;

	map_control();
	check_result("second: meant for another", bind(other, control->for_another), -PV_EINVAL);
	check_result("second: closed", bind(other, control->closed), -PV_EINVAL);
	check_result("second: of no domain", bind(NOBODY, control->offered), -PV_ESRCH);
	check_result("second: 4096", bind(other, PORTS), -PV_EINVAL);
	port = bind(other, control->offered);
	check_true("second: bound", port > 0 && is_bound_to((unsigned)port, control->offered));
	check_true("second: with an event at once", take_pending((unsigned)port));
	check_result("second: nobody else can", bind(other, control->offered), -PV_EINVAL);
	control->bound = (uint32_t)port;
	check_result("second: sent", events_send((unsigned)port), 0);
	next_turn();

	wait_for_turn(2);
	check_true("second: the first's event", take_pending((unsigned)port));
	check_result("second: closed by us", events_close((unsigned)port), 0);
	next_turn();

	wait_for_turn(4);
	port = bind(other, control->offered);
	check_true("second: bound anew", port > 0);
	control->bound = (uint32_t)port;
	next_turn();

	wait_for_turn(6);
	check_true("second: closed by the first, unbound here", is_unbound((unsigned)port));
	check_result("second: sent to nobody", events_send((unsigned)port), 0);
	check_result("second: and closed", events_close((unsigned)port), 0);
	next_turn();

	wait_for_turn(8);
	count = bind_all();
	send_on_all(count);
	control->bound_count = count;
	next_turn();

	wait_for_turn(10);
	check_what_is_left(count);
	next_turn();
}

int main(void)
{
	bool first = start_option_is("role", "first");

	other = (unsigned)start_option_number("other", 0);
	if (grants_init() != 0) {
		power_panic("no grant table");
	}
	if (first) {
		first_main();
	} else {
		second_main();
	}
	printf("peers: %s: %u passed, %u failed\n", first ? "first" : "second", check_passed(),
	       check_failed());
	return 0;
}
