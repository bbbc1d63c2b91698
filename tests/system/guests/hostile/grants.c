/*
 * Grant tables: references that do not exist, addresses that are not ours,
 * handles made up, copies beyond a page's end; and entries of its own table that name
 * every frame of the machine. An operation is refused as a whole, or by its own status.
 */
#include "groups.h"

#include <stddef.h>
#include <stdint.h>

#include "check.h"
#include "cpu.h"
#include "events.h"
#include "grants.h"
#include "hypercall.h"
#include "mmu.h"
#include "page.h"
#include "probe.h"
#include "scratch.h"
#include "start.h"

static uint16_t own;

/* An error of the call, or of the one operation in it. */
static bool refused(long rc, int16_t status)
{
	return rc < 0 || status < 0;
}

static bool map_refused(uint64_t host_addr, uint32_t flags, uint32_t ref, uint16_t dom)
{
	struct pv_gnttab_map_grant_ref map = {
		.host_addr = host_addr,
		.flags = flags,
		.ref = ref,
		.dom = dom,
	};
	long rc = hypercall_grant_table_op(PV_GNTTABOP_map_grant_ref, &map, 1);

	return refused(rc, map.status);
}

static void check_maps(void)
{
	static const uint64_t addresses[] = { 0, 0x8000000000000000ul, PV_HYPERVISOR_VIRT_START,
					      0xffff828000000000ul, SCRATCH_VA + 1 };
	static const uint32_t refs[] = { 8, 511, 512, 0xffff, 0x10000, 0x7fffffff, 0x80000000, ~0u };
	static const uint16_t domains[] = { 100,          0x7fef,           PV_DOMID_IO,
					    PV_DOMID_XEN, PV_DOMID_INVALID, 0xffff };
	unsigned long bad = 0, first = 0;

	for (unsigned i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		for (uint32_t flags = 0; flags < 0x40; flags++) {
			if (!map_refused(addresses[i], flags, 8, own) && bad++ == 0) {
				first = addresses[i];
			}
		}
	}
	check_sweep("grants: mapped at wild addresses", bad, first, 0);
	bad = 0;
	for (unsigned i = 0; i < sizeof(refs) / sizeof(refs[0]); i++) {
		if (!map_refused(SCRATCH_FREE_VA, PV_GNTMAP_host_map, refs[i], own) && bad++ == 0) {
			first = refs[i];
		}
	}
	check_sweep("grants: references that nobody gave", bad, first, 0);
	bad = 0;
	for (unsigned i = 0; i < sizeof(domains) / sizeof(domains[0]); i++) {
		if (!map_refused(SCRATCH_FREE_VA, PV_GNTMAP_host_map, 0, domains[i]) &&
		    bad++ == 0) {
			first = domains[i];
		}
	}
	check_sweep("grants: of domains that are not there", bad, first, 0);
	check_result("grants: nothing mapped by these", (long)scratch_value(SCRATCH_FREE_VA, 1), 0);
}

static void check_unmaps(void)
{
	static const uint32_t handles[] = { 0, 1, 1000, 0x7fffffff, 0x80000000, ~0u };
	unsigned long bad = 0, first = 0;

	for (unsigned i = 0; i < sizeof(handles) / sizeof(handles[0]); i++) {
		struct pv_gnttab_unmap_grant_ref unmap = {
			.host_addr = SCRATCH_VA,
			.handle = handles[i],
		};
		long rc = hypercall_grant_table_op(PV_GNTTABOP_unmap_grant_ref, &unmap, 1);

		if (!refused(rc, unmap.status) && bad++ == 0) {
			first = handles[i];
		}
	}
	check_sweep("grants: handles that nobody has", bad, first, 0);
	check_true("grants: the page is there still",
		   (scratch_value(SCRATCH_VA, 1) & PV_PTE_PRESENT) != 0);
}

static bool copy_refused(uint64_t from, uint16_t from_offset, uint64_t to, uint16_t to_offset,
			 uint16_t len, uint16_t flags)
{
	struct pv_gnttab_copy copy = {
		.source = { .u.gmfn = from, .domid = PV_DOMID_SELF, .offset = from_offset },
		.dest = { .u.gmfn = to, .domid = PV_DOMID_SELF, .offset = to_offset },
		.len = len,
		.flags = flags,
	};
	long rc = hypercall_grant_table_op(PV_GNTTABOP_copy, &copy, 1);

	return refused(rc, copy.status);
}

