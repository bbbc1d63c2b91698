/*
 * What only looks: machine, list, stats; and what is the same for all operations: those
 * without the right, numbers that are none, structures that cannot be read or written.
 *
 * Read next: pausing.c.
 */
#include "groups.h"

#include <stddef.h>

#include "calls.h"
#include "cpu.h"
#include "domains.h"
#include "hypercall.h"
#include "mmu.h"
#include "page.h"
#include "printf.h"
#include "string.h"
#include "timer.h"

#define MANY 10u

static void check_machine(void)
{
	struct pv_control_machine m = { 0 }, later = { 0 };

	DOES("control.machine", "told", control_call(PV_CONTROLOP_machine, &m), 0);
	check_result("control.machine: version", m.version, PV_CONTROL_VERSION);
	check_result("control.machine: CPUs", m.cpus, 2);
	check_result("control.machine: and which", (long)m.cpu_mask, 3);
	check_result("control.machine: domains", m.domains, 1);
	check_result("control.machine: none has ended", m.ended, 0);
	check_true("control.machine: pages", m.free_pages != 0 && m.free_pages < m.total_pages);
	check_true("control.machine: pages of images",
		   m.image_pages >= start_info->mod_len / KIT_PAGE_SIZE);
	check_true("control.machine: the time", m.time_ns <= timer_now_ns());
	control_call(PV_CONTROLOP_machine, &later);
	check_true("control.machine: which goes on", later.time_ns > m.time_ns);
}

static void check_self(void)
{
	struct pv_control_domain d = { 0 };

	check_true("control.list: ourselves", domains_describe(domains_own(), &d));
	check_result("control.list: state", d.state, PV_CONTROL_STATE_running);
	check_result("control.list: flags", d.flags, PV_CONTROL_FLAG_control);
	check_result("control.list: vCPUs", d.vcpu_count, 2);
	check_result("control.list: online", d.vcpus_online, 1);
	check_result("control.list: pages", (long)d.memory_pages, (long)start_info->nr_pages);
	check_result("control.list: limit", (long)d.memory_limit, (long)start_info->nr_pages);
	check_result("control.list: weight", d.weight, 256);
	check_result("control.list: affinity", (long)d.affinity, 3);
	check_true("control.list: hypercalls", d.hypercalls != 0);
	check_true("control.list: upcalls", d.events != 0 || timer_event_count() == 0);
	check_true("control.list: time", d.cpu_time_ns != 0 && d.started_ns < timer_now_ns());
	check_true("control.list: name", strcmp(d.name, "control") == 0);
}

/* How many there are in all, by pieces; all in order and none twice. */
static unsigned count_all(unsigned *pieces)
{
	struct pv_control_list list = { 0 };
	unsigned seen = 0, last = 0;

	*pieces = 0;
	do {
		list.count = 0;
		check_result("control.list: a piece", control_call(PV_CONTROLOP_list, &list), 0);
		for (unsigned i = 0; i < list.count; i++) {
			check_true("control.list: in order", list.domains[i].domid > last);
			last = list.domains[i].domid;
		}
		seen += list.count;
		++*pieces;
	} while (list.first != 0);
	return seen;
}

static void check_list(void)
{
	struct pv_control_list list = { .first = 0xffff };
	unsigned pieces;
	uint16_t dead;
	char name[16];

	DOES("control.list", "beyond all numbers", control_call(PV_CONTROLOP_list, &list), 0);
	check_true("control.list: nobody is there", list.count == 0 && list.first == 0);
	list.count = 1;
	REFUSES("control.list", PV_EINVAL, "a count", control_call(PV_CONTROLOP_list, &list));
	list.count = 0;
	list.reserved = 1;
	REFUSES("control.list", PV_EINVAL, "reserved", control_call(PV_CONTROLOP_list, &list));
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "many-%u", i);
		domains_make(name, "act=sleep");
	}
	check_result("control.list: all of them", count_all(&pieces), MANY + 1);
	check_result("control.list: eight a piece", pieces, 2);
	dead = domains_make("ended", "act=poweroff");
	check_true("control.list: one ends", domains_await_state(dead, PV_CONTROL_STATE_shutdown));
	check_result("control.list: and is remembered", count_all(&pieces), MANY + 2);
	domains_settle();
	check_result("control.list: all are gone", count_all(&pieces), 1);
}

