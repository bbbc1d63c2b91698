/* The window that the host shares with the machine; see fake_ivshmem.h. */
#include "fake_ivshmem.h"

#include "drivers/ivshmem.h"

u8 fake_window[FAKE_WINDOW_SIZE];
u64 fake_window_size;

const void *ivshmem_window(u64 size)
{
	return size <= fake_window_size ? fake_window : NULL;
}
