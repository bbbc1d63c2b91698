/* Version, console, multicall, I/O rights, assists, and Parley's own. Read next: processor.c. */
#include "groups.h"

#include <parley/debug.h>
#include <parley/stats.h>
#include <stdint.h>

#include "calls.h"
#include "cpu.h"
#include "hypercall.h"
#include "mmu.h"
#include "page.h"
#include "string.h"
#include "timer.h"

#define MAPPED     2u
#define TWO_GIB    0x80000000u
#define BOUNDED_NS 60000000000ul
#define BLANKS     0x16000000000ul

static void check_version(void)
{
	static char text[PV_COMMANDLINE_LEN];
	static const struct {
		unsigned op;
		const char *name;
	} texts[] = {
		{ PV_VERSION_extraversion, "xen_version.extraversion: told" },
		{ PV_VERSION_compile_info, "xen_version.compile_info: told" },
		{ PV_VERSION_capabilities, "xen_version.capabilities: told" },
		{ PV_VERSION_changeset, "xen_version.changeset: told" },
		{ PV_VERSION_platform_parameters, "xen_version.platform_parameters: told" },
		{ PV_VERSION_guest_handle, "xen_version.guest_handle: told" },
		{ PV_VERSION_commandline, "xen_version.commandline: told" },
	};
	struct pv_feature_info features = { .submap_idx = 1 };

	for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		check_result(texts[i].name, hypercall_xen_version(texts[i].op, text), 0);
	}
	if (calls_on_parley()) {
		REFUSES("xen_version.get_features", PV_EINVAL, "index 1",
			hypercall_xen_version(PV_VERSION_get_features, &features));
		REFUSES("xen_version.build_id", PV_ENODATA, "none",
			hypercall_xen_version(PV_VERSION_build_id, text));
	}
	REFUSES("xen_version", PV_EFAULT, "to nowhere",
		hypercall_xen_version(PV_VERSION_extraversion, (void *)NOWHERE));
	REFUSES("xen_version", PV_ENOSYS, "beyond the numbers", hypercall_xen_version(99, text));
}

/*
 * As long a text as a length can say, as far as there is any: one page, mapped a few times. It ends
 * where nothing is mapped. Blanks, for what is written can be read.
 */
static void check_console(void)
{
	static char input[16];
	void *blanks = memset(page_alloc(), ' ', KIT_PAGE_SIZE);
	uint64_t before = timer_now_ns();
	long rc = 0;

	DOES("console_io.write", "a word",
	     hypercall_console_io(PV_CONSOLEIO_write, 7, (char[]){ "console" }), 0);
	hypercall_console_io(PV_CONSOLEIO_write, 1, (char[]){ '\n', 0 });
	DOES("console_io.write", "nothing", hypercall_console_io(PV_CONSOLEIO_write, 0, NULL), 0);
	for (unsigned i = 0; i < MAPPED && rc == 0; i++) {
		rc = mmu_map(mmu_root_mfn(), BLANKS + i * KIT_PAGE_SIZE,
			     mmu_pte(mmu_page_mfn(blanks), MMU_PTE_READ_ONLY));
	}
	check_result("console: pages of blanks", rc, 0);
	REFUSES("console_io.write", PV_EFAULT, "2 GiB, of which a part is mapped",
		hypercall_console_io(PV_CONSOLEIO_write, TWO_GIB, (void *)BLANKS));
	check_true("console_io.write: and not for long", timer_now_ns() - before < BOUNDED_NS);
	REFUSES("console_io", PV_EFAULT, "from nowhere",
		hypercall_console_io(PV_CONSOLEIO_write, 1, (void *)NOWHERE));
	REFUSES("console_io", PV_ENOSYS, "beyond the numbers", hypercall_console_io(99, 1, input));
	if (calls_on_parley()) {
		REFUSES("console_io.read", PV_EFAULT, "to the hypervisor",
			hypercall_console_io(PV_CONSOLEIO_read, 16, (void *)HYPERVISOR));
		check_true("console_io.read: something or nothing",
			   hypercall_console_io(PV_CONSOLEIO_read, 16, input) >= 0);
	}
	for (unsigned i = 0; i < MAPPED; i++) {
		mmu_set_mapping(BLANKS + i * KIT_PAGE_SIZE, 0);
	}
	page_free(blanks);
}

