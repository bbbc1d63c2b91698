/*
 * Guests that others built, as they come: GRUB's image of Debian's package grub-xen-host.
 * And the scripts with which people run more of them: XTF's tests and Linux kernels of any
 * age, which are not here; GRUB's image poses as them.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"

#define GRUB    "/usr/lib/grub-xen/grub-x86_64-xen.bin"
#define MODULES "/usr/lib/grub/x86_64-xen"

TestSuite(elsewhere, .timeout = 2 * RUN_SECONDS + 30);

static void need(const char *path, const char *what)
{
	if (access(path, R_OK) != 0) {
		fprintf(stderr, "elsewhere: skipped, no %s here; run: make deps\n", what);
		cr_skip_test("no %s", what);
	}
}

static double number_behind(const char *text, const char *words)
{
	const char *at = strstr(text, words);

	cr_assert_not_null(at, "no \"%s\" in: %s", words, text);
	return strtod(at + strlen(words), NULL);
}

/* It has no disk, so it comes to its prompt; asks for its memory, the time, and waits. */
Test(elsewhere, grub_as_debian_ships_it)
{
	struct run_result result;

	need(GRUB, "GRUB image for Xen (package grub-xen-host)");
	result = run_program("ls\nlsmmap\ndate\ntime sleep 1\nhalt\n", RUN_SECONDS,
			     (const char *const[]){ test_build_path("parley"), "run", "--kernel",
						    GRUB, "--memory", "64M", NULL });
	expect_status(&result, 0);
	expect_output(&result, "grub> ");
	expect_output(&result, "(memdisk)");
	expect_output(&result, "available RAM");
	expect_output(&result, "day");
	cr_assert_geq(number_behind(result.out, "Elapsed time: "), 1.0, "it slept too short");
	run_result_free(&result);
}

static void make_directory(const char *path)
{
	cr_assert_eq(mkdir(path, 0700), 0, "%s", path);
}

/* A file of a tree in test_directory(): GRUB that runs this script. */
static void put_test(const char *tree, const char *name, const char *script)
{
	char path[512];
	struct run_result made;

	snprintf(path, sizeof(path), "%s/%s", tree, name);
	make_directory(path);
	snprintf(path, sizeof(path), "%s/%s/test-pv64-%s", tree, name, name);
	made = run_program(NULL, RUN_SECONDS,
			   (const char *const[]){ "grub-mkimage", "-O", "x86_64-xen", "-p",
						  "(memdisk)", "-o", path, "-c",
						  test_write_file("script", "%s", script), "echo",
						  "halt", NULL });
	expect_status(&made, 0);
	run_result_free(&made);
}

static struct run_result run_xtf(const char *tree, const char *name)
{
	char out[512], parley[512];

	snprintf(out, sizeof(out), "XTF_OUT=%s/out", test_directory());
	snprintf(parley, sizeof(parley), "PARLEY=%s", test_build_path("parley"));
	return run_program(NULL, RUN_SECONDS,
			   (const char *const[]){ "env", out, parley, "tools/build/xtf", tree, name,
						  NULL });
}

Test(elsewhere, xtf_tests_get_the_verdict_they_print)
{
	char tree[512], path[600];
	struct run_result result;

	need(MODULES, "GRUB for Xen (package grub-xen-bin)");
	snprintf(tree, sizeof(tree), "%s/tests", test_directory());
	make_directory(tree);
	put_test(tree, "good", "echo Test result: SUCCESS\nhalt\n");
	put_test(tree, "bad", "echo Fail: so it is\necho Test result: FAILURE\nhalt\n");
	put_test(tree, "odd", "halt\n");
	snprintf(path, sizeof(path), "%s/good/test-pv64-good~small.cfg", tree);
	rename(test_write_file("cfg", "%s", "memory=32\nvcpus = 1\nextra = \"a word\"\n"), path);

	result = run_xtf(tree, NULL);
	expect_status(&result, 1);
	expect_output(&result, "good~small                   SUCCESS");
	expect_output(&result, "bad                          FAILURE  Fail: so it is");
	expect_output(&result, "odd                          CRASH");
	expect_output(&result, "3 tests: 1 success, 0 skip, 1 failure, 0 error, 1 crash");
	run_result_free(&result);

	result = run_xtf(tree, "good");
	expect_status(&result, 0);
	expect_output(&result, "1 tests: 1 success");
	run_result_free(&result);

	result = run_xtf(tree, "none-such");
	expect_status(&result, 2);
	expect_error(&result, "no PV64 tests");
	run_result_free(&result);
}

Test(elsewhere, kernels_are_told_apart_from_what_is_none)
{
	char out[512], parley[512];
	struct run_result result;

	snprintf(out, sizeof(out), "KERNELS_OUT=%s/out", test_directory());
	snprintf(parley, sizeof(parley), "PARLEY=%s", test_build_path("parley"));
	result = run_program(NULL, RUN_SECONDS,
			     (const char *const[]){ "env", out, parley, "tools/build/kernels",
						    test_ramdisk(), test_kernel(),
						    test_guest("hello"), NULL });
	expect_status(&result, 1);
	cr_assert_eq(count_text(result.out, " well\n"), 2, "%s", result.out);
	cr_assert_eq(count_text(result.out, "hello.elf"), 2, "%s", result.out);
	cr_assert_eq(count_text(result.out, " failed\n"), 2, "%s", result.out);
	run_result_free(&result);
}
