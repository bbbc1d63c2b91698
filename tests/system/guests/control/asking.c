/*
 * What is only asked of a domain, by its store: shutdown, memory_set, vcpus_set. One does what
 * it is asked; one that has filled its store cannot be asked, and then nothing of it is done.
 *
 * Read next: making.c.
 */
#include "groups.h"

#include "calls.h"
#include "domains.h"
#include "string.h"
#include "timer.h"

#define GIVEN 40u

/* Nodes that a store spares for those who ask: STORE_SPARE_NODES of hypervisor/domain/store_tree.h. */
#define SPARE_NODES 16u

static long memory_set(uint16_t id, uint64_t pages)
{
	struct pv_control_memory memory = { .domid = id, .pages = pages };

	return control_call(PV_CONTROLOP_memory_set, &memory);
}

static long vcpus_set(uint16_t id, uint32_t count)
{
	struct pv_control_vcpus vcpus = { .domid = id, .count = count };

	return control_call(PV_CONTROLOP_vcpus_set, &vcpus);
}

static bool comes_to(uint16_t id, uint64_t pages, uint32_t vcpus)
{
	uint64_t end = timer_now_ns() + PATIENCE_NS;
	struct pv_control_domain d = { 0 };

	do {
		timer_sleep_ns(NS_PER_MS);
		domains_describe(id, &d);
	} while ((d.memory_pages != pages || d.vcpus_online != vcpus) && timer_now_ns() < end);
	return d.memory_pages == pages && d.vcpus_online == vcpus;
}

static void expect_limit(const char *name, uint16_t id, uint64_t pages)
{
	struct pv_control_domain d = { 0 };

	domains_describe(id, &d);
	check_result(name, (long)d.memory_limit, (long)pages);
}

static void check_memory(uint16_t id)
{
	struct pv_control_memory memory = { .domid = id, .reserved = { 1 }, .pages = 1000 };

	DOES("control.memory_set", "less", memory_set(id, SUBJECT_PAGES - GIVEN), 0);
	check_true("control.memory_set: it gives up that much",
		   comes_to(id, SUBJECT_PAGES - GIVEN, 2));
	expect_limit("control.memory_set: and may have no more", id, SUBJECT_PAGES - GIVEN);
	DOES("control.memory_set", "all that it was made with", memory_set(id, SUBJECT_PAGES), 0);
	check_true("control.memory_set: it takes it again", comes_to(id, SUBJECT_PAGES, 2));
	REFUSES("control.memory_set", PV_EINVAL, "a page more", memory_set(id, SUBJECT_PAGES + 1));
	REFUSES("control.memory_set", PV_EINVAL, "far more", memory_set(id, ~0ul));
	REFUSES("control.memory_set", PV_EINVAL, "nothing", memory_set(id, 0));
	REFUSES("control.memory_set", PV_EINVAL, "reserved",
		control_call(PV_CONTROLOP_memory_set, &memory));
	REFUSES("control.memory_set", PV_ESRCH, "nobody", memory_set(NOBODY, 1));
	DOES("control.memory_set", "of itself", memory_set(domains_own(), start_info->nr_pages), 0);
	expect_limit("control.memory_set: nothing changed", id, SUBJECT_PAGES);
}

static void check_vcpus(uint16_t id)
{
	struct pv_control_vcpus vcpus = { .domid = id, .reserved = 1, .count = 1 };

	DOES("control.vcpus_set", "one", vcpus_set(id, 1), 0);
	check_true("control.vcpus_set: the other goes down", comes_to(id, SUBJECT_PAGES, 1));
	DOES("control.vcpus_set", "all", vcpus_set(id, 2), 0);
	check_true("control.vcpus_set: and comes up", comes_to(id, SUBJECT_PAGES, 2));
	REFUSES("control.vcpus_set", PV_EINVAL, "none", vcpus_set(id, 0));
	REFUSES("control.vcpus_set", PV_EINVAL, "one more", vcpus_set(id, 3));
	REFUSES("control.vcpus_set", PV_EINVAL, "reserved",
		control_call(PV_CONTROLOP_vcpus_set, &vcpus));
	REFUSES("control.vcpus_set", PV_ESRCH, "nobody", vcpus_set(NOBODY, 1));
}

