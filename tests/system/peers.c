/*
 * Event channels between two domains of a running machine: `peers` in both roles, also
 * with one of them gone. And `storm`: two domains that do at each other whatever can be done
 * by events and grants, beside a third that must not notice.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "harness.h"

TestSuite(peers, .timeout = RUN_SECONDS + 30);

static void expect_good_pair(const char *end, const char *cpus)
{
	char *kernel = realpath(test_guest("peers"), NULL);
	struct run_result result;

	cr_assert_not_null(kernel, "the guest peers is missing");
	result = run_parley(
		"run", "--timeout", "120", "--cpus", cpus,
		test_write_file("peers.json",
				"{ \"domains\": [\n"
				"{ \"name\": \"first\", \"kernel\": \"%s\", \"memory\": \"16M\","
				" \"cmdline\": \"role=first other=2 end=%s\" },\n"
				"{ \"name\": \"second\", \"kernel\": \"%s\", \"memory\": \"16M\","
				" \"cmdline\": \"role=second other=1 end=%s\" } ] }\n",
				kernel, end, kernel, end));
	free(kernel);
	expect_no_output(&result, "FAIL ");
	expect_output(&result, "| peers: first: ");
	expect_output(&result, "| peers: second: ");
	expect_status(&result, 0);
	run_result_free(&result);
}

Test(peers, events_both_ways_on_two_cpus)
{
	expect_good_pair("none", "2");
}

Test(peers, events_both_ways_on_one_cpu)
{
	expect_good_pair("none", "1");
}

Test(peers, one_is_gone_while_it_is_bound)
{
	expect_good_pair("first", "2");
}

/* late: how many nanoseconds the third may sleep too long. */
static void run_storm(const char *option, const char *cpus, const char *late)
{
	char *kernel = realpath(test_guest("storm"), NULL);
	struct run_result result;

	cr_assert_not_null(kernel, "the guest storm is missing");
	result = run_parley(
		"run", "--timeout", "200", option, "--cpus", cpus,
		test_write_file("storm.json",
				"{ \"domains\": [\n"
				"{ \"name\": \"left\", \"kernel\": \"%s\", \"memory\": \"16M\","
				" \"vcpus\": 2, \"cmdline\": \"role=storm other=2\" },\n"
				"{ \"name\": \"right\", \"kernel\": \"%s\", \"memory\": \"16M\","
				" \"vcpus\": 2, \"cmdline\": \"role=storm other=1\" },\n"
				"{ \"name\": \"third\", \"kernel\": \"%s\", \"memory\": \"16M\","
				" \"cmdline\": \"role=watch late=%s\" } ] }\n",
				kernel, kernel, kernel, late));
	free(kernel);
	expect_no_output(&result, "FAIL ");
	expect_output(&result, "left| storm: storm: ");
	expect_output(&result, "right| storm: storm: ");
	expect_output(&result, "third| storm: watch: ");
	expect_status(&result, 0);
	run_result_free(&result);
}

/*
 * Counted, so that lateness is the hypervisor's and not the host's. On one CPU: of several,
 * the emulator runs one until it touches a device, and those that must program their timer starve.
 */
Test(peers, a_storm_leaves_a_third_alone)
{
	run_storm("--icount", "1", "1000000");
}

/* In parallel, as fast as the host is. */
Test(peers, a_storm_is_accounted_for)
{
	run_storm("--stats", "2", "5000000000");
}
