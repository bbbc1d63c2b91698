/*
 * The launch bundle (abi/parley/bundle.h) in memory: is it whole, and what does
 * it ask for?
 */
#ifndef BOOT_BUNDLE_H
#define BOOT_BUNDLE_H

#include "domain/spec.h"

/*
 * NULL if the bundle is whole: its own numbers agree, every record is well
 * formed and every image lies in it; else what is wrong, as text. Nothing else
 * may be asked of a bundle that is not.
 */
const char *bundle_check(const void *bundle, u64 size);

/* Its domains, for bundle_get_domain(). */
u32 bundle_domain_count(const void *bundle);

/* Describe domain i, but for its images. cpus: those that exist. */
void bundle_get_domain(const void *bundle, u32 i, u64 cpus, struct domain_spec *spec);

/* A part of the bundle; size 0: none. */
struct bundle_range {
	u64 offset, size;
};

/* Where domain i's images are. */
void bundle_get_images(const void *bundle, u32 i, struct bundle_range *kernel,
		       struct bundle_range *ramdisk);

#endif
