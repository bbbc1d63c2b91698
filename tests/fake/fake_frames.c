/* See fake_frames.h. */
#include "fake_frames.h"

#include <stdlib.h>

#include "fake_memory.h"
#include "mm/alloc.h"

void fake_frames_init(u64 frames, u64 first, u64 end)
{
	fake_memory_init(frames);
	frame_count = frames;
	frame_table = calloc(frames, sizeof(struct frame));
	for (u64 i = 0; i < frames; i++) {
		frame_table[i].owner = FRAME_OWNER_HV;
	}
	alloc_add_range(maddr(first << PAGE_SHIFT), maddr(end << PAGE_SHIFT));
}
