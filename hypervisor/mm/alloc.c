/*
 * The buddy allocator. A free block of 2^n frames is aligned to its size; its
 * first frame stands in the list of its order and says so in .order, the others
 * say ORDER_INSIDE. Two neighbours that make an aligned block of the next order
 * are joined when the second of them is freed.
 *
 * One lock protects the lists and the frames that are free. The pages are
 * zeroed outside it. Read next: heap.c.
 */
#include "mm/alloc.h"

#include <seam/directmap.h>

#include "lib/lock.h"
#include "lib/log.h"
#include "lib/string.h"

#define ORDER_INSIDE 0xffffffffU

static struct spinlock lock = SPINLOCK_INIT;
static struct frame_list free_blocks[ALLOC_MAX_ORDER + 1] = {
	[0 ... ALLOC_MAX_ORDER] = { FRAME_LIST_END, FRAME_LIST_END, 0 },
};
static u64 free_frames;

static void list_block(struct frame *f, u32 order)
{
	f->order = order;
	frame_list_add(&free_blocks[order], f);
}

static void unlist_block(struct frame *f)
{
	frame_list_remove(&free_blocks[f->order], f);
	f->order = ORDER_INSIDE;
}

/* The free block of that order that would join with the one at m, or NULL. */
static struct frame *find_buddy(u64 m, u32 order)
{
	u64 buddy = m ^ (1UL << order);

	if (buddy >= frame_count || frame_table[buddy].owner != FRAME_OWNER_FREE ||
	    frame_table[buddy].order != order) {
		return NULL;
	}
	return &frame_table[buddy];
}

static void mark_frames(u64 m, u32 order, u16 owner, u32 frame_order)
{
	for (u64 i = 0; i < 1UL << order; i++) {
		frame_table[m + i] = (struct frame){
			.owner = owner,
			.order = frame_order,
			.next = FRAME_LIST_END,
			.prev = FRAME_LIST_END,
		};
	}
}

static void insert_block(u64 m, u32 order)
{
	struct frame *buddy;

	mark_frames(m, order, FRAME_OWNER_FREE, ORDER_INSIDE);
	free_frames += 1UL << order;
	while (order < ALLOC_MAX_ORDER && (buddy = find_buddy(m, order)) != NULL) {
		unlist_block(buddy);
		m &= ~(1UL << order);
		order++;
	}
	list_block(&frame_table[m], order);
}

/* Take a block of that order from the lists, splitting a larger one, or NULL. */
static struct frame *take_block(u32 order)
{
	struct frame *f;
	u32 from = order;

	while (from <= ALLOC_MAX_ORDER && free_blocks[from].count == 0) {
		from++;
	}
	if (from > ALLOC_MAX_ORDER) {
		return NULL;
	}
	f = frame_at(mfn(free_blocks[from].head));
	unlist_block(f);
	while (from > order) {
		from--;
		list_block(f + (1UL << from), from);
	}
	free_frames -= 1UL << order;
	return f;
}

void alloc_add_range(maddr_t start, maddr_t end)
{
	u64 at = (start.v + PAGE_SIZE - 1) >> PAGE_SHIFT;
	u64 last = MIN(end.v >> PAGE_SHIFT, frame_count);

	spin_lock(&lock);
	while (at < last) {
		u32 order = at == 0 ? ALLOC_MAX_ORDER : (u32)__builtin_ctzll(at);

		order = MIN(order, (u32)ALLOC_MAX_ORDER);
		while (1UL << order > last - at) {
			order--;
		}
		insert_block(at, order);
		at += 1UL << order;
	}
	spin_unlock(&lock);
}

mfn_t alloc_frames(u32 order)
{
	struct frame *f;
	mfn_t first;

	if (order > ALLOC_MAX_ORDER) {
		return MFN_INVALID;
	}
	spin_lock(&lock);
	f = take_block(order);
	if (f == NULL) {
		spin_unlock(&lock);
		return MFN_INVALID;
	}
	first = frame_mfn(f);
	mark_frames(first.v, order, FRAME_OWNER_HV, 0);
	spin_unlock(&lock);
	for (u64 i = 0; i < 1UL << order; i++) {
		memset(mfn_to_virt(mfn(first.v + i)), 0, PAGE_SIZE);
	}
	return first;
}

void alloc_free_frames(mfn_t first, u32 order)
{
	u64 count = 1UL << order;

	invariant(order <= ALLOC_MAX_ORDER && (first.v & (count - 1)) == 0);
	invariant(first.v < frame_count && count <= frame_count - first.v);
	spin_lock(&lock);
	for (u64 i = 0; i < count; i++) {
		invariant(frame_table[first.v + i].owner == FRAME_OWNER_HV);
	}
	insert_block(first.v, order);
	spin_unlock(&lock);
}

void *alloc_page(void)
{
	mfn_t m = alloc_frames(0);

	return mfn_equal(m, MFN_INVALID) ? NULL : mfn_to_virt(m);
}

void alloc_free_page(void *page)
{
	alloc_free_frames(virt_to_mfn(page), 0);
}

u64 alloc_free_count(void)
{
	return READ_ONCE(free_frames);
}
