/*
 * Images: the kernels and ramdisks that domains are made of, kept for when one
 * asks to be started again. Those of the launch bundle are taken over where they lie;
 * others are made by control operations, page by page as they are written.
 *
 * An image lives as long as it has its number (until image_free, or its owner's end)
 * or something refers to it. The first use by a domain seals it: it is not
 * written to any more. At most IMAGE_MAX; their pages are counted, and a new one is
 * refused if what is free, less what others may still take, would not hold it.
 *
 * Contents are a guest's and not trusted. Any CPU, no lock held.
 */
#ifndef DOMAIN_IMAGE_H
#define DOMAIN_IMAGE_H

#include "mm/addr.h"

#define IMAGE_MAX      512U
#define IMAGE_SIZE_MAX (1UL << 30)

struct image;

/* Copies size bytes from offset `at` of what is to be written to dst: 0 or -errno. */
typedef int image_source(void *arg, u64 at, void *dst, u32 size);

/*
 * A new one, all zero, with a number, for domain `owner` (0: nobody's). -PV_EINVAL:
 * 0 bytes, or above IMAGE_SIZE_MAX; -PV_ENOSPC: too many; -PV_ENOMEM.
 */
int image_new(u64 size, u16 owner, u32 *number) must_check;

/* -PV_ENOENT: no such image; -PV_EBUSY: sealed; -PV_EINVAL: not within it; -PV_ENOMEM; the source's errors. What came before an error is written. */
int image_write(u32 number, u64 offset, u32 size, image_source *source, void *arg) must_check;

/* Take its number away: 0 or -PV_ENOENT. And of all that a domain owns. */
int image_free(u32 number) must_check;
void image_disown(u16 owner);

/* Frames of the hypervisor that hold the bytes already, in a row: an image without a number, referred to once; NULL: no memory. */
struct image *image_adopt(mfn_t first, u64 size) must_check;

/* Refer to one, and seal it; NULL: none has the number. And no longer (NULL is nothing). */
struct image *image_get(u32 number) must_check;
void image_put(struct image *image);

/* One more reference to one that is referred to. */
struct image *image_share(struct image *image);

/* Its bytes. */
u64 image_size(const struct image *image);

/* The bytes from an offset that lie in a row: NULL if they are all zero; *size: how many. offset is within it. */
const void *image_piece(const struct image *image, u64 offset, u64 *size);

/* Copy bytes that lie within it. */
void image_read(const struct image *image, u64 offset, void *dst, u64 size);

/* Pages held by all images. */
u64 image_pages(void);

/* Free some pages of images that nobody needs: true if there are more. */
bool image_reap_step(void) must_check;

#endif
