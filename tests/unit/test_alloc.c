/* mm/alloc.c and mm/heap.c: what is given out is apart, zeroed and comes back whole. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <seam/directmap.h>

#include "fake_memory.h"
#include "mm/alloc.h"

#define FRAMES   4096
#define FIRST    37 /* odd on purpose: ranges are rarely aligned */
#define USABLE   (FRAMES - FIRST)
#define MAX_HELD 512

/* Memory full of rubbish, so that zeroing is seen; all frames the hypervisor's. */
static void setup(void)
{
	fake_memory_init(FRAMES);
	memset(fake_memory, 0xa5, FRAMES * PAGE_SIZE);
	frame_count = FRAMES;
	frame_table = calloc(FRAMES, sizeof(struct frame));
	for (u64 i = 0; i < FRAMES; i++) {
		frame_table[i].owner = FRAME_OWNER_HV;
	}
	alloc_add_range(maddr(FIRST << PAGE_SHIFT), maddr(FRAMES << PAGE_SHIFT));
}

static void teardown(void)
{
	free(frame_table);
}

TestSuite(alloc, .init = setup, .fini = teardown);
TestSuite(heap, .init = setup, .fini = teardown);

static bool is_zero(const void *p, size_t size)
{
	const u8 *byte = p;

	for (size_t i = 0; i < size; i++) {
		if (byte[i] != 0) {
			return false;
		}
	}
	return true;
}

Test(alloc, range_is_rounded_inwards)
{
	u64 before = alloc_free_count();
	void *page = alloc_page();

	cr_assert_eq(before, USABLE);
	alloc_free_page(page);
	/* Frames 8 and 9 touched, none of them whole. */
	alloc_add_range(maddr((8 << PAGE_SHIFT) + 1), maddr((10 << PAGE_SHIFT) - 1));
	cr_assert_eq(alloc_free_count(), before);
}

Test(alloc, every_frame_is_given_once)
{
	bool seen[FRAMES] = { false };

	for (u64 i = 0; i < USABLE; i++) {
		mfn_t m = alloc_frames(0);

		cr_assert(m.v >= FIRST && m.v < FRAMES && !seen[m.v]);
		cr_assert_eq(frame_at(m)->owner, FRAME_OWNER_HV);
		seen[m.v] = true;
	}
	cr_assert_eq(alloc_free_count(), 0);
	cr_assert(mfn_equal(alloc_frames(0), MFN_INVALID));
	cr_assert_null(alloc_page());
}

Test(alloc, blocks_are_aligned_and_zeroed)
{
	for (u32 order = 0; order <= ALLOC_MAX_ORDER; order++) {
		mfn_t m = alloc_frames(order);

		cr_assert(!mfn_equal(m, MFN_INVALID));
		cr_assert_eq(m.v & ((1UL << order) - 1), 0);
		cr_assert(is_zero(mfn_to_virt(m), PAGE_SIZE << order));
		alloc_free_frames(m, order);
	}
	cr_assert_eq(alloc_free_count(), USABLE);
	cr_assert(mfn_equal(alloc_frames(ALLOC_MAX_ORDER + 1), MFN_INVALID));
}

/* After all singles went out and came back in any order the large blocks are there again. */
Test(alloc, neighbours_join)
{
	mfn_t held[USABLE];
	u64 largest = 0;

	for (u64 i = 0; i < USABLE; i++) {
		held[i] = alloc_frames(0);
	}
	for (u64 i = 0; i < USABLE; i++) {
		alloc_free_frames(held[(i * 7) % USABLE], 0);
	}
	while (!mfn_equal(alloc_frames(ALLOC_MAX_ORDER), MFN_INVALID)) {
		largest++;
	}
	cr_assert_eq(largest, FRAMES / (1UL << ALLOC_MAX_ORDER) - 1);
}

Test(alloc, blocks_may_be_given_back_in_pieces)
{
	mfn_t m = alloc_frames(4);

	for (u64 i = 0; i < 16; i++) {
		alloc_free_frames(mfn(m.v + i), 0);
	}
	cr_assert_eq(alloc_free_count(), USABLE);
}

Test(alloc, double_free_is_caught, .signal = SIGABRT)
{
	mfn_t m = alloc_frames(0);

	alloc_free_frames(m, 0);
	alloc_free_frames(m, 0);
}

Test(alloc, random_use_loses_nothing)
{
	struct {
		mfn_t m;
		u32 order;
	} held[64];
	u32 count = 0;

	srand(1);
	for (u32 i = 0; i < 20000; i++) {
		if (count < 64 && rand() % 2 == 0) {
			held[count].order = (u32)rand() % 6;
			held[count].m = alloc_frames(held[count].order);
			if (!mfn_equal(held[count].m, MFN_INVALID)) {
				count++;
			}
		} else if (count > 0) {
			u32 pick = (u32)rand() % count;

			alloc_free_frames(held[pick].m, held[pick].order);
			held[pick] = held[--count];
		}
	}
	while (count-- > 0) {
		alloc_free_frames(held[count].m, held[count].order);
	}
	cr_assert_eq(alloc_free_count(), USABLE);
}

Test(heap, objects_are_zeroed_and_aligned)
{
	static const size_t sizes[] = {
		0, 1, 15, 16, 17, 100, 2048, 2049, 4096, 4097, 5 * PAGE_SIZE
	};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		u8 *p = heap_alloc(sizes[i]);

		cr_assert_not_null(p);
		cr_assert_eq((uintptr_t)p % 16, 0);
		if (sizes[i] != 0 && sizes[i] % PAGE_SIZE == 0) {
			cr_assert_eq((uintptr_t)p % PAGE_SIZE, 0);
		}
		cr_assert(is_zero(p, sizes[i]));
		memset(p, 0xff, sizes[i]);
		heap_free(p, sizes[i]);
	}
	cr_assert_eq(alloc_free_count(), USABLE, "every page came back");
}

Test(heap, large_objects_take_only_their_pages)
{
	void *p = heap_alloc(5 * PAGE_SIZE);

	cr_assert_eq(alloc_free_count(), USABLE - 5);
	heap_free(p, 5 * PAGE_SIZE);
	cr_assert_eq(alloc_free_count(), USABLE);
	cr_assert_null(heap_alloc((PAGE_SIZE << ALLOC_MAX_ORDER) + 1));
}

/* Objects of many sizes live at once; each keeps what was written to it. */
Test(heap, objects_do_not_overlap)
{
	u8 *held[MAX_HELD];
	size_t sizes[MAX_HELD];

	for (u32 i = 0; i < MAX_HELD; i++) {
		sizes[i] = 1 + (i * 37) % 3000;
		held[i] = heap_alloc(sizes[i]);
		cr_assert_not_null(held[i]);
		memset(held[i], (int)(i & 0xff), sizes[i]);
	}
	for (u32 i = 0; i < MAX_HELD; i++) {
		for (size_t at = 0; at < sizes[i]; at++) {
			cr_assert_eq(held[i][at], (u8)i);
		}
		heap_free(held[i], sizes[i]);
	}
	cr_assert_eq(alloc_free_count(), USABLE);
}

Test(heap, running_out_is_an_answer)
{
	u64 count = 0;

	while (heap_alloc(2048) != NULL) {
		count++;
	}
	cr_assert_eq(count, USABLE * 2);
	cr_assert_null(heap_alloc(PAGE_SIZE));
}

Test(heap, freeing_nothing_is_nothing)
{
	heap_free(NULL, 100);
	cr_assert_eq(alloc_free_count(), USABLE);
}
