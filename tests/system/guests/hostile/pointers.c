/*
 * Pointers: every hypercall that takes one is called with addresses that are
 * unmapped, not canonical, the hypervisor's, or that run from a mapped page
 * into an unmapped one. Each answers -PV_EFAULT and nothing happens. The few
 * calls that may answer otherwise by the ABI stand in a list of their own.
 */
#include "groups.h"

#include <stdint.h>

#include "check.h"
#include "cpu.h"
#include "hypercall.h"
#include "mmu.h"
#include "page.h"
#include "printf.h"
#include "scratch.h"
#include "start.h"
#include "string.h"
#include "timer.h"
#include "traps.h"

#define POINTER 0xbadbadbadbadul /* stands for the pointer in a row */

static const unsigned long wild[] = {
	0,
	0x1000,
	0x7ffffffffff8,
	0x7fffffffffff,
	0x800000000000,
	0x8000000000000000,
	0xfffeffffffffffff,
	0xffff7ffffffffff8,
	0xffff7fffffffffff,
	PV_HYPERVISOR_VIRT_START,
	PV_HYPERVISOR_VIRT_START + 0x1000,
	0xffff804000000000,
	0xffff828000000000,
	0xffff82d040200000,
	0xffff830000000000,
	0xffff87fffffffff8,
	0xffff87ffffffffff,
	0xffff880000000000,
	SCRATCH_VA + KIT_PAGE_SIZE - 1,
	SCRATCH_VA + KIT_PAGE_SIZE,
	0xfffffffffffffff8,
	0xffffffffffffffff,
};

struct row {
	const char *name;
	unsigned nr;
	unsigned long args[4];
};

#define ROW(family, op)                                              \
	{                                                            \
		"pointers: " #family " " #op, PV_HYPERCALL_##family, \
		{                                                    \
			PV_##op, POINTER                             \
		}                                                    \
	}
#define VCPU_ROW(op, vcpu)                                      \
	{                                                       \
		"pointers: vcpu_op " #op, PV_HYPERCALL_vcpu_op, \
		{                                               \
			PV_##op, vcpu, POINTER                  \
		}                                               \
	}
#define GRANT_ROW(op)                                                         \
	{                                                                     \
		"pointers: grant_table_op " #op, PV_HYPERCALL_grant_table_op, \
		{                                                             \
			PV_##op, POINTER, 1                                   \
		}                                                             \
	}

static const struct row rows[] = {
	{ "pointers: mmu_update", PV_HYPERCALL_mmu_update, { POINTER, 1, 0, PV_DOMID_SELF } },
	{ "pointers: mmuext_op", PV_HYPERCALL_mmuext_op, { POINTER, 1, 0, PV_DOMID_SELF } },
	{ "pointers: set_gdt", PV_HYPERCALL_set_gdt, { POINTER, 512 } },
	{ "pointers: multicall", PV_HYPERCALL_multicall, { POINTER, 1 } },
	{ "pointers: console_io write",
	  PV_HYPERCALL_console_io,
	  { PV_CONSOLEIO_write, 16, POINTER } },
	ROW(memory_op, MEMORY_memory_map),
	ROW(memory_op, MEMORY_machphys_mapping),
	ROW(xen_version, VERSION_extraversion),
	ROW(xen_version, VERSION_compile_info),
	ROW(xen_version, VERSION_capabilities),
	ROW(xen_version, VERSION_changeset),
	ROW(xen_version, VERSION_platform_parameters),
	ROW(xen_version, VERSION_get_features),
	ROW(xen_version, VERSION_guest_handle),
	ROW(xen_version, VERSION_commandline),
	GRANT_ROW(GNTTABOP_setup_table),
	GRANT_ROW(GNTTABOP_query_size),
	VCPU_ROW(VCPUOP_get_runstate_info, 0),
	VCPU_ROW(VCPUOP_register_runstate_memory_area, 0),
	VCPU_ROW(VCPUOP_set_singleshot_timer, 0),
	VCPU_ROW(VCPUOP_register_vcpu_info, 0),
	VCPU_ROW(VCPUOP_register_vcpu_time_memory_area, 0),
	ROW(sched_op, SCHEDOP_shutdown),
	ROW(sched_op, SCHEDOP_poll),
	ROW(sched_op, SCHEDOP_remote_shutdown),
	ROW(sched_op, SCHEDOP_watchdog),
	ROW(callback_op, CALLBACKOP_register),
	ROW(callback_op, CALLBACKOP_unregister),
	ROW(event_channel_op, EVTCHNOP_bind_interdomain),
	ROW(event_channel_op, EVTCHNOP_bind_virq),
	ROW(event_channel_op, EVTCHNOP_close),
	ROW(event_channel_op, EVTCHNOP_send),
	ROW(event_channel_op, EVTCHNOP_status),
	ROW(event_channel_op, EVTCHNOP_alloc_unbound),
	ROW(event_channel_op, EVTCHNOP_bind_ipi),
	ROW(event_channel_op, EVTCHNOP_bind_vcpu),
	ROW(event_channel_op, EVTCHNOP_unmask),
	ROW(physdev_op, PHYSDEVOP_set_iopl),
};