static void check_multicall(void)
{
	struct pv_multicall_entry inner[1] = { { .op = PV_HYPERCALL_xen_version } };
	struct pv_multicall_entry calls[3] = {
		{ .op = PV_HYPERCALL_xen_version, .args = { PV_VERSION_pagesize } },
		{ .op = PV_HYPERCALL_multicall, .args = { (uintptr_t)inner, 1 } },
		{ .op = 63 },
	};

	DOES("multicall", "none", hypercall_multicall(calls, 0), 0);
	DOES("multicall", "three", hypercall_multicall(calls, 3), 0);
	check_result("multicall: the first", (long)calls[0].result, KIT_PAGE_SIZE);
	REFUSES("multicall", PV_EINVAL, "a list in a list", (long)calls[1].result);
	check_result("multicall: no such call", (long)calls[2].result, -PV_ENOSYS);
	REFUSES("multicall", PV_EFAULT, "from nowhere", hypercall_multicall((void *)NOWHERE, 1));
}

static void check_rights(void)
{
	struct pv_physdev_set_iopl iopl = { .iopl = 3 };
	struct pv_physdev_set_iobitmap map = { .nr_ports = 65536 };

	DOES("physdev_op.set_iopl", "3", hypercall_physdev_op(PV_PHYSDEVOP_set_iopl, &iopl), 0);
	iopl.iopl = 4;
	REFUSES("physdev_op.set_iopl", PV_EINVAL, "4",
		hypercall_physdev_op(PV_PHYSDEVOP_set_iopl, &iopl));
	iopl.iopl = 0;
	check_result("physdev_op.set_iopl: 0", hypercall_physdev_op(PV_PHYSDEVOP_set_iopl, &iopl),
		     0);
	map.nr_ports++;
	REFUSES("physdev_op.set_iobitmap", PV_EINVAL, "65537 ports",
		hypercall_physdev_op(PV_PHYSDEVOP_set_iobitmap, &map));
	map.nr_ports = 0;
	DOES("physdev_op.set_iobitmap", "none",
	     hypercall_physdev_op(PV_PHYSDEVOP_set_iobitmap, &map), 0);
	REFUSES("physdev_op", PV_EFAULT, "from nowhere",
		hypercall_physdev_op(PV_PHYSDEVOP_set_iopl, (void *)NOWHERE));
	REFUSES("physdev_op", PV_ENOSYS, "beyond the numbers", hypercall_physdev_op(99, &iopl));
}

static void check_assists(void)
{
	static const unsigned types[] = { 0, 1, 3, 4, 5 };
	unsigned wrong = 0;

	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		wrong += hypercall_vm_assist(PV_VM_ASSIST_CMD_enable, types[i]) != 0;
		wrong += hypercall_vm_assist(PV_VM_ASSIST_CMD_disable, types[i]) != 0;
	}
	check_result("vm_assist: on and off", wrong, 0);
	DOES("vm_assist.m2p_strict", "on", hypercall_vm_assist(PV_VM_ASSIST_CMD_enable, 32), 0);
	REFUSES("vm_assist", PV_EINVAL, "33", hypercall_vm_assist(PV_VM_ASSIST_CMD_enable, 33));
	REFUSES("vm_assist", PV_EINVAL, "64", hypercall_vm_assist(PV_VM_ASSIST_CMD_enable, 64));
	REFUSES("vm_assist", PV_ENOSYS, "no such command", hypercall_vm_assist(2, 2));
}

static void check_own(void)
{
	static struct pv_stats stats;

	if (!calls_on_parley()) {
		return;
	}
	stats.size = sizeof(stats);
	DOES("stats.read", "all",
	     hypercall2(PV_HYPERCALL_stats, PV_STATSOP_read, (uintptr_t)&stats), 0);
	check_true("stats.read: this call is in it", stats.hypercalls[PV_HYPERCALL_stats] > 0);
	stats.size = 8;
	DOES("stats.read", "the first 8 bytes",
	     hypercall2(PV_HYPERCALL_stats, PV_STATSOP_read, (uintptr_t)&stats), 0);
	stats.size = 7;
	REFUSES("stats.read", PV_EINVAL, "7 bytes",
		hypercall2(PV_HYPERCALL_stats, PV_STATSOP_read, (uintptr_t)&stats));
	REFUSES("stats", PV_EFAULT, "to nowhere",
		hypercall2(PV_HYPERCALL_stats, PV_STATSOP_read, NOWHERE));
	REFUSES("stats", PV_ENOSYS, "beyond the numbers", hypercall2(PV_HYPERCALL_stats, 99, 0));
	REFUSES("debug", PV_ENOSYS, "beyond the numbers", hypercall2(PV_HYPERCALL_debug, 99, 0));
}

void other_calls_check(void)
{
	check_version();
	check_console();
	check_multicall();
	check_rights();
	check_assists();
	check_own();
}
