/*
 * Descriptor tables, segment bases, trap tables, callbacks and debug
 * registers: nothing in them may lead into the hypervisor.
 */
#include "groups.h"

#include <stdint.h>

#include "check.h"
#include "cpu.h"
#include "hypercall.h"
#include "mmu.h"
#include "page.h"
#include "probe.h"
#include "scratch.h"
#include "start.h"
#include "traps.h"

#define DATA_DESCRIPTOR 0x00cff3000000fffful /* flat, writable, DPL 3, present */
#define TYPE_CALL_GATE  12

static const unsigned long non_canonical[] = {
	0x0000800000000000ul,
	0x8000000000000000ul,
	0xffff7ffffffffffful,
	0x7ffffffffffffffful,
};

static void check_gdt_frames(void)
{
	uint64_t *gdt = page_alloc();
	uint64_t frames[16];
	uint64_t good = mmu_page_mfn(gdt);

	for (unsigned i = 0; i < 16; i++) {
		frames[i] = good;
	}
	check_refused("descriptors: gdt page with a writable mapping",
		      hypercall_set_gdt(frames, 16));
	mmu_make_readonly(gdt);
	check_result("descriptors: gdt of nothing but empty entries",
		     hypercall_set_gdt(frames, 512), 0);
	check_refused("descriptors: gdt page in use writable", mmu_make_writable(gdt));
	check_refused("descriptors: gdt page in use pinned", mmu_pin(1, good));
	check_refused("descriptors: mmu_update on a gdt page", mmu_write_entry(good << 12, 0));
	check_refused("descriptors: gdt of 7169 entries", hypercall_set_gdt(frames, 7169));
	check_refused("descriptors: gdt of 2^32-1 entries", hypercall_set_gdt(frames, ~0u));
	frames[0] = 1ul << 40;
	check_refused("descriptors: gdt frame beyond memory", hypercall_set_gdt(frames, 16));
	frames[0] = ~0ul;
	check_refused("descriptors: gdt frame 2^64-1", hypercall_set_gdt(frames, 16));
	frames[0] = scratch_table(1);
	check_refused("descriptors: gdt frame a table", hypercall_set_gdt(frames, 16));
	frames[0] = good;
	frames[1] = mmu_root_mfn();
	check_refused("descriptors: second gdt frame a table", hypercall_set_gdt(frames, 513));
	check_result("descriptors: no gdt", hypercall_set_gdt(frames, 0), 0);
	check_result("descriptors: gdt page free again", mmu_make_writable(gdt), 0);
	page_free(gdt);
}

/*
 * Every system descriptor type, present: refused as content and as an update.
 * Call gates (12) are left out: a hypervisor may emulate them.
 */
static void check_system_descriptors(void)
{
	uint64_t *page = page_alloc();
	uint64_t mfn = mmu_page_mfn(page);
	unsigned long bad = 0, first = 0;
	long got = 0;

	for (unsigned long type = 1; type < 16; type++) {
		uint64_t system;
		long rc;

		if (type == TYPE_CALL_GATE) {
			continue;
		}
		system = (DATA_DESCRIPTOR & ~(0x1ful << 40)) | type << 40;
		rc = hypercall_update_descriptor(mfn << 12, system);

		if (rc != -PV_EINVAL && bad++ == 0) {
			first = type;
			got = rc;
		}
	}
	check_sweep("descriptors: update to a system descriptor", bad, first, got);

	bad = 0;
	for (unsigned long type = 1; type < 16; type++) {
		long rc;

		if (type == TYPE_CALL_GATE) {
			continue;
		}
		page[3] = (DATA_DESCRIPTOR & ~(0x1ful << 40)) | type << 40;
		mmu_make_readonly(page);
		rc = hypercall_set_gdt(&mfn, 512);
		if (rc >= 0 && bad++ == 0) {
			first = type;
			got = rc;
		}
		hypercall_set_gdt(&mfn, 0);
		mmu_make_writable(page);
	}
	check_sweep("descriptors: gdt with a system descriptor", bad, first, got);
	page_free(page);
}

