/*
 * Guest kernels: ELF64 images with Xen's notes, or with the older __xen_guest
 * section. Everything in an image is hostile: each offset and size is checked
 * against the image before use.
 *
 * Read next: builder.c.
 */
#ifndef DOMAIN_ELF_H
#define DOMAIN_ELF_H

#include "domain/image.h"

/* What the builder wants to know of a kernel. */
struct elf_kernel {
	const struct image *image;
	u64 segments_offset; /* of the program headers, all within the image */
	u32 segment_count;
	u32 notes_left;     /* how many may still be looked at */
	u64 virt_base;      /* virtual address of pfn 0 */
	u64 paddr_offset;   /* p_paddr of pfn 0 */
	u64 entry;          /* virtual address */
	u64 hypercall_page; /* virtual address; ELF_NONE */
	u64 init_p2m;       /* virtual address for the p2m list; ELF_NONE: with the kernel */
	bool mod_start_pfn; /* the ramdisk need not be mapped */
	u64 start, end;     /* pseudo-physical bytes that it occupies */
};

#define ELF_NONE (~0ULL)

/*
 * Find out about an image. NULL if it is usable, else why not, for people.
 */
const char *elf_parse(struct elf_kernel *k, const struct image *image) must_check;

/* How far loading has come: all zero to begin with. */
struct elf_position {
	u32 segment;
	u64 offset; /* in it */
};

/*
 * Load some of the segments, about max bytes: copy(arg, pseudo-physical address, bytes, size)
 * is called for each piece; memory is zero beforehand. True if there is more.
 * After elf_parse() said NULL.
 */
bool elf_load_step(const struct elf_kernel *k, struct elf_position *at, u64 max,
		   void (*copy)(void *arg, u64 paddr, const void *src, u64 size),
		   void *arg) must_check;

#endif
