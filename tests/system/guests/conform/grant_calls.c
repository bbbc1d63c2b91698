/* grant_table_op: each operation's statuses and errors. Read next: vcpu_calls.c. */
#include "groups.h"

#include <stdint.h>

#include "calls.h"
#include "cpu.h"
#include "events.h"
#include "grants.h"
#include "hypercall.h"
#include "mmu.h"
#include "page.h"
#include "probe.h"

#define WINDOW(i)  (0x15000000000ul + (i)*KIT_PAGE_SIZE)
#define HOST       PV_GNTMAP_host_map
#define READ_ONLY  (PV_GNTMAP_host_map | PV_GNTMAP_readonly)
#define NO_DOMAIN  0x7123
#define MIB_FRAMES 256ul

static unsigned self;
static uint64_t *page;

static long grant_op(unsigned op, void *arg)
{
	return hypercall_grant_table_op(op, arg, 1);
}

static long swap(unsigned a, unsigned b)
{
	struct pv_gnttab_swap_grant_ref op = { .ref_a = a, .ref_b = b };
	long rc = grant_op(PV_GNTTABOP_swap_grant_ref, &op);

	return rc != 0 ? rc : op.status;
}

static long replace(unsigned handle, unsigned long va, unsigned long from)
{
	struct pv_gnttab_unmap_and_replace op = { .host_addr = va,
						  .new_addr = from,
						  .handle = handle };
	long rc = grant_op(PV_GNTTABOP_unmap_and_replace, &op);

	return rc != 0 ? rc : op.status;
}

static void check_maps(void)
{
	int ref = grants_give(self, mmu_page_mfn(page), false),
	    others = grants_give(NO_DOMAIN, mmu_page_mfn(page), false);
	int odd = grants_give(self, ODD_FRAME >> 8, false);
	long handle = grants_map(self, (unsigned)ref, WINDOW(0), HOST);

	DOES("grant_table_op.map_grant_ref", "ours", handle >= 0, 1);
	DOES("grant_table_op.unmap_grant_ref", "it", grants_unmap((unsigned)handle, WINDOW(0), 0),
	     0);
	ANSWERS("grant_table_op.unmap_grant_ref", PV_GNTST_bad_handle, "twice",
		grants_unmap((unsigned)handle, WINDOW(0), 0));
	ANSWERS("grant_table_op.map_grant_ref", PV_GNTST_bad_domain, "no such domain",
		grants_map(NO_DOMAIN, 8, WINDOW(0), HOST));
	if (calls_on_parley()) {
		ANSWERS("grant_table_op.map_grant_ref", PV_GNTST_general_error,
			"domain 0, which grants nothing", grants_map(0, 8, WINDOW(0), HOST));
	}
	ANSWERS("grant_table_op.map_grant_ref", PV_GNTST_bad_gntref, "beyond the table",
		grants_map(self, 1u << 20, WINDOW(0), HOST));
	ANSWERS("grant_table_op.map_grant_ref", PV_GNTST_general_error, "another's",
		grants_map(self, (unsigned)others, WINDOW(0), HOST));
	if (calls_on_parley()) {
		ANSWERS("grant_table_op.map_grant_ref", PV_GNTST_bad_page, "no frame of ours",
			grants_map(self, (unsigned)odd, WINDOW(0), HOST));
	}
	handle = grants_map(self, (unsigned)ref, WINDOW(0), HOST);
	ANSWERS("grant_table_op.unmap_grant_ref", PV_GNTST_general_error, "not mapped there",
		grants_unmap((unsigned)handle, WINDOW(1), 0));
	check_result("grants: gone", grants_unmap((unsigned)handle, WINDOW(0), 0), 0);
	(void)grants_end((unsigned)ref);
	(void)grants_end((unsigned)others);
	(void)grants_end((unsigned)odd);
}

