/*
 * The one door to a guest's memory. A guest address is used in the address
 * space that is loaded (the current vCPU's kernel half); it is checked not to
 * touch the hypervisor's range, and a fault on it ends the copy, not us. Read
 * each byte once, into a copy of your own, and decide on the copy.
 */
#ifndef MM_GUEST_H
#define MM_GUEST_H

#include <parley/errno.h>
#include <seam/guest_copy.h>

#include "lib/types.h"
#include "mm/layout.h"

/* True if [gva, gva + size) is canonical and outside the hypervisor's range. */
static inline bool guest_range_ok(u64 gva, u64 size)
{
	if (gva >= HV_VIRT_END) {
		return size <= 0 - gva || size == 0; /* up to 2^64 exactly */
	}
	return gva < (1UL << 47) && size <= (1UL << 47) - gva;
}

/*
 * The same for a few words that are read, or one that is written: enough is that the
 * first byte is not the hypervisor's. What is not canonical faults; a run that starts
 * below the hypervisor's range faults at its first word, whatever the rest reads.
 */
static inline bool guest_words_ok(u64 gva)
{
	return (gva >> 43) != HV_VIRT_START >> 43;
}

_Static_assert(HV_VIRT_END - HV_VIRT_START == 1UL << 43 && HV_VIRT_START % (1UL << 43) == 0,
	       "guest_words_ok() is one comparison");

/* Copy in or out. 0, or -PV_EFAULT with the destination's contents undefined. */
int guest_read(void *dst, u64 gva, size_t size) must_check;
int guest_write(u64 gva, const void *src, size_t size) must_check;

/* The same for a few 8-byte words (count is a constant), or one of 4 bytes, without the set-up of a long copy. */
static inline int must_check guest_read_words(u64 *dst, u64 gva, u32 count)
{
	int failed = 0;
	u32 i;

	if (unlikely(!guest_words_ok(gva))) {
		return -PV_EFAULT;
	}
	guest_open();
#pragma GCC unroll 16
	for (i = 0; i < count; i++) {
		dst[i] = guest_load8(gva + 8UL * i, &failed);
	}
	guest_close();
	return unlikely(failed) ? -PV_EFAULT : 0;
}

/*
 * Write back words [first, first + count) of a structure of words at gva that
 * guest_read_words() has given us whole, as src. What is wrong with gva would have
 * faulted then, at its first word; so this must not be the first access to it.
 */
static inline int must_check guest_write_back(u64 gva, const u64 *src, u32 first, u32 count)
{
	int failed = 0;
	u32 i;

	if (unlikely(!guest_words_ok(gva))) {
		return -PV_EFAULT;
	}
	guest_open();
#pragma GCC unroll 16
	for (i = first; i < first + count; i++) {
		guest_store8(gva + 8UL * i, src[i], &failed);
	}
	guest_close();
	return unlikely(failed) ? -PV_EFAULT : 0;
}

static inline int must_check guest_read_u32(u32 *dst, u64 gva)
{
	int failed = 0;

	if (unlikely(!guest_words_ok(gva))) {
		return -PV_EFAULT;
	}
	guest_open();
	*dst = guest_load4(gva, &failed);
	guest_close();
	return unlikely(failed) ? -PV_EFAULT : 0;
}

static inline int must_check guest_write_u64(u64 gva, u64 value)
{
	int failed = 0;

	if (unlikely(!guest_words_ok(gva))) {
		return -PV_EFAULT;
	}
	guest_open();
	guest_store8(gva, value, &failed);
	guest_close();
	return unlikely(failed) ? -PV_EFAULT : 0;
}

/* Element i of an array of size-byte elements at gva; sums cannot wrap. */
int guest_read_at(void *dst, u64 gva, u64 i, size_t size) must_check;
int guest_write_at(u64 gva, u64 i, const void *src, size_t size) must_check;

#endif
