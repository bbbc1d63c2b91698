/*
 * GRUB's Xen image, a guest that others wrote: it asks the store before it
 * prints anything, reads the console, and can start a Linux kernel in its place.
 * The images are made here by grub-mkimage; without its modules for Xen (Debian
 * package grub-xen-bin) these tests are skipped.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"

#define MODULES "/usr/lib/grub/"

TestSuite(loader, .timeout = 2 * RUN_SECONDS + 30);

/*
 * A file in test_directory(): GRUB for `platform` with these commands in it as
 * its script, or none, and the files of a tar archive, or none.
 */
static const char *make_grub(const char *platform, const char *script, const char *archive)
{
	const char *image = test_write_file("grub.bin", "%s", "");
	const char *argv[32] = { "grub-mkimage", "-O", platform, "-p", "(memdisk)", "-o", image };
	size_t n = 7;
	struct run_result made;

	if (access(MODULES "x86_64-xen", R_OK) != 0) {
		fprintf(stderr, "loader: skipped, no GRUB for Xen here; run: make deps\n");
		cr_skip_test("no GRUB for Xen");
	}
	if (script != NULL) {
		argv[n++] = "-c";
		argv[n++] = test_write_file("grub.cfg", "%s", script);
	}
	if (archive != NULL) {
		argv[n++] = "-m";
		argv[n++] = archive;
		argv[n++] = "tar";
		argv[n++] = "memdisk";
		argv[n++] = "linux";
		argv[n++] = "xzio";
		argv[n++] = "lzopio";
	}
	argv[n++] = "echo";
	argv[n++] = "halt";
	argv[n++] = "ls";
	made = run_program(NULL, RUN_SECONDS, argv);
	expect_status(&made, 0);
	run_result_free(&made);
	return image;
}

Test(loader, grub_runs_its_script)
{
	const char *image = make_grub("x86_64-xen", "echo a script says so\nhalt\n", NULL);
	struct run_result result = run_parley("run", "--kernel", image, "--memory", "16M");

	expect_status(&result, 0);
	expect_output(&result, "Welcome to GRUB!");
	expect_output(&result, "a script says so");
	run_result_free(&result);
}

/* Without a script it waits at its prompt. */
Test(loader, grub_reads_the_console)
{
	const char *image = make_grub("x86_64-xen", NULL, NULL);
	struct run_result result =
		run_program("echo typed and read\nls\nhalt\n", RUN_SECONDS,
			    (const char *const[]){ test_build_path("parley"), "run", "--kernel",
						   image, "--vcpus", "2", NULL });

	expect_status(&result, 0);
	expect_output(&result, "grub> ");
	expect_output(&result, "\rtyped and read");
	run_result_free(&result);
}

/* The loader's own page tables, memory and rings become the kernel's. */
Test(loader, grub_starts_debian)
{
	const char *archive = test_write_file("files.tar", "%s", "");
	const char *tar[] = { "tar",         "-chf",         archive,
			      "--transform", "s,.*/,,",      "--absolute-names",
			      test_kernel(), test_ramdisk(), NULL };
	struct run_result made = run_program(NULL, RUN_SECONDS, tar);
	const char *image;
	struct run_result result;

	expect_status(&made, 0);
	run_result_free(&made);
	image = make_grub("x86_64-xen",
			  "echo loading\n"
			  "linux (memdisk)/vmlinuz console=hvc0 parley.test=boot\n"
			  "initrd (memdisk)/initrd.cpio.gz\n"
			  "boot\n"
			  "halt\n",
			  archive);
	result = run_parley("run", "--kernel", image, "--memory", "512M", "--vcpus", "2", "--cpus",
			    "2");
	expect_status(&result, 0);
	expect_output(&result, "loading");
	expect_output(&result, "result: cpus 2 forks");
	expect_healthy_linux(&result);
	run_result_free(&result);
}

Test(loader, grub_for_32_bits_is_refused)
{
	const char *image = make_grub("i386-xen", "halt\n", NULL);
	struct run_result result = run_parley("run", "--kernel", image);

	expect_status(&result, 2);
	expect_error(&result, "a 32-bit kernel (only 64-bit guests are supported)");
	run_result_free(&result);
}
