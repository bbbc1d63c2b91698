/*
 * Memory before there is an allocator: the RAM that the loader reported, less
 * what is in use, and carving from it. What is left goes to mm/alloc.h.
 */
#ifndef BOOT_MEMORY_H
#define BOOT_MEMORY_H

#include "mm/addr.h"

/* Below it the boot page tables reach. */
#define BOOT_MEMORY_LIMIT (4UL << 30)

/* Take the RAM of boot_info, less what has to win over it: other ranges. */
void memory_init(void);

/* Keep [start, start + size) out of it, rounded outwards to pages. */
void memory_reserve(u64 start, u64 size);

/*
 * Take a page below 640 KiB, for code that starts in real mode, and keep the rest of
 * the first MiB out. 0 if there is none. After what is in use was reserved.
 */
maddr_t memory_take_low(void);

/*
 * Carve out zeroed contiguous memory that the boot page tables reach, from high
 * addresses. Panics if there is none.
 */
maddr_t memory_carve(u64 size, u64 align);

/* Highest RAM frame number + 1. */
u64 memory_frame_count(void);

/* Pages of RAM that there are, holes between them left out. */
u64 memory_ram_count(void);

/* Give what remains in [from, to) to the allocator. */
void memory_hand_over(u64 from, u64 to);

#endif
