/*
 * Hypercall 53 as a domain with the right makes it: the guest `control` walks every operation,
 * and turns the machine off, alone and beside others.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

TestSuite(control_calls, .timeout = RUN_SECONDS + 30);

/* A log_limit of hypervisor/lib/log.c lets so many lines through at once, and two a second. */
#define LOGGED_AT_ONCE 16U

/* What a list may take of whoever wants the life lock: instructions, with 64 records (32031). */
#define LIST_INSTRUCTIONS 50000UL

/* The guest's ramdisk is the guest itself, of which it makes others. */
static const char *write_config(const char *cmdline)
{
	char *guest = realpath(test_guest("control"), NULL);
	const char *path;

	cr_assert_not_null(guest);
	path = test_write_file("control.json",
			       "{ \"domains\": [ { \"name\": \"control\", \"kernel\": \"%s\",\n"
			       "\"ramdisk\": \"%s\", \"cmdline\": \"%s\",\n"
			       "\"memory\": \"32M\", \"vcpus\": 2, \"control\": true } ] }\n",
			       guest, guest, cmdline);
	free(guest);
	return path;
}

/* how: an option of `parley run`. */
static struct run_result run_control(const char *how, const char *cmdline)
{
	return run_parley("run", how, "--timeout", "250", "--cpus", "2", "--machine-memory", "256M",
			  write_config(cmdline));
}

/* The first check that failed is what is shown. */
static void expect_no_failure(const struct run_result *result)
{
	const char *line = strstr(result->out, "FAIL ");

	cr_assert_null(line, "%.200s", line);
}

/* Domains that crash are among those that it makes, so the run's status is that of a crash. */
static void walk(const char *how)
{
	struct run_result result = run_control(how, "");

	expect_no_failure(&result);
	expect_output(&result, " passed, 0 failed");
	expect_error(&result, "control: powered off");
	/* A debug build cannot audit where no memory is left; it must find nothing else. */
	cr_assert_eq(count_text(result.err, "the audit of its memory at its end: "),
		     count_text(result.err, "the audit of its memory at its end: -12"));
	run_result_free(&result);
}

Test(control_calls, each_operation_does_and_refuses_what_is_documented)
{
	walk("--stats");
}

/* Calls, ends and timers of two CPUs run side by side then. */
Test(control_calls, each_operation_does_with_real_threads)
{
	walk("--parallel");
}

/* It is told itself; the log says so as often as its budget allows, and no domain's fate is a bad one. */
Test(control_calls, creates_that_are_refused_fill_no_log)
{
	struct run_result result = run_control("--stats", "only=refused");

	expect_no_failure(&result);
	expect_output(&result, " passed, 0 failed");
	cr_assert_geq(count_text(result.err, " was not built: "), LOGGED_AT_ONCE);
	cr_assert_leq(count_text(result.err, " was not built: "), 6 * LOGGED_AT_ONCE);
	expect_error(&result, "lines left out of domains that were not built");
	cr_assert_eq(count_text(result.err, "could not be built"), 0);
	expect_status(&result, 0);
	run_result_free(&result);
}

/* On a counted machine, where a cycle is an instruction. */
Test(control_calls, a_list_of_all_numbers_is_short)
{
	struct run_result result = run_parley("run", "--icount", "--timeout", "250", "--cpus", "1",
					      "--machine-memory", "256M", write_config("count"));
	const char *line = strstr(result.out, "control: list: ");
	unsigned long instructions;

	expect_output(&result, " passed, 0 failed");
	cr_assert_eq(sscanf(line, "control: list: %lu cycles", &instructions), 1);
	cr_assert(instructions > 1000 && instructions < LIST_INSTRUCTIONS, "%lu instructions",
		  instructions);
	run_result_free(&result);
}

static void expect_off(const char *cmdline)
{
	struct run_result result = run_control("--stats", cmdline);

	expect_output(&result, "control: off");
	expect_no_failure(&result);
	expect_no_output(&result, " passed, ");
	expect_error(&result, "asked to turn the machine off");
	run_result_free(&result);
}

Test(control_calls, the_last_domain_turns_the_machine_off)
{
	expect_off("off=0");
}

Test(control_calls, one_that_insists_turns_it_off_beside_others)
{
	expect_off("off=1");
}
