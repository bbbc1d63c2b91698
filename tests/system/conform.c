/*
 * What the interface promises, checked by `conform` to the letter: on one CPU, and with more
 * vCPUs than CPUs. The same guest holds on Xen 4.17 as far as both offer the same. And what it
 * promises when there is no memory, by `starved`, which takes all there is.
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "harness.h"

TestSuite(conform, .timeout = RUN_SECONDS + 30);

static void run_conform(const char *vcpus, const char *cpus)
{
	struct run_result result = run_parley("run", "--timeout", "200", "--kernel",
					      test_guest("conform"), "--memory", "32M", "--vcpus",
					      vcpus, "--cpus", cpus);

	expect_no_output(&result, "FAIL ");
	expect_output(&result, " passed, 0 failed");
	expect_status(&result, 0);
	run_result_free(&result);
}

Test(conform, one_vcpu_on_one_cpu)
{
	run_conform("1", "1");
}

Test(conform, three_vcpus_on_two_cpus)
{
	run_conform("3", "2");
}

Test(conform, without_memory)
{
	char *guest = realpath(test_guest("starved"), NULL);
	struct run_result result;

	cr_assert_not_null(guest);
	result = run_parley(
		"run", "--timeout", "120",
		test_write_file("starved.json",
				"{ \"machine\": { \"memory\": \"128M\" },\n"
				"\"domains\": [ { \"name\": \"starved\", \"kernel\": \"%s\",\n"
				"\"ramdisk\": \"%s\", \"memory\": \"16M\", \"vcpus\": 2,\n"
				"\"control\": true } ] }\n",
				guest, guest));
	free(guest);
	expect_no_output(&result, "FAIL ");
	expect_output(&result, " passed, 0 failed");
	expect_status(&result, 0);
	run_result_free(&result);
}
