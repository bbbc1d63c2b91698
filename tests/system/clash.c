/*
 * Close, reset and death against send; changes of an entry and death against map and copy: two
 * domains on a CPU each, which really run at once, as fast as the host lets them. What must
 * hold is in guests/clash; here: that both come to its end, and nobody else's.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

#define CLASH_MS "4000"
#define LIVES_MS "6000"

TestSuite(clash, .timeout = RUN_SECONDS + 30);

static void expect_good(struct run_result *result)
{
	expect_no_output(result, "FAIL ");
	expect_no_output(result, "hypervisor oops");
	cr_assert_null(strstr(result->err, "hypervisor oops"), "%s", result->err);
}

static void expect_good_pair(const char *how)
{
	char *kernel = realpath(test_guest("clash"), NULL);
	struct run_result result;

	cr_assert_not_null(kernel, "the guest clash is missing");
	result = run_parley(
		"run", "--timeout", "200", "--cpus", "2", "--parallel",
		test_write_file("clash.json",
				"{ \"domains\": [\n"
				"{ \"name\": \"user\", \"kernel\": \"%s\", \"memory\": \"16M\","
				" \"affinity\": \"0x1\","
				" \"cmdline\": \"role=use other=2 ms=" CLASH_MS "\" },\n"
				"{ \"name\": \"changer\", \"kernel\": \"%s\", \"memory\": \"16M\","
				" \"affinity\": \"0x2\","
				" \"cmdline\": \"role=change other=1 how=%s ms=5000\" } ] }\n",
				kernel, kernel, how));
	free(kernel);
	expect_good(&result);
	expect_output(&result, "| clash: use: ");
	expect_output(&result, "| clash: change: ");
	expect_status(&result, 0);
	run_result_free(&result);
}

Test(clash, one_sends_and_maps_while_the_other_closes_binds_and_changes)
{
	expect_good_pair("close");
}

Test(clash, one_sends_and_maps_while_the_other_resets)
{
	expect_good_pair("reset");
}

/* The user is domain 2, and those who change come after it. */
Test(clash, one_sends_and_maps_while_others_are_made_and_die)
{
	char *kernel = realpath(test_guest("clash"), NULL);
	struct run_result result;

	cr_assert_not_null(kernel, "the guest clash is missing");
	result = run_parley(
		"run", "--timeout", "200", "--cpus", "2", "--parallel",
		test_write_file("keeper.json",
				"{ \"domains\": [ { \"name\": \"keeper\", \"kernel\": \"%s\",\n"
				"\"ramdisk\": \"%s\", \"cmdline\": \"role=keep first=3 ms=" LIVES_MS
				"\", \"memory\": \"16M\", \"control\": true } ] }\n",
				kernel, kernel));
	free(kernel);
	expect_good(&result);
	expect_output(&result, "clash: keep: 4 passed, 0 failed");
	expect_error(&result, "parley: user: powered off");
	expect_error(&result, "parley: keeper: powered off");
	run_result_free(&result);
}
