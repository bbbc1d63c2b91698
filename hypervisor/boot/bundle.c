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
	if (header->domain_count == 0 || header->domain_count > PV_BUNDLE_MAX_DOMAINS ||
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
	if ((d->flags & ~PV_BUNDLE_DOMAIN_CONTROL) != 0 || !is_zero(d->reserved, 8)) {
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

const char *bundle_check(const void *bundle, u64 size)
{
	const struct pv_bundle_header *header = bundle;
	const char *problem = check_header(header, size);

	for (u32 i = 0; problem == NULL && i < header->domain_count; i++) {
		problem = check_domain(domain_at(bundle, i), header->total_size);
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

void bundle_get_domain(const void *bundle, u32 i, u64 cpus, struct domain_image *img)
{
	const struct pv_bundle_domain *d = domain_at(bundle, i);
	const u8 *base = bundle;
	u64 affinity = d->affinity & cpus;

	*img = (struct domain_image){
		.name = d->name,
		.cmdline = d->cmdline,
		.memory_pages = d->memory_pages,
		.vcpu_count = d->vcpu_count,
		.is_control = (d->flags & PV_BUNDLE_DOMAIN_CONTROL) != 0,
		.kernel = base + d->kernel_offset,
		.kernel_size = d->kernel_size,
		.ramdisk = d->ramdisk_size == 0 ? NULL : base + d->ramdisk_offset,
		.ramdisk_size = d->ramdisk_size,
		.weight = d->weight,
		.cap = d->cap,
		.affinity = affinity == 0 ? cpus : affinity,
	};
	memcpy(img->uuid, d->uuid, sizeof(img->uuid));
}
