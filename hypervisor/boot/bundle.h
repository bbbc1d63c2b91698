/*
 * The launch bundle (abi/parley/bundle.h) in memory: is it whole, and what does
 * it ask for?
 */
#ifndef BOOT_BUNDLE_H
#define BOOT_BUNDLE_H

#include "domain/builder.h"

/*
 * NULL if the bundle is whole: its own numbers agree, every record is well
 * formed and every image lies in it; else what is wrong, as text. Nothing else
 * may be asked of a bundle that is not.
 */
const char *bundle_check(const void *bundle, u64 size);

u32 bundle_domain_count(const void *bundle);

/* Describe domain i; the pointers in img point into the bundle. cpus: those that exist. */
void bundle_get_domain(const void *bundle, u32 i, u64 cpus, struct domain_image *img);

#endif
