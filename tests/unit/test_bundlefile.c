/*
 * tools/parley/bundlefile.c: what is written is accepted, here and by the
 * hypervisor's own reader, and nothing that is broken does worse than a message.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "parley/bundlefile.h"

static struct problem problem;

static struct blob make_blob(size_t size, uint8_t seed)
{
	struct blob blob = { .data = malloc(size), .size = size, .capacity = size };

	for (size_t i = 0; i < size; i++) {
		blob.data[i] = (uint8_t)(seed + i * 7);
	}
	return blob;
}

/* Three domains; the second has no ramdisk, the third shares the first's kernel. */
static void fill(struct bundlefile *bundle)
{
	struct blob kernel = make_blob(10000, 1);
	struct blob other = make_blob(4096, 2);
	struct blob ramdisk = make_blob(777, 3);

	bundlefile_init(bundle, 3);
	for (int i = 0; i < 3; i++) {
		struct pv_bundle_domain *record = &bundle->records[i];

		snprintf(record->name, sizeof(record->name), "domain-%d", i);
		snprintf(record->cmdline, sizeof(record->cmdline), "number=%d", i);
		record->memory_pages = 4096;
		record->vcpu_count = 1;
		record->weight = 256;
	}
	bundle->uses[0].kernel = bundlefile_add_image(bundle, &kernel);
	bundle->uses[0].ramdisk = bundlefile_add_image(bundle, &ramdisk);
	bundle->uses[1].kernel = bundlefile_add_image(bundle, &other);
	bundle->uses[2] = bundle->uses[0];
	cr_assert_eq(bundlefile_layout(bundle, &problem), 0);
}

/* The bundle as bytes in an allocation of exactly its size. */
static struct blob make_file(void)
{
	struct bundlefile bundle;
	struct blob file;
	int fd = memfd_create("bundle", 0);

	fill(&bundle);
	cr_assert_eq(bundlefile_write(&bundle, fd, &problem), 0, "%s", problem.text);
	file = make_blob(bundle.header.total_size, 0);
	cr_assert_eq(pread(fd, file.data, file.size, 0), (ssize_t)file.size);
	cr_assert_eq(lseek(fd, 0, SEEK_END), (off_t)file.size);
	close(fd);
	bundlefile_free(&bundle);
	return file;
}

/* Makes the checksum right again, so that what lies behind it is reached. */
static void mend_sum(struct blob *file)
{
	struct pv_bundle_header header;
	uint64_t length;
	uLong crc;

	memcpy(&header, file->data, sizeof(header));
	length = (uint64_t)header.domain_count * header.domain_size;
	if (header.domain_offset > file->size || length > file->size - header.domain_offset) {
		return;
	}
	header.crc32 = 0;
	crc = crc32_z(0, (const Bytef *)&header, sizeof(header));
	crc = crc32_z(crc, file->data + header.domain_offset, length);
	header.crc32 = (uint32_t)crc;
	memcpy(file->data, &header, sizeof(header));
}

static void expect_problem(struct blob *file, const char *text)
{
	mend_sum(file);
	cr_assert_neq(bundlefile_verify(file->data, file->size, &problem), 0);
	cr_assert_not_null(strstr(problem.text, text), "\"%s\" is not in \"%s\"", text,
			   problem.text);
	blob_free(file);
	*file = make_file();
}

static struct pv_bundle_domain *get_record(struct blob *file, uint32_t index)
{
	struct pv_bundle_domain *records =
		(struct pv_bundle_domain *)(file->data + sizeof(struct pv_bundle_header));

	return &records[index];
}

