/*
 * Multiboot 2 (GRUB's "multiboot2", also on UEFI machines): a list of tags,
 * each aligned to 8 bytes.
 */
#include "boot/boot_info.h"
#include "lib/string.h"

enum mb2_tag_type {
	MB2_TAG_END = 0,
	MB2_TAG_CMDLINE = 1,
	MB2_TAG_MODULE = 3,
	MB2_TAG_MMAP = 6,
	MB2_TAG_RSDP_OLD = 14,
	MB2_TAG_RSDP_NEW = 15,
};

struct mb2_header {
	u32 total_size;
	u32 reserved;
};

struct mb2_tag {
	u32 type;
	u32 size; /* with this header, without padding */
};

struct mb2_module {
	struct mb2_tag tag;
	u32 start, end;
};

struct mb2_mmap {
	struct mb2_tag tag;
	u32 entry_size;
	u32 entry_version;
};

struct mb2_mmap_entry {
	u64 start, length;
	u32 type;
	u32 reserved;
};

static void read_mmap(const struct mb2_mmap *mmap)
{
	u32 at = sizeof(*mmap);

	if (mmap->entry_size < sizeof(struct mb2_mmap_entry)) {
		return;
	}
	for (; at + mmap->entry_size <= mmap->tag.size; at += mmap->entry_size) {
		const struct mb2_mmap_entry *entry = (const void *)((const u8 *)mmap + at);

		boot_info_add_range(entry->start, entry->length, entry->type);
	}
}

static void read_module(const struct mb2_module *module)
{
	if (boot_info.module_size == 0) {
		boot_info.module_start = module->start;
		boot_info.module_size = module->end - module->start;
	}
}

/* The tag holds a copy of the table; a newer one is preferred. */
static void read_rsdp(const struct mb2_tag *tag)
{
	u32 size = MIN(tag->size - sizeof(*tag), sizeof(boot_info.rsdp));

	if (size > boot_info.rsdp_size) {
		memcpy(boot_info.rsdp, tag + 1, size);
		boot_info.rsdp_size = size;
	}
}

static void read_tag(const struct mb2_tag *tag)
{
	switch (tag->type) {
	case MB2_TAG_CMDLINE:
		boot_info_set_cmdline((const char *)(tag + 1), tag->size - sizeof(*tag));
		break;
	case MB2_TAG_MODULE:
		read_module((const void *)tag);
		break;
	case MB2_TAG_MMAP:
		read_mmap((const void *)tag);
		break;
	case MB2_TAG_RSDP_OLD:
	case MB2_TAG_RSDP_NEW:
		read_rsdp(tag);
		break;
	default:
		break;
	}
}

void multiboot2_read(const void *info)
{
	const struct mb2_header *header = info;
	u32 at = sizeof(*header);

	while (at + sizeof(struct mb2_tag) <= header->total_size) {
		const struct mb2_tag *tag = (const void *)((const u8 *)info + at);

		if (tag->type == MB2_TAG_END || tag->size < sizeof(*tag)) {
			break;
		}
		read_tag(tag);
		at += (tag->size + 7) & ~7U;
	}
}
