/*
 * Finding the kernel in its wrapping. What the image says of itself is read by
 * elfimage.c, which comes next.
 */
#include "kernel.h"

#include <stdlib.h>
#include <string.h>

#include "elfimage.h"
#include "unpack.h"

/* The Linux x86 boot protocol: where the setup header keeps what we need. */
#define BZIMAGE_HEADER_MIN     0x250U
#define BZIMAGE_SETUP_SECTS    0x1f1U
#define BZIMAGE_MAGIC          0x202U
#define BZIMAGE_VERSION        0x206U
#define BZIMAGE_PAYLOAD_OFFSET 0x248U
#define BZIMAGE_PAYLOAD_LENGTH 0x24cU
#define BZIMAGE_PROTOCOL_MIN   0x208U /* the first with a payload offset */

static uint32_t read_le(const uint8_t *data, size_t bytes)
{
	uint32_t value = 0;

	while (bytes--) {
		value = value << 8 | data[bytes];
	}
	return value;
}

static bool is_bzimage(const uint8_t *data, size_t size)
{
	return size >= BZIMAGE_HEADER_MIN && !memcmp(data + BZIMAGE_MAGIC, "HdrS", 4);
}

/* Narrows data and size to the payload. */
static int bzimage_find_payload(const uint8_t **data, size_t *size, struct problem *problem)
{
	const uint8_t *header = *data;
	size_t sectors = header[BZIMAGE_SETUP_SECTS] ? header[BZIMAGE_SETUP_SECTS] : 4;
	size_t setup = (sectors + 1) * 512;
	size_t offset = read_le(header + BZIMAGE_PAYLOAD_OFFSET, 4);
	size_t length = read_le(header + BZIMAGE_PAYLOAD_LENGTH, 4);

	if (read_le(header + BZIMAGE_VERSION, 2) < BZIMAGE_PROTOCOL_MIN) {
		return problem_set(problem, "a bzImage of before Linux 2.6.26 has no payload that "
					    "can be found (use its vmlinux)");
	}
	if (setup > *size || offset > *size - setup || length > *size - setup - offset ||
	    length < 8) {
		return problem_set(problem, "the bzImage is cut off or its header is damaged");
	}
	*data += setup + offset;
	*size = length;
	return 0;
}

static int copy_image(const uint8_t *data, size_t size, struct blob *image, struct problem *problem)
{
	if (size > KERNEL_IMAGE_MAX) {
		return problem_set(problem, "larger than the limit of %zu MiB",
				   KERNEL_IMAGE_MAX >> 20);
	}
	image->data = malloc(size ? size : 1);
	if (!image->data) {
		return problem_set(problem, "no memory for %zu MiB", size >> 20);
	}
	memcpy(image->data, data, size);
	image->size = size;
	image->capacity = size;
	return 0;
}

/* The image behind any wrapping, not looked at yet. */
static int unwrap(const uint8_t *data, size_t size, struct blob *image, struct kernel_info *info,
		  struct problem *problem)
{
	info->container = "ELF";
	info->compression = "none";
	if (is_bzimage(data, size)) {
		info->container = "bzImage";
		if (bzimage_find_payload(&data, &size, problem)) {
			return -1;
		}
	}
	if (elfimage_has_magic(data, size)) {
		return copy_image(data, size, image, problem);
	}
	info->compression = unpack_name_format(data, size);
	if (!info->compression) {
		return problem_set(problem,
				   "not a kernel that is known (neither ELF nor bzImage%s)",
				   size < 2 || memcmp(data, "MZ", 2) ? "" : ", but an EFI program");
	}
	return unpack_bytes(data, size, KERNEL_IMAGE_MAX, image, problem);
}

int kernel_unpack(const uint8_t *data, size_t size, struct blob *image, struct kernel_info *info,
		  struct problem *problem)
{
	memset(image, 0, sizeof(*image));
	memset(info, 0, sizeof(*info));
	if (unwrap(data, size, image, info, problem)) {
		return -1;
	}
	if (elfimage_check(image->data, image->size, info, problem)) {
		blob_free(image);
		return -1;
	}
	return 0;
}

int kernel_load(const char *path, struct blob *image, struct kernel_info *info,
		struct problem *problem)
{
	struct blob file;
	int result;

	memset(image, 0, sizeof(*image));
	if (blob_read_file(&file, path, KERNEL_FILE_MAX, problem)) {
		return -1;
	}
	result = kernel_unpack(file.data, file.size, image, info, problem);
	blob_free(&file);
	return result;
}
