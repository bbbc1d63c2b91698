/*
 * The page allocator. The builder maps the image and some free pages behind
 * it; the allocator hands those out and extends the linear map, one
 * last-level table at a time, when it comes to the end of them.
 * No lock: pages are allocated and freed by one vCPU at a time.
 */
#ifndef KIT_PAGE_H
#define KIT_PAGE_H

/* free_va: the first free page. Start of day only. */
void page_init(unsigned long free_va);

/* A zeroed page of the linear map, or a panic when memory is used up. */
void *page_alloc(void);

/* Gives a page back; it must be writable and not in use by any table. */
void page_free(void *page);

/* How many pages page_alloc can still give, tables for the linear map included. */
unsigned long page_free_count(void);

#endif
