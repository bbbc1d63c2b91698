/* The window that the host shares with the machine, as large as a test wants; none at first. */
#ifndef TESTS_FAKE_IVSHMEM_H
#define TESTS_FAKE_IVSHMEM_H

#include "lib/types.h"

#define FAKE_WINDOW_SIZE 65536U

extern u8 fake_window[FAKE_WINDOW_SIZE];
extern u64 fake_window_size; /* bytes of it that there are */

#endif
