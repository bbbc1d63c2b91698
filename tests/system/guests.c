/*
 * Guests on the kit: `hello` on machines of several sizes, and `hostile`, which
 * tries what is forbidden, alone and beside a Linux that must not notice.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

TestSuite(guests, .timeout = RUN_SECONDS + 30);

static void run_hello(const char *vcpus, const char *cpus)
{
	struct run_result result = run_parley("run", "--kernel", test_guest("hello"), "--memory",
					      "16M", "--vcpus", vcpus, "--cpus", cpus);

	expect_status(&result, 0);
	expect_output(&result, "hello: a guest on the Parley kit");
	expect_output(&result, "hello: timer: ok");
	expect_output(&result, "hello: user thread's system call: ok");
	expect_output(&result, "hello: all well, powering off");
	expect_no_output(&result, "FAILED");
	run_result_free(&result);
}

Test(guests, hello_on_one_cpu)
{
	run_hello("1", "1");
}

Test(guests, hello_with_four_vcpus_on_two_cpus)
{
	run_hello("4", "2");
}

Test(guests, hello_with_four_vcpus_on_four_cpus)
{
	run_hello("4", "4");
}

/* The same number of instructions each time, to the last one. */
Test(guests, hello_repeats_under_icount)
{
	struct run_result first = run_parley("run", "--icount", "--kernel", test_guest("hello"),
					     "--memory", "16M", "--vcpus", "2");
	struct run_result second = run_parley("run", "--icount", "--kernel", test_guest("hello"),
					      "--memory", "16M", "--vcpus", "2");

	expect_status(&first, 0);
	expect_status(&second, 0);
	expect_output(&first, "hello: all well, powering off");
	run_result_free(&first);
	run_result_free(&second);
}

Test(guests, hostile_gets_the_documented_errors)
{
	struct run_result result =
		run_parley("run", "--timeout", "100", "--kernel", test_guest("hostile"), "--memory", "32M", "--vcpus",
			   "2", "--cpus", "2");

	expect_status(&result, 0);
	expect_output(&result, " passed, 0 failed");
	expect_no_output(&result, "FAIL ");
	run_result_free(&result);
}

Test(guests, hostile_does_not_disturb_its_neighbour)
{
	const char *file = test_write_file(
		"two.json",
		"{ \"domains\": ["
		"{ \"name\": \"debian\", \"kernel\": \"%s\", \"ramdisk\": \"%s\","
		"  \"cmdline\": \"console=hvc0 parley.test=outlive\", \"memory\": \"256M\", \"vcpus\": 2 },"
		"{ \"name\": \"hostile\", \"kernel\": \"%s\", \"memory\": \"32M\", \"vcpus\": 2 } ] }",
		realpath(test_kernel(), NULL), realpath(test_ramdisk(), NULL),
		realpath(test_guest("hostile"), NULL));
	struct run_result result = run_parley("run", "--timeout", "100", "--cpus", "2", file);

	expect_status(&result, 0);
	expect_output(&result, "debian| result: forks 1275");
	expect_output(&result, " passed, 0 failed");
	expect_healthy_linux(&result);
	run_result_free(&result);
}