static void check_update_descriptor(void)
{
	uint64_t *page = page_alloc();
	uint64_t maddr = mmu_page_mfn(page) << 12;

	check_result("descriptors: update in ordinary memory",
		     hypercall_update_descriptor(maddr + 8, DATA_DESCRIPTOR), 0);
	check_true("descriptors: and its effect", (page[1] | 1ul << 40) == DATA_DESCRIPTOR);
	check_refused("descriptors: update misaligned",
		      hypercall_update_descriptor(maddr + 4, DATA_DESCRIPTOR));
	check_refused("descriptors: update in a table",
		      hypercall_update_descriptor((uint64_t)scratch_table(1) << 12, 0));
	check_refused("descriptors: update beyond memory",
		      hypercall_update_descriptor(1ul << 50, DATA_DESCRIPTOR));
	check_refused("descriptors: update at 2^64-8",
		      hypercall_update_descriptor(~7ul, DATA_DESCRIPTOR));
	page_free(page);
}

/* A local table of one entry, which is loaded and used. */
static void check_ldt(void)
{
	uint64_t *page = page_alloc();
	unsigned long fault;

	check_refused("descriptors: ldt misaligned",
		      mmu_ext(PV_MMUEXT_SET_LDT, (uintptr_t)page + 8, 1));
	check_refused("descriptors: ldt of 8193 entries",
		      mmu_ext(PV_MMUEXT_SET_LDT, (uintptr_t)page, 8193));
	check_refused("descriptors: ldt in the hypervisor",
		      mmu_ext(PV_MMUEXT_SET_LDT, 0xffff828000000000ul, 1));
	check_refused("descriptors: ldt at a non-canonical address",
		      mmu_ext(PV_MMUEXT_SET_LDT, 0x8000000000000000ul, 1));

	/* Writable: refused now, or when an entry is first used. */
	page[0] = DATA_DESCRIPTOR;
	mmu_ext(PV_MMUEXT_SET_LDT, (uintptr_t)page, 1);
	fault = PROBE("movl %k1, %%es", "r"(7ul));
	check_true("descriptors: selector of a writable ldt faults", fault != 0);
	mmu_ext(PV_MMUEXT_SET_LDT, 0, 0);

	mmu_make_readonly(page);
	check_result("descriptors: ldt read-only", mmu_ext(PV_MMUEXT_SET_LDT, (uintptr_t)page, 1),
		     0);
	fault = PROBE("movl %k1, %%es", "r"(7ul));
	check_result("descriptors: selector of a good ldt", (long)fault, 0);
	fault = PROBE("movl %k1, %%es", "r"(15ul));
	check_result("descriptors: selector beyond the ldt", (long)fault, PROBE_FAULT(13));
	__asm__ volatile("movl %k0, %%es" ::"r"(0));
	check_result("descriptors: no ldt", mmu_ext(PV_MMUEXT_SET_LDT, 0, 0), 0);
	check_result("descriptors: ldt page free again", mmu_make_writable(page), 0);
	page_free(page);
}

static void check_segments(void)
{
	unsigned long bad = 0, first = 0;
	long got = 0;

	for (unsigned which = 0; which < 3; which++) {
		for (unsigned i = 0; i < 4; i++) {
			long rc = hypercall_set_segment_base(which, non_canonical[i]);

			if (rc != -PV_EINVAL && bad++ == 0) {
				first = non_canonical[i];
				got = rc;
			}
		}
	}
	check_sweep("descriptors: segment base not canonical", bad, first, got);
	check_result("descriptors: segment base 4", hypercall_set_segment_base(4, 0), -PV_EINVAL);
	check_result("descriptors: segment base 2^32-1", hypercall_set_segment_base(~0u, 0),
		     -PV_EINVAL);
	hypercall_set_segment_base(PV_SEGBASE_GS_USER_SEL, 0xfff8);
	hypercall_set_segment_base(PV_SEGBASE_GS_USER_SEL, 0xe008);
	check_result("descriptors: user selector 0",
		     hypercall_set_segment_base(PV_SEGBASE_GS_USER_SEL, 0), 0);
	check_true("descriptors: kernel base as it was", cpu_current() == &kit_cpus[0]);

	bad = 0;
	for (unsigned long selector = 0xe000; selector < 0x10000; selector += 8) {
		unsigned long fault;

		/* The hypervisor's own segments, its TSS, whatever is behind it. */
		if (selector == 0xe020 || selector == 0xe028 || selector == 0xe030) {
			continue;
		}
		fault = PROBE("movl %k1, %%es", "r"(selector | 3));
		if (fault == 0 && bad++ == 0) {
			first = selector;
		}
	}
	check_sweep("descriptors: the hypervisor's selectors", bad, first, 0);
	__asm__ volatile("movl %k0, %%es" ::"r"(0));
}