/* Host and device parts go one by one; then the frame is what its other mappings make of it. */
static void check_parts(void)
{
	int ref = grants_give(self, mmu_page_mfn(page), false);
	uint64_t bus = (uint64_t)mmu_page_mfn(page) << PV_PAGE_SHIFT;
	long handle = grants_map(self, (unsigned)ref, WINDOW(0), HOST | PV_GNTMAP_device_map);

	ANSWERS("grant_table_op.unmap_grant_ref", PV_GNTST_bad_dev_addr, "another frame's",
		grants_unmap((unsigned)handle, 0, bus + KIT_PAGE_SIZE));
	DOES("grant_table_op.unmap_grant_ref", "the host's part",
	     grants_unmap((unsigned)handle, WINDOW(0), 0), 0);
	DOES("grant_table_op.unmap_grant_ref", "the device's part",
	     grants_unmap((unsigned)handle, 0, bus), 0);
	REFUSES("mmuext_op.PIN_L1_TABLE", PV_EINVAL, "mapped writable after a grant's end",
		mmu_pin(1, mmu_page_mfn(page)));
	(void)grants_end((unsigned)ref);
}

static uint64_t entry_at(unsigned long va)
{
	uint64_t entry = 0;

	(void)mmu_walk(va, 1, &entry);
	return entry;
}

/*
 * A read-only mapping is replaced by another grant's writable one. Its old address then
 * gets a read-only entry of the same frame: that is no longer the grant's, and its unmap
 * must not take away a use as writable that it does not have.
 */
static void check_replace(void)
{
	int ref = grants_give(self, mmu_page_mfn(page), false);
	long fixed = grants_map(self, (unsigned)ref, WINDOW(0), READ_ONLY);
	long moved = grants_map(self, (unsigned)ref, WINDOW(1), HOST);

	ANSWERS("grant_table_op.unmap_and_replace", PV_GNTST_general_error,
		"where there is no table",
		calls_on_parley() ? replace((unsigned)fixed, WINDOW(0), NOWHERE) :
				    PV_GNTST_general_error);
	ANSWERS("grant_table_op.unmap_and_replace", PV_GNTST_bad_handle, "no such handle",
		replace(30000, WINDOW(0), WINDOW(1)));
	DOES("grant_table_op.unmap_and_replace", "by a writable one",
	     replace((unsigned)fixed, WINDOW(0), WINDOW(1)), 0);
	check_true("grant_table_op.unmap_and_replace: the entry moved",
		   entry_at(WINDOW(1)) == 0 && (entry_at(WINDOW(0)) & PV_PTE_WRITE) != 0 &&
			   mmu_pte_mfn(entry_at(WINDOW(0))) == mmu_page_mfn(page));
	check_result("grants: a store by it", (long)probe_write(WINDOW(0), 5), 0);
	check_result("grants: its old address read-only",
		     mmu_set_mapping(WINDOW(1), mmu_pte(mmu_page_mfn(page), MMU_PTE_READ_ONLY)), 0);
	(void)grants_unmap((unsigned)moved, WINDOW(1), 0);
	check_result("grants: the page is read-only in the linear map", mmu_make_readonly(page), 0);
	REFUSES("mmuext_op.PIN_L1_TABLE", PV_EINVAL, "writable by a mapping that moved",
		mmu_pin(1, mmu_page_mfn(page)));
	check_result("grants: the mapping is still there", (long)probe_write(WINDOW(0), 6), 0);
	mmu_make_writable(page);
	(void)grants_unmap((unsigned)moved, WINDOW(0), 0);
	mmu_set_mapping(WINDOW(0), 0);
	mmu_set_mapping(WINDOW(1), 0);
}

