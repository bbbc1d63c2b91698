/* tools/build/run-tests, on programs that only print what a Criterion program does: what counts as failed. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PASSED "[====] Synthesis: Tested: 2 | Passing: 2 | Failing: 0 | Crashing: 0"

static char said[4096]; /* by the last run */

/* Run a program that prints these lines and exits so. The status of run-tests. */
static int run(const char *lines, int status)
{
	char program[] = "/tmp/parley-test-XXXXXX", command[128];
	int fd = mkstemp(program);
	FILE *pipe;

	dprintf(fd, "#!/bin/sh\ncat <<'E'\n%s\nE\nexit %d\n", lines, status);
	fchmod(fd, 0700);
	close(fd);
	snprintf(command, sizeof(command), "tools/build/run-tests %s 2>&1", program);
	pipe = popen(command, "r");
	cr_assert_not_null(pipe);
	said[fread(said, 1, sizeof(said) - 1, pipe)] = '\0';
	status = pclose(pipe);
	unlink(program);
	cr_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void expect(const char *text)
{
	cr_expect_not_null(strstr(said, text), "\"%s\" is not in \"%s\"", text, said);
}

Test(run_tests, adds_up)
{
	cr_expect_eq(run(PASSED, 0), 0);
	expect("2 passed, 0 failed");
	cr_expect_eq(run("[====] Synthesis: Tested: 3 | Passing: 1 | Failing: 1 | Crashing: 1", 1),
		     1);
	expect("1 passed, 2 failed");
}

Test(run_tests, needs_tests_and_a_status)
{
	cr_expect_eq(run("", 0), 1);
	expect("no tests ran");
	cr_expect_eq(run(PASSED, 139), 1);
	expect("exit status 139 without a failed test");
}

/* Criterion itself counts these as passing. */
Test(run_tests, setup_and_teardown_may_fail)
{
	cr_expect_eq(run("[----] tests/a.c:3: Assertion Failed\n" PASSED, 0), 1);
	expect("setup or teardown failed");
	expect("2 passed, 1 failed");
	cr_expect_eq(
		run("\x1b[1m[\x1b[0;33m----\x1b[0;1m] \x1b[0mtests/a.c:3: Assertion Failed\n" PASSED,
		    0),
		1);
	cr_expect_eq(
		run("[----] Warning! The test `a::b` crashed during its setup or teardown.\n" PASSED,
		    1),
		1);
	cr_expect_eq(
		run("[----] Warning! The test `a::b` exited during its setup or teardown.\n" PASSED,
		    0),
		1);
}
