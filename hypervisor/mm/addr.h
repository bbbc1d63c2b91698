/*
 * Addresses and frame numbers, each kind a type of its own, so that a machine
 * frame cannot be used where a guest's is meant. mfn: machine frame number.
 * gfn: the guest's pseudo-physical frame number (pfn to the guest). maddr:
 * machine address. Guest virtual addresses stay u64 named gva.
 *
 * Read next: frame.h, what is known about every machine frame.
 */
#ifndef MM_ADDR_H
#define MM_ADDR_H

#include "lib/types.h"

typedef struct {
	u64 v;
} mfn_t;

typedef struct {
	u64 v;
} gfn_t;

typedef struct {
	u64 v;
} maddr_t;

#define MFN_INVALID ((mfn_t){ ~0ULL })
#define M2P_INVALID (~0ULL) /* what m2p[] holds for a frame no guest has */

static inline mfn_t mfn(u64 v)
{
	return (mfn_t){ v };
}

static inline gfn_t gfn(u64 v)
{
	return (gfn_t){ v };
}

static inline maddr_t maddr(u64 v)
{
	return (maddr_t){ v };
}

static inline maddr_t mfn_to_maddr(mfn_t m)
{
	return (maddr_t){ m.v << PAGE_SHIFT };
}

static inline mfn_t maddr_to_mfn(maddr_t a)
{
	return (mfn_t){ a.v >> PAGE_SHIFT };
}

static inline bool mfn_equal(mfn_t a, mfn_t b)
{
	return a.v == b.v;
}

#endif
