/*
 * The file is written in its order, with what lies between images as zeros, so
 * that it can go to a pipe too.
 */
#include "bundlefile.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

/* The file, and how far it is written. */
struct sink {
	int fd;
	uint64_t at;
};

void bundlefile_init(struct bundlefile *bundle, uint32_t count)
{
	memset(bundle, 0, sizeof(*bundle));
	bundle->records = calloc(count, sizeof(*bundle->records));
	bundle->uses = calloc(count, sizeof(*bundle->uses));
	/* At most a kernel and a ramdisk for each. */
	bundle->images = calloc(2 * (size_t)count, sizeof(*bundle->images));
	if (!bundle->records || !bundle->uses || !bundle->images) {
		abort();
	}
	for (uint32_t i = 0; i < count; i++) {
		bundle->uses[i].kernel = BUNDLEFILE_NO_IMAGE;
		bundle->uses[i].ramdisk = BUNDLEFILE_NO_IMAGE;
	}
	bundle->header.domain_count = count;
}

void bundlefile_free(struct bundlefile *bundle)
{
	for (uint32_t i = 0; i < bundle->image_count; i++) {
		blob_free(&bundle->images[i].bytes);
	}
	free(bundle->records);
	free(bundle->uses);
	free(bundle->images);
	memset(bundle, 0, sizeof(*bundle));
}

uint32_t bundlefile_add_image(struct bundlefile *bundle, const struct blob *bytes)
{
	bundle->images[bundle->image_count].bytes = *bytes;
	return bundle->image_count++;
}

uint64_t bundlefile_get_size(const struct bundlefile *bundle, uint32_t image)
{
	return image == BUNDLEFILE_NO_IMAGE ? 0 : bundle->images[image].bytes.size;
}

static uint64_t align_up(uint64_t offset)
{
	return (offset + PV_BUNDLE_ALIGN - 1) & ~(uint64_t)(PV_BUNDLE_ALIGN - 1);
}

static uint32_t sum_bytes(uint32_t crc, const void *data, size_t size)
{
	return (uint32_t)crc32_z(crc, data, size);
}

static int sink_put(struct sink *sink, const void *data, size_t size, struct problem *problem)
{
	const uint8_t *at = data;

	sink->at += size;
	while (size) {
		ssize_t wrote = write(sink->fd, at, size);

		if (wrote < 0 && errno != EINTR) {
			return problem_set(problem, "cannot write: %s", strerror(errno));
		}
		if (wrote > 0) {
			at += wrote;
			size -= (size_t)wrote;
		}
	}
	return 0;
}

static int sink_pad_to(struct sink *sink, uint64_t offset, struct problem *problem)
{
	static const uint8_t zeros[PV_BUNDLE_ALIGN];

	if (offset < sink->at || offset - sink->at > sizeof(zeros)) {
		return problem_set(problem, "the bundle is not laid out");
	}
	return sink_put(sink, zeros, (size_t)(offset - sink->at), problem);
}

static int put_all(const struct bundlefile *bundle, struct sink *sink, struct problem *problem)
{
	const struct pv_bundle_header *header = &bundle->header;

	if (sink_put(sink, header, sizeof(*header), problem) ||
	    sink_put(sink, bundle->records, header->domain_count * sizeof(*bundle->records),
		     problem)) {
		return -1;
	}
	for (uint32_t i = 0; i < bundle->image_count; i++) {
		const struct bundlefile_image *image = &bundle->images[i];

		if (sink_pad_to(sink, image->offset, problem) ||
		    sink_put(sink, image->bytes.data, image->bytes.size, problem)) {
			return -1;
		}
	}
	return sink_pad_to(sink, header->total_size, problem);
}

/* Fills in where a record finds an image. An empty one is none. */
static void point_to_image(const struct bundlefile *bundle, uint32_t image, uint64_t *offset,
			   uint64_t *size)
{
	*size = bundlefile_get_size(bundle, image);
	*offset = *size ? bundle->images[image].offset : 0;
}

int bundlefile_layout(struct bundlefile *bundle, struct problem *problem)
{
	struct pv_bundle_header *header = &bundle->header;
	uint64_t end = sizeof(*header) + header->domain_count * sizeof(*bundle->records);

	header->magic = PV_BUNDLE_MAGIC;
	header->version = PV_BUNDLE_VERSION;
	header->domain_size = sizeof(*bundle->records);
	header->domain_offset = sizeof(*header);
	for (uint32_t i = 0; i < bundle->image_count; i++) {
		struct bundlefile_image *image = &bundle->images[i];

		image->offset = align_up(end);
		end = image->offset + image->bytes.size;
	}
	for (uint32_t i = 0; i < header->domain_count; i++) {
		struct pv_bundle_domain *record = &bundle->records[i];

		point_to_image(bundle, bundle->uses[i].kernel, &record->kernel_offset,
			       &record->kernel_size);
		point_to_image(bundle, bundle->uses[i].ramdisk, &record->ramdisk_offset,
			       &record->ramdisk_size);
	}
	header->total_size = align_up(end);
	header->crc32 = 0;
	if (header->total_size > BUNDLEFILE_SIZE_MAX) {
		return problem_set(problem,
				   "kernels and ramdisks together are %llu MiB, the limit is "
				   "%llu MiB (make the ramdisks smaller)",
				   (unsigned long long)(header->total_size >> 20),
				   BUNDLEFILE_SIZE_MAX >> 20);
	}
	header->crc32 = sum_bytes(sum_bytes(0, header, sizeof(*header)), bundle->records,
				  header->domain_count * sizeof(*bundle->records));
	return 0;
}

