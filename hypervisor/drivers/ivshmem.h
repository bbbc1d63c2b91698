/*
 * The window: memory that the host shares with this machine, the PCI device "ivshmem" of an
 * emulator. Large things come through it that would take minutes over the line's UART.
 */
#ifndef DRIVERS_IVSHMEM_H
#define DRIVERS_IVSHMEM_H

#include "lib/types.h"

/* Boot, with the final page tables: look for the device on the first PCI bus and map its memory. */
void ivshmem_init(void);

/* Its first size bytes; NULL: there is no window, or it is smaller. The host may change them at any time. */
const void *ivshmem_window(u64 size);

#endif
