/*
 * What the exit status of `parley run` says: 0 all powered off, 1 a domain or
 * the hypervisor crashed, 2 wrong usage or configuration, 124 too late.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "harness.h"

TestSuite(status, .timeout = RUN_SECONDS + 30);

Test(status, crash_is_1)
{
	struct run_result result = run_debian("crash", NULL, NULL);

	expect_output(&result, "result: crashing");
	expect_output(&result, "sysrq triggered crash");
	expect_status(&result, 1);
	run_result_free(&result);
}

Test(status, reboot_starts_the_domain_again)
{
	const char *const options[] = { "--timeout", "40", NULL };
	struct run_result result = run_debian("reboot", NULL, options);

	cr_assert_geq(count_text(result.out, "result: rebooting"), 2, "it came back");
	expect_healthy_linux(&result);
	expect_status(&result, 124);
	run_result_free(&result);
}

Test(status, timeout_is_124)
{
	const char *const options[] = { "--timeout", "20", NULL };
	struct run_result result = run_debian("hang", NULL, options);

	expect_status(&result, 124);
	run_result_free(&result);
}

/* And who ran one kernel is told what the reason means. */
Test(status, killed_is_1)
{
	struct run_result result = run_parley("run", "--timeout", "60", "--kernel",
					      test_guest("fatal"), "--memory", "16M", "--cmdline",
					      "no-trap-table");

	expect_status(&result, 1);
	expect_error(&result, "parley: guest: killed by the hypervisor: trap 6 ");
	expect_error(&result, "parley:   The processor refused an instruction");
	run_result_free(&result);
}

Test(status, missing_kernel_is_2)
{
	struct run_result result = run_parley("run", "--kernel", "/nonexistent/kernel");

	expect_status(&result, 2);
	expect_error(&result, "/nonexistent/kernel");
	run_result_free(&result);
}

Test(status, not_a_kernel_is_2)
{
	const char *file = test_write_file("kernel", "%s", "neither ELF nor bzImage");
	struct run_result result = run_parley("run", "--kernel", file);

	expect_status(&result, 2);
	expect_error(&result, file);
	run_result_free(&result);
}

Test(status, bad_configuration_is_2)
{
	const char *file =
		test_write_file("config.json",
				"{\n\t\"domains\": [\n\t\t{ \"name\": \"a\", \"kernel\": \"%s\",\n"
				"\t\t  \"memory\": \"lots\" }\n\t]\n}\n",
				test_guest("hello"));
	struct run_result result = run_parley("check", file);

	expect_status(&result, 2);
	expect_error(&result, "config.json:4");
	expect_error(&result, "memory");
	run_result_free(&result);
	result = run_parley("run", file);
	expect_status(&result, 2);
	run_result_free(&result);
}

Test(status, unknown_verb_and_option_are_2)
{
	struct run_result result = run_parley("fly");

	expect_status(&result, 2);
	run_result_free(&result);
	result = run_parley("run", "--no-such-option");
	expect_status(&result, 2);
	run_result_free(&result);
}

Test(status, help_and_version_are_0)
{
	static const char *const verbs[] = { "run", "check", "bundle", "image" };
	struct run_result result = run_parley("--version");

	expect_status(&result, 0);
	expect_output(&result, "parley");
	run_result_free(&result);
	result = run_parley("--help");
	expect_status(&result, 0);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		expect_output(&result, verbs[i]);
	}
	run_result_free(&result);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		result = run_parley(verbs[i], "--help");
		expect_status(&result, 0);
		cr_assert_neq(strlen(result.out), 0);
		run_result_free(&result);
	}
}
