/*
 * Host stand-in of hypervisor/arch/seam/guest_copy.h: the guest's address space
 * is a few regions of host memory (fake_guest.h); outside them is a fault.
 */
#ifndef SEAM_GUEST_COPY_H
#define SEAM_GUEST_COPY_H

#include "lib/types.h"

u64 fake_guest_copy(void *dst, const void *src, u64 size);

static inline void guest_open(void)
{
}

static inline void guest_close(void)
{
}

static inline u64 guest_load8(u64 gva, int *failed)
{
	u64 value;

	if (fake_guest_copy(&value, (const void *)gva, 8) != 0) {
		*failed = -1;
		return 0;
	}
	return value;
}

static inline u32 guest_load4(u64 gva, int *failed)
{
	u32 value;

	if (fake_guest_copy(&value, (const void *)gva, 4) != 0) {
		*failed = -1;
		return 0;
	}
	return value;
}

static inline void guest_store8(u64 gva, u64 value, int *failed)
{
	if (fake_guest_copy((void *)gva, &value, 8) != 0) {
		*failed = -1;
	}
}

static inline u64 guest_copy_bytes(void *dst, const void *src, u64 size)
{
	return fake_guest_copy(dst, src, size);
}

#endif
