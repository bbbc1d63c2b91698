/*
 * Further vCPUs: numbers that do not exist, orders that make no sense, and
 * initial states that must not be taken.
 */
#include "groups.h"

#include <stdint.h>

#include "check.h"
#include "cpu.h"
#include "hypercall.h"
#include "mmu.h"
#include "page.h"
#include "scratch.h"
#include "smp.h"
#include "start.h"
#include "string.h"
#include "traps.h"

static struct pv_vcpu_guest_context context;

static void check_numbers(void)
{
	static const unsigned ids[] = { 0x20,   0x80,       0x1000,     0x1fff,
					0x2000, 0x7fffffff, 0x80000000, 0xffffffff };
	static const unsigned ops[] = { PV_VCPUOP_initialise,
					PV_VCPUOP_up,
					PV_VCPUOP_down,
					PV_VCPUOP_is_up,
					PV_VCPUOP_get_runstate_info,
					PV_VCPUOP_stop_periodic_timer,
					PV_VCPUOP_stop_singleshot_timer };
	unsigned long bad = 0, first = 0;
	unsigned count = smp_count();
	long got = 0;

	for (unsigned i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		for (unsigned j = 0; j <= sizeof(ids) / sizeof(ids[0]); j++) {
			unsigned id = j == 0 ? count : ids[j - 1];
			long rc = hypercall_vcpu_op(ops[i], id, &context);

			if (rc != -PV_ENOENT && bad++ == 0) {
				first = (unsigned long)ops[i] << 32 | id;
				got = rc;
			}
		}
	}
	check_sweep("vcpus: numbers beyond the last", bad, first, got);
}

static void context_reset(void)
{
	memset(&context, 0, sizeof(context));
	context.flags = PV_VGCF_in_kernel;
	context.user_regs.rip = (uintptr_t)&vcpus_check;
	context.user_regs.rsp = (uintptr_t)&context;
	context.user_regs.cs = PV_FLAT_KERNEL_CS;
	context.user_regs.ss = PV_FLAT_KERNEL_SS;
	context.ctrlreg[3] = mmu_root_mfn() << PV_PAGE_SHIFT;
}

static void refuse(const char *name)
{
	check_refused(name, hypercall_vcpu_op(PV_VCPUOP_initialise, 1, &context));
	context_reset();
}

/* Each of these would give the vCPU something that is not the domain's. */
static void check_contexts(void)
{
	void *data = page_alloc();

	context_reset();
	context.ctrlreg[3] = 0;
	refuse("vcpus: root 0");
	context.ctrlreg[3] = mmu_page_mfn(data) << PV_PAGE_SHIFT;
	refuse("vcpus: root an ordinary page");
	context.ctrlreg[3] = scratch_table(1) << PV_PAGE_SHIFT;
	refuse("vcpus: root an L1");
	context.ctrlreg[3] = 1ul << 51;
	refuse("vcpus: root beyond memory");
	context.ctrlreg[3] = ~0ul;
	refuse("vcpus: root 2^64-1");
	context.ctrlreg[1] = mmu_page_mfn(data) << PV_PAGE_SHIFT;
	refuse("vcpus: user root an ordinary page");
	context.flags = 0;
	refuse("vcpus: user mode without a user root");
	context.gdt_ents = 16;
	context.gdt_frames[0] = mmu_page_mfn(data);
	refuse("vcpus: gdt page with a writable mapping");
	context.gdt_ents = 7169;
	refuse("vcpus: gdt of 7169 entries");
	context.gdt_ents = ~0ul;
	refuse("vcpus: gdt of 2^64-1 entries");
	context.gdt_ents = 512;
	context.gdt_frames[0] = 1ul << 40;
	refuse("vcpus: gdt frame beyond memory");
	context.ldt_ents = 8193;
	refuse("vcpus: ldt of 8193 entries");
	context.ldt_ents = 1;
	context.ldt_base = (uintptr_t)data + 8;
	refuse("vcpus: ldt misaligned");
	page_free(data);
}