static void check_copies(void)
{
	void *a = page_alloc(), *b = page_alloc();
	uint64_t from = mmu_page_mfn(a), to = mmu_page_mfn(b);

	check_true("grants: copy beyond the source", copy_refused(from, 4000, to, 0, 97, 0));
	check_true("grants: copy beyond the destination", copy_refused(from, 0, to, 1, 4096, 0));
	check_true("grants: copy of 65535 bytes", copy_refused(from, 0, to, 0, 0xffff, 0));
	check_true("grants: copy at 65535", copy_refused(from, 0xffff, to, 0xffff, 1, 0));
	check_true("grants: copy into a table", copy_refused(from, 0, scratch_table(1), 0, 8, 0));
	check_true("grants: copy into the root", copy_refused(from, 0, mmu_root_mfn(), 0, 8, 0));
	check_true("grants: copy from beyond memory", copy_refused(1ul << 40, 0, to, 0, 8, 0));
	check_true("grants: copy to beyond memory", copy_refused(from, 0, 1ul << 40, 0, 8, 0));
	check_true("grants: copy by references that nobody gave",
		   copy_refused(9, 0, 10, 0, 8, PV_GNTCOPY_source_gref | PV_GNTCOPY_dest_gref));
	page_free(a);
	page_free(b);
}

static void check_tables(void)
{
	uint64_t frames[4];
	struct pv_gnttab_setup_table setup = {
		.dom = PV_DOMID_SELF,
		.nr_frames = ~0u,
		.frame_list = (uintptr_t)frames,
	};
	struct pv_gnttab_set_version version = { .version = 3 };
	long rc = hypercall_grant_table_op(PV_GNTTABOP_setup_table, &setup, 1);

	check_true("grants: table of 2^32-1 frames", refused(rc, setup.status));
	setup.nr_frames = 1;
	setup.dom = 100;
	setup.status = 0;
	rc = hypercall_grant_table_op(PV_GNTTABOP_setup_table, &setup, 1);
	check_true("grants: another domain's table", refused(rc, setup.status));
	check_refused("grants: version 3",
		      hypercall_grant_table_op(PV_GNTTABOP_set_version, &version, 1));
	version.version = 0;
	check_refused("grants: version 0",
		      hypercall_grant_table_op(PV_GNTTABOP_set_version, &version, 1));
	check_refused("grants: 2^32-1 operations",
		      hypercall_grant_table_op(PV_GNTTABOP_map_grant_ref, (void *)0x1000, ~0u));
}

/* Frames that the hypervisor has given us besides our pages. */
static unsigned long shared_info_mfn(void)
{
	return start_info->shared_info >> PV_PAGE_SHIFT;
}

static bool is_table_frame(unsigned long mfn)
{
	uint64_t entry = 0;

	(void)mmu_walk((uintptr_t)grants_table(), 1, &entry);
	return mmu_pte_mfn(entry) == mfn;
}

/* An entry of ours names each frame of the machine in turn: only our own may be mapped or copied. */
static void check_frames(void)
{
	unsigned long entries, bad = 0, first = 0, mapped = 0;
	const volatile uint64_t *m2p = mmu_m2p(&entries);
	uint64_t *own_page = page_alloc(), word;

	for (unsigned long mfn = 0; mfn < entries && probe_read((uintptr_t)&m2p[mfn], &word) == 0;
	     mfn++) {
		bool ours = mmu_pfn_to_mfn(word) == mfn;
		long handle, copied;

		grants_set(20, PV_GTF_permit_access, own, mfn);
		handle = grants_map(own, 20, SCRATCH_FREE_VA,
				    PV_GNTMAP_host_map | PV_GNTMAP_readonly);
		copied = grants_copy_from(own_page, own, 20, 0, 8);
		mapped += handle >= 0;
		if (!ours && (handle >= 0 || copied == 0) && mfn != shared_info_mfn() &&
		    !is_table_frame(mfn) && bad++ == 0) {
			first = mfn;
		}
		if (handle >= 0) {
			bad += grants_unmap((unsigned)handle, SCRATCH_FREE_VA, 0) != 0;
		}
	}
	check_sweep("grants: of frames that are not ours", bad, first, 0);
	check_true("grants: and of those that are", mapped > 0);
	page_free(own_page);
}

static void check_in_use(void)
{
	void *page = page_alloc();
	unsigned long mfn = mmu_page_mfn(page);
	long handle;

	grants_set(21, PV_GTF_permit_access, own, mfn);
	handle = grants_map(own, 21, 0, PV_GNTMAP_device_map);
	check_true("grants: held for a device", handle >= 0);
	check_true("grants: it is no table while it may be written",
		   mmu_make_readonly(page) != 0 || mmu_pin(1, mfn) != 0);
	grants_set(21, PV_GTF_invalid, 0, ~0ul);
	check_result("grants: let go of, whatever the entry says",
		     grants_unmap((unsigned)handle, 0, (uint64_t)mfn << PV_PAGE_SHIFT), 0);
	check_true("grants: a table then",
		   mmu_pin(1, mfn) == 0 && mmu_unpin(mfn) == 0 && mmu_make_writable(page) == 0);
	page_free(page);
}

void grants_check(void)
{
	scratch_init();
	own = (uint16_t)events_own_domid();
	check_maps();
	check_unmaps();
	check_copies();
	check_tables();
	if (grants_init() == 0) {
		check_frames();
		check_in_use();
	}
}
