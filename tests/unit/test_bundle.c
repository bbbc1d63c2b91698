/* boot/bundle.c: a whole bundle is taken, and one with anything wrong is not. */
#include <criterion/criterion.h>
#include <string.h>

#include <parley/bundle.h>

#include "boot/bundle.h"
#include "lib/crc32.h"

#define KERNEL_OFFSET  PV_BUNDLE_ALIGN
#define RAMDISK_OFFSET (2 * PV_BUNDLE_ALIGN)
#define TOTAL          (3 * PV_BUNDLE_ALIGN)

static union {
	struct pv_bundle_header header;
	u8 bytes[TOTAL];
} file;

static struct pv_bundle_domain *record(void)
{
	return (struct pv_bundle_domain *)(void *)(file.bytes + sizeof(file.header));
}

static void seal(void)
{
	file.header.crc32 = 0;
	file.header.crc32 = crc32(0, &file,
				  sizeof(file.header) + MIN(file.header.domain_count, 1U) *
								sizeof(struct pv_bundle_domain));
}

static void setup(void)
{
	memset(&file, 0, sizeof(file));
	file.header = (struct pv_bundle_header){
		.magic = PV_BUNDLE_MAGIC,
		.version = PV_BUNDLE_VERSION,
		.total_size = TOTAL,
		.domain_count = 1,
		.domain_size = sizeof(struct pv_bundle_domain),
		.domain_offset = sizeof(file.header),
	};
	*record() = (struct pv_bundle_domain){
		.name = "alpha",
		.cmdline = "console=hvc0",
		.memory_pages = 4096,
		.vcpu_count = 2,
		.kernel_offset = KERNEL_OFFSET,
		.kernel_size = 100,
		.ramdisk_offset = RAMDISK_OFFSET,
		.ramdisk_size = PV_BUNDLE_ALIGN,
		.weight = 256,
	};
	seal();
}

TestSuite(bundle, .init = setup);

static bool is_refused(void)
{
	seal();
	return bundle_check(&file, sizeof(file)) != NULL;
}

Test(bundle, whole_one_is_read)
{
	struct bundle_range kernel, ramdisk;
	static struct domain_spec spec;

	cr_assert_null(bundle_check(&file, sizeof(file)));
	cr_assert_eq(bundle_domain_count(&file), 1);
	bundle_get_domain(&file, 0, 0xf, &spec);
	cr_assert_str_eq(spec.name, "alpha");
	cr_assert_str_eq(spec.cmdline, "console=hvc0");
	cr_assert_eq(spec.memory_pages, 4096);
	cr_assert_eq(spec.vcpu_count, 2);
	bundle_get_images(&file, 0, &kernel, &ramdisk);
	cr_assert_eq(kernel.offset, KERNEL_OFFSET);
	cr_assert_eq(kernel.size, record()->kernel_size);
	cr_assert_eq(ramdisk.offset, RAMDISK_OFFSET);
	cr_assert_eq(ramdisk.size, record()->ramdisk_size);
	cr_assert_eq(spec.affinity, 0xf, "none asked for: all CPUs");
}

Test(bundle, affinity_is_of_cpus_there_are)
{
	static struct domain_spec spec;

	record()->affinity = 0x12;
	bundle_get_domain(&file, 0, 0x3, &spec);
	cr_assert_eq(spec.affinity, 0x2);
	record()->affinity = 0x10;
	bundle_get_domain(&file, 0, 0x3, &spec);
	cr_assert_eq(spec.affinity, 0x3, "none of those wanted is there");
}

Test(bundle, loader_may_pad_it)
{
	static u8 padded[TOTAL + 100];

	memcpy(padded, &file, sizeof(file));
	cr_assert_null(bundle_check(padded, sizeof(padded)));
}

Test(bundle, no_ramdisk_is_none)
{
	struct bundle_range kernel, ramdisk;

	record()->ramdisk_offset = 0;
	record()->ramdisk_size = 0;
	seal();
	cr_assert_null(bundle_check(&file, sizeof(file)));
	bundle_get_images(&file, 0, &kernel, &ramdisk);
	cr_assert_eq(ramdisk.size, 0);
}

Test(bundle, an_image_may_serve_twice)
{
	record()->ramdisk_offset = record()->kernel_offset;
	record()->ramdisk_size = record()->kernel_size;
	seal();
	cr_assert_null(bundle_check(&file, sizeof(file)));
}

Test(bundle, no_domains_are_allowed)
{
	file.header.domain_count = 0;
	seal();
	cr_assert_null(bundle_check(&file, sizeof(file)));
	cr_assert_eq(bundle_domain_count(&file), 0);
}

Test(bundle, flags_are_read)
{
	static struct domain_spec spec;

	record()->flags = PV_BUNDLE_DOMAIN_CONTROL | PV_BUNDLE_DOMAIN_ONCE;
	bundle_get_domain(&file, 0, 1, &spec);
	cr_assert(spec.is_control && spec.once);
	record()->flags = 0;
	bundle_get_domain(&file, 0, 1, &spec);
	cr_assert(!spec.is_control && !spec.once);
}

Test(bundle, cut_short_is_refused)
{
	for (u64 size = 0; size < sizeof(file); size++) {
		cr_assert_not_null(bundle_check(&file, size));
	}
}

Test(bundle, flipped_bit_of_its_statements_is_refused)
{
	for (u32 at = 0; at < sizeof(file.header) + sizeof(*record()); at += 61) {
		file.bytes[at] ^= 0x10;
		cr_assert_not_null(bundle_check(&file, sizeof(file)), "byte %u", at);
		file.bytes[at] ^= 0x10;
	}
}

#define REFUSES(name, change)            \
	Test(bundle, refuses_##name)     \
	{                                \
		change;                  \
		cr_assert(is_refused()); \
	}

REFUSES(other_version, file.header.version++)
REFUSES(many_domains, file.header.domain_count = PV_BUNDLE_MAX_DOMAINS + 1)
REFUSES(records_beyond_the_end, file.header.domain_offset = TOTAL - 8)
REFUSES(records_that_wrap, file.header.domain_offset = 0ULL - 64)
REFUSES(records_askew, file.header.domain_offset += 4)
REFUSES(reserved_header, file.header.reserved[2] = 1)
REFUSES(empty_name, record()->name[0] = '\0')
REFUSES(endless_name, memset(record()->name, 'x', PV_BUNDLE_NAME_MAX))
REFUSES(endless_cmdline, memset(record()->cmdline, 'x', PV_BUNDLE_CMDLINE_MAX))
REFUSES(no_memory, record()->memory_pages = 0)
REFUSES(no_vcpus, record()->vcpu_count = 0)
REFUSES(many_vcpus, record()->vcpu_count = DOMAIN_VCPU_MAX + 1)
REFUSES(no_weight, record()->weight = 0)
REFUSES(large_weight, record()->weight = 65536)
REFUSES(unknown_flag, record()->flags = 0x80)
REFUSES(reserved_record, record()->reserved[7] = 1)
REFUSES(no_kernel, record()->kernel_size = 0)
REFUSES(kernel_askew, record()->kernel_offset++)
REFUSES(kernel_beyond_the_end, record()->kernel_size = TOTAL - KERNEL_OFFSET + 1)
REFUSES(kernel_that_wraps, record()->kernel_size = 0ULL - KERNEL_OFFSET)
REFUSES(overlapping_images, record()->ramdisk_offset = record()->kernel_offset)
REFUSES(ramdisk_beyond_the_end, record()->ramdisk_offset = 1ULL << 40)
