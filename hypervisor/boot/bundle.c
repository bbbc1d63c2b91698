/*
 * Checking and reading the launch bundle. It is trusted to mean what it says,
 * but not to be whole: it passed through files and boot loaders.
 */
#include "boot/bundle.h"

#include <parley/bundle.h>

#include "lib/crc32.h"
#include "lib/string.h"

static bool is_within(u64 offset, u64 size, u64 total)
{
	return offset <= total && size <= total - offset;
}

static u64 page_up(u64 bytes)
{
	return (bytes + PV_BUNDLE_ALIGN - 1) & ~(u64)(PV_BUNDLE_ALIGN - 1);
}

static bool is_zero(const u64 *words, u32 count)
{
	for (u32 i = 0; i < count; i++) {
		if (words[i] != 0) {
			return false;
		}
	}
	return true;
}

/*
 * The CRC of the header, its own field taken as 0, and the records. The images
 * are not in it: summing them up would be a quarter of a whole boot.
 */
static u32 bundle_crc(const void *bundle)
{
	struct pv_bundle_header header;

	memcpy(&header, bundle, sizeof(header));
	header.crc32 = 0;
	return crc32(crc32(0, &header, sizeof(header)), (const u8 *)bundle + header.domain_offset,
		     (u64)header.domain_count * header.domain_size);
}

static const char *check_header(const struct pv_bundle_header *header, u64 size)
{
	if (size < sizeof(*header) || header->magic != PV_BUNDLE_MAGIC) {
		return "not a launch bundle";
	}
	if (header->version != PV_BUNDLE_VERSION ||
	    header->domain_size != sizeof(struct pv_bundle_domain)) {
		return "a launch bundle of another version";
	}
	if (header->total_size < sizeof(*header) || header->total_size > size) {
		return "the launch bundle is cut short";
	}
	if (header->domain_count > PV_BUNDLE_MAX_DOMAINS ||
	    header->domain_offset % sizeof(u64) != 0 ||
	    !is_within(header->domain_offset, header->domain_count * (u64)header->domain_size,
		       header->total_size)) {
		return "the launch bundle's list of domains is not in it";
	}
	return is_zero(header->reserved, 3) ? NULL : "reserved fields of the launch bundle are set";
}

static const char *check_domain(const struct pv_bundle_domain *d, u64 total)
{
	if (d->name[0] == '\0' || memchr(d->name, '\0', sizeof(d->name)) == NULL ||
	    memchr(d->cmdline, '\0', sizeof(d->cmdline)) == NULL) {
		return "a domain's name or command line is not terminated";
	}
	if (d->vcpu_count == 0 || d->vcpu_count > DOMAIN_VCPU_MAX || d->memory_pages == 0 ||
	    d->weight == 0 || d->weight > 65535) {
		return "a domain's numbers are out of range";
	}
	if ((d->flags & ~(PV_BUNDLE_DOMAIN_CONTROL | PV_BUNDLE_DOMAIN_ONCE)) != 0 ||
	    !is_zero(d->reserved, 8)) {
		return "reserved fields of a domain are set";
	}
	if (d->kernel_size == 0 || d->kernel_offset % PV_BUNDLE_ALIGN != 0 ||
	    d->ramdisk_offset % PV_BUNDLE_ALIGN != 0 ||
	    !is_within(d->kernel_offset, d->kernel_size, total) ||
	    !is_within(d->ramdisk_offset, d->ramdisk_size, total)) {
		return "a domain's image is not in the launch bundle";
	}
	return NULL;
}

static const struct pv_bundle_domain *domain_at(const void *bundle, u32 i)
{
	const struct pv_bundle_header *header = bundle;
	u64 offset = header->domain_offset + i * (u64)header->domain_size;

	return (const void *)((const u8 *)bundle + offset);
}

/* The pages of two images must be the same or apart: each image's pages are freed by themselves. */
static bool may_stand_together(const struct bundle_range *a, const struct bundle_range *b)
{
	if (a->offset == b->offset && a->size == b->size) {
		return true;
	}
	return a->size == 0 || b->size == 0 || page_up(a->offset + a->size) <= b->offset ||
	       page_up(b->offset + b->size) <= a->offset;
}

static const char *check_images(const void *bundle, u32 i)
{
	struct bundle_range mine[2], theirs[2];

	bundle_get_images(bundle, i, &mine[0], &mine[1]);
	for (u32 j = 0; j <= i; j++) {
		bundle_get_images(bundle, j, &theirs[0], &theirs[1]);
		for (u32 k = 0; k < 4; k++) {
			if (!may_stand_together(&mine[k / 2], &theirs[k % 2])) {
				return "two images of the launch bundle overlap";
			}
		}
	}
	return NULL;
}

const char *bundle_check(const void *bundle, u64 size)
{
	const struct pv_bundle_header *header = bundle;
	const char *problem = check_header(header, size);

	for (u32 i = 0; problem == NULL && i < header->domain_count; i++) {
		problem = check_domain(domain_at(bundle, i), header->total_size);
		if (problem == NULL) {
			problem = check_images(bundle, i);
		}
	}
	if (problem == NULL && bundle_crc(bundle) != header->crc32) {
		problem = "the launch bundle's checksum is wrong";
	}
	return problem;
}

u32 bundle_domain_count(const void *bundle)
{
	const struct pv_bundle_header *header = bundle;

	return header->domain_count;
}

void bundle_get_domain(const void *bundle, u32 i, u64 cpus, struct domain_spec *spec)
{
	const struct pv_bundle_domain *d = domain_at(bundle, i);
	u64 affinity = d->affinity & cpus;

	string_copy(spec->name, d->name, sizeof(spec->name));
	string_copy(spec->cmdline, d->cmdline, sizeof(spec->cmdline));
	memcpy(spec->uuid, d->uuid, sizeof(spec->uuid));
	spec->memory_pages = d->memory_pages;
	spec->vcpu_count = d->vcpu_count;
	spec->is_control = (d->flags & PV_BUNDLE_DOMAIN_CONTROL) != 0;
	spec->once = (d->flags & PV_BUNDLE_DOMAIN_ONCE) != 0;
	spec->weight = d->weight;
	spec->cap = d->cap;
	spec->affinity = affinity == 0 ? cpus : affinity;
}

void bundle_get_images(const void *bundle, u32 i, struct bundle_range *kernel,
		       struct bundle_range *ramdisk)
{
	const struct pv_bundle_domain *d = domain_at(bundle, i);

	*kernel = (struct bundle_range){ d->kernel_offset, d->kernel_size };
	*ramdisk = (struct bundle_range){ d->ramdisk_offset, d->ramdisk_size };
}
