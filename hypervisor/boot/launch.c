/*
 * From the launch bundle to domains. Its images become image objects where they
 * lie (domain/image.h), which go when no domain needs them; what else is in it
 * is free memory afterwards.
 *
 * Read next: bundle.c, ../domain/builder.c.
 */
#include "boot/launch.h"

#include <parley/bundle.h>
#include <seam/directmap.h>

#include "boot/boot_info.h"
#include "boot/bundle.h"
#include "cpu/percpu.h"
#include "domain/builder.h"
#include "domain/lifecycle.h"
#include "lib/log.h"
#include "mm/alloc.h"

#define IMAGES_MAX (2 * PV_BUNDLE_MAX_DOMAINS)

static struct {
	struct bundle_range range;
	struct image *image;
} taken[IMAGES_MAX];
static u32 taken_count;

static u64 online_cpus(void)
{
	return cpu_count == 64 ? ~0UL : (1UL << cpu_count) - 1;
}

/* The image in that part of the bundle, with a reference for who asks. NULL: no memory. */
static struct image *take_image(maddr_t bundle, struct bundle_range range)
{
	u32 i = 0;

	while (i < taken_count &&
	       (taken[i].range.offset != range.offset || taken[i].range.size != range.size)) {
		i++;
	}
	if (i == taken_count) {
		taken[i].range = range;
		taken[i].image =
			image_adopt(maddr_to_mfn(maddr(bundle.v + range.offset)), range.size);
		taken_count += taken[i].image != NULL;
	}
	return image_share(taken[i].image);
}

static struct domain_spec *read_spec(maddr_t bundle, u32 i)
{
	struct domain_spec *spec = spec_new();
	struct bundle_range kernel, ramdisk;

	if (spec == NULL) {
		return NULL;
	}
	bundle_get_domain(maddr_to_virt(bundle), i, online_cpus(), spec);
	bundle_get_images(maddr_to_virt(bundle), i, &kernel, &ramdisk);
	spec->kernel = take_image(bundle, kernel);
	spec->ramdisk = ramdisk.size == 0 ? NULL : take_image(bundle, ramdisk);
	if (spec->kernel == NULL || (ramdisk.size != 0 && spec->ramdisk == NULL)) {
		spec_free(spec);
		return NULL;
	}
	return spec;
}

/* Build all, then start all. */
static void build_domains(maddr_t bundle)
{
	struct domain *built[PV_BUNDLE_MAX_DOMAINS];
	u32 count = 0;

	for (u32 i = 0; i < bundle_domain_count(maddr_to_virt(bundle)); i++) {
		struct domain_spec *spec = read_spec(bundle, i);

		if (spec == NULL) {
			log_error("no memory to read the launch bundle");
		} else if (domain_build(spec, &built[count]) == 0) {
			count++; /* else it has told why */
		}
	}
	for (u32 i = 0; i < count; i++) {
		lifecycle_begin();
		domain_start(built[i]);
	}
}

/* The image that begins first at or behind `at`, or NULL. */
static const struct bundle_range *next_taken(u64 at)
{
	const struct bundle_range *next = NULL;

	for (u32 i = 0; i < taken_count; i++) {
		const struct bundle_range *r = &taken[i].range;

		if (r->offset >= at && (next == NULL || r->offset < next->offset)) {
			next = r;
		}
	}
	return next;
}

/* All but the images is free, and those that no domain refers to. */
static void free_rest(maddr_t bundle, u64 size)
{
	const struct bundle_range *image;
	u64 at = 0;

	while ((image = next_taken(at)) != NULL) {
		alloc_add_range(maddr(bundle.v + at), maddr(bundle.v + image->offset));
		at = (image->offset + image->size + PAGE_SIZE - 1) & PAGE_MASK;
	}
	if (at < size) {
		alloc_add_range(maddr(bundle.v + at), maddr(bundle.v + size));
	}
	for (u32 i = 0; i < taken_count; i++) {
		image_put(taken[i].image);
	}
}

void launch_domains(void)
{
	maddr_t bundle = maddr(boot_info.module_start);
	const char *problem;

	if (boot_info.module_size == 0) {
		log_error("no launch bundle: the boot loader gave no module");
		return;
	}
	problem = bundle.v % PAGE_SIZE != 0 ?
			  "the boot loader put the launch bundle askew" :
			  bundle_check(maddr_to_virt(bundle), boot_info.module_size);
	if (problem != NULL) {
		log_error("%s", problem);
		return;
	}
	build_domains(bundle);
	free_rest(bundle, boot_info.module_size);
}
