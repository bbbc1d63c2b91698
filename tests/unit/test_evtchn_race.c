/*
 * channel/evtchn*.c on two CPUs at once: sends, binds, closes, resets and the end of a
 * domain, under a schedule that depends on nothing but a seed. Whatever it is, the
 * books are right afterwards: pairs name each other, no port is left half made, a port
 * that is free has no event, and nobody touches what was freed (ASan).
 */
#include <criterion/criterion.h>
#include <pthread.h>
#include <semaphore.h>

#include "host_names.h"

#include <parley/errno.h>
#include <seam/cpu.h>

#include "channel/evtchn_ops.h"
#include "channel/evtchn_table.h"
#include "domain/sched.h"
#include "fake_points.h"
#include "lib/string.h"
#include "small_domain.h"

#define ROUNDS 1500U
#define OPS    6U /* of each CPU in a round */
#define PORTS  5U /* that they use: few, so that they meet */

static struct domain *a, *b;
static u64 wakes; /* a */

void sched_wake(struct vcpu *v)
{
	__atomic_fetch_add(&wakes, 1, __ATOMIC_RELAXED);
}

void sched_wake_anyhow(struct vcpu *v)
{
	sched_wake(v);
}

/* ---- one of two threads runs, and each point may be where the other goes on ---- */

static struct {
	sem_t baton[2];
	bool is_done[2];
	u64 state;
	bool is_on;
} race;

static u64 next_random(u64 *state)
{
	*state = *state * 6364136223846793005UL + 1442695040888963407UL;
	return *state >> 33;
}

static void wait_for(u32 cpu)
{
	while (sem_wait(&race.baton[cpu]) != 0) {
	}
}

static void at_point(enum fake_point point, void *what)
{
	u32 me = cpu_id();

	if (!race.is_on || race.is_done[!me] || next_random(&race.state) % 3 != 0) {
		return;
	}
	sem_post(&race.baton[!me]);
	wait_for(me);
}

struct side {
	u32 cpu;
	u64 seed;
	void (*act)(u64 *random);
};

static void *run_side(void *arg)
{
	struct side *side = arg;

	fake_cpu_info.cpu = side->cpu;
	fake_cpu_info.current = side->cpu == 0 ? a->vcpus[0] : b->vcpus[0];
	wait_for(side->cpu);
	for (u32 i = 0; i < OPS; i++) {
		side->act(&side->seed);
	}
	race.is_done[side->cpu] = true;
	sem_post(&race.baton[!side->cpu]);
	return NULL;
}

static void run_both(void (*first)(u64 *random), void (*second)(u64 *random), u64 seed)
{
	struct side sides[2] = { { 0, seed * 2 + 1, first }, { 1, seed * 2 + 2, second } };
	pthread_t threads[2];

	race.state = seed;
	race.is_on = true;
	for (u32 i = 0; i < 2; i++) {
		race.is_done[i] = false;
		cr_assert_eq(sem_init(&race.baton[i], 0, 0), 0);
		cr_assert_eq(pthread_create(&threads[i], NULL, run_side, &sides[i]), 0);
	}
	sem_post(&race.baton[0]);
	for (u32 i = 0; i < 2; i++) {
		pthread_join(threads[i], NULL);
	}
	race.is_on = false;
}

/* ---- what the two do ---- */

/* Each round begins with two pairs and nothing else. */
static void begin_round(void)
{
	while (evtchn_reset_step(a) || evtchn_reset_step(b)) {
	}
	for (u32 i = 0; i < 2; i++) {
		int port = evtchn_alloc_unbound(a, b->id);

		cr_assert_gt(port, 0);
		cr_assert_gt(evtchn_bind_interdomain(b, a->id, (u32)port), 0);
	}
}

static void setup(void)
{
	small_domains_init();
	a = small_domain(1, 2);
	b = small_domain(2, 1);
	cr_assert_eq(evtchn_init(a), 0);
	cr_assert_eq(evtchn_init(b), 0);
	fake_point_hook = at_point;
}