/* Into an entry named by its machine address, which is between two: nothing is written. */
static void check_contains_pte(void)
{
	int ref = grants_give(self, mmu_page_mfn(page), false);
	uint64_t entry, maddr = mmu_walk(WINDOW(2), 1, &entry);
	uint64_t before[3] = { entry_at(WINDOW(1)), entry_at(WINDOW(2)), entry_at(WINDOW(3)) };

	ANSWERS("grant_table_op.map_grant_ref", PV_GNTST_general_error,
		"into an entry, not aligned",
		calls_on_parley() && grants_map(self, (unsigned)ref, maddr + 4,
						HOST | PV_GNTMAP_contains_pte) < 0 ?
			PV_GNTST_general_error :
			grants_map(self, (unsigned)ref, maddr + 4, HOST | PV_GNTMAP_contains_pte));
	check_true("grant_table_op.map_grant_ref: nothing was written",
		   before[0] == entry_at(WINDOW(1)) && before[1] == entry_at(WINDOW(2)) &&
			   before[2] == entry_at(WINDOW(3)));
	check_true("grant_table_op.map_grant_ref: it is not in use",
		   (grants_table()[ref].flags & (PV_GTF_reading | PV_GTF_writing)) == 0);
	if (calls_on_parley()) {
		ANSWERS("grant_table_op.map_grant_ref", PV_GNTST_bad_gntref, "into an entry",
			grants_map(self, (unsigned)ref, maddr, HOST | PV_GNTMAP_contains_pte));
	}
	(void)grants_end((unsigned)ref);
}

static long copy_frames(uint64_t to, unsigned domid, unsigned len)
{
	struct pv_gnttab_copy op = {
		.source = { .u.gmfn = mmu_page_mfn(page), .domid = PV_DOMID_SELF },
		.dest = { .u.gmfn = to, .domid = (pv_domid_t)domid },
		.len = (uint16_t)len,
	};
	long rc = grant_op(PV_GNTTABOP_copy, &op);

	return rc != 0 ? rc : op.status;
}

static void check_copies(void)
{
	uint64_t *own = page_alloc();
	int ref = grants_give(self, mmu_page_mfn(page), true);
	int odd = grants_give(self, ODD_FRAME >> 8, false);

	DOES("grant_table_op.copy", "a whole page",
	     grants_copy_from(own, self, (unsigned)ref, 0, KIT_PAGE_SIZE), 0);
	DOES("grant_table_op.copy", "nothing", copy_frames(mmu_page_mfn(own), PV_DOMID_SELF, 0), 0);
	ANSWERS("grant_table_op.copy", PV_GNTST_bad_copy_arg, "a byte more than a page",
		grants_copy_from(own, self, (unsigned)ref, 1, KIT_PAGE_SIZE));
	ANSWERS("grant_table_op.copy", PV_GNTST_general_error, "to a read-only one",
		grants_copy_to(self, (unsigned)ref, 0, own, 8));
	ANSWERS("grant_table_op.copy", PV_GNTST_bad_domain, "no such domain",
		grants_copy_from(own, NO_DOMAIN, 8, 0, 8));
	ANSWERS("grant_table_op.copy", PV_GNTST_bad_gntref, "beyond the table",
		grants_copy_from(own, self, 1u << 20, 0, 8));
	ANSWERS("grant_table_op.copy", PV_GNTST_permission_denied, "a frame of another domain",
		calls_on_parley() ? copy_frames(mmu_page_mfn(own), 100, 8) :
				    PV_GNTST_permission_denied);
	ANSWERS("grant_table_op.copy", PV_GNTST_bad_page, "beyond memory",
		copy_frames(ODD_FRAME, PV_DOMID_SELF, 8));
	ANSWERS("grant_table_op.copy", PV_GNTST_general_error, "to a table",
		copy_frames(mmu_root_mfn(), PV_DOMID_SELF, 8));
	if (calls_on_parley()) {
		ANSWERS("grant_table_op.copy", PV_GNTST_general_error,
			"domain 0, which grants nothing", grants_copy_from(own, 0, 8, 0, 8));
		ANSWERS("grant_table_op.copy", PV_GNTST_bad_page, "a grant of no frame",
			grants_copy_from(own, self, (unsigned)odd, 0, 8));
	}
	(void)grants_end((unsigned)ref);
	(void)grants_end((unsigned)odd);
	page_free(own);
}

