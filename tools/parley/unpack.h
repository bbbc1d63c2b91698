/*
 * Decompression by library of everything a Linux kernel payload comes in.
 * Input is not trusted: output is bounded and a broken stream is a problem,
 * never a crash. Used by kernel.c.
 */
#ifndef TOOLS_PARLEY_UNPACK_H
#define TOOLS_PARLEY_UNPACK_H

#include <stddef.h>
#include <stdint.h>

#include "blob.h"
#include "problem.h"

/*
 * The name of the compression that the bytes begin with ("gzip", "xz", "lzma",
 * "zstd", "lz4", also "bzip2" and "lzo", which unpack_bytes refuses), or NULL
 * where they look like none.
 */
const char *unpack_name_format(const uint8_t *data, size_t size);

/*
 * Unpacks one stream into "out" (made here, freed by the caller) of at most
 * "max" bytes. What follows the end of the stream is ignored: a kernel payload
 * has its size there. Returns 0 or -1 with a problem and an empty blob.
 */
int unpack_bytes(const uint8_t *data, size_t size, size_t max, struct blob *out,
		 struct problem *problem);

#endif