TestSuite(evtchn_race, .init = setup);

/* Any operation by d, its peer being r. Results are whatever they are. */
static void any_operation(struct domain *d, const struct domain *r, u64 *random)
{
	u32 port = (u32)(next_random(random) % PORTS), other = (u32)(next_random(random) % PORTS);
	struct pv_evtchn_status status = { .port = port };
	int rc;

	switch (next_random(random) % 16) {
	case 0:
	case 1:
		rc = evtchn_alloc_unbound(d, r->id);
		break;
	case 2:
	case 3:
		rc = evtchn_bind_interdomain(d, r->id, other);
		break;
	case 4:
		rc = evtchn_bind_interdomain(d, PV_DOMID_SELF, other);
		break;
	case 5:
	case 6:
		rc = evtchn_close(d, port);
		break;
	case 7:
		rc = evtchn_unmask(d, port);
		break;
	case 8:
		rc = evtchn_status(d, &status);
		break;
	default: /* most */
		rc = evtchn_send(d, port);
		break;
	}
	(void)rc;
}

static void by_a(u64 *random)
{
	any_operation(a, b, random);
}

static void by_b(u64 *random)
{
	any_operation(b, a, random);
}

/* The other vCPU of a. */
static void by_a_too(u64 *random)
{
	any_operation(a, a, random);
}

static void reset_b(u64 *random)
{
	(void)!evtchn_reset_step(b);
	any_operation(b, a, random);
}

static void send_by_a(u64 *random)
{
	(void)!evtchn_send(a, (u32)(next_random(random) % PORTS));
}

/* b is no longer found, and is taken apart. */
static void end_b(u64 *random)
{
	b->life = DOMAIN_DYING;
	(void)!evtchn_fini_step(b);
}

/* ---- the books ---- */

static void check_port(const struct domain *d, u32 port)
{
	const struct evtchn *chn = evtchn_at(d, port);
	bool pending = (d->shared->evtchn_pending[port / 64] >> (port % 64)) & 1;

	if (chn->state == EVTCHN_FREE) {
		cr_assert_not(pending, "d%u port %u is free and has an event", d->id, port);
	}
	cr_assert_neq(chn->state, EVTCHN_RESERVED, "d%u port %u is half made", d->id, port);
	if (chn->state == EVTCHN_INTERDOMAIN) {
		const struct evtchn *there = evtchn_at(chn->remote, chn->remote_port);

		cr_assert_eq(there->state, EVTCHN_INTERDOMAIN);
		cr_assert_eq(there->remote, d);
		cr_assert_eq(there->remote_port, port);
	}
}

static void check_books(const struct domain *d)
{
	for (u32 port = 1; port < d->events.port_limit; port++) {
		check_port(d, port);
	}
	cr_assert_not(spin_is_locked(&d->event_lock));
}

static void many_rounds(void (*first)(u64 *random), void (*second)(u64 *random))
{
	for (u64 seed = 1; seed <= ROUNDS; seed++) {
		begin_round();
		run_both(first, second, seed);
		check_books(a);
		check_books(b);
	}
}

Test(evtchn_race, two_domains)
{
	many_rounds(by_a, by_b);
}

Test(evtchn_race, two_vcpus_of_one)
{
	many_rounds(by_a, by_a_too);
}

Test(evtchn_race, reset_and_the_other_end)
{
	many_rounds(by_a, reset_b);
}

