/*
 * Has a sweep run with the right of control, and one by mayflies, and counts. What
 * must hold meanwhile and after: the neighbour, whom nobody names, is what it was; and
 * when all who were made are gone, each page has come back. The last lines are
 *	keeper: N mayflies, E of them ended by a call, B blocked; P passed
 *	keeper: free pages F before and F after
 * Then operations that turn the machine off are swept, the one that does it last.
 */
#include <parley/trace.h>

#include "control.h"
#include "cpu.h"
#include "events.h"
#include "grants.h"
#include "hypercall.h"
#include "mmu.h"
#include "page.h"
#include "power.h"
#include "printf.h"
#include "roles.h"
#include "start.h"
#include "string.h"
#include "timer.h"

#define NS_PER_MS      1000000ul
#define SWEEP_NS       (400000ul * NS_PER_MS)
#define GONE_NS        (20000ul * NS_PER_MS)
#define STUCK_NS       (150ul * NS_PER_MS) /* a mayfly that has not gone on so long is blocked */
#define CONTROL_PAGES  8192ul
#define MAYFLY_PAGES   1024ul
#define MAYFLIES_MAX   1000u
#define SMALL_NUMBERS  2u /* edge values: no image that matters may have such a number */
#define NEIGHBOUR_PORT 16u

static uint32_t image;
static unsigned bell; /* rings at the neighbour's */
static struct pv_control_domain neighbour;
static volatile struct mayfly_log *told;
static unsigned failures;

static void complain(const char *what, long value)
{
	failures++;
	printf("FAILED keeper: %s: %ld\n", what, value);
}

/* ---- the neighbour ---- */

/* It has a port for us, but does not say which. */
static void meet_neighbour(void)
{
	int port = -1;

	if (!control_find("neighbour", &neighbour)) {
		power_panic("there is no neighbour");
	}
	while (port < 0) {
		for (unsigned i = 1; i < NEIGHBOUR_PORT && port < 0; i++) {
			port = events_bind_interdomain(neighbour.domid, i, NULL, NULL);
		}
		timer_sleep_ns(NS_PER_MS);
	}
	bell = (unsigned)port;
	control_find("neighbour", &neighbour);
}

static void check_neighbour(void)
{
	struct pv_control_domain now;

	if (!control_find("neighbour", &now) || now.state != neighbour.state) {
		complain("the neighbour's state", now.state);
	} else if (now.domid != neighbour.domid || now.pause_count != 0 ||
		   now.memory_pages != neighbour.memory_pages ||
		   now.memory_limit != neighbour.memory_limit || now.weight != neighbour.weight ||
		   now.cap != neighbour.cap || now.affinity != neighbour.affinity) {
		complain("the neighbour is not what it was", now.domid);
	}
}

/* ---- domains that are made ---- */

static bool has_ended(const char *name, struct pv_control_domain *d)
{
	return !control_find(name, d) || d->state >= PV_CONTROL_STATE_dying;
}

static void sweep_with_control(void)
{
	uint64_t deadline = timer_now_ns() + SWEEP_NS;
	struct pv_control_domain d = { .domid = 0 };
	struct pv_control_create c;
	long rc;

	control_prepare(&c, "sweeper", image, CONTROL_PAGES);
	c.ramdisk = image;
	c.flags = PV_CONTROL_FLAG_control | PV_CONTROL_FLAG_once;
	snprintf(c.cmdline, sizeof(c.cmdline), "control spread=%lu",
		 start_option_number("spread", 0));
	rc = control_call(PV_CONTROLOP_create, &c);
	if (rc != 0) {
		complain("cannot make the sweeper", rc);
		return;
	}
	while (!has_ended("sweeper", &d) && timer_now_ns() < deadline) {
		timer_sleep_ns(10 * NS_PER_MS);
	}
	if (d.state < PV_CONTROL_STATE_dying || d.reason != PV_SHUTDOWN_poweroff) {
		complain("the sweeper's end is not to power off", d.reason);
	}
}

static bool make_mayfly(uint32_t from)
{
	struct pv_control_create c;
	long rc;

	control_prepare(&c, "mayfly", image, MAYFLY_PAGES);
	c.flags = PV_CONTROL_FLAG_paused | PV_CONTROL_FLAG_once;
	snprintf(c.cmdline, sizeof(c.cmdline), "mayfly keeper-id=%u from=%u", events_own_domid(),
		 from);
	rc = control_call(PV_CONTROLOP_create, &c);
	if (rc != 0) {
		complain("cannot make a mayfly", rc);
		return false;
	}
	grants_set(MAYFLY_REF, PV_GTF_permit_access, c.domid, mmu_page_mfn((const void *)told));
	return control_on_domain(PV_CONTROLOP_unpause, c.domid) == 0;
}

