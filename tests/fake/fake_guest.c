/* The guest address space of the host build: see fake_guest.h. */
#include "fake_guest.h"

#include <seam/guest_copy.h>

static struct {
	u64 gva, size;
	u8 *bytes;
} regions[FAKE_GUEST_REGIONS];

static u32 region_count;

void (*fake_guest_watch)(u8 *guest, u64 size, bool to_guest);
u64 fake_guest_copies, fake_guest_fail_at;

void fake_guest_reset(void)
{
	region_count = 0;
}

void fake_guest_map(u64 gva, void *bytes, u64 size)
{
	if (region_count == FAKE_GUEST_REGIONS) {
		__builtin_trap();
	}
	regions[region_count].gva = gva;
	regions[region_count].size = size;
	regions[region_count].bytes = bytes;
	region_count++;
}

u64 fake_guest_map_here(void *bytes, u64 size)
{
	fake_guest_map((u64)bytes, bytes, size);
	return (u64)bytes;
}

/* The byte of a guest address, or NULL. */
static u8 *find(u64 gva)
{
	for (u32 i = 0; i < region_count; i++) {
		if (gva - regions[i].gva < regions[i].size) {
			return regions[i].bytes + (gva - regions[i].gva);
		}
	}
	return NULL;
}

/* One side is the guest's: the one that lies in a region. Returns what is left at a fault. */
u64 fake_guest_copy(void *dst, const void *src, u64 size)
{
	bool to_guest = find((u64)dst) != NULL && find((u64)src) == NULL;
	u8 *first = find(to_guest ? (u64)dst : (u64)src);

	if (++fake_guest_copies == fake_guest_fail_at) {
		return size;
	}

	for (u64 i = 0; i < size; i++) {
		u8 *guest = find((to_guest ? (u64)dst : (u64)src) + i);

		if (guest == NULL) {
			return size - i;
		}
		if (to_guest) {
			*guest = ((const u8 *)src)[i];
		} else {
			((u8 *)dst)[i] = *guest;
		}
	}
	if (fake_guest_watch != NULL && first != NULL) {
		fake_guest_watch(first, size, to_guest);
	}
	return 0;
}
