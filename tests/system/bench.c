/*
 * The guest `bench` and the counters: a counted run gives the same figures again, to the last
 * digit, and what `run --stats` tells of it is what the guest did.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

TestSuite(bench, .timeout = RUN_SECONDS + 30);

static struct run_result run_bench(const char *cmdline, const char *option)
{
	return run_parley("run", "--icount", "--kernel", test_guest("bench"), "--memory", "64M",
			  "--cmdline", cmdline, option);
}

Test(bench, all_operations_are_measured_and_repeat_exactly)
{
	struct run_result first = run_bench("", "--stats"), second = run_bench("", "--stats");

	expect_status(&first, 0);
	expect_status(&second, 0);
	expect_output(&first, "bench: hypercall-null ");
	expect_output(&first, "bench: invlpg-local ");
	expect_no_output(&first, "cannot be measured");
	cr_expect_str_eq(first.out, second.out);
	run_result_free(&first);
	run_result_free(&second);
}

/* The count that stands behind "name" in the JSON; 0 when the name is not there. */
static unsigned long count_of(const struct run_result *result, const char *name)
{
	char quoted[64];
	const char *at;

	snprintf(quoted, sizeof(quoted), "\"%s\": ", name);
	at = strstr(result->err, quoted);
	return at == NULL ? 0 : strtoul(at + strlen(quoted), NULL, 10);
}

/* What is counted grows by what is done `repeat` times more, and by nothing else. */
static void expect_growth(const char *operation, const char *count, unsigned long times)
{
	char few[64], many[64];
	struct run_result small, large;

	snprintf(few, sizeof(few), "only=%s repeat=100", operation);
	snprintf(many, sizeof(many), "only=%s repeat=300", operation);
	small = run_bench(few, "--json");
	large = run_bench(many, "--json");
	expect_status(&small, 0);
	expect_status(&large, 0);
	/* n and then 2n turns, five times each: 15 times the number. */
	cr_expect_eq(count_of(&large, count) - count_of(&small, count), 15 * 200 * times,
		     "%s of %s: %lu, then %lu", count, operation, count_of(&small, count),
		     count_of(&large, count));
	run_result_free(&small);
	run_result_free(&large);
}

Test(bench, hypercalls_are_counted)
{
	expect_growth("stack-switch", "stack_switch", 1);
}

Test(bench, hypercalls_of_a_multicall_are_counted_too)
{
	expect_growth("multicall-8", "xen_version", 8);
}

Test(bench, system_calls_are_counted)
{
	expect_growth("syscall", "system_call", 1);
}

Test(bench, page_faults_are_counted)
{
	expect_growth("page-fault", "page_fault", 1);
}

Test(bench, emulated_instructions_are_counted)
{
	expect_growth("read-msr", "emulation", 1);
}

Test(bench, emulated_stores_are_counted)
{
	expect_growth("ptwr", "table_write", 2);
}

Test(bench, validations_are_counted)
{
	expect_growth("pin-empty", "table_validated", 1);
}

Test(bench, releases_are_counted)
{
	expect_growth("pin-empty", "table_released", 1);
}

Test(bench, base_pointers_are_counted)
{
	expect_growth("new-base", "new_base_pointer", 2);
}

Test(bench, flushes_are_counted)
{
	expect_growth("flush-local", "tlb_flush", 1);
}

Test(bench, page_flushes_are_counted)
{
	expect_growth("invlpg-local", "page_flush", 1);
}
