/*
 * What the boot loader told us, copied out of its structures into one of ours:
 * after boot_info_read() nothing of the loader's memory is needed but the launch
 * bundle itself.
 */
#ifndef BOOT_BOOT_INFO_H
#define BOOT_BOOT_INFO_H

#include "mm/addr.h"

#define BOOT_CMDLINE_MAX 1024
#define BOOT_RANGES_MAX  128
#define BOOT_RSDP_MAX    36

#define MULTIBOOT1_MAGIC 0x2badb002U /* in EAX at entry */
#define MULTIBOOT2_MAGIC 0x36d76289U

/* boot_range.type: as the E820 firmware call and both multiboots number them */
#define BOOT_RANGE_RAM      1
#define BOOT_RANGE_RESERVED 2
#define BOOT_RANGE_ACPI     3
#define BOOT_RANGE_ACPI_NVS 4

struct boot_range {
	u64 start, size;
	u32 type;
};

struct boot_info {
	char cmdline[BOOT_CMDLINE_MAX];
	u32 range_count;
	struct boot_range ranges[BOOT_RANGES_MAX]; /* as given: may overlap, unsorted */
	u64 module_start, module_size;             /* the launch bundle; size 0: none */
	u32 rsdp_size;                             /* 0: not given, search for it */
	u8 rsdp[BOOT_RSDP_MAX];                    /* copy of the ACPI root pointer */
};

extern struct boot_info boot_info;

/*
 * Fill boot_info from what the loader left in EAX and EBX. 0, or -PV_EINVAL if
 * the magic is neither multiboot's or no memory map is there. The loader's
 * structures lie below 4 GiB.
 */
int boot_info_read(u32 magic, u64 info_maddr) must_check;

/* For the two readers: keep a range, the command line. */
void boot_info_add_range(u64 start, u64 size, u32 type);
void boot_info_set_cmdline(const char *cmdline, u64 max);

/* The two readers (multiboot1.c, multiboot2.c). */
void multiboot1_read(const void *info);
void multiboot2_read(const void *info);

#endif
