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
#define ROUND_NS    (100 * NS_PER_MS) /* whoever moves it may be late itself */
#define FAST_ROUNDS 150u
#define FAST_NS     (2 * NS_PER_MS)

/* One that was made: in force from when the call has returned. */
static struct move {
	uint64_t began, done;
	unsigned cpu;
} moves[ROUNDS + 1];

static unsigned move_count, moves_failed;

static long move_to(uint16_t id, unsigned cpu)
{
	struct pv_control_sched sched = { .domid = id,
					  .what = PV_CONTROL_SCHED_affinity,
					  .affinity = 1ul << cpu };

	return control_call(PV_CONTROLOP_sched_set, &sched);
}

static void move_and_note(uint16_t id, unsigned cpu)
{
	struct move *m = &moves[move_count++];

	m->cpu = cpu;
	m->began = timer_now_ns();
	moves_failed += move_to(id, cpu) != 0;
	m->done = timer_now_ns();
}

/* The move in force at a time; NULL: one was being made. */
static const struct move *move_at(uint64_t ns)
{
	const struct move *m = moves;

	while (m + 1 < moves + move_count && ns >= m[1].began) {
		m++;
	}
	return ns > m->done ? m : NULL;
}

/* All that was recorded of the domain: so many events of its timer, each taken where it was then. */
static void check_records(uint16_t id)
{
	unsigned events = 0, taken[2] = { 0, 0 }, elsewhere = 0;
	const struct pv_trace_record *r;
	uint32_t bytes;
	uint64_t lost;

	trace_read(65536, &bytes, &lost);
	for (r = trace_first(); r != NULL; r = trace_next(r)) {
		const struct move *m = move_at(r->time_ns);

		if (r->domid != id || r->vcpu != 0) {
			continue;
		}
		events += r->kind == PV_TRACE_event && r->args[4] == PV_VIRQ_TIMER;
		if (r->kind == PV_TRACE_upcall && m != NULL) {
			taken[r->cpu % 2] += r->cpu == m->cpu;
			elsewhere += r->cpu != m->cpu;
		}
	}
	check_result("moving: no record is lost", (long)lost, 0);
	check_result("moving: the timer's events", events, ROUNDS);
	check_result("moving: none is taken elsewhere than where it was moved to", elsewhere, 0);
	check_true("moving: half of them on each CPU",
		   taken[0] >= ROUNDS / 2 - 1 && taken[1] >= ROUNDS / 2 - 1);
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
	move_count = 0;
	trace_set(id, TRACE_BIT(event) | TRACE_BIT(upcall), 0);
	control_on_domain(PV_CONTROLOP_unpause, id);
	for (unsigned round = 0; round < ROUNDS && domains_await_signs(id, round + 1); round++) {
		move_and_note(id, (round + 1) % 2);
	}
	check_true("moving: it comes to its end",
		   domains_await_state(id, PV_CONTROL_STATE_shutdown) && domains_describe(id, &d));
	check_result("moving: each event came once, none early", d.reason, PV_SHUTDOWN_poweroff);
	check_result("moving: once for each deadline", move_count, ROUNDS);
	check_records(id);
	domains_put_away(id);
}

/* To and fro as fast as it goes, with short deadlines. */
static void check_fast(void)
{
	struct pv_control_domain d = { .reason = 255, .state = 255 };
	uint64_t end = timer_now_ns() + PATIENCE_NS;
	unsigned long made = 0, failed = 0;
	char cmdline[64];
	uint16_t id;

	snprintf(cmdline, sizeof(cmdline), "act=timer rounds=%u ns=%lu", FAST_ROUNDS, FAST_NS);
	id = domains_make("fast", cmdline);
	while (domains_describe(id, &d) && d.state == PV_CONTROL_STATE_running &&
	       timer_now_ns() < end) {
		failed += move_to(id, (unsigned)(made++ % 2)) != 0 && domains_describe(id, &d) &&
			  d.state == PV_CONTROL_STATE_running;
		timer_sleep_ns(300 * NS_PER_US);
	}
	check_true("moving: to and fro, to its end",
		   domains_await_state(id, PV_CONTROL_STATE_shutdown) && domains_describe(id, &d));
	check_sweep("moving: all moves are made", failed, 0, 0);
	check_true("moving: more than one for each deadline", made > FAST_ROUNDS);
	check_result("moving: each event came once, none early", d.reason, PV_SHUTDOWN_poweroff);
	domains_put_away(id);
}

static void move_oneself(void)
{
	move_and_note(domains_own(), move_count % 2);
}

static void check_oneself(void)
{
	uint16_t own = domains_own();
	unsigned good = 0;

	move_count = 0;
	move_and_note(own, 1);
	trace_forget();
	trace_set(own, TRACE_BIT(event) | TRACE_BIT(upcall), 0);
	for (unsigned round = 0; round < ROUNDS; round++) {
		good += timer_round(round, ROUND_NS / 5, move_oneself);
	}
	trace_off();
	check_result("moving: oneself, each event came once, none early", good, ROUNDS);
	check_records(own);
}

void moving_check(void)
{
	struct pv_control_sched all = { .domid = domains_own(),
					.what = PV_CONTROL_SCHED_affinity,
					.affinity = 3 };

	trace_off();
	trace_forget();
	check_another();
	check_fast();
	check_oneself();
	check_result("moving: all moves were made", moves_failed, 0);
	DOES("control.sched_set", "both CPUs again", control_call(PV_CONTROLOP_sched_set, &all), 0);
	trace_off();
}
