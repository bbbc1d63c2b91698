/*
 * Page tables as a paravirtualized guest keeps them: walking by the m2p,
 * writing by hypercall. Pages come from page.c.
 * Read next: page.c, then user.c for an address space of its own.
 */
#include "mmu.h"

#include "cpu.h"
#include "hypercall.h"
#include "page.h"
#include "power.h"
#include "probe.h"
#include "start.h"
#include "string.h"

static const volatile uint64_t *m2p = (const volatile uint64_t *)PV_MACH2PHYS_VIRT_START;
static unsigned long m2p_entries = PV_MACH2PHYS_NR_ENTRIES;

void mmu_init(unsigned long free_va)
{
	struct pv_machphys_mapping map = { 0 };

	if (hypercall_memory_op(PV_MEMORY_machphys_mapping, &map) == 0) {
		m2p = (const volatile uint64_t *)map.v_start;
		m2p_entries = map.max_mfn + 1;
	}
	page_init(free_va);
}

void mmu_map_shared(void *page, uint64_t maddr)
{
	long rc = mmu_set_mapping((uintptr_t)page, (maddr & PV_PTE_ADDRESS) | MMU_PTE_DATA);

	if (rc != 0) {
		power_panic("mapping shared page 0x%lx: %ld", maddr, rc);
	}
}

const volatile uint64_t *mmu_m2p(unsigned long *entries)
{
	*entries = m2p_entries;
	return m2p;
}

unsigned long mmu_pfn_to_mfn(unsigned long pfn)
{
	if (pfn >= start_info->nr_pages) {
		return MMU_NO_FRAME;
	}
	return ((const uint64_t *)start_info->mfn_list)[pfn];
}

/* The table has holes, hence the probe. */
unsigned long mmu_mfn_to_pfn(unsigned long mfn)
{
	uint64_t pfn;

	if (mfn >= m2p_entries || probe_read((uintptr_t)&m2p[mfn], &pfn) != 0 ||
	    mmu_pfn_to_mfn(pfn) != mfn) {
		return MMU_NO_FRAME;
	}
	return pfn;
}

void *mmu_pfn_to_va(unsigned long pfn)
{
	return (void *)(MMU_VIRT_BASE + pfn * KIT_PAGE_SIZE);
}

unsigned long mmu_page_mfn(const void *page)
{
	return mmu_pfn_to_mfn(((uintptr_t)page - MMU_VIRT_BASE) / KIT_PAGE_SIZE);
}

unsigned long mmu_root_mfn(void)
{
	return mmu_page_mfn((const void *)start_info->pt_base);
}

uint64_t mmu_walk_from(unsigned long l4_mfn, unsigned long va, int level, uint64_t *entry)
{
	unsigned long table = l4_mfn;

	for (int l = 4;; l--) {
		unsigned long pfn = mmu_mfn_to_pfn(table);
		unsigned index = mmu_index(va, l);

		if (pfn == MMU_NO_FRAME) {
			return 0;
		}
		*entry = ((const volatile uint64_t *)mmu_pfn_to_va(pfn))[index];
		if (l == level) {
			return mmu_pte(table, index * sizeof(*entry));
		}
		if ((*entry & PV_PTE_PRESENT) == 0) {
			return 0;
		}
		table = mmu_pte_mfn(*entry);
	}
}

uint64_t mmu_walk(unsigned long va, int level, uint64_t *entry)
{
	return mmu_walk_from(mmu_root_mfn(), va, level, entry);
}

unsigned long mmu_va_to_mfn(unsigned long va)
{
	uint64_t entry;

	if (mmu_walk(va, 1, &entry) == 0 || (entry & PV_PTE_PRESENT) == 0) {
		return MMU_NO_FRAME;
	}
	return mmu_pte_mfn(entry);
}

long mmu_write_entry(uint64_t entry_maddr, uint64_t value)
{
	struct pv_mmu_update update = { .ptr = entry_maddr, .val = value };

	return hypercall_mmu_update(&update, 1, NULL, PV_DOMID_SELF);
}

long mmu_set_mapping(unsigned long va, uint64_t pte)
{
	return hypercall_update_va_mapping(va, pte, PV_UVMF_INVLPG | PV_UVMF_ALL);
}

long mmu_make_readonly(void *page)
{
	return mmu_set_mapping((uintptr_t)page, mmu_pte(mmu_page_mfn(page), MMU_PTE_READ_ONLY));
}

long mmu_make_writable(void *page)
{
	return mmu_set_mapping((uintptr_t)page, mmu_pte(mmu_page_mfn(page), MMU_PTE_DATA));
}

long mmu_ext(unsigned cmd, uint64_t arg1, uint64_t arg2)
{
	struct pv_mmuext_op op = {
		.cmd = cmd,
		.arg1.mfn = arg1,
		.arg2.src_mfn = arg2,
	};

	return hypercall_mmuext_op(&op, 1, NULL, PV_DOMID_SELF);
}

long mmu_pin(int level, unsigned long mfn)
{
	return mmu_ext(PV_MMUEXT_PIN_L1_TABLE + (unsigned)(level - 1), mfn, 0);
}

long mmu_unpin(unsigned long mfn)
{
	return mmu_ext(PV_MMUEXT_UNPIN_TABLE, mfn, 0);
}

/* A new, empty table is read-only before an entry points at it. */
static long table_add(uint64_t entry_maddr)
{
	void *table = page_alloc();
	long rc = mmu_make_readonly(table);

	if (rc != 0) {
		return rc;
	}
	return mmu_write_entry(entry_maddr, mmu_pte(mmu_page_mfn(table), MMU_PTE_TABLE));
}

long mmu_map(unsigned long l4_mfn, unsigned long va, uint64_t pte)
{
	uint64_t entry, maddr;

	for (int level = 4; level > 1; level--) {
		maddr = mmu_walk_from(l4_mfn, va, level, &entry);
		if (maddr == 0) {
			return -PV_EINVAL;
		}
		if ((entry & PV_PTE_PRESENT) == 0) {
			long rc = table_add(maddr);

			if (rc != 0) {
				return rc;
			}
		}
	}
	maddr = mmu_walk_from(l4_mfn, va, 1, &entry);
	return maddr == 0 ? -PV_EINVAL : mmu_write_entry(maddr, pte);
}