static void check_shutdown(uint16_t id)
{
	struct pv_control_shutdown shutdown = { .domid = id, .reserved = { [4] = 1 } };
	struct pv_control_domain d = { .reason = 255 };
	unsigned long wrong = 0;

	for (unsigned reason = PV_SHUTDOWN_reboot + 1; reason < 256; reason++) {
		wrong += control_shutdown(id, (uint8_t)reason) != -PV_EINVAL;
	}
	check_sweep("control.shutdown: other reasons", wrong, 0, 0);
	REFUSES("control.shutdown", PV_EINVAL, "to crash", control_shutdown(id, PV_SHUTDOWN_crash));
	REFUSES("control.shutdown", PV_EINVAL, "reserved",
		control_call(PV_CONTROLOP_shutdown, &shutdown));
	REFUSES("control.shutdown", PV_ESRCH, "nobody",
		control_shutdown(NOBODY, PV_SHUTDOWN_poweroff));
	DOES("control.shutdown", "to power off", control_shutdown(id, PV_SHUTDOWN_poweroff), 0);
	check_true("control.shutdown: it does",
		   domains_await_state(id, PV_CONTROL_STATE_shutdown) && domains_describe(id, &d));
	check_result("control.shutdown: by its own call", d.reason, PV_SHUTDOWN_poweroff);
	REFUSES("control.shutdown", PV_ESRCH, "ended", control_shutdown(id, PV_SHUTDOWN_poweroff));
	domains_put_away(id);
}

/* Asked to reboot it comes again, under another number, unless it is made for once. */
static void check_reboot(bool once)
{
	struct pv_control_create *c = domains_request("again", "act=obey");
	struct pv_control_domain d = { 0 };
	uint64_t end = timer_now_ns() + PATIENCE_NS;
	uint16_t id;

	c->vcpu_count = 2;
	c->flags = once ? PV_CONTROL_FLAG_once : 0;
	id = domains_make_by(c);
	domains_await_signs(id, 1);
	DOES("control.shutdown", "to reboot", control_shutdown(id, PV_SHUTDOWN_reboot), 0);
	if (once) {
		check_true("control.shutdown: made once, it does not come again",
			   domains_await_state(id, PV_CONTROL_STATE_shutdown));
		domains_put_away(id);
		check_true("control.shutdown: none has its name", !control_find("again", &d));
		return;
	}
	while ((!control_find("again", &d) || d.domid == id ||
		d.state != PV_CONTROL_STATE_running) &&
	       timer_now_ns() < end) {
		timer_sleep_ns(NS_PER_MS);
	}
	check_true("control.shutdown: it comes again", d.domid != id);
	check_true("control.shutdown: its old number is nobody's",
		   !domains_describe(id, &(struct pv_control_domain){ 0 }));
	domains_put_away(d.domid);
}

static uint16_t make_full(uint32_t vcpus)
{
	struct pv_control_create *c = domains_request("full", "act=fill");
	uint16_t id;

	c->vcpu_count = vcpus;
	id = domains_make_by(c);
	check_true("a domain has filled its store", domains_await_signs(id, 1));
	return id;
}

/* What vcpus_set has to make: cpu, and for each vCPU its directory and what is in it. */
static void check_full(void)
{
	uint32_t fit = (SPARE_NODES - 1) / 2;
	uint16_t id = make_full(fit + 1);

	REFUSES("control.vcpus_set", PV_ENOSPC, "its store is full", vcpus_set(id, 1));
	DOES("control.memory_set", "which has left no node half way",
	     memory_set(id, SUBJECT_PAGES - 1), 0);
	DOES("control.shutdown", "nor here", control_shutdown(id, PV_SHUTDOWN_poweroff), 0);
	domains_put_away(id);
	id = make_full(fit);
	DOES("control.vcpus_set", "as many as there is room for", vcpus_set(id, fit), 0);
	DOES("control.vcpus_set", "again, in their place", vcpus_set(id, 1), 0);
	REFUSES("control.memory_set", PV_ENOSPC, "its store is full",
		memory_set(id, SUBJECT_PAGES - 1));
	expect_limit("control.memory_set: its limit is what it was", id, SUBJECT_PAGES);
	REFUSES("control.shutdown", PV_ENOSPC, "its store is full",
		control_shutdown(id, PV_SHUTDOWN_poweroff));
	domains_put_away(id);
}

void asking_check(void)
{
	struct pv_control_create *c = domains_request("obedient", "act=obey");
	uint16_t id;

	c->vcpu_count = 2;
	id = domains_make_by(c);
	check_true("a domain that does what it is asked", domains_await_signs(id, 1));
	check_memory(id);
	check_vcpus(id);
	check_shutdown(id);
	check_reboot(false);
	check_reboot(true);
	check_full();
}
