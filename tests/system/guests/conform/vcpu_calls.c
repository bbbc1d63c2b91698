/* vcpu_op and sched_op. Read next: kernel_calls.c. */
#include "groups.h"

#include <stdint.h>

#include "calls.h"
#include "cpu.h"
#include "events.h"
#include "hypercall.h"
#include "mmu.h"
#include "page.h"
#include "smp.h"
#include "string.h"
#include "timer.h"

#define NS_PER_MS 1000000ul

static struct pv_vcpu_guest_context context;

static void context_reset(uint64_t root)
{
	memset(&context, 0, sizeof(context));
	context.flags = PV_VGCF_in_kernel;
	context.ctrlreg[3] = root << PV_PAGE_SHIFT;
}

static long initialise(unsigned id)
{
	return hypercall_vcpu_op(PV_VCPUOP_initialise, id, &context);
}

/*
 * A context of nothing but a root: a new L4 with one entry, to an empty L3, neither
 * of which is typed yet, while an event is due that makes long work stop half way.
 */
static void check_bare_context(unsigned last)
{
	uint64_t *l4 = page_alloc(), *l3 = page_alloc();
	int port = events_bind_ipi(0, NULL, NULL);

	l4[0] = mmu_pte(mmu_page_mfn(l3), MMU_PTE_TABLE);
	check_result("vcpus: both read-only", mmu_make_readonly(l3) | mmu_make_readonly(l4), 0);
	context_reset(mmu_page_mfn(l4));
	events_disable();
	events_send((unsigned)port);
	DOES("vcpu_op.initialise", "a bare context with an event due", initialise(last), 0);
	events_enable();
	REFUSES("vcpu_op.initialise", PV_EEXIST, "again", initialise(last));
	check_refused("vcpus: its root is no page any more", mmu_make_writable(l4));
	events_close((unsigned)port);
}

static void check_contexts(unsigned last)
{
	void *page = page_alloc();

	context_reset(mmu_root_mfn());
	REFUSES("vcpu_op.initialise", PV_EEXIST, "vCPU 0", initialise(0));
	REFUSES("vcpu_op.up", PV_EINVAL, "not initialised",
		hypercall_vcpu_op(PV_VCPUOP_up, last, NULL));
	context_reset(mmu_page_mfn(page));
	REFUSES("vcpu_op.initialise", PV_EINVAL, "a root that is a page", initialise(last));
	context_reset(mmu_root_mfn());
	context.gs_base_kernel = 1ul << 63;
	REFUSES("vcpu_op.initialise", PV_EINVAL, "a base that is not canonical", initialise(last));
	context_reset(mmu_root_mfn());
	context.gdt_ents = 7169;
	REFUSES("vcpu_op.initialise", PV_EINVAL, "7169 descriptors", initialise(last));
	REFUSES("vcpu_op.initialise", PV_EFAULT, "a context from nowhere",
		hypercall_vcpu_op(PV_VCPUOP_initialise, last, (void *)NOWHERE));
	check_bare_context(last);
	page_free(page);
}

static long set_timer(unsigned vcpu, uint64_t at, unsigned flags)
{
	struct pv_vcpu_set_singleshot_timer t = { .timeout_abs_ns = at, .flags = flags };

	return hypercall_vcpu_op(PV_VCPUOP_set_singleshot_timer, vcpu, &t);
}

static long set_period(uint64_t ns)
{
	struct pv_vcpu_set_periodic_timer p = { .period_ns = ns };

	return hypercall_vcpu_op(PV_VCPUOP_set_periodic_timer, 0, &p);
}

