/*
 * pause and unpause: counted, to the last count; of whom; and that a domain that is paused does
 * nothing meanwhile. destroy: what lives, is paused, has ended. Read next: sharing.c.
 */
#include "groups.h"

#include "calls.h"
#include "domains.h"
#include "hypercall.h"
#include "string.h"
#include "timer.h"

#define PAUSES_MAX 65535u

static long with_reserved(unsigned op, uint16_t domid)
{
	struct pv_control_domain_id id = { .domid = domid, .reserved = { 0, 0, 1 } };

	return control_call(op, &id);
}

static void check_refusals(uint16_t id)
{
	uint16_t own = domains_own();

	REFUSES("control.pause", PV_ESRCH, "nobody", control_on_domain(PV_CONTROLOP_pause, NOBODY));
	REFUSES("control.pause", PV_ESRCH, "0", control_on_domain(PV_CONTROLOP_pause, 0));
	REFUSES("control.pause", PV_ESRCH, "beyond all numbers",
		control_on_domain(PV_CONTROLOP_pause, 0xffff));
	REFUSES("control.pause", PV_EINVAL, "itself", control_on_domain(PV_CONTROLOP_pause, own));
	REFUSES("control.pause", PV_EINVAL, "SELF",
		control_on_domain(PV_CONTROLOP_pause, PV_DOMID_SELF));
	REFUSES("control.pause", PV_EINVAL, "reserved", with_reserved(PV_CONTROLOP_pause, id));
	REFUSES("control.unpause", PV_ESRCH, "nobody",
		control_on_domain(PV_CONTROLOP_unpause, NOBODY));
	REFUSES("control.unpause", PV_EINVAL, "itself",
		control_on_domain(PV_CONTROLOP_unpause, own));
	REFUSES("control.unpause", PV_EINVAL, "reserved", with_reserved(PV_CONTROLOP_unpause, id));
	REFUSES("control.unpause", PV_EINVAL, "not paused",
		control_on_domain(PV_CONTROLOP_unpause, id));
}

static bool stands_still(uint16_t id)
{
	uint64_t signs = domains_signs(id);

	timer_sleep_ns(20 * NS_PER_MS);
	return domains_signs(id) == signs;
}

/* It leaves its CPU at once, but the emulator may let that CPU wait. */
static bool comes_to_stand(uint16_t id)
{
	uint64_t end = timer_now_ns() + PATIENCE_NS;

	while (!stands_still(id)) {
		if (timer_now_ns() > end) {
			return false;
		}
	}
	return true;
}

static void check_still(uint16_t id)
{
	struct pv_control_domain d = { 0 };

	DOES("control.pause", "the first", control_on_domain(PV_CONTROLOP_pause, id), 0);
	check_true("control.pause: it comes to a stand", comes_to_stand(id));
	DOES("control.pause", "the second", control_on_domain(PV_CONTROLOP_pause, id), 0);
	domains_describe(id, &d);
	check_result("control.pause: state", d.state, PV_CONTROL_STATE_paused);
	check_result("control.pause: counted", d.pause_count, 2);
	DOES("control.unpause", "the second", control_on_domain(PV_CONTROLOP_unpause, id), 0);
	check_true("control.unpause: it still stands still", stands_still(id));
	DOES("control.unpause", "the first", control_on_domain(PV_CONTROLOP_unpause, id), 0);
	check_true("control.unpause: it goes on", domains_await_signs(id, domains_signs(id) + 1));
	domains_describe(id, &d);
	check_result("control.unpause: state", d.state, PV_CONTROL_STATE_running);
}

static void check_limit(uint16_t id)
{
	unsigned long wrong = 0;

	for (unsigned i = 0; i < PAUSES_MAX; i++) {
		wrong += control_on_domain(PV_CONTROLOP_pause, id) != 0;
	}
	check_sweep("control.pause: 65535 times", wrong, 0, 0);
	REFUSES("control.pause", PV_EOVERFLOW, "once more",
		control_on_domain(PV_CONTROLOP_pause, id));
	for (unsigned i = 0; i < PAUSES_MAX; i++) {
		wrong += control_on_domain(PV_CONTROLOP_unpause, id) != 0;
	}
	check_sweep("control.unpause: as often", wrong, 0, 0);
	REFUSES("control.unpause", PV_EINVAL, "once more",
		control_on_domain(PV_CONTROLOP_unpause, id));
	check_true("control.unpause: it goes on", domains_await_signs(id, domains_signs(id) + 1));
}

static void check_made_paused(void)
{
	struct pv_control_create *c = domains_request("prepared", "act=sleep");
	uint16_t id;

	c->flags = PV_CONTROL_FLAG_paused;
	id = domains_make_by(c);
	check_true("control.create: paused",
		   domains_await_state(id, PV_CONTROL_STATE_paused) && stands_still(id));
	check_result("control.create: paused before its first call", (long)domains_signs(id), 0);
	DOES("control.unpause", "one that was made so", control_on_domain(PV_CONTROLOP_unpause, id),
	     0);
	check_true("control.unpause: it begins", domains_await_signs(id, 1));
	domains_put_away(id);
}

static void check_destroy(uint16_t id)
{
	struct pv_control_domain d = { 0 };

	REFUSES("control.destroy", PV_ESRCH, "nobody",
		control_on_domain(PV_CONTROLOP_destroy, NOBODY));
	REFUSES("control.destroy", PV_EINVAL, "itself",
		control_on_domain(PV_CONTROLOP_destroy, domains_own()));
	REFUSES("control.destroy", PV_EINVAL, "SELF",
		control_on_domain(PV_CONTROLOP_destroy, PV_DOMID_SELF));
	REFUSES("control.destroy", PV_EINVAL, "reserved", with_reserved(PV_CONTROLOP_destroy, id));
	control_on_domain(PV_CONTROLOP_pause, id);
	DOES("control.destroy", "one that is paused", control_on_domain(PV_CONTROLOP_destroy, id),
	     0);
	REFUSES("control.pause", PV_ESRCH, "destroyed", control_on_domain(PV_CONTROLOP_pause, id));
	REFUSES("control.unpause", PV_ESRCH, "destroyed",
		control_on_domain(PV_CONTROLOP_unpause, id));
	check_true("control.destroy: a record is left",
		   domains_await_state(id, PV_CONTROL_STATE_shutdown) && domains_describe(id, &d));
	check_true("control.destroy: as what",
		   d.reason == PV_SHUTDOWN_poweroff && strcmp(d.text, "destroyed") == 0);
	check_result("control.destroy: without memory", (long)d.memory_pages, 0);
	DOES("control.destroy", "the record", control_on_domain(PV_CONTROLOP_destroy, id), 0);
	REFUSES("control.destroy", PV_ESRCH, "forgotten",
		control_on_domain(PV_CONTROLOP_destroy, id));
}

void pausing_check(void)
{
	uint16_t id = domains_make("busy", "act=busy");

	check_true("control.pause: of one that works", domains_await_signs(id, 1));
	check_refusals(id);
	check_still(id);
	check_limit(id);
	check_made_paused();
	check_destroy(id);
}
