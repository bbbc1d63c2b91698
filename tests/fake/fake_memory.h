/* The host's physical memory: `frames` zeroed pages, machine address 0 up. */
#ifndef FAKE_MEMORY_H
#define FAKE_MEMORY_H

#include "lib/types.h"

/* Make memory and an M2P of M2P_INVALID; what was there before is freed. */
void fake_memory_init(u64 frames);

#endif
