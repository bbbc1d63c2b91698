/*
 * What is left of domains that end: oops, its pieces; one that has ended and is not free yet,
 * since somebody holds a grant of it; and SCHEDOP_remote_shutdown, which is the other call for
 * those with the right. `off`, but for the machine's end itself.
 *
 * Read next: memory.c.
 */
#include "groups.h"

#include "calls.h"
#include "domains.h"
#include "grants.h"
#include "hypercall.h"
#include "mmu.h"
#include "page.h"
#include "printf.h"
#include "string.h"
#include "timer.h"

static struct pv_control_oops oops;

static long read_oops(uint16_t id, uint32_t offset)
{
	memset(&oops, 0, sizeof(oops));
	oops.domid = id;
	oops.offset = offset;
	return control_call(PV_CONTROLOP_oops, &oops);
}

/* ---- oops ---- */

/* All of it, by pieces that begin one byte before the end of the last: it fits together. */
static void check_pieces(uint16_t id)
{
	uint32_t at = 0, size;
	bool fits = true;
	char last = 0;

	do {
		fits = fits && read_oops(id, at) == 0;
		size = oops.size;
		fits = fits && size <= PV_CONTROL_OOPS_TEXT_MAX &&
		       (at == 0 || (size != 0 && oops.text[0] == last));
		if (size > 1) {
			last = oops.text[size - 1];
			at += size - 1;
		}
	} while (fits && size > 1);
	check_true("control.oops: pieces fit together", fits && at > 100);
	check_true("control.oops: it ends with a line", last == '\n');
	DOES("control.oops", "at its end", read_oops(id, at + 1), 0);
	check_result("control.oops: nothing is there", oops.size, 0);
	DOES("control.oops", "far beyond it", read_oops(id, ~0u), 0);
	check_result("control.oops: nothing is there either", oops.size, 0);
}

static void check_crash(void)
{
	uint16_t id = domains_make("faulty", "act=fault");
	struct pv_control_domain d = { 0 };

	check_true("control.oops: one crashes",
		   domains_await_state(id, PV_CONTROL_STATE_crashed) && domains_describe(id, &d));
	check_true("control.oops: its record says why",
		   d.reason == PV_SHUTDOWN_crash && d.text[0] != '\0');
	DOES("control.oops", "of one that crashed", read_oops(id, 0), 0);
	oops.text[sizeof(oops.text) - 1] = '\0';
	check_true("control.oops: its name, its registers",
		   strstr(oops.text, "faulty") != NULL && strstr(oops.text, "rip") != NULL);
	check_pieces(id);
	oops.reserved[0] = 1;
	REFUSES("control.oops", PV_EINVAL, "reserved", control_call(PV_CONTROLOP_oops, &oops));
	domains_put_away(id);
	REFUSES("control.oops", PV_ESRCH, "forgotten", read_oops(id, 0));
	REFUSES("control.oops", PV_ESRCH, "nobody", read_oops(NOBODY, 0));
}

static void check_no_crash(void)
{
	uint16_t id = domains_make("sound", "act=sleep");

	REFUSES("control.oops", PV_ENODATA, "one that lives", read_oops(id, 0));
	REFUSES("control.oops", PV_ENODATA, "itself", read_oops(domains_own(), 0));
	control_on_domain(PV_CONTROLOP_destroy, id);
	domains_await_state(id, PV_CONTROL_STATE_shutdown);
	REFUSES("control.oops", PV_ENODATA, "one that was destroyed", read_oops(id, 0));
	domains_put_away(id);
	id = domains_make("honest", "act=crash");
	check_true("control.oops: one says that it crashed",
		   domains_await_state(id, PV_CONTROL_STATE_shutdown));
	DOES("control.oops", "of that one", read_oops(id, 0), 0);
	check_true("control.oops: it has a report, too", oops.size != 0);
	domains_put_away(id);
}

/* ---- not free yet ---- */

#define HELD_VA 0x15000000000ul

