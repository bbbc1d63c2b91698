/*
 * A run of bytes on the heap: a file that was read, an image that was
 * unpacked. Growing is bounded, since sizes come from files of strangers.
 */
#ifndef TOOLS_PARLEY_BLOB_H
#define TOOLS_PARLEY_BLOB_H

#include <stddef.h>
#include <stdint.h>

#include "problem.h"

struct blob {
	uint8_t *data;
	size_t size;     /* bytes that mean something */
	size_t capacity; /* bytes allocated */
};

/*
 * Reads a whole file, pipe or device of at most "max" bytes. Returns 0, or -1
 * with a problem that does not repeat the path.
 */
int blob_read_file(struct blob *blob, const char *path, size_t max, struct problem *problem);

/*
 * Makes room for at least one more byte: doubles the capacity, up to "max"
 * bytes. Returns 0, or -1 where the bound or the memory is reached.
 */
int blob_grow(struct blob *blob, size_t max, struct problem *problem);

/* Frees the bytes and leaves an empty blob. */
void blob_free(struct blob *blob);

#endif
