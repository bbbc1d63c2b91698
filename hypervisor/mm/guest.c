/*
 * Copies between the hypervisor and the guest that is loaded. Read next:
 * arch/seam/guest_copy.h, the accesses that may fault.
 */
#include "mm/guest.h"

#include <parley/errno.h>
#include <seam/guest_copy.h>

int guest_read(void *dst, u64 gva, size_t size)
{
	if (unlikely(!guest_range_ok(gva, size))) {
		return -PV_EFAULT;
	}
	return guest_copy_bytes(dst, (const void *)gva, size) == 0 ? 0 : -PV_EFAULT;
}

int guest_write(u64 gva, const void *src, size_t size)
{
	if (unlikely(!guest_range_ok(gva, size))) {
		return -PV_EFAULT;
	}
	return guest_copy_bytes((void *)gva, src, size) == 0 ? 0 : -PV_EFAULT;
}

/* The address of element i, or false if it wraps. */
static bool element(u64 *gva, u64 i, size_t size)
{
	u64 offset;

	return !__builtin_mul_overflow(i, (u64)size, &offset) &&
	       !__builtin_add_overflow(*gva, offset, gva);
}

int guest_read_at(void *dst, u64 gva, u64 i, size_t size)
{
	return element(&gva, i, size) ? guest_read(dst, gva, size) : -PV_EFAULT;
}

int guest_write_at(u64 gva, u64 i, const void *src, size_t size)
{
	return element(&gva, i, size) ? guest_write(gva, src, size) : -PV_EFAULT;
}
