/*
 * Host stand-in of hypervisor/arch/seam/directmap.h: physical memory is an
 * array that fake_memory_init() (fake_memory.h) makes, and the M2P another.
 */
#ifndef SEAM_DIRECTMAP_H
#define SEAM_DIRECTMAP_H

#include "mm/addr.h"
#include "mm/layout.h"

extern u8 *fake_memory;
extern u64 *fake_m2p;

static inline void *maddr_to_virt(maddr_t a)
{
	return fake_memory + a.v;
}

static inline void *mfn_to_virt(mfn_t m)
{
	return fake_memory + (m.v << PAGE_SHIFT);
}

static inline maddr_t virt_to_maddr(const void *p)
{
	return maddr((u64)((const u8 *)p - fake_memory));
}

static inline mfn_t virt_to_mfn(const void *p)
{
	return maddr_to_mfn(virt_to_maddr(p));
}

static inline u64 *m2p_array(void)
{
	return fake_m2p;
}

#endif
