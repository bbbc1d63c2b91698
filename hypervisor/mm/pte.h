/*
 * Page-table entries (Intel SDM vol. 3, 4.5): the bits, what a guest may put
 * in each level, and the bits that the hypervisor adds.
 *
 * Both halves of a guest run in ring 3, so every entry of a guest carries
 * PTE_USER in hardware. What the guest meant is kept beside it: an L1 entry
 * that the guest wrote without USER gets PTE_GUEST_KERNEL; one that it wrote
 * with USER gets GLOBAL, so that user translations survive the change of root
 * between the two halves. A kernel page must never be GLOBAL: it would stay
 * readable to user mode after the change.
 *
 * Read next: types.h.
 */
#ifndef MM_PTE_H
#define MM_PTE_H

#include "mm/addr.h"

#define PTE_PRESENT      (1UL << 0)
#define PTE_WRITE        (1UL << 1)
#define PTE_USER         (1UL << 2)
#define PTE_PWT          (1UL << 3)
#define PTE_PCD          (1UL << 4)
#define PTE_ACCESSED     (1UL << 5)
#define PTE_DIRTY        (1UL << 6)
#define PTE_PSE          (1UL << 7) /* PAT in an L1 entry */
#define PTE_GLOBAL       (1UL << 8)
#define PTE_GUEST_KERNEL (1UL << 52) /* ours, from the bits left to software */
#define PTE_NX           (1UL << 63)
#define PTE_ADDR         0x000ffffffffff000UL

/* Refused in a present entry: caching bits (no I/O rights), large pages. */
#define PTE_L1_REFUSED (PTE_PWT | PTE_PCD | PTE_PSE)
#define PTE_LX_REFUSED (PTE_PWT | PTE_PCD | PTE_PSE | PTE_GLOBAL)

#define PTE_TABLE_ENTRIES 512U

static inline mfn_t pte_mfn(u64 e)
{
	return mfn((e & PTE_ADDR) >> PAGE_SHIFT);
}

static inline u64 pte_make(mfn_t m, u64 flags)
{
	return (m.v << PAGE_SHIFT) | flags;
}

/* Index into the table of a level (1..4) for an address. */
static inline u32 pte_index(u64 va, u32 level)
{
	return (u32)(va >> (PAGE_SHIFT + 9 * (level - 1))) & (PTE_TABLE_ENTRIES - 1);
}

/* A present L1 entry as the hardware gets it; see the head of this file. */
static inline u64 pte_l1_for_hardware(u64 e)
{
	if (!(e & PTE_USER)) {
		e |= PTE_GUEST_KERNEL;
	}
	if (e & PTE_GUEST_KERNEL) {
		return (e & ~PTE_GLOBAL) | PTE_USER;
	}
	return e | PTE_USER | PTE_GLOBAL;
}

static inline u64 pte_lx_for_hardware(u64 e)
{
	return e | PTE_USER;
}

#endif