static void check_swaps(void)
{
	int a = grants_give(self, mmu_page_mfn(page), false),
	    b = grants_give(self, mmu_page_mfn(page), true);
	long handle;

	DOES("grant_table_op.swap_grant_ref", "two", swap((unsigned)a, (unsigned)b), 0);
	check_true("grant_table_op.swap_grant_ref: they have",
		   (grants_table()[a].flags & PV_GTF_readonly) != 0 &&
			   (grants_table()[b].flags & PV_GTF_readonly) == 0);
	ANSWERS("grant_table_op.swap_grant_ref", PV_GNTST_bad_gntref, "beyond the table",
		swap((unsigned)a, 1u << 20));
	handle = grants_map(self, (unsigned)b, WINDOW(0), HOST);
	ANSWERS("grant_table_op.swap_grant_ref", PV_GNTST_eagain, "in use",
		swap((unsigned)a, (unsigned)b));
	(void)grants_unmap((unsigned)handle, WINDOW(0), 0);
	(void)grants_end((unsigned)a);
	(void)grants_end((unsigned)b);
}

static void check_tables(void)
{
	uint64_t frames[4];
	struct pv_gnttab_setup_table setup = { .dom = PV_DOMID_SELF,
					       .nr_frames = 1,
					       .frame_list = (uintptr_t)frames };
	struct pv_gnttab_query_size size = { .dom = PV_DOMID_SELF };
	struct pv_gnttab_set_version set = { .version = 1 };
	struct pv_gnttab_get_version get = { .dom = PV_DOMID_SELF };

	DOES("grant_table_op.query_size", "ours", grant_op(PV_GNTTABOP_query_size, &size), 0);
	check_result("grant_table_op.query_size: okay", size.status, PV_GNTST_okay);
	DOES("grant_table_op.setup_table", "as it is", grant_op(PV_GNTTABOP_setup_table, &setup),
	     0);
	check_result("grant_table_op.setup_table: okay", setup.status, PV_GNTST_okay);
	setup.nr_frames = size.max_nr_frames + 1;
	(void)grant_op(PV_GNTTABOP_setup_table, &setup);
	ANSWERS("grant_table_op.setup_table", PV_GNTST_general_error, "one more than there may be",
		setup.status);
	DOES("grant_table_op.get_version", "ours", grant_op(PV_GNTTABOP_get_version, &get), 0);
	check_result("grant_table_op.get_version: 1", (long)get.version, 1);
	set.version = 3;
	REFUSES("grant_table_op.set_version", PV_EINVAL, "3",
		grant_op(PV_GNTTABOP_set_version, &set));
	if (calls_on_parley()) {
		set.version = 2;
		REFUSES("grant_table_op.set_version", PV_ENOSYS, "2",
			grant_op(PV_GNTTABOP_set_version, &set));
		check_result("grant_table_op.set_version: it is 1", (long)set.version, 1);
		setup.nr_frames = 1;
		setup.frame_list = NOWHERE;
		(void)grant_op(PV_GNTTABOP_setup_table, &setup);
		ANSWERS("grant_table_op.setup_table", PV_GNTST_bad_virt_addr, "a list from nowhere",
			setup.status);
		setup.dom = 100;
		(void)grant_op(PV_GNTTABOP_setup_table, &setup);
		ANSWERS("grant_table_op.setup_table", PV_GNTST_permission_denied,
			"another domain's", setup.status);
		size.dom = 100;
		(void)grant_op(PV_GNTTABOP_query_size, &size);
		ANSWERS("grant_table_op.query_size", PV_GNTST_permission_denied, "another domain's",
			size.status);
		get.dom = 100;
		REFUSES("grant_table_op.get_version", PV_EPERM, "another domain's",
			grant_op(PV_GNTTABOP_get_version, &get));
		REFUSES("grant_table_op", PV_EINVAL, "two tables at once",
			hypercall_grant_table_op(PV_GNTTABOP_query_size, &size, 2));
	}
}

