/*
 * The free ranges: a short unsorted array of disjoint, page-aligned pieces.
 * Read next: ../mm/alloc.c.
 */
#include "boot/memory.h"

#include <seam/directmap.h>

#include "boot/boot_info.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/alloc.h"

#define PIECES_MAX     (2 * BOOT_RANGES_MAX)
#define LOW_RAM_END    0xa0000UL
#define LOW_MEMORY_END 0x100000UL

struct piece {
	u64 start, end;
};

static struct piece pieces[PIECES_MAX];
static u32 piece_count;
static u64 ram_end;
static u64 ram_pages;

static u64 round_down(u64 value, u64 align)
{
	return value & ~(align - 1);
}

static u64 round_up(u64 value, u64 align)
{
	return round_down(value + align - 1, align);
}

static void add_piece(u64 start, u64 end)
{
	if (start < end) {
		invariant(piece_count < PIECES_MAX);
		pieces[piece_count++] = (struct piece){ start, end };
	}
}

/* Cut [start, end) out of a piece; what is left beyond it is a new one. */
static void cut_piece(struct piece *piece, u64 start, u64 end)
{
	u64 old_end = piece->end;

	if (end <= piece->start || start >= piece->end) {
		return;
	}
	if (start <= piece->start) {
		piece->start = MIN(end, old_end);
		return;
	}
	piece->end = start;
	add_piece(end, old_end);
}

void memory_reserve(u64 start, u64 size)
{
	u64 end = round_up(start + size, PAGE_SIZE);
	u32 count = piece_count;

	for (u32 i = 0; i < count; i++) {
		cut_piece(&pieces[i], round_down(start, PAGE_SIZE), end);
	}
}

void memory_init(void)
{
	for (u32 i = 0; i < boot_info.range_count; i++) {
		const struct boot_range *range = &boot_info.ranges[i];
		u64 start = round_up(range->start, PAGE_SIZE);
		u64 end = round_down(range->start + range->size, PAGE_SIZE);

		if (range->type == BOOT_RANGE_RAM) {
			memory_reserve(start, end - MIN(start, end)); /* said twice: once */
			add_piece(start, end);
			ram_end = MAX(ram_end, end);
		}
	}
	for (u32 i = 0; i < boot_info.range_count; i++) {
		const struct boot_range *range = &boot_info.ranges[i];

		if (range->type != BOOT_RANGE_RAM) {
			memory_reserve(range->start, range->size);
		}
	}
	for (u32 i = 0; i < piece_count; i++) {
		ram_pages += (pieces[i].end - MIN(pieces[i].start, pieces[i].end)) >> PAGE_SHIFT;
	}
}

maddr_t memory_take_low(void)
{
	u64 page = 0;

	for (u32 i = 0; i < piece_count; i++) {
		u64 end = MIN(pieces[i].end, LOW_RAM_END);

		if (pieces[i].start < end) {
			page = MAX(page, end - PAGE_SIZE);
		}
	}
	memory_reserve(0, LOW_MEMORY_END);
	return maddr(page);
}

maddr_t memory_carve(u64 size, u64 align)
{
	struct piece *best = NULL;
	u64 best_start = 0;

	size = round_up(size, PAGE_SIZE);
	for (u32 i = 0; i < piece_count; i++) {
		u64 end = MIN(pieces[i].end, BOOT_MEMORY_LIMIT);
		u64 start = round_down(end - MIN(size, end), align);

		if (size <= end && start >= pieces[i].start && start >= best_start) {
			best = &pieces[i];
			best_start = start;
		}
	}
	if (best == NULL) {
		panic("no %lu KiB of contiguous memory below 4 GiB", (unsigned long)(size >> 10));
	}
	cut_piece(best, best_start, best_start + size);
	memset(maddr_to_virt(maddr(best_start)), 0, size);
	return maddr(best_start);
}

u64 memory_frame_count(void)
{
	return ram_end >> PAGE_SHIFT;
}

u64 memory_ram_count(void)
{
	return ram_pages;
}

void memory_hand_over(u64 from, u64 to)
{
	for (u32 i = 0; i < piece_count; i++) {
		u64 start = MAX(pieces[i].start, from);
		u64 end = MIN(pieces[i].end, to);

		if (start < end) {
			alloc_add_range(maddr(start), maddr(end));
		}
	}
}
