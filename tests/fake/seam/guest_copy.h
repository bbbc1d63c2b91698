/*
 * Host stand-in of hypervisor/arch/seam/guest_copy.h: the guest's address space
 * is a few regions of host memory (fake_guest.h); outside them is a fault.
 */
#ifndef SEAM_GUEST_COPY_H
#define SEAM_GUEST_COPY_H

#include "lib/types.h"

u64 fake_guest_copy(void *dst, const void *src, u64 size);

static inline int guest_load8(u64 *value, u64 gva)
{
	u64 left = fake_guest_copy(value, (const void *)gva, 8);

	if (left != 0) {
		*value = 0;
	}
	return left == 0 ? 0 : -1;
}

static inline int guest_store8(u64 gva, u64 value)
{
	return fake_guest_copy((void *)gva, &value, 8) == 0 ? 0 : -1;
}

static inline u64 guest_copy_bytes(void *dst, const void *src, u64 size)
{
	return fake_guest_copy(dst, src, size);
}

#endif