/* The first MiB, which is nobody's; and what is beyond a frame. */
static void check_cache(void)
{
	struct pv_gnttab_cache_flush flush = { .length = 64, .op = PV_GNTTAB_CACHE_CLEAN };
	unsigned long bad = 0, first = 0;
	long got = 0;

	for (unsigned long frame = 0; frame < MIB_FRAMES; frame++) {
		long rc;

		flush.a.dev_bus_addr = frame << PV_PAGE_SHIFT;
		rc = grant_op(PV_GNTTABOP_cache_flush, &flush);
		if (rc != 0 && rc != -PV_EINVAL && rc != -PV_EPERM && bad++ == 0) {
			first = frame;
			got = rc;
		}
	}
	check_sweep("grant_table_op.cache_flush: the first MiB", bad, first, got);
	flush.a.dev_bus_addr = (uint64_t)mmu_page_mfn(page) << PV_PAGE_SHIFT;
	flush.offset = KIT_PAGE_SIZE - 64;
	DOES("grant_table_op.cache_flush", "the end of a frame",
	     grant_op(PV_GNTTABOP_cache_flush, &flush), 0);
	flush.length = 65;
	REFUSES("grant_table_op.cache_flush", PV_EINVAL, "a byte more",
		grant_op(PV_GNTTABOP_cache_flush, &flush));
	flush.offset = 0;
	flush.op |= PV_GNTTAB_CACHE_SOURCE_GREF;
	if (calls_on_parley()) {
		REFUSES("grant_table_op.cache_flush", PV_EOPNOTSUPP, "by reference",
			grant_op(PV_GNTTABOP_cache_flush, &flush));
	}
}

static void check_lists(void)
{
	struct pv_gnttab_transfer transfer = { .mfn = mmu_page_mfn(page), .domid = PV_DOMID_SELF };

	REFUSES("grant_table_op", PV_EINVAL, "2^31 of them",
		hypercall_grant_table_op(PV_GNTTABOP_map_grant_ref, page, 1u << 31));
	REFUSES("grant_table_op", PV_EFAULT, "from nowhere",
		grant_op(PV_GNTTABOP_map_grant_ref, (void *)NOWHERE));
	REFUSES("grant_table_op", PV_EFAULT, "from the hypervisor",
		grant_op(PV_GNTTABOP_copy, (void *)HYPERVISOR));
	REFUSES("grant_table_op", PV_ENOSYS, "beyond the numbers", grant_op(99, page));
	DOES("grant_table_op.map_grant_ref", "none of them",
	     hypercall_grant_table_op(PV_GNTTABOP_map_grant_ref, NULL, 0), 0);
	if (calls_on_parley()) {
		(void)grant_op(PV_GNTTABOP_transfer, &transfer);
		ANSWERS("grant_table_op.transfer", PV_GNTST_general_error, "always",
			transfer.status);
	}
}

/* Mappings without an address, until there are no more handles. */
static void check_handles(void)
{
	int ref = grants_give(self, mmu_page_mfn(page), false);
	uint64_t bus = (uint64_t)mmu_page_mfn(page) << PV_PAGE_SHIFT;
	unsigned count = 0, wrong = 0;
	long handle;

	if (!calls_on_parley()) {
		return;
	}
	while ((handle = grants_map(self, (unsigned)ref, 0, PV_GNTMAP_device_map)) >= 0) {
		wrong += (unsigned)handle != count;
		count++;
	}
	ANSWERS("grant_table_op.map_grant_ref", PV_GNTST_no_device_space, "one more", handle);
	DOES("grant_table_op.map_grant_ref", "32768 mappings", count, 32768);
	while (count > 0) {
		wrong += grants_unmap(--count, 0, bus) != 0;
	}
	check_result("grant_table_op: and all of them gone", wrong, 0);
	check_true("grant_table_op: the grant ends", grants_end((unsigned)ref));
}

void grant_calls_check(void)
{
	long rc = grants_init();

	self = events_own_domid();
	page = page_alloc();
	rc = rc != 0 ?
		     rc :
		     mmu_map(mmu_root_mfn(), WINDOW(0), mmu_pte(mmu_page_mfn(page), MMU_PTE_DATA));
	rc = rc != 0 ? rc : mmu_set_mapping(WINDOW(0), 0);
	check_result("grants: a table and a place", rc, 0);
	check_maps();
	check_parts();
	check_contains_pte();
	check_copies();
	check_swaps();
	check_tables();
	check_cache();
	check_lists();
	check_handles();
	check_replace();
}