Test(bundlefile, is_accepted_as_written)
{
	struct blob file = make_file();
	struct pv_bundle_domain first;
	struct pv_bundle_domain second;
	struct pv_bundle_domain third;

	cr_assert_eq(bundlefile_verify(file.data, file.size, &problem), 0, "%s", problem.text);
	cr_assert_eq(file.size % PV_BUNDLE_ALIGN, 0);
	first = bundlefile_get_record(file.data, 0);
	second = bundlefile_get_record(file.data, 1);
	third = bundlefile_get_record(file.data, 2);
	cr_assert_str_eq(first.name, "domain-0");
	cr_assert_str_eq(third.cmdline, "number=2");
	cr_assert_eq(first.kernel_size, 10000);
	cr_assert_eq(file.data[first.kernel_offset + 1], 8);
	cr_assert_eq(file.data[first.ramdisk_offset], 3);
	cr_assert_eq(second.ramdisk_offset, 0);
	cr_assert_eq(second.ramdisk_size, 0);
	cr_assert_eq(third.kernel_offset, first.kernel_offset);
	blob_free(&file);
}

Test(bundlefile, refuses_what_is_not_whole)
{
	struct blob file = make_file();

	file.data[0] ^= 1;
	expect_problem(&file, "not a launch bundle");
	file.data[8] = 9;
	expect_problem(&file, "version 9 of the format");
	file.data[16]++;
	expect_problem(&file, "should have");
	file.data[24] = 129;
	expect_problem(&file, "the table of domains is damaged");
	memset(get_record(&file, 1)->name, 'x', PV_BUNDLE_NAME_MAX);
	expect_problem(&file, "domain 1: the name is not a string");
	memset(get_record(&file, 1)->cmdline, 'x', PV_BUNDLE_CMDLINE_MAX);
	expect_problem(&file, "domain 1: the command line is not a string");
	get_record(&file, 2)->kernel_size = UINT64_MAX - 4000;
	expect_problem(&file, "domain 2: the kernel is not whole");
	get_record(&file, 2)->kernel_offset = 1;
	expect_problem(&file, "domain 2: the kernel is not whole");
	get_record(&file, 0)->ramdisk_offset = (uint64_t)file.size;
	expect_problem(&file, "domain 0: the ramdisk is not whole");
	get_record(&file, 0)->vcpu_count = 0;
	expect_problem(&file, "domain 0: it has no memory or no vCPU");
	get_record(&file, 0)->memory_pages++;
	cr_assert_neq(bundlefile_verify(file.data, file.size, &problem), 0);
	cr_assert_not_null(strstr(problem.text, "the checksum is"));
	blob_free(&file);
}

Test(bundlefile, refuses_to_grow_beyond_the_limit)
{
	struct bundlefile bundle;

	fill(&bundle);
	/* Only the size is looked at; the bytes are not there. */
	bundle.images[0].bytes.size = BUNDLEFILE_SIZE_MAX;
	cr_assert_neq(bundlefile_layout(&bundle, &problem), 0);
	cr_assert_not_null(strstr(problem.text, "the limit is 1536 MiB"), "%s", problem.text);
	bundlefile_free(&bundle);
}

Test(bundlefile, says_when_the_disk_is_full)
{
	struct bundlefile bundle;
	FILE *full = fopen("/dev/full", "w");

	cr_assert_not_null(full);
	fill(&bundle);
	cr_assert_neq(bundlefile_write(&bundle, fileno(full), &problem), 0);
	cr_assert_not_null(strstr(problem.text, "No space left"), "%s", problem.text);
	bundlefile_free(&bundle);
	fclose(full);
}

Test(bundlefile, survives_truncation_and_mutation)
{
	struct blob whole = make_file();
	size_t records = sizeof(struct pv_bundle_header) + 3 * sizeof(struct pv_bundle_domain);

	srand(4);
	for (int round = 0; round < 20000; round++) {
		size_t size = round % 4 ? whole.size : (size_t)rand() % whole.size;
		struct blob file = make_blob(size ? size : 1, 0);

		file.size = size;
		memcpy(file.data, whole.data, size);
		for (int i = 0; i < 3 && size > records; i++) {
			size_t at = (size_t)rand() % (i ? records : 64);

			file.data[at] = rand() % 2 ? (uint8_t)rand() : 0xff;
		}
		if (size >= sizeof(struct pv_bundle_header)) {
			mend_sum(&file);
		}
		problem.text[0] = '\0';
		cr_assert(!bundlefile_verify(file.data, size, &problem) || problem.text[0]);
		blob_free(&file);
	}
	blob_free(&whole);
}
