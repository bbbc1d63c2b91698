/*
 * See ivshmem.h. The firmware has given the device its address; nothing of it is set here, so
 * on a machine without one nothing changes.
 *
 * Source: PCI Local Bus Specification 3.0, 3.2.2.3.2 (configuration mechanism #1) and 6.2.5
 * (base addresses); QEMU, docs/specs/ivshmem-spec.rst (BAR 2 is the memory).
 */
#include "drivers/ivshmem.h"

#include "drivers/port_io.h"
#include "lib/log.h"
#include "mm/paging.h"

#define PORT_ADDRESS 0xcf8
#define PORT_DATA    0xcfc

#define ADDRESS_ENABLE (1U << 31)
#define DEVICES        32U /* on a bus; the function is 0 */

#define REG_ID      0x00
#define REG_COMMAND 0x04
#define REG_BAR2    0x18
#define REG_BAR3    0x1c

#define ID_IVSHMEM     0x11101af4U
#define COMMAND_MEMORY (1U << 1)
#define BAR_KIND       0x7U
#define BAR_MEMORY_64  0x4U
#define BAR_FLAGS      0xfU

static const u8 *window;
static u64 window_size;

static void select(u32 device, u32 reg)
{
	port_write32(PORT_ADDRESS, ADDRESS_ENABLE | device << 11 | reg);
}

static u32 read_config(u32 device, u32 reg)
{
	select(device, reg);
	return port_read32(PORT_DATA);
}

static void write_config(u32 device, u32 reg, u32 value)
{
	select(device, reg);
	port_write32(PORT_DATA, value);
}

/* Writing ones to a base address shows by the bits that stay 0 how large it is; not while it is decoded. */
static u64 measure(u32 device, u32 command, u32 bar2)
{
	u32 mask;

	write_config(device, REG_COMMAND, command & ~COMMAND_MEMORY);
	write_config(device, REG_BAR2, UINT32_MAX);
	mask = read_config(device, REG_BAR2) & ~BAR_FLAGS;
	write_config(device, REG_BAR2, bar2);
	write_config(device, REG_COMMAND, command);
	return mask == 0 ? 0 : (u64)(u32)-mask;
}

static void use(u32 device)
{
	u32 command = read_config(device, REG_COMMAND) & 0xffff;
	u32 bar2 = read_config(device, REG_BAR2);
	u64 start = (bar2 & ~BAR_FLAGS) | (u64)read_config(device, REG_BAR3) << 32;
	u64 size;

	if ((command & COMMAND_MEMORY) == 0 || (bar2 & BAR_KIND) != BAR_MEMORY_64 || start == 0) {
		return;
	}
	size = measure(device, command, bar2);
	window = size == 0 ? NULL : paging_map_mmio(maddr(start), size);
	window_size = window == NULL ? 0 : size;
	log_info("window: %lu KiB shared with the host", (unsigned long)(window_size >> 10));
}

void ivshmem_init(void)
{
	for (u32 device = 0; device < DEVICES && window == NULL; device++) {
		if (read_config(device, REG_ID) == ID_IVSHMEM) {
			use(device);
		}
	}
}

const void *ivshmem_window(u64 size)
{
	return size <= window_size ? window : NULL;
}
