/*
 * The page allocator: a buddy allocator over the E820 RAM, and a small heap
 * for the hypervisor's own structures. Frames from it are zeroed. All
 * functions may be called from any CPU; they take the allocator lock inside.
 * The host build uses the same code over a fake memory.
 */
#ifndef MM_ALLOC_H
#define MM_ALLOC_H

#include "mm/frame.h"

#define ALLOC_MAX_ORDER 10 /* 4 MiB blocks */

/* Give [start, end) machine addresses of free RAM to the allocator (boot). */
void alloc_add_range(maddr_t start, maddr_t end);

/* 2^order contiguous zeroed frames, owner FRAME_OWNER_HV, or MFN_INVALID. */
mfn_t alloc_frames(u32 order) must_check;

/* Give them back; each must be owned by FRAME_OWNER_HV. */
void alloc_free_frames(mfn_t first, u32 order);

/* As alloc_frames(0), but mapped: a zeroed page through the direct map, or NULL. */
void *alloc_page(void) must_check;
void alloc_free_page(void *page);

/* Frames now free. */
u64 alloc_free_count(void);

/* Heap: zeroed, 16-aligned (a multiple of a page: page-aligned) memory, or NULL. */
void *heap_alloc(size_t size) must_check;
void heap_free(void *p, size_t size);

#endif
