/*
 * Bytes on the heap, with a bound.
 */
#include "blob.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOB_FIRST_CAPACITY ((size_t)64 * 1024)

int blob_grow(struct blob *blob, size_t max, struct problem *problem)
{
	size_t capacity = blob->capacity ? blob->capacity : BLOB_FIRST_CAPACITY / 2;
	uint8_t *data;

	if (blob->capacity >= max) {
		return problem_set(problem, "larger than the limit of %zu MiB", max >> 20);
	}
	capacity = capacity > max / 2 ? max : capacity * 2;
	data = realloc(blob->data, capacity);
	if (!data) {
		return problem_set(problem, "no memory for %zu MiB", capacity >> 20);
	}
	blob->data = data;
	blob->capacity = capacity;
	return 0;
}

/* Reads to the end of the file; one byte more than fits shows excess. */
static int blob_read_fd(struct blob *blob, int fd, size_t max, struct problem *problem)
{
	for (;;) {
		ssize_t got;

		if (blob->size == blob->capacity && blob_grow(blob, max + 1, problem)) {
			return -1;
		}
		got = read(fd, blob->data + blob->size, blob->capacity - blob->size);
		if (got == 0) {
			return 0;
		}
		if (got < 0 && errno != EINTR) {
			return problem_set(problem, "cannot read: %s", strerror(errno));
		}
		blob->size += got > 0 ? (size_t)got : 0;
		if (blob->size > max) {
			return problem_set(problem, "larger than the limit of %zu MiB", max >> 20);
		}
	}
}

int blob_read_file(struct blob *blob, const char *path, size_t max, struct problem *problem)
{
	struct stat status;
	int result;
	int fd;

	memset(blob, 0, sizeof(*blob));
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0) {
		return problem_set(problem, "cannot open: %s", strerror(errno));
	}
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0 &&
	    (uint64_t)status.st_size <= max) {
		/* One allocation that also has room for the read that finds the end. */
		blob->data = malloc((size_t)status.st_size + 1);
		blob->capacity = blob->data ? (size_t)status.st_size + 1 : 0;
	}
	result = blob_read_fd(blob, fd, max, problem);
	close(fd);
	if (result) {
		blob_free(blob);
	}
	return result;
}

void blob_free(struct blob *blob)
{
	free(blob->data);
	memset(blob, 0, sizeof(*blob));
}
