/*
 * The one door to a guest's memory. A guest address is used in the address
 * space that is loaded (the current vCPU's kernel half); it is checked not to
 * touch the hypervisor's range, and a fault on it ends the copy, not us. Read
 * each byte once, into a copy of your own, and decide on the copy.
 */
#ifndef MM_GUEST_H
#define MM_GUEST_H

#include "lib/types.h"
#include "mm/layout.h"

/* True if [gva, gva + size) is canonical and outside the hypervisor's range. */
static inline bool guest_range_ok(u64 gva, u64 size)
{
	if (gva >= HV_VIRT_END) {
		return size <= 0 - gva || size == 0;	/* up to 2^64 exactly */
	}
	return gva < (1UL << 47) && size <= (1UL << 47) - gva;
}

/* Copy in or out. 0, or -PV_EFAULT with the destination's contents undefined. */
int guest_read(void *dst, u64 gva, size_t size) must_check;
int guest_write(u64 gva, const void *src, size_t size) must_check;

/* The same for a few 8-byte words, without the set-up of a long copy. */
int guest_read_words(u64 *dst, u64 gva, u32 count) must_check;

/* Element i of an array of size-byte elements at gva; sums cannot wrap. */
int guest_read_at(void *dst, u64 gva, u64 i, size_t size) must_check;
int guest_write_at(u64 gva, u64 i, const void *src, size_t size) must_check;

#endif
