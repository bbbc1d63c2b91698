/*
 * Multiboot 1 (QEMU's -kernel, GRUB's "multiboot"): a fixed structure with
 * machine addresses of the rest.
 */
#include <seam/directmap.h>

#include "boot/boot_info.h"

#define MB1_HAS_CMDLINE (1U << 2)
#define MB1_HAS_MODULES (1U << 3)
#define MB1_HAS_MMAP    (1U << 6)

struct mb1_info {
	u32 flags;
	u32 mem_lower, mem_upper;
	u32 boot_device;
	u32 cmdline;
	u32 module_count, modules;
	u32 symbols[4];
	u32 mmap_length, mmap;
} packed_struct;

struct mb1_module {
	u32 start, end;
	u32 string;
	u32 reserved;
} packed_struct;

/* `size` counts the bytes after itself. */
struct mb1_mmap_entry {
	u32 size;
	u64 start, length;
	u32 type;
} packed_struct;

static void read_mmap(u32 mmap, u32 length)
{
	u64 at = mmap;
	u64 end = at + length;

	while (at + sizeof(struct mb1_mmap_entry) <= end) {
		const struct mb1_mmap_entry *entry = maddr_to_virt(maddr(at));

		boot_info_add_range(entry->start, entry->length, entry->type);
		at += entry->size + sizeof(entry->size);
	}
}

void multiboot1_read(const void *info)
{
	const struct mb1_info *mbi = info;

	if ((mbi->flags & MB1_HAS_CMDLINE) != 0) {
		boot_info_set_cmdline(maddr_to_virt(maddr(mbi->cmdline)), BOOT_CMDLINE_MAX);
	}
	if ((mbi->flags & MB1_HAS_MODULES) != 0 && mbi->module_count > 0) {
		const struct mb1_module *module = maddr_to_virt(maddr(mbi->modules));

		boot_info.module_start = module->start;
		boot_info.module_size = module->end - module->start;
	}
	if ((mbi->flags & MB1_HAS_MMAP) != 0) {
		read_mmap(mbi->mmap, mbi->mmap_length);
	}
}
