/*
 * tools/parley/kernel.c: every wrapping gives the same image, and nothing that
 * is broken does worse than a message. Runs under ASan and UBSan.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include <parley/elfnote.h>

#include "image_maker.h"
#include "parley/kernel.h"
#include "parley/unpack.h"

static const char *const formats[] = { "gzip", "xz", "lzma", "zstd", "lz4" };

#define FORMAT_COUNT (sizeof(formats) / sizeof(formats[0]))

static const uint32_t pv_notes[] = { PV_ELFNOTE_GUEST_OS, PV_ELFNOTE_ENTRY, PV_ELFNOTE_VIRT_BASE,
				     0 };

static uint8_t elf[IMAGE_MAKER_ROOM];
static uint8_t packed[IMAGE_MAKER_ROOM];
static uint8_t file[IMAGE_MAKER_ROOM];
static struct problem problem;

/* A copy that ends where its allocation does, so that ASan sees one byte too far. */
static int unpack_exact(const uint8_t *data, size_t size, struct blob *image,
			struct kernel_info *info)
{
	uint8_t *copy = malloc(size ? size : 1);
	int result;

	memcpy(copy, data, size);
	problem.text[0] = '\0';
	result = kernel_unpack(copy, size, image, info, &problem);
	free(copy);
	cr_assert(result == 0 || (problem.text[0] && !image->data));
	return result;
}

static void expect_same(const uint8_t *data, size_t size, size_t elf_size, const char *container,
			const char *compression)
{
	struct kernel_info info;
	struct blob image;

	cr_assert_eq(unpack_exact(data, size, &image, &info), 0, "%s %s: %s", container,
		     compression, problem.text);
	cr_assert_eq(image.size, elf_size);
	cr_assert_eq(memcmp(image.data, elf, elf_size), 0);
	cr_assert_str_eq(info.container, container);
	cr_assert_str_eq(info.compression, compression);
	cr_assert_str_eq(info.guest_os, "testing");
	cr_assert_eq(info.memory_needed, 0x104000);
	blob_free(&image);
}

static void expect_problem(const uint8_t *data, size_t size, const char *text)
{
	struct kernel_info info;
	struct blob image;

	cr_assert_neq(unpack_exact(data, size, &image, &info), 0, "accepted: %s", text);
	cr_assert_not_null(strstr(problem.text, text), "\"%s\" is not in \"%s\"", text,
			   problem.text);
}

Test(kernel, takes_a_plain_elf_image)
{
	size_t size = image_make_elf(elf, pv_notes);

	expect_same(elf, size, size, "ELF", "none");
}

Test(kernel, takes_every_compression_with_and_without_bzimage)
{
	size_t size = image_make_elf(elf, pv_notes);

	for (size_t i = 0; i < FORMAT_COUNT; i++) {
		size_t packed_size = image_compress(formats[i], elf, size, packed);
		size_t file_size = image_make_bzimage(packed, packed_size, file);

		expect_same(packed, packed_size, size, "ELF", formats[i]);
		expect_same(file, file_size, size, "bzImage", formats[i]);
	}
}

Test(kernel, takes_an_uncompressed_bzimage)
{
	size_t size = image_make_elf(elf, pv_notes);
	struct kernel_info info;
	struct blob image;

	size = image_make_bzimage(elf, size, file);
	cr_assert_eq(unpack_exact(file, size, &image, &info), 0, "%s", problem.text);
	cr_assert_str_eq(info.container, "bzImage");
	cr_assert_str_eq(info.compression, "none");
	blob_free(&image);
}

Test(kernel, takes_the_legacy_section)
{
	size_t size = image_make_legacy_elf(elf);
	struct kernel_info info;
	struct blob image;

	cr_assert_eq(unpack_exact(elf, size, &image, &info), 0, "%s", problem.text);
	cr_assert(info.legacy_section);
	blob_free(&image);
}

Test(kernel, says_what_is_no_pv_kernel)
{
	static const uint32_t none[] = { 0 };
	static const uint32_t pvh[] = { PV_ELFNOTE_GUEST_OS, PV_ELFNOTE_PHYS32_ENTRY, 0 };
	size_t size = image_make_elf(elf, none);

	expect_problem(elf, size, "not a PV kernel: neither Xen ELF notes nor a __xen_guest");
	size = image_make_elf(elf, pvh);
	expect_problem(elf, size, "not a PV kernel: its notes have a PVH entry only");
	size = image_make_elf(elf, pv_notes);
	elf[4] = 1;
	expect_problem(elf, size, "a 32-bit kernel");
	elf[4] = 2;
	elf[18] = 183;
	expect_problem(elf, size, "not an image for x86-64");
	elf[18] = 62;
	elf[16] = 1;
	expect_problem(elf, size, "not linked");
}

