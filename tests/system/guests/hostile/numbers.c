/*
 * Hypercall numbers: one that means nothing is -PV_ENOSYS, wherever in the
 * 64 bits of rax it lies, and sub-operations likewise.
 */
#include "groups.h"

#include <stdint.h>

#include "check.h"
#include "events.h"
#include "hypercall.h"
#include "start.h"

static unsigned long bad_count, bad_first;
static long bad_result;

static void expect_unknown(unsigned long nr)
{
	long rc = hypercall(nr, 0, 0, 0, 0, 0);

	if (rc != -PV_ENOSYS) {
		if (bad_count++ == 0) {
			bad_first = nr;
			bad_result = rc;
		}
	}
}

static void check_unknown_numbers(void)
{
	bad_count = 0;
	expect_unknown(11);
	for (unsigned long nr = 43; nr < 48; nr++) {
		expect_unknown(nr);
	}
	for (unsigned long nr = 50; nr < 53; nr++) {
		expect_unknown(nr);
	}
	for (unsigned long nr = 56; nr < 0x400; nr++) {
		expect_unknown(nr);
	}
	check_sweep("numbers: unused up to 1023", bad_count, bad_first, bad_result);

	/* Each bit above the table's size, over a number that is in use. */
	bad_count = 0;
	for (unsigned bit = 8; bit < 64; bit++) {
		expect_unknown(1ul << bit);
		expect_unknown(1ul << bit | PV_HYPERCALL_xen_version);
		expect_unknown(~0ul << bit | PV_HYPERCALL_xen_version);
	}
	expect_unknown(~0ul);
	expect_unknown(0x7ffffffffffffffful);
	check_sweep("numbers: each high bit", bad_count, bad_first, bad_result);
}

/* Calls that are for an initial domain or that nobody offers. */
static void check_privileged_numbers(void)
{
	static const uint8_t numbers[] = {
		PV_HYPERCALL_platform_op,
		PV_HYPERCALL_physdev_op_compat,
		PV_HYPERCALL_update_va_mapping_otherdomain,
		PV_HYPERCALL_xsm_op,
		PV_HYPERCALL_nmi_op,
		PV_HYPERCALL_xenoprof_op,
		PV_HYPERCALL_hvm_op,
		PV_HYPERCALL_sysctl,
		PV_HYPERCALL_domctl,
		PV_HYPERCALL_kexec_op,
		PV_HYPERCALL_tmem_op,
		PV_HYPERCALL_argo_op,
		PV_HYPERCALL_xenpmu_op,
		PV_HYPERCALL_dm_op,
		PV_HYPERCALL_hypfs_op,
		PV_HYPERCALL_mca,
	};
	unsigned long bad = 0, first = 0;
	long got = 0;

	if (start_is_privileged()) {
		return;
	}
	for (unsigned i = 0; i < sizeof(numbers); i++) {
		long rc = hypercall(numbers[i], 0, 0, 0, 0, 0);

		if (rc >= 0 && bad++ == 0) {
			first = numbers[i];
			got = rc;
		}
	}
	check_sweep("numbers: calls not for a guest", bad, first, got);
}

/* Ending others, and CPUs of one's own, are not for everybody. */
static void check_others_lives(void)
{
	struct pv_sched_remote_shutdown end = { .domain_id = 0, .reason = PV_SHUTDOWN_crash };
	struct pv_sched_pin_override pin = { .pcpu = 0 };

	if (start_is_privileged()) {
		return;
	}
	check_refused("numbers: shutdown of domain 0",
		      hypercall_sched_op(PV_SCHEDOP_remote_shutdown, &end));
	end.domain_id = events_own_domid();
	check_result("numbers: shutdown of oneself as another",
		     hypercall_sched_op(PV_SCHEDOP_remote_shutdown, &end), -PV_EPERM);
	end.domain_id = PV_DOMID_SELF;
	check_result("numbers: shutdown of self",
		     hypercall_sched_op(PV_SCHEDOP_remote_shutdown, &end), -PV_EPERM);
	end.domain_id = 1023;
	check_result("numbers: shutdown of nobody, which is not told",
		     hypercall_sched_op(PV_SCHEDOP_remote_shutdown, &end), -PV_EPERM);
	check_result("numbers: pinned to a CPU", hypercall_sched_op(PV_SCHEDOP_pin_override, &pin),
		     -PV_EPERM);
	pin.pcpu = -1;
	check_result("numbers: unpinned", hypercall_sched_op(PV_SCHEDOP_pin_override, &pin),
		     -PV_EPERM);
}

/* Each family's sub-operation far outside of what is defined. */
static void check_unknown_operations(void)
{
	static const struct {
		const char *name;
		unsigned nr;
		long want;
	} families[] = {
		{ "numbers: memory_op 63", PV_HYPERCALL_memory_op, -PV_ENOSYS },
		{ "numbers: xen_version 63", PV_HYPERCALL_xen_version, -PV_ENOSYS },
		{ "numbers: console_io 63", PV_HYPERCALL_console_io, -PV_ENOSYS },
		{ "numbers: grant_table_op 63", PV_HYPERCALL_grant_table_op, -PV_ENOSYS },
		{ "numbers: vcpu_op 63", PV_HYPERCALL_vcpu_op, -PV_ENOSYS },
		{ "numbers: sched_op 63", PV_HYPERCALL_sched_op, -PV_ENOSYS },
		{ "numbers: callback_op 63", PV_HYPERCALL_callback_op, -PV_ENOSYS },
		{ "numbers: event_channel_op 63", PV_HYPERCALL_event_channel_op, -PV_ENOSYS },
		{ "numbers: physdev_op 63", PV_HYPERCALL_physdev_op, -PV_ENOSYS },
		{ "numbers: vm_assist 63", PV_HYPERCALL_vm_assist, -PV_ENOSYS },
	};

	for (unsigned i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		check_result(families[i].name, hypercall(families[i].nr, 63, 0, 0, 0, 0),
			     families[i].want);
	}
	check_others_lives();
	check_result("numbers: vm_assist type 63", hypercall_vm_assist(0, 63), -PV_EINVAL);
	check_refused("numbers: vm_assist type 2^31", hypercall_vm_assist(0, 1u << 31));
	check_refused("numbers: memory_op 2^32-1", hypercall_memory_op(~0u, NULL));
	check_refused("numbers: sched_op 2^32-1", hypercall_sched_op(~0u, NULL));
	check_refused("numbers: event_channel_op 2^31", hypercall_event_channel_op(1u << 31, NULL));
}

/* The batch reports each row's error, goes on, and is itself a success. */
static void check_multicall(void)
{
	struct pv_multicall_entry rows[4] = {
		{ .op = 11 },
		{ .op = ~0ul },
		{ .op = PV_HYPERCALL_xen_version, .args = { PV_VERSION_pagesize } },
		{ .op = PV_HYPERCALL_vm_assist, .args = { 0, 63 } },
	};

	check_result("numbers: multicall", hypercall_multicall(rows, 4), 0);
	check_result("numbers: multicall row unknown", (long)rows[0].result, -PV_ENOSYS);
	check_result("numbers: multicall row huge", (long)rows[1].result, -PV_ENOSYS);
	check_result("numbers: multicall row good", (long)rows[2].result, 4096);
	check_result("numbers: multicall row bad", (long)rows[3].result, -PV_EINVAL);
	check_result("numbers: multicall of none", hypercall_multicall(rows, 0), 0);
}

void numbers_check(void)
{
	check_unknown_numbers();
	check_privileged_numbers();
	check_unknown_operations();
	check_multicall();
}
