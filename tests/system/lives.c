/*
 * The life of domains: made at run time and ended at random moments until every
 * page is back, started again when they ask for it, and not for ever.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

TestSuite(lives, .timeout = RUN_SECONDS + 30);

#define SOAK_LIVES   "200"
#define RESTARTS_MAX 5U /* SPEC_STARTS_MAX of the hypervisor */

/* Runs `lives` as a keeper, which makes other `lives` of its own ramdisk. */
static struct run_result keep(const char *cmdline, const char *vcpus, const char *control)
{
	char *guest = realpath(test_guest("lives"), NULL);
	struct run_result result;

	cr_assert_not_null(guest);
	result = run_parley(
		"run", "--timeout", "120", "--cpus", "2",
		test_write_file("keeper.json",
				"{ \"domains\": [ { \"name\": \"keeper\", \"kernel\": \"%s\",\n"
				"\"ramdisk\": \"%s\", \"cmdline\": \"%s\",\n"
				"\"memory\": \"16M\", \"vcpus\": %s, \"control\": %s } ] }\n",
				guest, guest, cmdline, vcpus, control));
	free(guest);
	return result;
}

static void expect_pages_back(const struct run_result *result)
{
	const char *line = strstr(result->out, "lives: " SOAK_LIVES " lives, ");
	unsigned int killed;
	unsigned long before, after;

	expect_output(result, "lives: " SOAK_LIVES " lives, ");
	cr_assert_eq(sscanf(line,
			    "lives: " SOAK_LIVES " lives, %u of them ended while being built, "
			    "free pages %lu before and %lu after",
			    &killed, &before, &after),
		     3);
	cr_assert_eq(before, after, "%lu pages before, %lu after", before, after);
}

/* Domains that crash are among them, so the run's status is that of a crash. */
Test(lives, every_page_comes_back)
{
	struct run_result result = keep("keeper lives=" SOAK_LIVES " seed=1", "1", "true");

	expect_pages_back(&result);
	expect_output(&result, ", 0 of them ended while being built");
	expect_error(&result, "keeper: powered off");
	run_result_free(&result);
}

Test(lives, every_page_comes_back_of_those_that_were_never_whole)
{
	struct run_result result = keep("keeper lives=" SOAK_LIVES " seed=2", "2", "true");

	expect_pages_back(&result);
	expect_no_output(&result, ", 0 of them ended while being built");
	expect_error(&result, "keeper: powered off");
	run_result_free(&result);
}

Test(lives, others_may_not_control)
{
	struct run_result result = keep("keeper lives=1", "1", "false");

	expect_output(&result, "lives: upload: -1");
	expect_status(&result, 1);
	run_result_free(&result);
}

Test(lives, one_that_reboots_all_the_time_stays_down)
{
	struct run_result result = run_parley("run", "--timeout", "120", "--kernel",
					      test_guest("lives"), "--cmdline", "end=reboot",
					      "--memory", "8M");

	cr_assert_eq(count_text(result.err, "parley: guest: asked to reboot"), RESTARTS_MAX);
	expect_error(&result, "it stays down");
	expect_status(&result, 0);
	run_result_free(&result);
}