/* Canonical addresses, where a processor demands them. */
static void check_canonical(void)
{
	context.fs_base = 0x8000000000000000ul;
	refuse("vcpus: fs base not canonical");
	context.gs_base_kernel = 0x0000800000000000ul;
	refuse("vcpus: kernel gs base not canonical");
	context.gs_base_user = 0xffff7ffffffffffful;
	refuse("vcpus: user gs base not canonical");
	context.event_callback_eip = 0x8000000000000000ul;
	refuse("vcpus: event callback not canonical");
	context.failsafe_callback_eip = 0x8000000000000000ul;
	refuse("vcpus: failsafe callback not canonical");
	context.syscall_callback_eip = 0x8000000000000000ul;
	refuse("vcpus: syscall callback not canonical");
	context.trap_ctxt[77].address = 0x8000000000000000ul;
	refuse("vcpus: trap handler not canonical");
}

static void check_orders(void)
{
	struct pv_vcpu_set_singleshot_timer timer = { 0 };
	struct pv_vcpu_set_periodic_timer periodic = { .period_ns = 1 };
	struct pv_vcpu_register_vcpu_info info = { .mfn = 1ul << 40 };

	context_reset();
	check_result("vcpus: vCPU 0 anew", hypercall_vcpu_op(PV_VCPUOP_initialise, 0, &context),
		     -PV_EEXIST);
	check_result("vcpus: an infinitely short period",
		     hypercall_vcpu_op(PV_VCPUOP_set_periodic_timer, 0, &periodic), -PV_EINVAL);
	check_refused("vcpus: vcpu_info beyond memory",
		      hypercall_vcpu_op(PV_VCPUOP_register_vcpu_info, 0, &info));
	info.mfn = scratch_table(1);
	check_refused("vcpus: vcpu_info in a table",
		      hypercall_vcpu_op(PV_VCPUOP_register_vcpu_info, 0, &info));
	info.mfn = mmu_page_mfn(mmu_pfn_to_va(0));
	info.offset = KIT_PAGE_SIZE - 63;
	check_refused("vcpus: vcpu_info over a page's end",
		      hypercall_vcpu_op(PV_VCPUOP_register_vcpu_info, 0, &info));
	info.offset = ~0u - 31;
	check_refused("vcpus: vcpu_info at 2^32-32",
		      hypercall_vcpu_op(PV_VCPUOP_register_vcpu_info, 0, &info));
	info.offset = 4;
	check_refused("vcpus: vcpu_info misaligned",
		      hypercall_vcpu_op(PV_VCPUOP_register_vcpu_info, 0, &info));
	if (smp_count() < 2) {
		return;
	}
	check_result("vcpus: up before initialise", hypercall_vcpu_op(PV_VCPUOP_up, 1, NULL),
		     -PV_EINVAL);
	check_result("vcpus: another's timer",
		     hypercall_vcpu_op(PV_VCPUOP_set_singleshot_timer, 1, &timer), -PV_EINVAL);
	check_result("vcpus: another's timer stopped",
		     hypercall_vcpu_op(PV_VCPUOP_stop_singleshot_timer, 1, NULL), -PV_EINVAL);
	check_contexts();
	check_canonical();
	check_result("vcpus: still not up", hypercall_vcpu_op(PV_VCPUOP_is_up, 1, NULL), 0);
}

/* After all that was refused the vCPU starts as it should. */
static bool started;

static void second_main(void *arg)
{
	__atomic_store_n(&started, true, __ATOMIC_RELEASE);
}

static void check_start(void)
{
	long rc;

	if (smp_count() < 2) {
		return;
	}
	rc = smp_start(1, second_main, NULL);
	check_result("vcpus: start in the end", rc, 0);
	if (rc != 0) {
		return;
	}
	while (!__atomic_load_n(&started, __ATOMIC_ACQUIRE) || smp_is_up(1)) {
		hypercall_sched_op(PV_SCHEDOP_yield, NULL);
	}
	check_result("vcpus: initialise twice",
		     hypercall_vcpu_op(PV_VCPUOP_initialise, 1, &context), -PV_EEXIST);
}

void vcpus_check(void)
{
	scratch_init();
	check_numbers();
	check_orders();
	check_start();
}
