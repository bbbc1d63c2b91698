/*
 * The heap: small objects by size classes, powers of two from 16 to 2048, each
 * page cut into objects of one class; larger ones in whole pages.
 *
 * What is known of a page of small objects stands in its struct frame, which
 * nothing else uses while the hypervisor owns it:
 *   refs       objects in use; at 0 the page goes back to the allocator
 *   type_refs  offset of the first free object, END_OF_PAGE: none
 *   order      its class + SLAB_MARK
 *   next prev  the list of pages of the class that have free objects
 * A free object starts with the offset of the next.
 */
#include "mm/alloc.h"

#include <seam/directmap.h>

#include "lib/lock.h"
#include "lib/log.h"
#include "lib/string.h"

#define SMALLEST_SHIFT 4
#define LARGEST_SHIFT  11
#define CLASSES        (LARGEST_SHIFT - SMALLEST_SHIFT + 1)
#define END_OF_PAGE    ((u32)PAGE_SIZE)
#define SLAB_MARK      0x51ab0000U

static struct spinlock lock = SPINLOCK_INIT; /* before the allocator's */
static struct frame_list partial[CLASSES] = {
	[0 ... CLASSES - 1] = { FRAME_LIST_END, FRAME_LIST_END, 0 },
};

static u32 class_of(size_t size)
{
	u32 class = 0;

	while (((size_t)1 << (SMALLEST_SHIFT + class)) < size) {
		class ++;
	}
	return class;
}

static u32 order_of(size_t size)
{
	u32 order = 0;

	while (PAGE_SIZE << order < size) {
		order++;
	}
	return order;
}

/* Give back the pages [from, to) of a block. */
static void free_pages(mfn_t first, u64 from, u64 to)
{
	for (u64 i = from; i < to; i++) {
		alloc_free_frames(mfn(first.v + i), 0);
	}
}

static void *alloc_large(size_t size)
{
	u64 pages = (size + PAGE_SIZE - 1) >> PAGE_SHIFT;
	u32 order = order_of(size);
	mfn_t first = alloc_frames(order);

	if (mfn_equal(first, MFN_INVALID)) {
		return NULL;
	}
	free_pages(first, pages, 1UL << order);
	return mfn_to_virt(first);
}

/* A new page of a class, all its objects free; lock held. */
static struct frame *add_slab(u32 class)
{
	u32 size = 1U << (SMALLEST_SHIFT + class);
	u8 *page = alloc_page();
	struct frame *f;

	if (page == NULL) {
		return NULL;
	}
	for (u32 at = 0; at < END_OF_PAGE; at += size) {
		*(u32 *)(void *)(page + at) = at + size;
	}
	f = frame_at(virt_to_mfn(page));
	f->refs = 0;
	f->type_refs = 0;
	f->order = SLAB_MARK + class;
	frame_list_add(&partial[class], f);
	return f;
}

/* Lock held. The object is not zeroed yet. */
static void *take_object(u32 class)
{
	struct frame *f;
	void *object;

	if (partial[class].count == 0) {
		f = add_slab(class);
	} else {
		f = frame_at(mfn(partial[class].head));
	}
	if (f == NULL) {
		return NULL;
	}
	object = (u8 *)mfn_to_virt(frame_mfn(f)) + f->type_refs;
	f->type_refs = *(u32 *)object;
	f->refs++;
	if (f->type_refs == END_OF_PAGE) {
		frame_list_remove(&partial[class], f);
	}
	return object;
}

static void put_object(void *object, u32 class)
{
	struct frame *f = frame_at(virt_to_mfn(object));

	invariant(f->owner == FRAME_OWNER_HV && f->order == SLAB_MARK + class && f->refs > 0);
	if (f->type_refs == END_OF_PAGE) {
		frame_list_add(&partial[class], f);
	}
	*(u32 *)object = f->type_refs;
	f->type_refs = (u32)((uintptr_t)object & (PAGE_SIZE - 1));
	f->refs--;
	if (f->refs == 0) {
		frame_list_remove(&partial[class], f);
		alloc_free_frames(frame_mfn(f), 0);
	}
}

void *heap_alloc(size_t size)
{
	u32 class;
	void *object;

	if (size > 1UL << LARGEST_SHIFT) {
		return size > PAGE_SIZE << ALLOC_MAX_ORDER ? NULL : alloc_large(size);
	}
	class = class_of(size);
	spin_lock(&lock);
	object = take_object(class);
	spin_unlock(&lock);
	if (object != NULL) {
		memset(object, 0, 1UL << (SMALLEST_SHIFT + class));
	}
	return object;
}

void heap_free(void *p, size_t size)
{
	if (p == NULL) {
		return;
	}
	if (size > 1UL << LARGEST_SHIFT) {
		free_pages(virt_to_mfn(p), 0, (size + PAGE_SIZE - 1) >> PAGE_SHIFT);
		return;
	}
	spin_lock(&lock);
	put_object(p, class_of(size));
	spin_unlock(&lock);
}