static void check_row(const struct row *row)
{
	unsigned long bad = 0, first = 0;
	long got = 0;

	for (unsigned i = 0; i < sizeof(wild) / sizeof(wild[0]); i++) {
		unsigned long args[4];
		long rc;

		for (unsigned a = 0; a < 4; a++) {
			args[a] = row->args[a] == POINTER ? wild[i] : row->args[a];
		}
		rc = hypercall(row->nr, args[0], args[1], args[2], args[3], 0);
		if (rc != -PV_EFAULT && bad++ == 0) {
			first = wild[i];
			got = rc;
		}
	}
	check_sweep(row->name, bad, first, got);
}

/* Address 0 clears the trap table, so this one has a loop of its own. */
static void check_trap_table(void)
{
	unsigned long bad = 0, first = 0;
	long got = 0;

	for (unsigned i = 1; i < sizeof(wild) / sizeof(wild[0]); i++) {
		long rc = hypercall(PV_HYPERCALL_set_trap_table, wild[i], 0, 0, 0, 0);

		if (rc != -PV_EFAULT && bad++ == 0) {
			first = wild[i];
			got = rc;
		}
	}
	check_sweep("pointers: set_trap_table", bad, first, got);
}

/*
 * Calls that need not say -PV_EFAULT: reservations answer with how many
 * extents are done, which is none; a bitmap may be -PV_EINVAL; and the count
 * of what was done is lost without an error on some hypervisors.
 */
static long with_inner(unsigned which, unsigned long pointer)
{
	struct pv_memory_map map = { .nr_entries = 16, .buffer = pointer };
	struct pv_sched_poll poll = { .ports = pointer, .nr_ports = 4, .timeout = 1 };
	struct pv_mmuext_op flush = { .cmd = PV_MMUEXT_TLB_FLUSH_MULTI, .arg2.vcpumask = pointer };
	struct pv_memory_reservation list = {
		.extent_start = pointer,
		.nr_extents = 4,
		.domid = PV_DOMID_SELF,
	};

	switch (which) {
	case 0:
		return hypercall_memory_op(PV_MEMORY_memory_map, &map);
	case 1:
		return hypercall_sched_op(PV_SCHEDOP_poll, &poll);
	case 2:
		/* One byte may be enough of a bitmap for the vCPUs that there are. */
		return pointer == SCRATCH_VA + KIT_PAGE_SIZE - 1 ?
			       -PV_EFAULT :
			       hypercall_mmuext_op(&flush, 1, NULL, PV_DOMID_SELF);
	case 3:
		return hypercall_memory_op(PV_MEMORY_decrease_reservation, (void *)pointer) <= 0 ?
			       -PV_EFAULT :
			       0;
	case 4:
		return hypercall_memory_op(PV_MEMORY_populate_physmap, (void *)pointer) <= 0 ?
			       -PV_EFAULT :
			       0;
	case 5:
		return hypercall_memory_op(PV_MEMORY_decrease_reservation, &list) <= 0 ?
			       -PV_EFAULT :
			       0;
	case 6:
		return hypercall_memory_op(PV_MEMORY_populate_physmap, &list) <= 0 ? -PV_EFAULT : 0;
	default:
		return hypercall_mmu_update(NULL, 0, (unsigned *)pointer, PV_DOMID_SELF) <= 0 ?
			       -PV_EFAULT :
			       0;
	}
}

