/*
 * `hello`, the smallest guest on the kit, on machines of several sizes.
 */
#include <criterion/criterion.h>

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
