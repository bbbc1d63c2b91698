/*
 * Small guest kernels made on the spot, plain and in every wrapping, for the
 * tests of what `parley` unpacks.
 */
#ifndef TESTS_UNIT_IMAGE_MAKER_H
#define TESTS_UNIT_IMAGE_MAKER_H

#include <stddef.h>
#include <stdint.h>

#define IMAGE_MAKER_ROOM ((size_t)256 * 1024)

/*
 * Writes a small ELF64 image with one segment to load and, for each type in the
 * list that ends with 0, one note of the owner "Xen". Returns its size.
 */
size_t image_make_elf(uint8_t *out, const uint32_t *note_types);

/* The same with the section __xen_guest and no note. */
size_t image_make_legacy_elf(uint8_t *out);

/*
 * Compresses by "gzip", "xz", "lzma", "zstd" or "lz4" (the legacy frame that
 * Linux uses). Returns the size.
 */
size_t image_compress(const char *format, const uint8_t *data, size_t size, uint8_t *out);

/* Wraps a payload as a bzImage does. Returns the size. */
size_t image_make_bzimage(const uint8_t *payload, size_t size, uint8_t *out);

#endif
