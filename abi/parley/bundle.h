/*
 * The launch bundle: what `parley` hands to the hypervisor at boot, as the
 * only multiboot module. A header, an array of domain records, then images.
 * Every offset is from the start of the bundle; images start on 4096-byte
 * boundaries; records may share one, but two do not overlap. All integers are little endian. The
 * hypervisor trusts the file to come from the machine's owner but still refuses
 * one that is not whole.
 *
 * Read next: control.h, the line that reports what became of the domains.
 */
#ifndef PARLEY_BUNDLE_H
#define PARLEY_BUNDLE_H

#include <stdint.h>

#define PV_BUNDLE_MAGIC       0x31454c444e554250ULL /* "PBUNDLE1" */
#define PV_BUNDLE_VERSION     1U
#define PV_BUNDLE_ALIGN       4096U
#define PV_BUNDLE_MAX_DOMAINS 128U
#define PV_BUNDLE_NAME_MAX    64U   /* bytes, with the closing NUL */
#define PV_BUNDLE_CMDLINE_MAX 1024U /* bytes, with the closing NUL */

/* pv_bundle_domain.flags */
#define PV_BUNDLE_DOMAIN_CONTROL (1U << 0) /* may call control operations */
#define PV_BUNDLE_DOMAIN_ONCE    (1U << 1) /* is not started again when it asks to reboot */

struct pv_bundle_header {
	uint64_t magic;         /* PV_BUNDLE_MAGIC */
	uint32_t version;       /* PV_BUNDLE_VERSION */
	uint32_t crc32;         /* zlib's CRC-32 of header (this field 0) and records */
	uint64_t total_size;    /* bytes of the whole bundle */
	uint32_t domain_count;  /* 0 .. PV_BUNDLE_MAX_DOMAINS; 0 only with the option `stay` */
	uint32_t domain_size;   /* sizeof(struct pv_bundle_domain) */
	uint64_t domain_offset; /* of the array of records */
	uint64_t reserved[3];   /* 0 */
};

struct pv_bundle_domain {
	uint8_t uuid[16];
	char name[PV_BUNDLE_NAME_MAX];
	char cmdline[PV_BUNDLE_CMDLINE_MAX];
	uint64_t memory_pages; /* 4096-byte pages */
	uint32_t vcpu_count;
	uint32_t flags;         /* PV_BUNDLE_DOMAIN_* */
	uint64_t kernel_offset; /* an ELF64 image, never compressed */
	uint64_t kernel_size;
	uint64_t ramdisk_offset; /* 0 with size 0: none */
	uint64_t ramdisk_size;
	uint32_t weight;      /* share of CPU time, 1 .. 65535, usual 256 */
	uint32_t cap;         /* per cent of one CPU, 0: no cap */
	uint64_t affinity;    /* CPUs it may run on, bit by number; 0: all */
	uint64_t reserved[8]; /* 0 */
};

_Static_assert(sizeof(struct pv_bundle_header) == 64, "bundle header layout");
_Static_assert(sizeof(struct pv_bundle_domain) == 1232, "bundle record layout");

#endif
