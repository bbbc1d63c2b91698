/* The guest address space of the host build. */
#ifndef FAKE_GUEST_H
#define FAKE_GUEST_H

#include "lib/types.h"

#define FAKE_GUEST_REGIONS 8

/* Forget all regions: every guest address faults. */
void fake_guest_reset(void);

/* Guest addresses [gva, gva + size) are `bytes`. */
void fake_guest_map(u64 gva, void *bytes, u64 size);

/* Map what a test has at its own address, and return that as a guest address. */
u64 fake_guest_map_here(void *bytes, u64 size);

/* Told of each copy when it is done: its side that is the guest's. NULL: nobody. */
extern void (*fake_guest_watch)(u8 *guest, u64 size, bool to_guest);

/* Copies so far, and the one that is to fail; 0: none. */
extern u64 fake_guest_copies, fake_guest_fail_at;

#endif
