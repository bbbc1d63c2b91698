/*
 * What user mode of a stock Debian gets of the processor: segments, 32-bit
 * code, debug registers, forbidden instructions and impossible returns, all
 * checked by the program `processor`.
 */
#include <criterion/criterion.h>

#include "harness.h"

TestSuite(processor, .timeout = RUN_SECONDS + 30);

static void run_processor(const char *vcpus)
{
	const char *const options[] = { "--vcpus", vcpus, NULL };
	struct run_result result = run_debian("processor", NULL, options);

	expect_status(&result, 0);
	expect_output(&result, "processor: all ok");
	expect_output(&result, "result: processor status 0");
	expect_healthy_linux(&result);
	run_result_free(&result);
}

Test(processor, one_vcpu)
{
	run_processor("1");
}

Test(processor, two_vcpus)
{
	run_processor("2");
}
