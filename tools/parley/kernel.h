/*
 * Guest kernels: from the file that a distribution ships to the plain ELF
 * image that the bundle carries. Takes an ELF image, one that is compressed
 * whole, or a bzImage with its payload in any compression that unpack.h knows.
 */
#ifndef TOOLS_PARLEY_KERNEL_H
#define TOOLS_PARLEY_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "blob.h"
#include "problem.h"

#define KERNEL_FILE_MAX  ((size_t)512 << 20)
#define KERNEL_IMAGE_MAX ((size_t)1024 << 20)

struct kernel_info {
	const char *container;   /* "ELF" or "bzImage" */
	const char *compression; /* as unpack_name_format, or "none" */
	bool legacy_section;     /* has __xen_guest and no ENTRY note */
	uint64_t memory_needed;  /* end of the highest segment, bytes of guest memory */
	char guest_os[32];       /* from the notes, printable, may be empty */
	char guest_version[32];
};

/*
 * Makes the ELF image of a kernel out of the bytes of its file. Returns 0, or
 * -1 with a problem (without the path) and an empty image. The file's bytes
 * are not changed; the image is a blob of its own.
 */
int kernel_unpack(const uint8_t *data, size_t size, struct blob *image, struct kernel_info *info,
		  struct problem *problem);

/* Reads a file and unpacks it, as above. */
int kernel_load(const char *path, struct blob *image, struct kernel_info *info,
		struct problem *problem);

#endif
