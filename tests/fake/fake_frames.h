/* The host's physical memory with the hypervisor's books of it: the frame table and the allocator. */
#ifndef FAKE_FRAMES_H
#define FAKE_FRAMES_H

#include "lib/types.h"

/* So many frames, all the hypervisor's; those in [first, end) are free. */
void fake_frames_init(u64 frames, u64 first, u64 end);

#endif
