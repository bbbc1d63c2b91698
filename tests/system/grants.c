/*
 * Grants between two domains of a running machine: `granter` in both roles, also with
 * either of them ending while the other has its pages mapped.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "harness.h"

TestSuite(grants, .timeout = RUN_SECONDS + 30);

static struct run_result run_pair(const char *end, const char *cpus)
{
	char *kernel = realpath(test_guest("granter"), NULL);
	struct run_result result;

	cr_assert_not_null(kernel, "the guest granter is missing");
	result = run_parley(
		"run", "--timeout", "120", "--cpus", cpus,
		test_write_file("granters.json",
				"{ \"domains\": [\n"
				"{ \"name\": \"owner\", \"kernel\": \"%s\", \"memory\": \"16M\","
				" \"cmdline\": \"role=owner other=2 end=%s\" },\n"
				"{ \"name\": \"peer\", \"kernel\": \"%s\", \"memory\": \"16M\","
				" \"cmdline\": \"role=peer other=1 end=%s\" } ] }\n",
				kernel, end, kernel, end));
	free(kernel);
	return result;
}

static void expect_good_pair(const char *end, const char *cpus)
{
	struct run_result result = run_pair(end, cpus);

	expect_no_output(&result, "FAIL ");
	expect_output(&result, "| granter: owner: ");
	expect_output(&result, "| granter: peer: ");
	expect_status(&result, 0);
	run_result_free(&result);
}

Test(grants, both_ways_on_two_cpus)
{
	expect_good_pair("none", "2");
}

Test(grants, both_ways_on_one_cpu)
{
	expect_good_pair("none", "1");
}

Test(grants, the_owner_ends_while_it_is_mapped)
{
	expect_good_pair("owner", "2");
}

Test(grants, the_peer_ends_with_what_it_mapped)
{
	expect_good_pair("peer", "2");
}