/* This domain's own: its table, two pages about it, and one of handles. */
#define GRANT_PAGES 4u

static void check_operations_on_dying(uint16_t id)
{
	struct pv_control_memory memory = { .domid = id, .pages = 100 };
	struct pv_control_vcpus vcpus = { .domid = id, .count = 1 };
	struct pv_control_sched sched = { .domid = id,
					  .what = PV_CONTROL_SCHED_weight,
					  .weight = 1 };
	struct pv_control_trace trace = { .domid = id };
	static struct pv_control_stats stats;

	stats.domid = id;
	REFUSES("control.oops", PV_EAGAIN, "it is being freed", read_oops(id, 0));
	REFUSES("control.pause", PV_ESRCH, "ended", control_on_domain(PV_CONTROLOP_pause, id));
	REFUSES("control.unpause", PV_ESRCH, "ended", control_on_domain(PV_CONTROLOP_unpause, id));
	REFUSES("control.shutdown", PV_ESRCH, "ended", control_shutdown(id, PV_SHUTDOWN_poweroff));
	REFUSES("control.memory_set", PV_ESRCH, "ended",
		control_call(PV_CONTROLOP_memory_set, &memory));
	REFUSES("control.vcpus_set", PV_ESRCH, "ended",
		control_call(PV_CONTROLOP_vcpus_set, &vcpus));
	REFUSES("control.sched_set", PV_ESRCH, "ended",
		control_call(PV_CONTROLOP_sched_set, &sched));
	REFUSES("control.trace_set", PV_ESRCH, "ended",
		control_call(PV_CONTROLOP_trace_set, &trace));
	DOES("control.destroy", "one that is being freed: nothing",
	     control_on_domain(PV_CONTROLOP_destroy, id), 0);
	DOES("control.stats", "of one that is being freed",
	     control_call(PV_CONTROLOP_stats, &stats), 0);
}

static void check_held(void)
{
	struct pv_control_domain d = { 0 };
	char cmdline[32];
	uint16_t id, heir;
	long handle;

	snprintf(cmdline, sizeof(cmdline), "act=grant to=%u", domains_own());
	id = domains_make("held", cmdline);
	check_true("a domain grants a page", domains_await_signs(id, 1));
	check_result("grants: a place", mmu_map(mmu_root_mfn(), HELD_VA, 0), 0);
	handle = grants_map(id, PV_GNTTAB_NR_RESERVED_ENTRIES, HELD_VA, PV_GNTMAP_host_map);
	check_true("its page is mapped", handle >= 0);
	DOES("control.destroy", "while its page is held",
	     control_on_domain(PV_CONTROLOP_destroy, id), 0);
	check_true("control.list: it is being freed, and that lasts",
		   domains_describe(id, &d) && d.state == PV_CONTROL_STATE_dying);
	check_operations_on_dying(id);
	heir = domains_make("held", "act=sleep");
	check_true("control.create: its name is free already", heir != 0 && heir != id);
	check_result("its page goes", grants_unmap((unsigned)handle, HELD_VA, 0), 0);
	for (unsigned i = 0; i < 1000 && domains_describe(id, &d); i++) {
		timer_sleep_ns(10 * NS_PER_MS);
	}
	check_true("control.list: no record of one whose name is another's",
		   !domains_describe(id, &d));
	domains_put_away(heir);
}

/* ---- remote_shutdown ---- */

static long remote_shutdown(uint16_t id, uint32_t reason)
{
	struct pv_sched_remote_shutdown op = { .domain_id = id, .reason = reason };

	return hypercall_sched_op(PV_SCHEDOP_remote_shutdown, &op);
}

static void check_remote_end(uint32_t reason, unsigned state)
{
	struct pv_control_domain d = { .reason = 255 };
	uint16_t id = domains_make("remote", "act=sleep");

	DOES("sched_op.remote_shutdown", "of another", remote_shutdown(id, reason), 0);
	check_true("sched_op.remote_shutdown: it ends",
		   domains_await_state(id, state) && domains_describe(id, &d));
	check_result("sched_op.remote_shutdown: with that reason", d.reason, reason);
	REFUSES("sched_op.remote_shutdown", PV_ESRCH, "ended", remote_shutdown(id, reason));
	domains_put_away(id);
}

