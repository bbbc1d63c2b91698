/* The tables that checks play with; see scratch.h. */
#include "scratch.h"

#include "check.h"
#include "hypercall.h"
#include "mmu.h"
#include "page.h"
#include "power.h"
#include "printf.h"
#include "start.h"

void scratch_init(void)
{
	static bool done;
	long rc;

	if (done) {
		return;
	}
	done = true;
	rc = mmu_map(mmu_root_mfn(), SCRATCH_VA, mmu_pte(mmu_page_mfn(page_alloc()), MMU_PTE_DATA));
	if (rc != 0) {
		power_panic("scratch tables: %ld", rc);
	}
}

uint64_t scratch_entry(unsigned long va, int level)
{
	uint64_t entry;
	uint64_t maddr = mmu_walk(va, level, &entry);

	if (maddr == 0) {
		power_panic("no level %d entry for 0x%lx", level, va);
	}
	return maddr;
}

uint64_t scratch_value(unsigned long va, int level)
{
	uint64_t entry = 0;

	mmu_walk(va, level, &entry);
	return entry;
}

unsigned long scratch_table(int level)
{
	return mmu_pte_mfn(scratch_entry(SCRATCH_VA, level));
}

static void report(const char *name, uint64_t before, uint64_t after)
{
	if (before != after) {
		printf("entry was 0x%lx, is 0x%lx\n", before, after);
		check_true(name, false);
	}
}

void scratch_refuse(const char *name, unsigned long va, int level, uint64_t value, long want)
{
	uint64_t maddr = scratch_entry(va, level);
	uint64_t before = scratch_value(va, level);

	check_result(name, mmu_write_entry(maddr, value), want);
	report(name, before, scratch_value(va, level));
}

void scratch_refuse_any(const char *name, unsigned long va, int level, uint64_t value)
{
	uint64_t maddr = scratch_entry(va, level);
	uint64_t before = scratch_value(va, level);

	check_refused(name, mmu_write_entry(maddr, value));
	report(name, before, scratch_value(va, level));
}

void scratch_accept(const char *name, unsigned long va, int level, uint64_t value)
{
	uint64_t maddr = scratch_entry(va, level);
	uint64_t before = scratch_value(va, level);

	check_result(name, mmu_write_entry(maddr, value), 0);
	mmu_write_entry(maddr, before);
}

/*
 * Pages that the hypervisor shares with the domain belong to it without
 * being in its p2m: the shared page and the grant table's.
 */
static uint64_t grant_frames[64];
static unsigned grant_frame_count;

static void grant_frames_find(void)
{
	struct pv_gnttab_query_size size = { .dom = PV_DOMID_SELF };
	struct pv_gnttab_setup_table setup = {
		.dom = PV_DOMID_SELF,
		.frame_list = (uintptr_t)grant_frames,
	};

	hypercall_grant_table_op(PV_GNTTABOP_query_size, &size, 1);
	if (size.status != 0 || size.nr_frames > 64) {
		return;
	}
	setup.nr_frames = size.nr_frames;
	if (hypercall_grant_table_op(PV_GNTTABOP_setup_table, &setup, 1) == 0 &&
	    setup.status == 0) {
		grant_frame_count = size.nr_frames;
	}
}

bool scratch_is_own(unsigned long mfn)
{
	static bool found;

	if (!found) {
		found = true;
		grant_frames_find();
	}
	for (unsigned i = 0; i < grant_frame_count; i++) {
		if (grant_frames[i] == mfn) {
			return true;
		}
	}
	return mmu_mfn_to_pfn(mfn) != MMU_NO_FRAME || mfn == start_info->shared_info >> 12;
}