/* Many domains end while the other sends, binds to them and closes. */
static void ends(void (*meanwhile)(u64 *random))
{
	for (u64 seed = 1; seed <= ROUNDS; seed++) {
		begin_round();
		run_both(meanwhile, end_b, seed);
		evtchn_fini(b);
		check_books(a);
		for (u32 port = 1; port < a->events.port_limit; port++) {
			cr_assert_neq(evtchn_at(a, port)->remote, b, "port %u leads to nobody",
				      port);
			cr_assert_neq(evtchn_at(a, port)->state == EVTCHN_INTERDOMAIN &&
					      evtchn_at(a, port)->remote_domid == b->id,
				      true);
		}
		/* The next of that number. */
		memset(&b->events, 0, sizeof(b->events));
		memset(b->shared, 0, PAGE_SIZE);
		b->life = DOMAIN_ALIVE;
		cr_assert_eq(evtchn_init(b), 0);
	}
}

Test(evtchn_race, an_end_while_the_other_sends)
{
	ends(send_by_a);
}

Test(evtchn_race, an_end_while_the_other_does_anything)
{
	ends(by_a);
}

/* ---- a port that changes at every look ---- */

static struct {
	u32 port;
	u32 changes;
	bool is_closing, is_changing;
} changed;

/* The other vCPU: what was an end of a pair waits for one, and the reverse. */
static void change_port(void)
{
	struct evtchn *chn = evtchn_at(a, changed.port);

	if (chn->state == EVTCHN_INTERDOMAIN) {
		cr_assert_eq(evtchn_close(b, chn->remote_port), 0);
	} else {
		cr_assert_gt(evtchn_bind_interdomain(b, a->id, changed.port), 0);
	}
	changed.changes++;
}

/* Before each lock that the closing CPU takes with none in its hands. */
static void change_before_lock(enum fake_point point, void *what)
{
	if (point != FAKE_POINT_LOCK || !changed.is_closing || changed.is_changing ||
	    fake_locks_held != 0 || changed.changes >= 1000) {
		return;
	}
	changed.is_changing = true;
	change_port();
	changed.is_changing = false;
}

static void close_while_it_changes(bool is_pair)
{
	int port = evtchn_alloc_unbound(a, b->id);

	cr_assert_gt(port, 0);
	changed.port = (u32)port;
	changed.changes = 0;
	if (is_pair) {
		cr_assert_gt(evtchn_bind_interdomain(b, a->id, changed.port), 0);
	}
	fake_point_hook = change_before_lock;
	changed.is_closing = true;
	cr_assert_eq(evtchn_close(a, changed.port), 0);
	changed.is_closing = false;
	fake_point_hook = at_point;
	cr_assert_gt(changed.changes, 0);
	cr_assert_eq(evtchn_at(a, changed.port)->state, EVTCHN_FREE);
	check_books(a);
	check_books(b);
}

/* There is no number of tries that others could win. */
Test(evtchn_race, a_port_that_others_rebind_all_the_time_is_closed)
{
	close_while_it_changes(true);
	close_while_it_changes(false);
}

/* ---- no event is lost ---- */

static u32 sent_port;

static void send_to_b(u64 *random)
{
	cr_assert_eq(evtchn_send(a, sent_port), 0);
}

/* b takes its event and looks again; what comes after must be pending. */
static u32 taken;

static void take_events(u64 *random)
{
	u32 port = evtchn_at(a, sent_port)->remote_port;

	taken += (__atomic_fetch_and(&b->shared->evtchn_pending[port / 64], ~(1UL << (port % 64)),
				     __ATOMIC_SEQ_CST) >>
		  (port % 64)) &
		 1;
}

Test(evtchn_race, what_is_sent_arrives)
{
	int pa = evtchn_alloc_unbound(a, b->id);
	int pb = evtchn_bind_interdomain(b, a->id, (u32)pa);

	cr_assert(pa > 0 && pb > 0);
	sent_port = (u32)pa;
	for (u64 seed = 1; seed <= ROUNDS; seed++) {
		u32 before = taken;
		u64 unused = 0;

		b->shared->evtchn_pending[0] = 0;
		run_both(send_to_b, take_events, seed);
		take_events(&unused);
		cr_assert_gt(taken, before, "seed %lu", seed);
		cr_assert_leq(taken - before, OPS);
	}
}