Test(kernel, says_what_is_no_kernel_at_all)
{
	expect_problem((const uint8_t *)"", 0, "neither ELF nor bzImage)");
	expect_problem((const uint8_t *)"hello", 5, "neither ELF nor bzImage)");
	expect_problem((const uint8_t *)"MZ hello", 8, "an EFI program");
	expect_problem((const uint8_t *)"BZh91AY", 7, "bzip2 compression is not supported");
	expect_problem((const uint8_t *)"\x89LZO\0", 5, "lzo compression is not supported");
}

Test(kernel, refuses_headers_that_lie)
{
	size_t size = image_make_elf(elf, pv_notes);
	uint64_t huge = UINT64_MAX - 8;
	size_t packed_size;

	/* The first segment's offset, then its size in the file. */
	memcpy(elf + 64 + 8, &huge, 8);
	expect_problem(elf, size, "segment 0 of the ELF image is not whole");
	size = image_make_elf(elf, pv_notes);
	memcpy(elf + 64 + 32, &huge, 8);
	expect_problem(elf, size, "segment 0 of the ELF image is not whole");
	size = image_make_elf(elf, pv_notes);
	memcpy(elf + 32, &huge, 8);
	expect_problem(elf, size, "no whole table of segments");

	size = image_make_elf(elf, pv_notes);
	packed_size = image_compress("gzip", elf, size, packed);
	size = image_make_bzimage(packed, packed_size, file);
	memcpy(file + 0x248, "\xff\xff\xff\xff", 4);
	expect_problem(file, size, "cut off or its header is damaged");
	size = image_make_bzimage(packed, packed_size, file);
	memcpy(file + 0x24c, "\xff\xff\xff\xff", 4);
	expect_problem(file, size, "cut off or its header is damaged");
	file[0x206] = 7;
	expect_problem(file, size, "before Linux 2.6.26");
}

/* An image cut off anywhere is a problem and no more than that. */
Test(kernel, survives_every_truncation)
{
	size_t size = image_make_elf(elf, pv_notes);
	struct kernel_info info;
	struct blob image;

	for (size_t cut = 0; cut < size; cut += cut < 0x300 ? 1 : 97) {
		cr_assert_neq(unpack_exact(elf, cut, &image, &info), 0, "cut to %zu", cut);
	}
	for (size_t i = 0; i < FORMAT_COUNT; i++) {
		size_t packed_size = image_compress(formats[i], elf, size, packed);

		for (size_t cut = 0; cut < packed_size; cut += 13) {
			unpack_exact(packed, cut, &image, &info);
			blob_free(&image);
		}
	}
}

static void mutate(uint8_t *data, size_t size)
{
	for (int i = 0; i < 1 + rand() % 4; i++) {
		data[(size_t)rand() % size] = (uint8_t)rand();
	}
}

Test(kernel, survives_mutated_elf_headers)
{
	size_t size = image_make_elf(elf, pv_notes);
	size_t legacy_size = image_make_legacy_elf(packed);
	struct kernel_info info;
	struct blob image;

	srand(1);
	for (int i = 0; i < 20000; i++) {
		bool is_legacy = i & 1;
		size_t file_size = is_legacy ? legacy_size : size;

		memcpy(file, is_legacy ? packed : elf, file_size);
		/* Where the structure is: headers in front, notes and sections behind. */
		mutate(i & 2 ? file : file + file_size - 250, i & 2 ? 176 : 250);
		unpack_exact(file, file_size, &image, &info);
		blob_free(&image);
	}
}

Test(kernel, survives_mutated_streams, .timeout = 120)
{
	size_t size = image_make_elf(elf, pv_notes);
	struct kernel_info info;
	struct blob image;

	srand(2);
	for (size_t i = 0; i < FORMAT_COUNT; i++) {
		size_t packed_size = image_compress(formats[i], elf, size, packed);

		for (int round = 0; round < 500; round++) {
			memcpy(file, packed, packed_size);
			mutate(file, round & 1 ? packed_size : 64);
			unpack_exact(file, packed_size, &image, &info);
			blob_free(&image);
		}
	}
}

Test(unpack, stops_at_the_bound)
{
	static uint8_t zeros[IMAGE_MAKER_ROOM];

	for (size_t i = 0; i < FORMAT_COUNT; i++) {
		size_t packed_size = image_compress(formats[i], zeros, sizeof(zeros), packed);
		struct blob image;

		cr_assert_neq(unpack_bytes(packed, packed_size, 100000, &image, &problem), 0, "%s",
			      formats[i]);
		cr_assert_null(image.data);
		cr_assert_eq(unpack_bytes(packed, packed_size, sizeof(zeros), &image, &problem), 0,
			     "%s: %s", formats[i], problem.text);
		cr_assert_eq(image.size, sizeof(zeros));
		blob_free(&image);
	}
}