static void check_traps(void)
{
	unsigned long bad = 0, first = 0;
	long got = 0;

	for (unsigned i = 0; i < 4; i++) {
		struct pv_trap_info table[2] = {
			{ .vector = 0x81, .cs = PV_FLAT_KERNEL_CS, .address = non_canonical[i] },
		};
		struct pv_callback_register cb = {
			.type = PV_CALLBACK_syscall,
			.address = non_canonical[i],
		};
		long rc = hypercall_set_trap_table(table);

		if (rc != -PV_EINVAL && bad++ == 0) {
			first = non_canonical[i];
			got = rc;
		}
		rc = hypercall_callback_op(PV_CALLBACKOP_register, &cb);
		if (rc != -PV_EINVAL && bad++ == 0) {
			first = non_canonical[i];
			got = rc;
		}
	}
	check_sweep("descriptors: handlers not canonical", bad, first, got);

	bad = 0;
	for (unsigned type = 8; type < 0x10000; type = type * 2 + 1) {
		struct pv_callback_register cb = { .type = (uint16_t)type };
		long rc = hypercall_callback_op(PV_CALLBACKOP_register, &cb);

		if (rc != -PV_ENOSYS && bad++ == 0) {
			first = type;
			got = rc;
		}
	}
	check_sweep("descriptors: callback types", bad, first, got);
}

static void check_debug_registers(void)
{
	static const unsigned long inside[] = { PV_HYPERVISOR_VIRT_START, 0xffff828000000000ul,
						0xffff87fffffffffful, 0x8000000000000000ul };
	unsigned long bad = 0, first = 0;
	long got = 0;

	for (unsigned reg = 0; reg < 4; reg++) {
		for (unsigned i = 0; i < 4; i++) {
			long rc = hypercall_set_debugreg(reg, inside[i]);

			if (rc >= 0 && bad++ == 0) {
				first = inside[i];
				got = rc;
			}
		}
	}
	check_sweep("descriptors: breakpoints in the hypervisor", bad, first, got);
	check_refused("descriptors: debug register 8", hypercall_set_debugreg(8, 0));
	check_refused("descriptors: debug register 2^32-1", hypercall_set_debugreg(~0u, 0));
	check_refused("descriptors: read of debug register 8", (long)hypercall_get_debugreg(8));
	check_result("descriptors: debug register 0", hypercall_set_debugreg(0, 0x123000), 0);
	check_result("descriptors: and its value", (long)hypercall_get_debugreg(0), 0x123000);
	hypercall_set_debugreg(0, 0);

	/* General detect, and I/O breakpoints without their enable in CR4. */
	hypercall_set_debugreg(7, 0xffffffff);
	hypercall_set_debugreg(7, 0xffffffff00000000);
	hypercall_set_debugreg(6, ~0ul);
	hypercall_set_debugreg(7, PV_DR7_DEFAULT);
	hypercall_set_debugreg(6, PV_DR6_DEFAULT);
	check_result("descriptors: control as at first", (long)hypercall_get_debugreg(7),
		     PV_DR7_DEFAULT);
}

void descriptors_check(void)
{
	scratch_init();
	check_gdt_frames();
	check_system_descriptors();
	check_update_descriptor();
	check_ldt();
	check_segments();
	check_traps();
	check_debug_registers();
}
