/*
 * Seam: how the hypervisor reaches physical memory. On the machine all of it
 * is mapped at DIRECTMAP_VIRT_START; the host build (tests/fake/seam) has an
 * array instead.
 */
#ifndef SEAM_DIRECTMAP_H
#define SEAM_DIRECTMAP_H

#include "mm/addr.h"
#include "mm/layout.h"

static inline void *maddr_to_virt(maddr_t a)
{
	return (void *)(DIRECTMAP_VIRT_START + a.v);
}

static inline void *mfn_to_virt(mfn_t m)
{
	return (void *)(DIRECTMAP_VIRT_START + (m.v << PAGE_SHIFT));
}

static inline maddr_t virt_to_maddr(const void *p)
{
	return maddr((u64)p - DIRECTMAP_VIRT_START);
}

static inline mfn_t virt_to_mfn(const void *p)
{
	return mfn(((u64)p - DIRECTMAP_VIRT_START) >> PAGE_SHIFT);
}

/* The machine-to-physical array, one u64 a frame; guests see it read-only. */
extern u64 *m2p_writable; /* its direct-map alias, set by paging_init */

static inline u64 *m2p_array(void)
{
	return m2p_writable;
}

#endif
