/*
 * The console: both directions, flow control under a flood, and who says what
 * when there are several domains.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

TestSuite(console, .timeout = RUN_SECONDS + 30);

#define FLOOD_LINES 3000U

Test(console, input_reaches_the_guest)
{
	struct run_result result = run_debian("echo", "hello there\nparley\nquit\n", NULL);

	expect_status(&result, 0);
	expect_output(&result, "result: got 11 <hello there>");
	expect_output(&result, "result: got 6 <parley>");
	run_result_free(&result);
}

/* More than any ring or buffer on the way holds. */
Test(console, long_input_is_not_lost)
{
	char *input = calloc(1, 400 * 64 + 16);
	char expected[80];
	struct run_result result;

	cr_assert_not_null(input);
	for (int i = 0; i < 400; i++) {
		sprintf(input + strlen(input), "line %04d which is one of very many lines\n", i);
	}
	strcat(input, "quit\n");
	result = run_debian("echo", input, NULL);
	expect_status(&result, 0);
	for (int i = 0; i < 400; i++) {
		sprintf(expected, "<line %04d which is one of very many lines>", i);
		expect_output(&result, expected);
	}
	run_result_free(&result);
	free(input);
}

Test(console, flood_arrives_whole_and_in_order)
{
	struct run_result result = run_debian("flood", NULL, NULL);
	const char *where = result.out;
	char expected[96];

	expect_status(&result, 0);
	cr_assert_eq(count_text(result.out, "of the flood"), FLOOD_LINES);
	for (unsigned int i = 1; i <= FLOOD_LINES; i++) {
		sprintf(expected,
			"result: line %04u of the flood, about as long as a line of text usually is",
			i);
		where = strstr(where, expected);
		cr_assert_not_null(where, "line %u is missing or out of order", i);
	}
	run_result_free(&result);
}

/* With one domain stdout is that guest's console and nothing else. */
Test(console, one_domain_has_stdout_for_itself)
{
	struct run_result result = run_parley("run", "--kernel", test_guest("hello"));

	expect_status(&result, 0);
	expect_no_output(&result, "hello| ");
	cr_assert_neq(strlen(result.out), 0);
	run_result_free(&result);
}

Test(console, log_goes_to_its_file)
{
	const char *log = test_write_file("log", "%s", "");
	struct run_result result = run_parley("run", "--log", log, "--kernel", test_guest("hello"));
	char text[4096] = { 0 };
	FILE *file = fopen(log, "r");

	expect_status(&result, 0);
	cr_assert_null(strstr(result.err, "cpu: "), "stderr: %s", result.err);
	cr_assert_not_null(file);
	cr_assert_neq(fread(text, 1, sizeof(text) - 1, file), 0, "an empty log");
	fclose(file);
	cr_assert_not_null(strstr(text, "cpu: "), "the log: %s", text);
	run_result_free(&result);
}

Test(console, two_domains_have_their_names_before_each_line)
{
	const char *file = test_write_file(
		"two.json",
		"{ \"domains\": ["
		"{ \"name\": \"debian\", \"kernel\": \"%s\", \"ramdisk\": \"%s\","
		"  \"cmdline\": \"console=hvc0 parley.test=boot\", \"memory\": \"256M\", \"vcpus\": 2 },"
		"{ \"name\": \"greeter\", \"kernel\": \"%s\", \"memory\": \"16M\" } ] }",
		realpath(test_kernel(), NULL), realpath(test_ramdisk(), NULL),
		realpath(test_guest("hello"), NULL));
	struct run_result result = run_parley("run", "--cpus", "2", file);
	char *rest = NULL;

	expect_status(&result, 0);
	expect_output(&result, "debian| result: cpus 2 forks 6225");
	expect_output(&result, "greeter| ");
	for (char *line = strtok_r(result.out, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		cr_assert(strncmp(line, "debian| ", 8) == 0 || strncmp(line, "greeter| ", 9) == 0 ||
				  strcmp(line, "debian|") == 0 || strcmp(line, "greeter|") == 0,
			  "a line of nobody: %s", line);
	}
	run_result_free(&result);
}

/* CONSOLE_BURST, and 10 s at CONSOLE_BYTE_NS, of the hypervisor. */
#define BURST     524288U
#define IN_10S    1220703U
#define TOLERANCE 16384U

/* Counted, so that the guest is as fast as it can be, whatever the host does meanwhile. */
static void expect_rate(const char *word)
{
	char cmdline[32];
	struct run_result result;
	size_t size;

	snprintf(cmdline, sizeof(cmdline), "%s=10", word);
	result = run_parley("run", "--timeout", "200", "--icount", "--kernel", test_guest("fatal"),
			    "--memory", "16M", "--cmdline", cmdline);
	expect_status(&result, 0);
	expect_output(&result, "fatal: survived");
	size = strlen(result.out);
	cr_assert_geq(size, BURST + IN_10S - TOLERANCE);
	cr_assert_leq(size, BURST + IN_10S + TOLERANCE);
	run_result_free(&result);
}

Test(console, a_flood_by_calls_has_a_rate)
{
	expect_rate("flood");
}

Test(console, a_flood_by_the_ring_has_a_rate)
{
	expect_rate("flood-ring");
}
