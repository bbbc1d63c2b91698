/*
 * Every machine frame there is: only the domain's own may be mapped, read-only
 * or writable, and none may be read through the machine-to-physical table's
 * neighbourhood. Frames above all memory belong to devices or to nobody.
 */
#include "groups.h"

#include <stdint.h>

#include "check.h"
#include "cpu.h"
#include "hypercall.h"
#include "mmu.h"
#include "page.h"
#include "probe.h"
#include "printf.h"
#include "scratch.h"
#include "start.h"

static struct {
	unsigned long tried, own, mapped, bad, first;
} sweep;

/* Tries to map a frame that is not ours, then one that is. */
static void try_frame(unsigned long mfn)
{
	bool own = scratch_is_own(mfn);
	uint64_t flags = own ? MMU_PTE_READ_ONLY : MMU_PTE_DATA;

	sweep.tried++;
	sweep.own += own;
	for (unsigned i = 0; i < 2; i++) {
		long rc = hypercall_update_va_mapping(SCRATCH_FREE_VA, mmu_pte(mfn, flags),
						      PV_UVMF_INVLPG);

		if ((rc == 0) != own && sweep.bad++ == 0) {
			sweep.first = mfn;
		}
		sweep.mapped += rc == 0;
		if (own) {
			break;
		}
		flags = MMU_PTE_READ_ONLY;
	}
	if (own) {
		hypercall_update_va_mapping(SCRATCH_FREE_VA, 0, PV_UVMF_INVLPG);
	}
}

/* The kinds of frame that are not memory, each a window of 16. */
static const unsigned long windows[] = {
	0xa0,      0xb8,
	0xc0,      0xf0,
	0xe0000,   0xfd000,
	0xfec00,   0xfed00,
	0xfee00,   0xfffc0,
	0xffff0,   1ul << 24,
	1ul << 28, (1ul << 36) - 16,
	1ul << 36, (1ul << 40) - 16,
};

static void check_all_frames(void)
{
	unsigned long max = (unsigned long)hypercall_memory_op(PV_MEMORY_maximum_ram_page, NULL);

	for (unsigned long mfn = 0; mfn <= max; mfn++) {
		try_frame(mfn);
	}
	printf("frames: %lu tried, %lu own, %lu mapped\n", sweep.tried, sweep.own, sweep.mapped);
	check_sweep("frames: each frame of the machine", sweep.bad, sweep.first, 0);
	sweep.bad = 0;
	for (unsigned i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
		for (unsigned long mfn = windows[i]; mfn < windows[i] + 16; mfn++) {
			if (mfn > max) {
				try_frame(mfn);
			}
		}
	}
	check_sweep("frames: each kind of frame that is not memory", sweep.bad, sweep.first, 0);
}

/* The same sweep for tables: no foreign frame may be pinned or be a root. */
static void check_foreign_tables(void)
{
	unsigned long max = (unsigned long)hypercall_memory_op(PV_MEMORY_maximum_ram_page, NULL);
	unsigned long bad = 0, first = 0;
	long got = 0;

	for (unsigned long mfn = 0; mfn <= max; mfn += 7) {
		long rc;

		if (scratch_is_own(mfn)) {
			continue;
		}
		rc = mmu_pin(1 + (int)(mfn & 3), mfn);
		rc = rc < 0 ? mmu_ext(PV_MMUEXT_NEW_BASEPTR, mfn, 0) : rc;
		rc = rc < 0 ? mmu_write_entry((uint64_t)mfn << 12, 0) : rc;
		rc = rc < 0 ? mmu_ext(PV_MMUEXT_CLEAR_PAGE, mfn, 0) : rc;
		if (rc >= 0 && bad++ == 0) {
			first = mfn;
			got = rc;
		}
	}
	check_sweep("frames: foreign frames as tables", bad, first, got);
}

/* The hypervisor's addresses: its table may be read, nothing may be written. */
static void check_addresses(void)
{
	static const unsigned long addresses[] = {
		0xffff804000000000ul, 0xffff810000000000ul, 0xffff820000000000ul,
		0xffff828000000000ul, 0xffff828000100000ul, 0xffff82c000000000ul,
		0xffff82d040200000ul, 0xffff830000000000ul, 0xffff830000100000ul,
		0xffff848000000000ul, 0xffff850000000000ul, 0xffff87fffffff000ul,
	};
	unsigned long entries;
	const volatile uint64_t *m2p = mmu_m2p(&entries);
	unsigned long bad = 0, first = 0;
	long got = 0;
	uint64_t value;

	for (unsigned i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		unsigned long fault = probe_read(addresses[i], &value);

		if (fault != PROBE_FAULT(14) && bad++ == 0) {
			first = addresses[i];
			got = (long)fault;
		}
		fault = probe_write(addresses[i], 0);
		if (fault != PROBE_FAULT(14) && bad++ == 0) {
			first = addresses[i];
			got = (long)fault;
		}
	}
	check_sweep("frames: the hypervisor's addresses", bad, first, got);

	/* Every 64 KiB of the table, and far beyond its end. */
	bad = 0;
	for (unsigned long i = 0; i < entries && i < 1ul << 24; i += 8192) {
		unsigned long fault = probe_write((uintptr_t)&m2p[i], 0);

		if (fault != PROBE_FAULT(14) && bad++ == 0) {
			first = i;
			got = (long)fault;
		}
	}
	check_sweep("frames: writes to the machine-to-physical table", bad, first, got);
	check_result("frames: m2p entry of our own first page",
		     (long)m2p[mmu_page_mfn(mmu_pfn_to_va(0))], 0);
}

/* Setting the m2p of one's own frame is allowed, of another's not. */
static void check_m2p_updates(void)
{
	unsigned long max = (unsigned long)hypercall_memory_op(PV_MEMORY_maximum_ram_page, NULL);
	unsigned long bad = 0, first = 0;
	long got = 0;
	void *page = page_alloc();
	unsigned long mfn = mmu_page_mfn(page), pfn = mmu_mfn_to_pfn(mfn);
	unsigned long entries;
	const volatile uint64_t *m2p = mmu_m2p(&entries);

	for (unsigned long m = 0; m <= max; m += 5) {
		long rc;

		if (scratch_is_own(m)) {
			continue;
		}
		rc = mmu_write_entry((uint64_t)m << 12 | PV_MMU_MACHPHYS_UPDATE, 0);
		if (rc >= 0 && bad++ == 0) {
			first = m;
			got = rc;
		}
	}
	check_sweep("frames: m2p of foreign frames", bad, first, got);
	check_result("frames: m2p of our own",
		     mmu_write_entry((uint64_t)mfn << 12 | PV_MMU_MACHPHYS_UPDATE, 0x123456), 0);
	check_result("frames: and its effect", (long)m2p[mfn], 0x123456);
	mmu_write_entry((uint64_t)mfn << 12 | PV_MMU_MACHPHYS_UPDATE, pfn);
	page_free(page);
}

void frames_check(void)
{
	scratch_init();
	if (!start_is_privileged()) {
		check_all_frames();
	}
	check_foreign_tables();
	check_addresses();
	check_m2p_updates();
}
