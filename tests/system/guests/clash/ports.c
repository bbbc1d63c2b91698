/*
 * Ports. The user sends on each that it could bind, which must always work: the other may
 * close its end, but not ours. The other, once a port of its is closed, may not see an event on
 * it until it offers it again.
 *
 * Read next: pages.c.
 */
#include "clash.h"

#include <stddef.h>

#include "check.h"
#include "cpu.h"
#include "events.h"
#include "hypercall.h"
#include "printf.h"
#include "start.h"

#define HELD       16 /* ports that the user has at most */
#define OFFERED    24
#define REMOTE_MAX 40 /* ports of the other are below that */
#define NUMBERS    6  /* the other is one of so many numbers */
#define SENDS      8
#define PORTS      PV_EVTCHN_2L_NR_CHANNELS
#define WORDS      (PORTS / 64)

static bool ours[PORTS]; /* what was open from the start, which is none of the other's business */
static unsigned long events, binds, sends, resets;
static unsigned odd_sends, odd_binds, odd_closes, odd_states, strays;

static struct pv_evtchn_status status_of(unsigned port)
{
	struct pv_evtchn_status status = { .dom = PV_DOMID_SELF, .port = port };

	hypercall_event_channel_op(PV_EVTCHNOP_status, &status);
	return status;
}

void ports_init(void)
{
	for (unsigned port = 0; port < PORTS; port++) {
		ours[port] = status_of(port).status != PV_EVTCHNSTAT_closed;
	}
}

/* The port, or an error. */
static long bind(unsigned domid, unsigned port)
{
	struct pv_evtchn_bind_interdomain op = { .remote_dom = (pv_domid_t)domid,
						 .remote_port = port };
	long rc = hypercall_event_channel_op(PV_EVTCHNOP_bind_interdomain, &op);

	odd_binds += rc != 0 && rc != -PV_EINVAL && rc != -PV_ESRCH;
	binds += rc == 0;
	return rc != 0 ? rc : (long)op.local_port;
}

static void close_port(unsigned port)
{
	odd_closes += events_close(port) != 0;
}

static bool take_pending(unsigned port)
{
	uint64_t bit = 1ul << (port % 64);

	return (__atomic_fetch_and(&shared_info->evtchn_pending[port / 64], ~bit,
				   __ATOMIC_SEQ_CST) &
		bit) != 0;
}

/* ---- the user ---- */

static uint16_t held[HELD], held_of[HELD];

static void send_on(unsigned slot)
{
	struct pv_evtchn_status status;

	for (unsigned i = 0; i < SENDS; i++) {
		odd_sends += events_send(held[slot]) != 0;
		sends++;
	}
	status = status_of(held[slot]);
	odd_states += !(status.status == PV_EVTCHNSTAT_unbound &&
			status.u.unbound.dom == held_of[slot]) &&
		      !(status.status == PV_EVTCHNSTAT_interdomain &&
			status.u.interdomain.dom == held_of[slot]);
	events += take_pending(held[slot]);
}

static void bind_some(unsigned slot)
{
	for (unsigned tries = 0; tries < 4; tries++) {
		unsigned domid = clash_other + (tries % 2 != 0 ? clash_random(NUMBERS) : 0);
		long port = bind(domid, 1 + clash_random(REMOTE_MAX));

		if (port > 0) {
			held[slot] = (uint16_t)port;
			held_of[slot] = (uint16_t)domid;
			clash_other = domid; /* who lives; those before it are gone */
			return;
		}
		if (port == -PV_EINVAL) {
			clash_other = domid;
		}
	}
}

void ports_use(void)
{
	for (unsigned slot = 0; slot < HELD; slot++) {
		if (held[slot] == 0) {
			bind_some(slot);
		} else if (clash_random(16) == 0) {
			close_port(held[slot]);
			held[slot] = 0;
		} else {
			send_on(slot);
		}
	}
}

/* ---- who changes ---- */

static uint16_t offered[OFFERED];

static void offer_all(void)
{
	for (unsigned i = 0; i < OFFERED; i++) {
		struct pv_evtchn_alloc_unbound op = { .dom = PV_DOMID_SELF,
						      .remote_dom = (pv_domid_t)clash_other };

		odd_binds += hypercall_event_channel_op(PV_EVTCHNOP_alloc_unbound, &op) != 0;
		offered[i] = (uint16_t)op.port;
	}
}

