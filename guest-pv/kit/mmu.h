/*
 * Direct paging: the guest's tables hold machine frame numbers and are
 * read-only to it; every change goes through a hypercall and may be refused.
 *
 * Three kinds of frame number: a pfn counts the guest's own pages from 0, an
 * mfn counts the machine's. Every page that the allocator gives has a virtual
 * address in the linear map, MMU_VIRT_BASE + pfn * 4096.
 *
 * Functions that can be refused return 0 or the hypervisor's negative error.
 */
#ifndef KIT_MMU_H
#define KIT_MMU_H

#include <stdbool.h>
#include <stdint.h>

#include <parley/mmu.h>

#define MMU_VIRT_BASE 0xffffffff80000000ul
#define MMU_NO_FRAME  (~0ul)

/*
 * What the kit puts in its own entries. Pages of the kernel are without PV_PTE_USER: with it
 * the hypervisor makes them global, and user mode might use translations of them that a
 * processor still holds.
 */
#define MMU_PTE_TABLE     (PV_PTE_PRESENT | PV_PTE_WRITE | PV_PTE_USER | PV_PTE_ACCESSED | PV_PTE_DIRTY)
#define MMU_PTE_DATA      (MMU_PTE_TABLE & ~PV_PTE_USER)
#define MMU_PTE_READ_ONLY (MMU_PTE_DATA & ~PV_PTE_WRITE)

/* free_va: where free pages begin in the builder's mapping. Start of day only. */
void mmu_init(unsigned long free_va);

/* Replaces the frame behind a page of the image by that of a shared page. */
void mmu_map_shared(void *page, uint64_t maddr);

/* MMU_NO_FRAME where there is none. A frame of another domain may look owned. */
unsigned long mmu_pfn_to_mfn(unsigned long pfn);
unsigned long mmu_mfn_to_pfn(unsigned long mfn);
unsigned long mmu_va_to_mfn(unsigned long va);
void *mmu_pfn_to_va(unsigned long pfn);

/* The frame that page (an address in the linear map) stands in. */
unsigned long mmu_page_mfn(const void *page);

/* Where the machine-to-physical table is, and how many entries it may have. */
const volatile uint64_t *mmu_m2p(unsigned long *entries);

/*
 * Walks the current kernel tables down to `level` (4 to 1) for va. Returns
 * the entry's machine address and its value, or 0 when an entry above is absent.
 */
uint64_t mmu_walk(unsigned long va, int level, uint64_t *entry);

/* The same for any top-level table among the domain's own frames. */
uint64_t mmu_walk_from(unsigned long l4_mfn, unsigned long va, int level, uint64_t *entry);

/* Top-level table of the kernel on this vCPU. */
unsigned long mmu_root_mfn(void);

/* Writes one entry, by mmu_update. */
long mmu_write_entry(uint64_t entry_maddr, uint64_t value);

/* Changes the mapping of a page that has a last-level table, and flushes it. */
long mmu_set_mapping(unsigned long va, uint64_t pte);

/* Changes what the linear map allows for one of its pages. */
long mmu_make_readonly(void *page);
long mmu_make_writable(void *page);

/* level 1 to 4. The page must be read-only in every mapping. */
long mmu_pin(int level, unsigned long mfn);
long mmu_unpin(unsigned long mfn);

/* One mmuext_op with these arguments. */
long mmu_ext(unsigned cmd, uint64_t arg1, uint64_t arg2);

/*
 * Maps va by this entry under the given top-level table, making tables on
 * the way. Tables are never given back.
 */
long mmu_map(unsigned long l4_mfn, unsigned long va, uint64_t pte);

static inline unsigned mmu_index(unsigned long va, int level)
{
	return (unsigned)(va >> (PV_PAGE_SHIFT + 9 * (level - 1))) & (PV_PT_ENTRIES - 1);
}

static inline uint64_t mmu_pte(unsigned long mfn, uint64_t flags)
{
	return (uint64_t)mfn << PV_PAGE_SHIFT | flags;
}

static inline unsigned long mmu_pte_mfn(uint64_t pte)
{
	return (pte & PV_PTE_ADDRESS) >> PV_PAGE_SHIFT;
}

#endif
