/*
 * Grants of the domain's to itself: what is promised of the table, of mapping, unmapping
 * and copying, and each status. What takes two domains is in ../granter.
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
#include "string.h"

#define WINDOW(i) (0x11000000000ul + (i)*KIT_PAGE_SIZE)

static unsigned self;

static unsigned marks(int ref)
{
	return grants_table()[ref].flags & (PV_GTF_reading | PV_GTF_writing);
}

static void check_mapping(uint64_t *page)
{
	int ref = grants_give(self, mmu_page_mfn(page), false);
	volatile uint64_t *mapped = (void *)WINDOW(0);
	uint64_t entry = 0;
	long handle;

	page[3] = 0x1234;
	handle = grants_map(self, (unsigned)ref, WINDOW(0), PV_GNTMAP_host_map);
	check_true("grants: mapped", handle >= 0);
	check_true("grants: the page is there", mapped[3] == 0x1234);
	mapped[4] = 77;
	check_result("grants: and the same", (long)page[4], 77);
	(void)mmu_walk(WINDOW(0), 1, &entry);
	check_result("grants: the entry's frame", (long)mmu_pte_mfn(entry),
		     (long)mmu_page_mfn(page));
	check_result("grants: both marks", marks(ref), PV_GTF_reading | PV_GTF_writing);
	check_true("grants: it does not end while in use", !grants_end((unsigned)ref));
	check_result("grants: elsewhere there is no such mapping",
		     grants_unmap((unsigned)handle, WINDOW(1), 0), PV_GNTST_general_error);
	check_result("grants: nothing asked for, nothing done",
		     grants_unmap((unsigned)handle, 0, 0), PV_GNTST_okay);
	check_result("grants: unmapped", grants_unmap((unsigned)handle, WINDOW(0), 0),
		     PV_GNTST_okay);
	check_result("grants: no marks", marks(ref), 0);
	check_result("grants: a store faults", (long)probe_write(WINDOW(0), 1),
		     (long)PROBE_FAULT(14));
	check_result("grants: unmapped once only", grants_unmap((unsigned)handle, WINDOW(0), 0),
		     PV_GNTST_bad_handle);
	check_true("grants: it ends", grants_end((unsigned)ref));
}

static void check_read_only(uint64_t *page)
{
	int ref = grants_give(self, mmu_page_mfn(page), true);
	long handle;

	check_result("grants: read-only is not writable",
		     grants_map(self, (unsigned)ref, WINDOW(0), PV_GNTMAP_host_map),
		     PV_GNTST_general_error);
	check_result("grants: a refusal leaves no marks", marks(ref), 0);
	handle =
		grants_map(self, (unsigned)ref, WINDOW(0), PV_GNTMAP_host_map | PV_GNTMAP_readonly);
	check_true("grants: read-only is readable", handle >= 0);
	check_result("grants: one mark", marks(ref), PV_GTF_reading);
	check_result("grants: no store", (long)probe_write(WINDOW(0), 1), (long)PROBE_FAULT(14));
	check_result("grants: unmapped again", grants_unmap((unsigned)handle, WINDOW(0), 0),
		     PV_GNTST_okay);
	(void)grants_end((unsigned)ref);
}

static void check_device(uint64_t *page)
{
	int ref = grants_give(self, mmu_page_mfn(page), false);
	uint64_t bus = (uint64_t)mmu_page_mfn(page) << PV_PAGE_SHIFT;
	long handle = grants_map(self, (unsigned)ref, WINDOW(0),
				 PV_GNTMAP_host_map | PV_GNTMAP_device_map);

	check_true("grants: mapped for a device too", handle >= 0);
	check_result("grants: another bus address", grants_unmap((unsigned)handle, 0, bus + 4096),
		     PV_GNTST_bad_dev_addr);
	check_result("grants: the mapping first", grants_unmap((unsigned)handle, WINDOW(0), 0),
		     PV_GNTST_okay);
	check_result("grants: still in use", marks(ref), PV_GTF_reading | PV_GTF_writing);
	check_result("grants: then the device's", grants_unmap((unsigned)handle, 0, bus),
		     PV_GNTST_okay);
	check_result("grants: all gone", marks(ref), 0);
	(void)grants_end((unsigned)ref);
}

static void check_statuses(uint64_t *page)
{
	int ref = grants_give(self, mmu_page_mfn(page), false);
	int others = grants_give(self + 1, mmu_page_mfn(page), false);
	int table = grants_give(self, mmu_root_mfn(), false);

	check_result("grants: no flag", grants_map(self, (unsigned)ref, WINDOW(0), 0),
		     PV_GNTST_bad_gntref);
	check_result("grants: beyond the table",
		     grants_map(self, 1u << 20, WINDOW(0), PV_GNTMAP_host_map),
		     PV_GNTST_bad_gntref);
	check_result("grants: no such domain", grants_map(0x7000, 8, WINDOW(0), PV_GNTMAP_host_map),
		     PV_GNTST_bad_domain);
	check_result("grants: somebody else's",
		     grants_map(self, (unsigned)others, WINDOW(0), PV_GNTMAP_host_map),
		     PV_GNTST_general_error);
	check_result("grants: a page table",
		     grants_map(self, (unsigned)table, WINDOW(0), PV_GNTMAP_host_map),
		     PV_GNTST_general_error);
	check_result("grants: where no table is",
		     grants_map(self, (unsigned)ref, 0x13000000000ul, PV_GNTMAP_host_map),
		     PV_GNTST_general_error);
	check_result("grants: no marks by these", marks(ref) | marks(others) | marks(table), 0);
	(void)grants_end((unsigned)ref);
	(void)grants_end((unsigned)others);
	(void)grants_end((unsigned)table);
}

static void check_copies(uint64_t *page)
{
	int ref = grants_give(self, mmu_page_mfn(page), false);
	int fixed = grants_give(self, mmu_page_mfn(page), true);
	uint8_t *own = page_alloc(), *bytes = (void *)page;

	memset(page, 0x11, KIT_PAGE_SIZE);
	memset(own, 0x22, KIT_PAGE_SIZE);
	check_result("grants: copied to", grants_copy_to(self, (unsigned)ref, 100, own + 5, 7), 0);
	check_true("grants: no byte more", bytes[99] == 0x11 && bytes[100] == 0x22 &&
						   bytes[106] == 0x22 && bytes[107] == 0x11);
	check_result("grants: copied from",
		     grants_copy_from(own + 4095, self, (unsigned)fixed, 0, 1), 0);
	check_result("grants: one byte", own[4095], 0x11);
	check_result("grants: not to a read-only one",
		     grants_copy_to(self, (unsigned)fixed, 0, own, 8), PV_GNTST_general_error);
	check_result("grants: beyond the page", grants_copy_from(own, self, (unsigned)ref, 4090, 7),
		     PV_GNTST_bad_copy_arg);
	check_result("grants: beyond the table, copied",
		     grants_copy_from(own, self, 1u << 20, 0, 8), PV_GNTST_bad_gntref);
	check_result("grants: no such domain, copied", grants_copy_from(own, 0x7000, 8, 0, 8),
		     PV_GNTST_bad_domain);
	check_result("grants: no marks by copies", marks(ref) | marks(fixed), 0);
	(void)grants_end((unsigned)ref);
	(void)grants_end((unsigned)fixed);
	page_free(own);
}

void grants_check(void)
{
	uint64_t *page = page_alloc();
	long rc = grants_init();

	self = events_own_domid();
	rc = rc != 0 ?
		     rc :
		     mmu_map(mmu_root_mfn(), WINDOW(0), mmu_pte(mmu_page_mfn(page), MMU_PTE_DATA));
	rc = rc != 0 ? rc : mmu_set_mapping(WINDOW(0), 0);
	check_result("grants: a table and a place", rc, 0);
	if (rc != 0) {
		return;
	}
	check_mapping(page);
	check_read_only(page);
	check_device(page);
	check_statuses(page);
	check_copies(page);
	page_free(page);
}