static void check_remote_reboot(void)
{
	uint16_t id = domains_make("remote", "act=sleep");
	struct pv_control_domain d = { 0 };

	DOES("sched_op.remote_shutdown", "to reboot", remote_shutdown(id, PV_SHUTDOWN_reboot), 0);
	for (unsigned i = 0; i < 1000 && (!control_find("remote", &d) || d.domid == id); i++) {
		timer_sleep_ns(10 * NS_PER_MS);
	}
	check_true("sched_op.remote_shutdown: it comes again", d.domid != 0 && d.domid != id);
	domains_put_away(d.domid);
}

static void check_remote(void)
{
	uint16_t id = domains_make("spared", "act=sleep");

	REFUSES("sched_op.remote_shutdown", PV_EINVAL, "suspend",
		remote_shutdown(id, PV_SHUTDOWN_suspend));
	REFUSES("sched_op.remote_shutdown", PV_EINVAL, "beyond the reasons",
		remote_shutdown(id, PV_SHUTDOWN_MAX + 1));
	REFUSES("sched_op.remote_shutdown", PV_EINVAL, "not cut to 8 bits",
		remote_shutdown(id, 256 + PV_SHUTDOWN_poweroff));
	REFUSES("sched_op.remote_shutdown", PV_ESRCH, "nobody",
		remote_shutdown(NOBODY, PV_SHUTDOWN_poweroff));
	REFUSES("sched_op.remote_shutdown", PV_ESRCH, "SELF",
		remote_shutdown(PV_DOMID_SELF, PV_SHUTDOWN_poweroff));
	REFUSES("sched_op", PV_EFAULT, "remote_shutdown from nowhere",
		hypercall_sched_op(PV_SCHEDOP_remote_shutdown, (void *)NOWHERE));
	check_true("sched_op.remote_shutdown: it lives",
		   domains_await_state(id, PV_CONTROL_STATE_running));
	domains_put_away(id);
	check_remote_end(PV_SHUTDOWN_poweroff, PV_CONTROL_STATE_shutdown);
	check_remote_end(PV_SHUTDOWN_crash, PV_CONTROL_STATE_shutdown);
	check_remote_end(PV_SHUTDOWN_MAX, PV_CONTROL_STATE_shutdown);
	check_remote_reboot();
}

/* ---- off ---- */

static void check_off(void)
{
	struct pv_control_off off = { .force = 2 };
	uint16_t id = domains_make("awake", "act=sleep");

	REFUSES("control.off", PV_EINVAL, "neither 0 nor 1", control_call(PV_CONTROLOP_off, &off));
	off = (struct pv_control_off){ .reserved = 1 };
	REFUSES("control.off", PV_EINVAL, "reserved", control_call(PV_CONTROLOP_off, &off));
	off.reserved = 0;
	REFUSES("control.off", PV_EBUSY, "another lives", control_call(PV_CONTROLOP_off, &off));
	control_on_domain(PV_CONTROLOP_pause, id);
	REFUSES("control.off", PV_EBUSY, "another is paused", control_call(PV_CONTROLOP_off, &off));
	domains_put_away(id);
}

void turn_off(unsigned force)
{
	struct pv_control_off off = { .force = force };

	if (force != 0) {
		domains_make("beside", "act=sleep");
	}
	printf("control: off\n");
	check_result("control.off: it does not return", control_call(PV_CONTROLOP_off, &off), 1);
}

void ending_check(void)
{
	check_crash();
	check_no_crash();
	check_result("grants: a table", grants_init(), 0);
	domains_expect_less(GRANT_PAGES);
	check_held();
	check_remote();
	check_off();
}