/* True: it ended by itself. */
static bool watch_mayfly(void)
{
	uint64_t since = timer_now_ns();
	struct pv_control_domain d;
	uint32_t last = told->beat;

	while (!has_ended("mayfly", &d)) {
		timer_sleep_ns(NS_PER_MS / 2);
		if (told->beat != last) {
			last = told->beat;
			since = timer_now_ns();
		} else if (timer_now_ns() - since > STUCK_NS) {
			return false;
		}
	}
	return true;
}

static void sweep_with_mayflies(void)
{
	unsigned lives = 0, ended = 0, blocked = 0, passed = 0;
	uint32_t from = 0;

	memset((void *)told, 0, sizeof(*told));
	while (!told->done && lives < MAYFLIES_MAX) {
		told->next = from;
		told->passed = told->failed = 0;
		if (!make_mayfly(from)) {
			return;
		}
		lives++;
		if (watch_mayfly()) {
			ended++;
		} else {
			blocked++;
		}
		if (!control_put_away("mayfly") || !grants_end(MAYFLY_REF)) {
			complain("a mayfly does not end at call", told->next);
			return;
		}
		passed += told->passed;
		if (told->failed != 0) {
			complain("calls of a mayfly", told->failed);
		}
		from = told->next + 1;
	}
	if (!told->done || blocked == 0 || ended < 10 || passed < 100) {
		complain("mayflies have not seen all of it: calls passed", passed);
	}
	printf("keeper: %u mayflies, %u of them ended by a call, %u blocked; %u passed\n", lives,
	       ended, blocked, passed);
}

/* ---- turning the machine off ---- */

static bool is_off_refused(struct edge_world *w, const struct edge_call *call,
			   const struct edge_operation *op, uint8_t hazard,
			   const uint64_t args[EDGE_ARGS])
{
	const struct pv_control_off *off =
		(const void *)(w->memory + EDGE_MEMORY - sizeof(struct pv_control_off));

	return call->number == PV_HYPERCALL_control && op && strcmp(op->name, "off") == 0 &&
	       off->force != 1;
}

static void sweep_off(void)
{
	struct edge_world w;

	world_make(&w);
	w.spread = 1;
	w.may = is_off_refused;
	edge_sweep(&w);
	world_repair(&w);
	world_check_books(&w);
	events_enable();
	if (w.passed < 10 || w.failures != 0) {
		complain("refusals to turn the machine off", (long)w.passed);
	}
}

static void end(void)
{
	uint64_t deadline = timer_now_ns() + GONE_NS;
	struct pv_control_off off = { .force = 1 };
	struct pv_control_domain d;

	events_send(bell);
	while (!has_ended("neighbour", &d) && timer_now_ns() < deadline) {
		timer_sleep_ns(NS_PER_MS);
	}
	printf("keeper: %u failed\n", failures);
	timer_sleep_ns(10 * NS_PER_MS); /* the line carries it */
	complain("the machine is still on", control_call(PV_CONTROLOP_off, &off));
}

/* ---- pages ---- */

/* What stays once it is made: the trace's rings. */
static void make_what_stays(void)
{
	struct pv_control_trace set = { .domid = (uint16_t)events_own_domid(),
					.kinds = 1u << PV_TRACE_event };

	if (control_call(PV_CONTROLOP_trace_set, &set) != 0) {
		power_panic("there is no trace");
	}
	set.kinds = 0;
	control_call(PV_CONTROLOP_trace_set, &set);
}

static void upload(void)
{
	long rc = 0;

	do {
		control_image_free(image);
		rc = control_image_upload((const void *)start_info->mod_start, start_info->mod_len,
					  &image);
	} while (rc == 0 && image <= SMALL_NUMBERS);
	if (rc != 0) {
		power_panic("cannot hand over the image: %ld", rc);
	}
}

/* Pages are freed by steps: how many there are when it has come to rest. */
static uint64_t stable_pages(void)
{
	uint64_t last, now = control_free_pages();

	do {
		last = now;
		timer_sleep_ns(20 * NS_PER_MS);
		now = control_free_pages();
	} while (now != last);
	return now;
}

/* Ends and forgets all that were made, and waits for their pages. */
static void settle(uint64_t wanted)
{
	static const char *const names[] = { "sweeper", "victim", "corpse", "mayfly" };
	uint64_t deadline = timer_now_ns() + GONE_NS;

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!control_put_away(names[i])) {
			complain("still there, by its index", i);
		}
	}
	while (control_free_pages() != wanted && timer_now_ns() < deadline) {
		timer_sleep_ns(NS_PER_MS);
	}
}

int keeper_run(void)
{
	uint64_t before;

	meet_neighbour();
	make_what_stays();
	upload();
	told = page_alloc();
	if (grants_init() != 0) {
		power_panic("there are no grants");
	}
	before = stable_pages();
	sweep_with_control();
	check_neighbour();
	settle(before);
	sweep_with_mayflies();
	check_neighbour();
	settle(before);
	printf("keeper: free pages %lu before and %lu after\n", before, control_free_pages());
	if (control_free_pages() != before) {
		complain("pages are lost", (long)(before - control_free_pages()));
	}
	sweep_off();
	check_neighbour();
	end();
	return 1;
}