static void check_timers(unsigned count)
{
	DOES("vcpu_op.set_singleshot_timer", "ahead", set_timer(0, timer_now_ns() + NS_PER_MS, 0),
	     0);
	DOES("vcpu_op.stop_singleshot_timer", "it",
	     hypercall_vcpu_op(PV_VCPUOP_stop_singleshot_timer, 0, NULL), 0);
	if (calls_on_parley()) {
		REFUSES("vcpu_op.set_singleshot_timer", PV_ETIME, "passed",
			set_timer(0, 1, PV_VCPU_SSHOTTMR_future));
	}
	DOES("vcpu_op.set_periodic_timer", "a millisecond", set_period(NS_PER_MS), 0);
	DOES("vcpu_op.stop_periodic_timer", "it",
	     hypercall_vcpu_op(PV_VCPUOP_stop_periodic_timer, 0, NULL), 0);
	REFUSES("vcpu_op.set_periodic_timer", PV_EINVAL, "a nanosecond less",
		set_period(NS_PER_MS - 1));
	REFUSES("vcpu_op.set_periodic_timer", PV_EINVAL, "2^63 ns", set_period(1ul << 63));
	if (count > 1) {
		REFUSES("vcpu_op.set_singleshot_timer", PV_EINVAL, "another's",
			set_timer(1, ~0ul >> 2, 0));
		REFUSES("vcpu_op.stop_singleshot_timer", PV_EINVAL, "another's",
			hypercall_vcpu_op(PV_VCPUOP_stop_singleshot_timer, 1, NULL));
	}
}

static void check_areas(unsigned count)
{
	static struct pv_vcpu_runstate_info runstate;
	uint64_t where = (uintptr_t)&runstate;
	struct pv_vcpu_register_vcpu_info info = { .mfn = mmu_page_mfn(mmu_pfn_to_va(0)) };

	DOES("vcpu_op.get_runstate_info", "ours",
	     hypercall_vcpu_op(PV_VCPUOP_get_runstate_info, 0, &runstate), 0);
	check_result("vcpu_op.get_runstate_info: running", runstate.state, 0);
	DOES("vcpu_op.register_runstate_memory_area", "ours",
	     hypercall_vcpu_op(PV_VCPUOP_register_runstate_memory_area, 0, &where), 0);
	if (calls_on_parley()) {
		where = 0;
		DOES("vcpu_op.register_runstate_memory_area", "none",
		     hypercall_vcpu_op(PV_VCPUOP_register_runstate_memory_area, 0, &where), 0);
		where = HYPERVISOR;
		REFUSES("vcpu_op.register_runstate_memory_area", PV_EFAULT, "the hypervisor's",
			hypercall_vcpu_op(PV_VCPUOP_register_runstate_memory_area, 0, &where));
		REFUSES("vcpu_op.register_vcpu_time_memory_area", PV_EFAULT, "the hypervisor's",
			hypercall_vcpu_op(PV_VCPUOP_register_vcpu_time_memory_area, 0, &where));
	}
	REFUSES("vcpu_op.get_runstate_info", PV_EFAULT, "to nowhere",
		hypercall_vcpu_op(PV_VCPUOP_get_runstate_info, 0, (void *)NOWHERE));
	info.offset = KIT_PAGE_SIZE - 63;
	if (calls_on_parley()) {
		REFUSES("vcpu_op.register_vcpu_info", PV_EINVAL, "over a page's end",
			hypercall_vcpu_op(PV_VCPUOP_register_vcpu_info, count - 1, &info));
	}
	info.offset = 0;
	info.mfn = mmu_root_mfn();
	REFUSES("vcpu_op.register_vcpu_info", PV_EINVAL, "in a table",
		hypercall_vcpu_op(PV_VCPUOP_register_vcpu_info, count - 1, &info));
	REFUSES("vcpu_op", PV_ENOENT, "the first beyond",
		hypercall_vcpu_op(PV_VCPUOP_is_up, count, NULL));
	REFUSES("vcpu_op", PV_ENOSYS, "beyond the numbers", hypercall_vcpu_op(99, 0, NULL));
}

