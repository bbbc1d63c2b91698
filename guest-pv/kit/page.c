/* The page allocator, and the linear map that grows with it; see page.h. */
#include "page.h"

#include <stddef.h>
#include <stdint.h>

#include "cpu.h"
#include "mmu.h"
#include "power.h"
#include "start.h"
#include "string.h"

/* The linear map ends with the address space, 2 GiB above its start. */
#define LINEAR_PAGES (0x7ffff000ul / KIT_PAGE_SIZE)

/* Tables that one extension of the linear map may need: an L1 and an L2. */
#define RESERVE 2

struct free_page {
	struct free_page *next;
};

static struct free_page *free_list;
static unsigned long free_list_count;
static unsigned long next_pfn;   /* first page never handed out */
static unsigned long mapped_pfn; /* first page not in the linear map */
static unsigned long page_count; /* of the domain, as far as the linear map reaches */

/* Pages above that something else stands in: the p2m, the ramdisk. */
static unsigned long skip_reserved(unsigned long pfn)
{
	unsigned long p2m = start_info->first_p2m_pfn, p2m_count = start_info->nr_p2m_frames;
	unsigned long mod_count = (start_info->mod_len + KIT_PAGE_SIZE - 1) / KIT_PAGE_SIZE;

	if (pfn - p2m < p2m_count) {
		pfn = p2m + p2m_count;
	}
	if ((start_info->flags & PV_SIF_MOD_START_PFN) != 0 &&
	    pfn - start_info->mod_start < mod_count) {
		pfn = start_info->mod_start + mod_count;
	}
	return pfn;
}

void page_init(unsigned long free_va)
{
	uint64_t entry;
	unsigned long pfn;

	page_count = start_info->nr_pages < LINEAR_PAGES ? start_info->nr_pages : LINEAR_PAGES;
	next_pfn = (free_va - MMU_VIRT_BASE + KIT_PAGE_SIZE - 1) / KIT_PAGE_SIZE;
	for (pfn = next_pfn; pfn < page_count; pfn++) {
		if (mmu_walk(MMU_VIRT_BASE + pfn * KIT_PAGE_SIZE, 1, &entry) == 0 ||
		    (entry & PV_PTE_PRESENT) == 0) {
			break;
		}
	}
	mapped_pfn = pfn;
}

static void *take_mapped_page(void)
{
	unsigned long pfn = skip_reserved(next_pfn);
	void *page = mmu_pfn_to_va(pfn);

	if (pfn >= mapped_pfn) {
		power_panic("out of memory: pfn 0x%lx", pfn);
	}
	next_pfn = pfn + 1;
	memset(page, 0, KIT_PAGE_SIZE);
	return page;
}

static void link_table(void *table, uint64_t entry_maddr)
{
	long rc = mmu_make_readonly(table);

	if (rc == 0) {
		rc = mmu_write_entry(entry_maddr, mmu_pte(mmu_page_mfn(table), MMU_PTE_TABLE));
	}
	if (rc != 0) {
		power_panic("extending the linear map: %ld", rc);
	}
}

/* Fills the rest of a table that the builder left half empty. */
static void fill_existing_table(unsigned long va, unsigned long end)
{
	uint64_t entry;

	for (; va < end; va += KIT_PAGE_SIZE) {
		unsigned long mfn = mmu_pfn_to_mfn((va - MMU_VIRT_BASE) / KIT_PAGE_SIZE);

		mmu_write_entry(mmu_walk(va, 1, &entry), mmu_pte(mfn, MMU_PTE_DATA));
	}
}

/* Maps up to the end of the next 2 MiB. */
static void extend_linear_map(void)
{
	unsigned long va = MMU_VIRT_BASE + mapped_pfn * KIT_PAGE_SIZE;
	unsigned long end_pfn = (mapped_pfn | (PV_PT_ENTRIES - 1)) + 1;
	uint64_t entry, maddr, *table;

	if (end_pfn > page_count) {
		end_pfn = page_count;
	}
	if (mmu_walk(va, 1, &entry) != 0) {
		fill_existing_table(va, MMU_VIRT_BASE + end_pfn * KIT_PAGE_SIZE);
		mapped_pfn = end_pfn;
		return;
	}
	maddr = mmu_walk(va, 3, &entry);
	if ((entry & PV_PTE_PRESENT) == 0) {
		link_table(take_mapped_page(), maddr);
	}
	maddr = mmu_walk(va, 2, &entry);
	table = take_mapped_page();
	for (unsigned long pfn = mapped_pfn; pfn < end_pfn; pfn++) {
		table[pfn % PV_PT_ENTRIES] = mmu_pte(mmu_pfn_to_mfn(pfn), MMU_PTE_DATA);
	}
	link_table(table, maddr);
	mapped_pfn = end_pfn;
}

void *page_alloc(void)
{
	if (free_list != NULL) {
		void *page = free_list;

		free_list = free_list->next;
		free_list_count--;
		return memset(page, 0, KIT_PAGE_SIZE);
	}
	while (mapped_pfn < page_count && mapped_pfn - skip_reserved(next_pfn) <= RESERVE) {
		extend_linear_map();
	}
	return take_mapped_page();
}

void page_free(void *page)
{
	struct free_page *head = page;

	head->next = free_list;
	free_list = head;
	free_list_count++;
}

unsigned long page_free_count(void)
{
	unsigned long tables = (page_count - mapped_pfn) / PV_PT_ENTRIES + RESERVE;
	unsigned long rest = page_count - next_pfn;

	return free_list_count + (rest > tables ? rest - tables : 0);
}