static void check_stats(void)
{
	static struct pv_control_stats stats;
	uint16_t id = domains_make("counted", "act=poweroff");

	domains_await_state(id, PV_CONTROL_STATE_shutdown);
	stats.domid = id;
	DOES("control.stats", "of a record", control_call(PV_CONTROLOP_stats, &stats), 0);
	check_result("control.stats: version", stats.stats.version, PV_STATS_VERSION);
	check_result("control.stats: size", stats.stats.size, sizeof(stats.stats));
	check_result("control.stats: it signed once",
		     (long)stats.stats.hypercalls[PV_HYPERCALL_fpu_taskswitch], 1);
	memset(&stats, 0, sizeof(stats));
	stats.domid = domains_own();
	DOES("control.stats", "of itself", control_call(PV_CONTROLOP_stats, &stats), 0);
	check_true("control.stats: this call is in it",
		   stats.stats.hypercalls[PV_HYPERCALL_control] != 0);
	stats.reserved[2] = 1;
	REFUSES("control.stats", PV_EINVAL, "reserved", control_call(PV_CONTROLOP_stats, &stats));
	stats.reserved[2] = 0;
	stats.domid = NOBODY;
	REFUSES("control.stats", PV_ESRCH, "nobody", control_call(PV_CONTROLOP_stats, &stats));
	stats.domid = PV_DOMID_SELF;
	REFUSES("control.stats", PV_ESRCH, "SELF is no number here",
		control_call(PV_CONTROLOP_stats, &stats));
	domains_put_away(id);
	stats.domid = id;
	REFUSES("control.stats", PV_ESRCH, "forgotten", control_call(PV_CONTROLOP_stats, &stats));
}

/* All of a structure must be there, and what is (out) be writable, before anything is done. */
static void check_structures(void)
{
	uint8_t *two = (uint8_t *)0x13000000000ul, *page = page_alloc();
	unsigned long wrong = 0, first = 0;
	long rc = 0, last = 0;

	for (unsigned long op = 0; op < PV_CONTROLOPS; op++) {
		static const unsigned long nowhere[] = { 0, NOWHERE, HYPERVISOR, ~0ul, 1ul << 47 };

		for (unsigned i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++) {
			rc = hypercall2(PV_HYPERCALL_control, op, nowhere[i]);
			if (rc != -PV_EFAULT && wrong++ == 0) {
				first = op;
				last = rc;
			}
		}
	}
	check_sweep("control: every operation, from nowhere", wrong, first, last);
	REFUSES("control", PV_EFAULT, "from nowhere",
		hypercall2(PV_HYPERCALL_control, PV_CONTROLOP_pause, NOWHERE));
	check_result("control: a page for a structure",
		     mmu_map(mmu_root_mfn(), (uintptr_t)two,
			     mmu_pte(mmu_page_mfn(page), MMU_PTE_DATA)),
		     0);
	DOES("control.machine", "at the end of what is mapped",
	     control_call(PV_CONTROLOP_machine,
			  two + KIT_PAGE_SIZE - sizeof(struct pv_control_machine)),
	     0);
	REFUSES("control.machine", PV_EFAULT, "a byte beyond it",
		control_call(PV_CONTROLOP_machine,
			     two + KIT_PAGE_SIZE - sizeof(struct pv_control_machine) + 1));
	mmu_set_mapping((uintptr_t)two, mmu_pte(mmu_page_mfn(page), MMU_PTE_READ_ONLY));
	REFUSES("control.machine", PV_EFAULT, "read-only", control_call(PV_CONTROLOP_machine, two));
	memcpy(page, domains_request("never", "act=sleep"), sizeof(struct pv_control_create));
	REFUSES("control.create", PV_EFAULT, "read-only", control_call(PV_CONTROLOP_create, two));
	check_true("control.create: nothing was made",
		   !control_find("never", &(struct pv_control_domain){ 0 }));
	mmu_set_mapping((uintptr_t)two, 0);
	page_free(page);
}

static void check_numbers(void)
{
	struct pv_control_machine m;

	REFUSES("control", PV_ENOSYS, "one beyond the list", control_call(PV_CONTROLOPS, &m));
	REFUSES("control", PV_ENOSYS, "far beyond it", control_call(~0u, &m));
	REFUSES("control", PV_ENOSYS, "not cut to 32 bits",
		hypercall2(PV_HYPERCALL_control, 1ul << 32 | PV_CONTROLOP_machine, (uintptr_t)&m));
}

/* Its verdict is in how it ends. */
static void check_right(void)
{
	uint16_t id = domains_make("ordinary", "act=refused");
	struct pv_control_domain d = { .reason = 255 };

	check_true("control: one without the right comes to its end",
		   domains_await_state(id, PV_CONTROL_STATE_shutdown) && domains_describe(id, &d));
	check_result("control: and was refused everything", d.reason, PV_SHUTDOWN_poweroff);
}

void looking_check(void)
{
	check_machine();
	check_self();
	check_list();
	check_stats();
	check_structures();
	check_numbers();
	check_right();
}