static void check_sched(void)
{
	uint32_t ports[PV_SCHED_POLL_MAX_PORTS + 1];
	struct pv_sched_poll poll = { .ports = (uintptr_t)ports, .timeout = 1 };
	struct pv_sched_shutdown shutdown = { .reason = 99 };
	struct pv_sched_watchdog dog = { .id = 77, .timeout = 10 };
	struct pv_sched_remote_shutdown remote = { .domain_id = 0x7123, .reason = 0 };
	struct pv_sched_pin_override pin = { .pcpu = 0 };
	long first, second;

	for (unsigned i = 0; i < PV_SCHED_POLL_MAX_PORTS; i++) {
		ports[i] = 100 + i;
	}
	DOES("sched_op.yield", "ours", hypercall_sched_op(PV_SCHEDOP_yield, NULL), 0);
	poll.nr_ports = PV_SCHED_POLL_MAX_PORTS;
	if (calls_on_parley()) {
		DOES("sched_op.poll", "128 ports", hypercall_sched_op(PV_SCHEDOP_poll, &poll), 0);
	}
	poll.nr_ports++;
	REFUSES("sched_op.poll", PV_EINVAL, "129 ports",
		hypercall_sched_op(PV_SCHEDOP_poll, &poll));
	REFUSES("sched_op", PV_EFAULT, "from nowhere",
		hypercall_sched_op(PV_SCHEDOP_poll, (void *)NOWHERE));
	REFUSES("sched_op", PV_ENOSYS, "beyond the numbers", hypercall_sched_op(99, NULL));
	REFUSES("sched_op.watchdog", PV_EINVAL, "not in use",
		hypercall_sched_op(PV_SCHEDOP_watchdog, &dog));
	dog.id = 0;
	first = hypercall_sched_op(PV_SCHEDOP_watchdog, &dog);
	second = hypercall_sched_op(PV_SCHEDOP_watchdog, &dog);
	DOES("sched_op.watchdog", "two", first > 0 && second > 0, 1);
	REFUSES("sched_op.watchdog", PV_ENOSPC, "a third",
		calls_on_parley() ? hypercall_sched_op(PV_SCHEDOP_watchdog, &dog) : -PV_ENOSPC);
	dog.timeout = 0;
	dog.id = (uint32_t)first;
	check_result("sched_op.watchdog: stopped", hypercall_sched_op(PV_SCHEDOP_watchdog, &dog),
		     0);
	dog.id = (uint32_t)second;
	check_result("sched_op.watchdog: stopped", hypercall_sched_op(PV_SCHEDOP_watchdog, &dog),
		     0);
	if (calls_on_parley()) {
		REFUSES("sched_op.remote_shutdown", PV_EPERM, "who lives is not told",
			hypercall_sched_op(PV_SCHEDOP_remote_shutdown, &remote));
		REFUSES("sched_op.shutdown", PV_EINVAL, "no such reason",
			hypercall_sched_op(PV_SCHEDOP_shutdown, &shutdown));
		remote.domain_id = (pv_domid_t)events_own_domid();
		REFUSES("sched_op.remote_shutdown", PV_EPERM, "not for all",
			hypercall_sched_op(PV_SCHEDOP_remote_shutdown, &remote));
		REFUSES("sched_op.pin_override", PV_EPERM, "not for all",
			hypercall_sched_op(PV_SCHEDOP_pin_override, &pin));
		REFUSES("sched_op_compat", PV_EINVAL, "the reason at an address is none",
			hypercall2(PV_HYPERCALL_sched_op_compat, PV_SCHEDOP_shutdown,
				   (uintptr_t)&shutdown));
		REFUSES("sched_op_compat", PV_EFAULT, "a reason from nowhere",
			hypercall2(PV_HYPERCALL_sched_op_compat, PV_SCHEDOP_shutdown, NOWHERE));
	} else {
		REFUSES("sched_op.remote_shutdown", PV_ESRCH, "no such domain",
			hypercall_sched_op(PV_SCHEDOP_remote_shutdown, &remote));
	}
	REFUSES("sched_op_compat", PV_ENOSYS, "poll",
		hypercall2(PV_HYPERCALL_sched_op_compat, PV_SCHEDOP_poll, 0));
	DOES("set_timer_op", "none", hypercall_set_timer_op(0), 0);
	DOES("set_timer_op", "passed", hypercall_set_timer_op(1), 0);
}

void vcpu_calls_check(void)
{
	unsigned count = smp_count();

	check_timers(count);
	check_areas(count);
	check_sched();
	/* Of three vCPUs the last is nobody else's; afterwards it can never run. */
	if (count > 2) {
		check_contexts(count - 1);
	}
}
