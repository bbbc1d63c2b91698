/* CRC-32 as zlib's crc32() computes it, for the launch bundle. */
#ifndef LIB_CRC32_H
#define LIB_CRC32_H

#include "lib/types.h"

/* The CRC of what `crc` stands for with these bytes after it; start with 0. */
u32 crc32(u32 crc, const void *data, size_t size);

#endif
