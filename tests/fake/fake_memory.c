#include "fake_memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <seam/directmap.h>

u8 *fake_memory;
u64 *fake_m2p;

void fake_memory_init(u64 frames)
{
	free(fake_memory);
	free(fake_m2p);
	fake_memory = aligned_alloc(PAGE_SIZE, frames * PAGE_SIZE);
	fake_m2p = malloc(frames * sizeof(*fake_m2p));
	if (fake_memory == NULL || fake_m2p == NULL) {
		perror("fake_memory_init");
		abort();
	}
	memset(fake_memory, 0, frames * PAGE_SIZE);
	memset(fake_m2p, 0xff, frames * sizeof(*fake_m2p));
}
