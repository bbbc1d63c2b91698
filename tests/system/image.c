/*
 * `parley bundle` and `parley image`: the ISO boots by GRUB under QEMU as it
 * would on a PC, where consoles are text on the first serial port.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "harness.h"

TestSuite(image, .timeout = RUN_SECONDS + 30);

static const char *write_config(void)
{
	return test_write_file(
		"two.json",
		"{ \"domains\": ["
		"{ \"name\": \"debian\", \"kernel\": \"%s\", \"ramdisk\": \"%s\","
		"  \"cmdline\": \"console=hvc0 parley.test=boot\", \"memory\": \"256M\" },"
		"{ \"name\": \"hello\", \"kernel\": \"%s\", \"memory\": \"16M\" } ] }",
		realpath(test_kernel(), NULL), realpath(test_ramdisk(), NULL),
		realpath(test_guest("hello"), NULL));
}

Test(image, bundle_is_written)
{
	const char *bundle = test_write_file("bundle", "%s", "");
	struct run_result result = run_parley("bundle", write_config(), "-o", bundle);
	struct stat info;

	expect_status(&result, 0);
	cr_assert_eq(stat(bundle, &info), 0);
	cr_assert_gt(info.st_size, 1 << 20);
	cr_assert_eq(info.st_size % 8, 0);
	run_result_free(&result);
}

Test(image, iso_boots_by_grub)
{
	const char *iso = test_write_file("parley.iso", "%s", "");
	struct run_result result = run_parley("image", write_config(), "-o", iso);

	expect_status(&result, 0);
	run_result_free(&result);
	result = run_program(NULL, RUN_SECONDS,
			     (const char *const[]){ "qemu-system-x86_64",
						    "-machine",
						    "q35",
						    "-cpu",
						    "max",
						    "-accel",
						    "tcg",
						    "-m",
						    "1G",
						    "-smp",
						    "2",
						    "-display",
						    "none",
						    "-no-reboot",
						    "-cdrom",
						    iso,
						    "-serial",
						    "stdio",
						    "-monitor",
						    "none",
						    "-net",
						    "none",
						    NULL });
	expect_status(&result, 0);
	expect_output(&result, "debian| ");
	expect_output(&result, "result: cpus 1 forks 6225");
	expect_output(&result, "hello| ");
	run_result_free(&result);
}