static void check_inner(void)
{
	static const char *const names[] = {
		"pointers: memory_map buffer",     "pointers: poll ports",
		"pointers: flush bitmap",          "pointers: decrease_reservation",
		"pointers: populate_physmap",      "pointers: decrease_reservation list",
		"pointers: populate_physmap list", "pointers: mmu_update done",
	};

	for (unsigned which = 0; which < sizeof(names) / sizeof(names[0]); which++) {
		unsigned long bad = 0, first = 0;
		long got = 0;

		for (unsigned i = 0; i < sizeof(wild) / sizeof(wild[0]); i++) {
			long rc = with_inner(which, wild[i]);

			if (rc >= 0 && bad++ == 0) {
				first = wild[i];
				got = rc;
			}
		}
		check_sweep(names[which], bad, first, got);
	}
}

/* Results are not written to read-only pages, tables above all. */
static void check_read_only(void)
{
	uint64_t *table = (uint64_t *)start_info->pt_base;
	uint64_t before = table[0];
	struct pv_multicall_entry *row = page_alloc();

	check_result("pointers: extraversion into a table",
		     hypercall_xen_version(PV_VERSION_extraversion, table), -PV_EFAULT);
	check_result("pointers: capabilities into a table",
		     hypercall_xen_version(PV_VERSION_capabilities, table), -PV_EFAULT);
	check_result("pointers: runstate into a table",
		     hypercall_vcpu_op(PV_VCPUOP_get_runstate_info, 0, table), -PV_EFAULT);
	check_result("pointers: machphys_mapping into a table",
		     hypercall_memory_op(PV_MEMORY_machphys_mapping, table), -PV_EFAULT);
	check_true("pointers: the table is as it was", table[0] == before);
	*row = (struct pv_multicall_entry){ .op = PV_HYPERCALL_xen_version,
					    .args = { PV_VERSION_pagesize } };
	mmu_make_readonly(row);
	check_result("pointers: multicall result into a read-only page",
		     hypercall_multicall(row, 1), -PV_EFAULT);
	mmu_make_writable(row);
	page_free(row);
}

/*
 * Areas that the hypervisor writes later by itself: whatever it says to a wild
 * address, it goes on, and so does the guest.
 */
static void check_registered_areas(void)
{
	static struct pv_vcpu_runstate_info runstate;
	struct pv_vcpu_register_runstate_memory_area area;

	for (unsigned i = 0; i < sizeof(wild) / sizeof(wild[0]); i++) {
		area.addr = wild[i];
		hypercall_vcpu_op(PV_VCPUOP_register_runstate_memory_area, 0, &area);
		timer_sleep_ns(1000);
	}
	area.addr = start_info->pt_base;
	hypercall_vcpu_op(PV_VCPUOP_register_runstate_memory_area, 0, &area);
	timer_sleep_ns(1000);
	area.addr = (uintptr_t)&runstate;
	check_result("pointers: runstate area",
		     hypercall_vcpu_op(PV_VCPUOP_register_runstate_memory_area, 0, &area), 0);
	timer_sleep_ns(1000);
	check_true("pointers: and it is kept up to date",
		   runstate.state == PV_RUNSTATE_running && runstate.state_entry_time != 0);
}

/* Lengths near the ends of 32 bits. */
static void check_lengths(void)
{
	static const unsigned lengths[] = { 0x7fffffff, 0x80000000, 0x80000001, 0xfffffff0, ~0u };
	char *last = (char *)(SCRATCH_VA + KIT_PAGE_SIZE - 16);
	struct pv_multicall_entry *row;
	unsigned long bad = 0, first = 0;
	long got = 0;

	memset(last, '.', 15);
	last[15] = '\n';
	for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		long rc = hypercall_console_io(PV_CONSOLEIO_write, lengths[i], last);

		if (rc >= 0 && bad++ == 0) {
			first = lengths[i];
			got = rc;
		}
	}
	check_sweep("pointers: console_io of gigabytes", bad, first, got);
	row = (struct pv_multicall_entry *)(SCRATCH_VA + KIT_PAGE_SIZE - sizeof(*row));
	*row = (struct pv_multicall_entry){ .op = PV_HYPERCALL_xen_version };
	check_result("pointers: multicall of 2^32-1 rows", hypercall_multicall(row, 0xffffffff),
		     -PV_EFAULT);
}

void pointers_check(void)
{
	scratch_init();
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_row(&rows[i]);
	}
	check_trap_table();
	check_inner();
	check_read_only();
	check_registered_areas();
	check_lengths();
}