static void wait_a_little(void)
{
	for (unsigned i = clash_random(1500); i > 0; i--) {
		cpu_pause();
	}
}

/* Closes our end and binds to the user's, which is unbound now, if it is still there. */
static void bind_anew(unsigned i)
{
	struct pv_evtchn_status status = status_of(offered[i]);
	long port;

	close_port(offered[i]);
	offered[i] = 0;
	if (status.status == PV_EVTCHNSTAT_interdomain) {
		port = bind(clash_other, status.u.interdomain.port);
		offered[i] = (uint16_t)(port > 0 ? port : 0);
	}
}

static void send_back(void)
{
	for (unsigned i = 0; i < OFFERED; i++) {
		odd_sends += offered[i] != 0 && events_send(offered[i]) != 0;
		sends++;
	}
}

static void close_all(void)
{
	for (unsigned i = 0; i < OFFERED; i++) {
		if (offered[i] != 0) {
			close_port(offered[i]);
		}
	}
}

static void reset_all(void)
{
	struct pv_evtchn_reset reset = { .dom = PV_DOMID_SELF };

	odd_closes += hypercall_event_channel_op(PV_EVTCHNOP_reset, &reset) != 0;
	resets++;
}

static uint64_t theirs(unsigned word)
{
	uint64_t mask = 0;

	for (unsigned bit = 0; bit < 64; bit++) {
		mask |= ours[word * 64 + bit] ? 0 : 1ul << bit;
	}
	return mask;
}

/* All that we offered is closed: no event may come. */
static void check_silence(void)
{
	for (unsigned i = clash_random(64); i > 0; i--) {
		for (unsigned word = 0; word < 2; word++) {
			strays += (shared_info->evtchn_pending[word] & theirs(word)) != 0;
		}
	}
}

void ports_change(bool by_reset)
{
	offer_all();
	wait_a_little();
	for (unsigned i = 0; i < OFFERED; i++) {
		events += take_pending(offered[i]);
		if (i % 2 != 0) {
			bind_anew(i);
		}
	}
	send_back();
	wait_a_little();
	if (by_reset) {
		reset_all();
	} else {
		close_all();
	}
	check_silence();
}

bool ports_saw_something(void)
{
	return binds > 0 && events > 0;
}

/* ---- the end ---- */

/* All that was not there from the start can be had, each once. */
static void check_all_to_be_had(void)
{
	static uint16_t taken[PORTS];
	struct pv_evtchn_alloc_unbound alloc = { .dom = PV_DOMID_SELF,
						 .remote_dom = PV_DOMID_SELF };
	unsigned open = 0, count = 0;

	for (unsigned port = 1; port < PORTS; port++) {
		open += status_of(port).status != PV_EVTCHNSTAT_closed;
	}
	while (hypercall_event_channel_op(PV_EVTCHNOP_alloc_unbound, &alloc) == 0) {
		taken[count++] = (uint16_t)alloc.port;
	}
	check_result("ports: all are there", open + count, PORTS - 1);
	while (count > 0) {
		close_port(taken[--count]);
	}
}

static void check_results(void)
{
	unsigned far = 0;

	for (unsigned word = 2; word < WORDS; word++) {
		far += (shared_info->evtchn_pending[word] & theirs(word)) != 0;
	}
	check_result("ports: no event where none was ever offered", far, 0);
	check_result("ports: each send did what is documented", odd_sends, 0);
	check_result("ports: each bind", odd_binds, 0);
	check_result("ports: each close and reset", odd_closes, 0);
	check_result("ports: each state", odd_states, 0);
	check_result("ports: no event on what is closed", strays, 0);
	printf("clash: %lu binds, %lu sends, %lu resets, %lu events seen\n", binds, sends, resets,
	       events);
	check_true("ports: there was something", ports_saw_something());
}

void ports_use_end(void)
{
	for (unsigned slot = 0; slot < HELD; slot++) {
		if (held[slot] != 0) {
			close_port(held[slot]);
		}
	}
	check_all_to_be_had();
	check_results();
}

void ports_change_end(void)
{
	check_all_to_be_had();
	check_results();
}
