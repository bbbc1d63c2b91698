/*
 * The launch bundle as a file: laying it out, writing it, and checking one as
 * the hypervisor does. The format is abi/parley/bundle.h.
 */
#ifndef TOOLS_PARLEY_BUNDLEFILE_H
#define TOOLS_PARLEY_BUNDLEFILE_H

#include <stddef.h>
#include <stdint.h>

#include <parley/bundle.h>

#include "blob.h"
#include "problem.h"

/*
 * The emulator and GRUB put the bundle into one piece of memory below 4 GiB,
 * of which q35 has 2 GiB when the machine is large.
 */
#define BUNDLEFILE_SIZE_MAX (1536ULL << 20)

/* An image in the bundle; records that have the same one share it. */
struct bundlefile_image {
	struct blob bytes;
	uint64_t offset; /* in the file, once laid out */
};

#define BUNDLEFILE_NO_IMAGE UINT32_MAX

/* Which images belong to a record. */
struct bundlefile_use {
	uint32_t kernel;  /* plain ELF */
	uint32_t ramdisk; /* or BUNDLEFILE_NO_IMAGE */
};

struct bundlefile {
	struct pv_bundle_header header;
	struct pv_bundle_domain *records; /* header.domain_count of them */
	struct bundlefile_use *uses;      /* one a record */
	struct bundlefile_image *images;
	uint32_t image_count;
};

/*
 * Makes room for "count" domains, all zero and without images. Ends the program
 * without memory.
 */
void bundlefile_init(struct bundlefile *bundle, uint32_t count);

/* Gives an image to the bundle, which then owns its bytes. Returns its number. */
uint32_t bundlefile_add_image(struct bundlefile *bundle, const struct blob *bytes);

/* The size of an image, 0 for BUNDLEFILE_NO_IMAGE. */
uint64_t bundlefile_get_size(const struct bundlefile *bundle, uint32_t image);

/*
 * Fills in header, offsets, sizes and checksum once records and images are
 * there. Returns 0, or -1 with a problem where it is too large.
 */
int bundlefile_layout(struct bundlefile *bundle, struct problem *problem);

/* Writes a bundle that was laid out to "fd". Returns 0, or -1 with a problem. */
int bundlefile_write(const struct bundlefile *bundle, int fd, struct problem *problem);

/*
 * Checks a bundle in memory: the header, the checksum, every range and string.
 * Returns 0, or -1 with a problem.
 */
int bundlefile_verify(const uint8_t *data, size_t size, struct problem *problem);

/* The record of a domain in a bundle that bundlefile_verify accepted. */
struct pv_bundle_domain bundlefile_get_record(const uint8_t *data, uint32_t index);

void bundlefile_free(struct bundlefile *bundle);

#endif
