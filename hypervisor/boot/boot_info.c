/*
 * The boot information, whichever loader it came from.
 * Read next: memory.c, what becomes of the ranges.
 */
#include "boot/boot_info.h"

#include <parley/errno.h>
#include <seam/directmap.h>

#include "lib/string.h"

struct boot_info boot_info;

void boot_info_add_range(u64 start, u64 size, u32 type)
{
	if (size == 0 || start + size < start || boot_info.range_count == BOOT_RANGES_MAX) {
		return;
	}
	boot_info.ranges[boot_info.range_count++] = (struct boot_range){ start, size, type };
}

void boot_info_set_cmdline(const char *cmdline, u64 max)
{
	u64 length = strnlen(cmdline, MIN(max, BOOT_CMDLINE_MAX - 1));

	memcpy(boot_info.cmdline, cmdline, length);
	boot_info.cmdline[length] = '\0';
}

int boot_info_read(u32 magic, u64 info_maddr)
{
	const void *info = maddr_to_virt(maddr(info_maddr));

	switch (magic) {
	case MULTIBOOT1_MAGIC:
		multiboot1_read(info);
		break;
	case MULTIBOOT2_MAGIC:
		multiboot2_read(info);
		break;
	default:
		return -PV_EINVAL;
	}
	return boot_info.range_count == 0 ? -PV_EINVAL : 0;
}
