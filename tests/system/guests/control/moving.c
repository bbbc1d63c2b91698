/*
 * Another affinity while a single-shot timer runs: its event comes once, never early, and is
 * taken on the CPU that the vCPU was moved to. Of another domain and of this one; on which CPU,
 * a trace tells.
 */
#include "groups.h"

#include "calls.h"
#include "domains.h"
#include "events.h"
#include "hypercall.h"
#include "printf.h"
#include "subjects.h"
#include "timer.h"
#include "traces.h"

#define ROUNDS      12u
#define ROUND_NS    (30 * NS_PER_MS)
#define FAST_ROUNDS 150u
#define FAST_NS     (2 * NS_PER_MS)

static unsigned target; /* the CPU that was last moved to */

static long move_to(uint16_t id, unsigned cpu)
{
	struct pv_control_sched sched = { .domid = id,
					  .what = PV_CONTROL_SCHED_affinity,
					  .affinity = 1ul << cpu };

	target = cpu;
	return control_call(PV_CONTROLOP_sched_set, &sched);
}

/* Of what was recorded since: upcalls of the domain on the CPU and on others, and its timer's events. */
static void count(uint16_t id, unsigned *there, unsigned *elsewhere, unsigned *events)
{
	const struct pv_trace_record *r;
	uint32_t bytes;
	uint64_t lost;

	*there = *elsewhere = *events = 0;
	trace_read(65536, &bytes, &lost);
	for (r = trace_first(); r != NULL; r = trace_next(r)) {
		if (r->domid != id) {
			continue;
		}
		*there += r->kind == PV_TRACE_upcall && r->cpu == target;
		*elsewhere += r->kind == PV_TRACE_upcall && r->cpu != target;
		*events += r->kind == PV_TRACE_event && r->args[4] == PV_VIRQ_TIMER;
	}
}

static void check_round(uint16_t id)
{
	unsigned there, elsewhere, events;

	count(id, &there, &elsewhere, &events);
	check_result("moving: one event of the timer", events, 1);
	check_true("moving: taken on the CPU that it was moved to", there >= 1 && elsewhere == 0);
}

/* Each round it is moved to the other CPU when its deadline is set. */
static void check_another(void)
{
	struct pv_control_domain d = { .reason = 255 };
	struct pv_control_create *c;
	char cmdline[64];
	uint16_t id;

	snprintf(cmdline, sizeof(cmdline), "act=timer rounds=%u ns=%lu", ROUNDS, ROUND_NS);
	c = domains_request("moved", cmdline);
	c->affinity = 1;
	c->flags = PV_CONTROL_FLAG_paused;
	id = domains_make_by(c);
	trace_set(id, TRACE_BIT(event) | TRACE_BIT(upcall), 0);
	control_on_domain(PV_CONTROLOP_unpause, id);
	for (unsigned round = 0; round < ROUNDS; round++) {
		check_true("moving: a deadline is set", domains_await_signs(id, round + 1));
		if (round != 0) {
			check_round(id);
		}
		check_result("moving: another", move_to(id, (round + 1) % 2), 0);
		trace_forget();
	}
	check_true("moving: it comes to its end",
		   domains_await_state(id, PV_CONTROL_STATE_shutdown) && domains_describe(id, &d));
	check_round(id);
	check_result("moving: each event came once, none early", d.reason, PV_SHUTDOWN_poweroff);
	domains_put_away(id);
}

/* To and fro as fast as it goes, with short deadlines. */
static void check_fast(void)
{
	struct pv_control_domain d = { .reason = 255, .state = 255 };
	uint64_t end = timer_now_ns() + PATIENCE_NS;
	unsigned long moves = 0, failed = 0;
	char cmdline[64];
	uint16_t id;

	snprintf(cmdline, sizeof(cmdline), "act=timer rounds=%u ns=%lu", FAST_ROUNDS, FAST_NS);
	id = domains_make("fast", cmdline);
	while (domains_describe(id, &d) && d.state == PV_CONTROL_STATE_running &&
	       timer_now_ns() < end) {
		failed += move_to(id, (unsigned)(moves++ % 2)) != 0 && domains_describe(id, &d) &&
			  d.state == PV_CONTROL_STATE_running;
		timer_sleep_ns(300 * NS_PER_US);
	}
	check_true("moving: to and fro, to its end",
		   domains_await_state(id, PV_CONTROL_STATE_shutdown) && domains_describe(id, &d));
	check_sweep("moving: all moves are made", failed, 0, 0);
	check_true("moving: more than one for each deadline", moves > FAST_ROUNDS);
	check_result("moving: each event came once, none early", d.reason, PV_SHUTDOWN_poweroff);
	domains_put_away(id);
}

static void move_oneself(void)
{
	check_result("moving: oneself", move_to(domains_own(), 1 - target), 0);
	trace_forget();
}

static void check_oneself(void)
{
	uint16_t own = domains_own();

	move_to(own, 0);
	trace_set(own, TRACE_BIT(event) | TRACE_BIT(upcall), 0);
	for (unsigned round = 0; round < ROUNDS; round++) {
		check_true("moving: its event came once, not early",
			   timer_round(round, ROUND_NS / 3, move_oneself));
		check_round(own);
	}
	trace_set(own, 0, 0);
}

void moving_check(void)
{
	struct pv_control_sched all = { .domid = domains_own(),
					.what = PV_CONTROL_SCHED_affinity,
					.affinity = 3 };

	trace_set(0, 0, 0);
	trace_forget();
	check_another();
	check_fast();
	check_oneself();
	DOES("control.sched_set", "both CPUs again", control_call(PV_CONTROLOP_sched_set, &all), 0);
	trace_set(0, 0, 0);
}