int bundlefile_write(const struct bundlefile *bundle, int fd, struct problem *problem)
{
	struct sink sink = { .fd = fd };

	return put_all(bundle, &sink, problem) ? -1 : 0;
}

static bool is_inside(uint64_t total, uint64_t offset, uint64_t size)
{
	return offset <= total && size <= total - offset;
}

static int verify_header(const uint8_t *data, size_t size, struct pv_bundle_header *header,
			 struct problem *problem)
{
	if (size < sizeof(*header)) {
		return problem_set(problem, "too short for a launch bundle");
	}
	memcpy(header, data, sizeof(*header));
	if (header->magic != PV_BUNDLE_MAGIC) {
		return problem_set(problem, "not a launch bundle (make one by `parley bundle`)");
	}
	if (header->version != PV_BUNDLE_VERSION) {
		return problem_set(problem, "version %u of the format, this parley knows %u",
				   header->version, PV_BUNDLE_VERSION);
	}
	if (header->total_size != size) {
		return problem_set(problem, "should have %llu bytes and has %zu",
				   (unsigned long long)header->total_size, size);
	}
	if (header->domain_count > PV_BUNDLE_MAX_DOMAINS ||
	    header->domain_size != sizeof(struct pv_bundle_domain) ||
	    !is_inside(size, header->domain_offset,
		       (uint64_t)header->domain_count * header->domain_size)) {
		return problem_set(problem, "the table of domains is damaged");
	}
	return 0;
}

static int verify_sum(const uint8_t *data, const struct pv_bundle_header *header,
		      struct problem *problem)
{
	struct pv_bundle_header copy = *header;
	uint32_t crc;

	copy.crc32 = 0;
	crc = sum_bytes(0, &copy, sizeof(copy));
	crc = sum_bytes(crc, data + copy.domain_offset,
			(size_t)copy.domain_count * copy.domain_size);
	if (crc != header->crc32) {
		return problem_set(problem, "the checksum is %08x and should be %08x", crc,
				   header->crc32);
	}
	return 0;
}

static bool is_image_whole(size_t size, uint64_t offset, uint64_t length)
{
	if (length == 0) {
		return offset == 0;
	}
	return offset % PV_BUNDLE_ALIGN == 0 && offset >= sizeof(struct pv_bundle_header) &&
	       is_inside(size, offset, length);
}

static const char *find_fault(const struct pv_bundle_domain *record, size_t size)
{
	if (!memchr(record->name, '\0', sizeof(record->name)) || !record->name[0]) {
		return "the name is not a string";
	}
	if (!memchr(record->cmdline, '\0', sizeof(record->cmdline))) {
		return "the command line is not a string";
	}
	if (!record->kernel_size ||
	    !is_image_whole(size, record->kernel_offset, record->kernel_size)) {
		return "the kernel is not whole";
	}
	if (!is_image_whole(size, record->ramdisk_offset, record->ramdisk_size)) {
		return "the ramdisk is not whole";
	}
	if (!record->memory_pages || !record->vcpu_count) {
		return "it has no memory or no vCPU";
	}
	return NULL;
}

int bundlefile_verify(const uint8_t *data, size_t size, struct problem *problem)
{
	struct pv_bundle_header header = { 0 };

	if (verify_header(data, size, &header, problem) || verify_sum(data, &header, problem)) {
		return -1;
	}
	for (uint32_t i = 0; i < header.domain_count; i++) {
		struct pv_bundle_domain record = bundlefile_get_record(data, i);
		const char *fault = find_fault(&record, size);

		if (fault) {
			return problem_set(problem, "domain %u: %s", i, fault);
		}
	}
	return 0;
}

struct pv_bundle_domain bundlefile_get_record(const uint8_t *data, uint32_t index)
{
	struct pv_bundle_header header;
	struct pv_bundle_domain record;

	memcpy(&header, data, sizeof(header));
	memcpy(&record, data + header.domain_offset + (size_t)index * sizeof(record),
	       sizeof(record));
	return record;
}
