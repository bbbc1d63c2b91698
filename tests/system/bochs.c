/*
 * What QEMU's emulator lacks, run in Bochs where that is installed: an Intel
 * processor, and PCIDs with and without INVPCID. Bochs takes the loads of CR3 that
 * keep translations and drops them all the same, so what is shown here is that the
 * instructions and values are right; what must be flushed is shown by
 * tests/unit/test_mm_pcid.c.
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "harness.h"

#define SECONDS  "240"
#define NO_BOCHS 77

TestSuite(bochs, .timeout = RUN_SECONDS + 30);

/* The test guest on two CPUs of that model; skipped where there is no Bochs. */
static struct run_result boot(const char *model, const char *guest)
{
	const char *iso = test_write_file("parley.iso", "%s", "");
	const char *config = test_write_file(
		"guest.json",
		"{ \"domains\": [ { \"name\": \"guest\", \"kernel\": \"%s\", \"memory\": \"32M\","
		" \"vcpus\": 2 } ] }",
		realpath(test_guest(guest), NULL));
	struct run_result result = run_parley("image", config, "-o", iso);

	expect_status(&result, 0);
	run_result_free(&result);
	result = run_program(NULL, RUN_SECONDS,
			     (const char *const[]){ "tools/build/bochs", iso, model, "2", SECONDS,
						    NULL });
	if (result.status == NO_BOCHS) {
		cr_skip_test("no Bochs");
	}
	return result;
}

static void expect_all_passed(const struct run_result *result)
{
	expect_status(result, 0);
	expect_output(result, "cpu: 2 running");
	expect_output(result, " passed, 0 failed");
}

Test(bochs, pcids_with_invpcid)
{
	struct run_result result = boot("corei7_haswell_4770", "conform");

	expect_output(&result, " PCID INVPCID ");
	expect_all_passed(&result);
	run_result_free(&result);
}

Test(bochs, pcids_without_invpcid)
{
	struct run_result result = boot("corei7_ivy_bridge_3770k", "conform");

	expect_output(&result, " PCID ");
	expect_no_output(&result, "INVPCID");
	expect_all_passed(&result);
	run_result_free(&result);
}

Test(bochs, flushes_between_cpus)
{
	struct run_result result = boot("corei7_haswell_4770", "race");

	expect_output(&result, " PCID INVPCID ");
	expect_all_passed(&result);
	run_result_free(&result);
}

/* Its programs must not reach the kernel's pages by translations that the processor keeps. */
Test(bochs, hostile_on_intel)
{
	struct run_result result = boot("corei7_haswell_4770", "hostile");

	expect_all_passed(&result);
	run_result_free(&result);
}
