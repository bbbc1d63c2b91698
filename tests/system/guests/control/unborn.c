/*
 * A create in the making, which takes a while: the second vCPU looks for it in the list and
 * destroys it; or has the first interrupted, whose handler then asks for another domain, as one
 * vCPU cannot.
 *
 * Read next: images.c.
 */
#include "groups.h"

#include "calls.h"
#include "domains.h"
#include "events.h"
#include "second.h"
#include "string.h"
#include "timer.h"

#define LARGE_PAGES 8192u /* there are many steps to it */
#define TRIES       20u

enum meddling {
	REST,
	DESTROY,
	INTERRUPT,
	STOP,
};

static enum meddling wanted; /* the second vCPU's order; it rests when it is done */
static long answer;          /* of what it did, or had the first do */
static int port;

static enum meddling order(void)
{
	return __atomic_load_n(&wanted, __ATOMIC_SEQ_CST);
}

static void give_order(enum meddling m)
{
	__atomic_store_n(&wanted, m, __ATOMIC_SEQ_CST);
}

/* Upcalls come between two calls of one create. */
static void ask_for_another(unsigned unused, void *arg)
{
	static struct pv_control_create other;

	memcpy(&other, arg, sizeof(other));
	other.name[0] = 'a';
	answer = control_call(PV_CONTROLOP_create, &other);
}

static bool find_unborn(uint16_t *domid)
{
	static struct pv_control_list list;

	memset(&list, 0, sizeof(list));
	control_call(PV_CONTROLOP_list, &list);
	for (unsigned i = 0; i < list.count; i++) {
		if (list.domains[i].state == PV_CONTROL_STATE_building) {
			*domid = list.domains[i].domid;
			return true;
		}
	}
	return false;
}

static void meddle(void *unused)
{
	enum meddling m;
	uint16_t domid;

	(void)unused;
	while ((m = order()) != STOP) {
		if (m == REST) {
			timer_sleep_ns(NS_PER_US);
			continue;
		}
		if (!find_unborn(&domid)) {
			continue;
		}
		if (m == DESTROY) {
			answer = control_on_domain(PV_CONTROLOP_destroy, domid);
		} else {
			events_send((unsigned)port);
		}
		give_order(REST);
	}
}

/* One create under such an order; *hit: it was met in time. */
static long create_under(enum meddling m, struct pv_control_create *c, bool *hit)
{
	long rc;

	answer = 1;
	give_order(m);
	rc = control_call(PV_CONTROLOP_create, c);
	*hit = order() == REST;
	give_order(REST);
	return rc;
}

static void check_destroyed(struct pv_control_create *c)
{
	bool hit = false;
	long rc = 0;

	for (unsigned i = 0; i < TRIES && rc == 0; i++) {
		rc = create_under(DESTROY, c, &hit);
		if (rc == 0) {
			domains_put_away(c->domid);
		}
	}
	REFUSES("control.create", PV_ESRCH, "destroyed while it was made", rc);
	DOES("control.destroy", "one that is being made", answer, 0);
	check_result("control.create: no number is told", c->domid, 0);
	domains_settle();
	DOES("control.create", "the same again", create_under(REST, c, &hit), 0);
	domains_put_away(c->domid);
}

static void check_interrupted(struct pv_control_create *c)
{
	bool hit = false;
	long rc = 0;

	for (unsigned i = 0; i < TRIES && rc == 0 && answer != -PV_EBUSY; i++) {
		rc = create_under(INTERRUPT, c, &hit);
		timer_sleep_ns(NS_PER_MS); /* the upcall, if it comes late */
		domains_settle();
	}
	REFUSES("control.create", PV_EBUSY, "another while one is made for this vCPU", answer);
	DOES("control.create", "and that one is made", rc, 0);
}

void unborn_check(void)
{
	struct pv_control_create *c = domains_request("large", "act=sleep");

	c->memory_pages = LARGE_PAGES;
	give_order(REST);
	port = events_bind_ipi(0, ask_for_another, c);
	check_true("a port to be interrupted by", port >= 0);
	check_true("a vCPU that meddles", second_begin(meddle, NULL));
	check_destroyed(c);
	answer = 0;
	check_interrupted(c);
	give_order(STOP);
	second_wait();
	events_close((unsigned)port);
}
