/*
 * What a guest must not be able to do: `hostile` tries what is forbidden and
 * wants the documented errors, `edges` sweeps edge values through all calls, also
 * as a domain that controls others, `race` does it from two vCPUs at once, `fatal`
 * dies in every way we know, and neither a Linux nor `neighbour`, which watches its
 * memory, may notice.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

TestSuite(isolation, .timeout = RUN_SECONDS + 30);

#define CONFIG_MAX 16384

/* Each ends its domain at once. */
static const char *const deaths[] = {
	"fault-unmapped",  "fault-non-canonical", "fault-hypervisor",
	"fault-read-only", "fault-table",         "border=0",
	"border=3",        "upcall-unmapped",     "iret-unmapped",
	"iret-hypervisor", "iret-non-canonical",  "iret-straddling",
	"no-trap-table",   "no-user-root",        "user-unmapped",
	"user-hypervisor", "user-non-canonical",  "user-null",
	"compatibility",   "code-gone",           "no-failsafe",
	"segment-gone",    "shutdown=3",          "multicall-iret",
};

/* Each is refused, or a burden for some seconds; then the domain powers off. */
static const char *const burdens[] = { "shutdown=77", "hog=4", "storm=4", "flood=4" };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Adds a domain to the configuration that grows in `config`. */
static void add_domain(char *config, const char *name, const char *kernel, const char *cmdline,
		       const char *memory)
{
	size_t used = strlen(config);
	char *path = realpath(kernel, NULL);

	cr_assert_not_null(path, "%s is missing", kernel);
	snprintf(
		config + used, CONFIG_MAX - used,
		"%s{ \"name\": \"%s\", \"kernel\": \"%s\", \"cmdline\": \"%s\", \"memory\": \"%s\" }",
		used == 0 ? "" : ",\n", name, path, cmdline, memory);
	free(path);
}

/* Runs `neighbour` beside one `fatal` for each word. */
static struct run_result run_beside_neighbour(const char *const words[], size_t count,
					      const char *cpus)
{
	char config[CONFIG_MAX] = "";
	char name[32];

	add_domain(config, "neighbour", test_guest("neighbour"), "seconds=6", "32M");
	for (size_t i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "fatal%zu", i);
		add_domain(config, name, test_guest("fatal"), words[i], "8M");
	}
	return run_parley("run", "--timeout", "120", "--cpus", cpus,
			  test_write_file("many.json", "{ \"domains\": [\n%s\n] }\n", config));
}

Test(isolation, deaths_hurt_nobody_else)
{
	struct run_result result = run_beside_neighbour(deaths, COUNT(deaths), "2");

	expect_status(&result, 1);
	cr_assert_eq(count_text(result.out, "| fatal: "), COUNT(deaths));
	expect_no_output(&result, "fatal: survived");
	expect_output(&result, "neighbour: alive");
	run_result_free(&result);
}

Test(isolation, burdens_starve_nobody)
{
	struct run_result result = run_beside_neighbour(burdens, COUNT(burdens), "1");

	expect_status(&result, 0);
	expect_output(&result, "neighbour: alive");
	cr_assert_eq(count_text(result.out, "fatal: survived"), COUNT(burdens));
	run_result_free(&result);
}

Test(isolation, hostile_gets_the_documented_errors)
{
	struct run_result result = run_parley("run", "--timeout", "100", "--kernel",
					      test_guest("hostile"), "--memory", "32M", "--vcpus",
					      "2", "--cpus", "2");

	expect_output(&result, " passed, 0 failed");
	expect_no_output(&result, "FAIL ");
	expect_status(&result, 0);
	run_result_free(&result);
}

/* Every call with every edge value, from the list of calls itself, beside a domain that watches its memory. */
Test(isolation, edge_values_get_listed_errors)
{
	char config[CONFIG_MAX] = "";
	struct run_result result;

	add_domain(config, "neighbour", test_guest("neighbour"), "seconds=8", "32M");
	add_domain(config, "edges", test_guest("edges"), "sweep spread=1", "32M");
	result = run_parley("run", "--timeout", "120", "--cpus", "2",
			    test_write_file("two.json", "{ \"domains\": [\n%s\n] }\n", config));
	expect_output(&result, "edges| edges: ");
	expect_output(&result, " passed, 0 failed");
	expect_no_output(&result, "FAILED");
	expect_output(&result, "neighbour: alive");
	expect_status(&result, 0);
	run_result_free(&result);
}

/*
 * The same by a domain with the right of control, and what it cannot survive by others, made to die.
 * Counted, so that it is the same each time; the last of it turns the machine off.
 */
Test(isolation, edge_values_of_who_controls_hurt_those_it_names)
{
	char *edges = realpath(test_guest("edges"), NULL);
	char *neighbour = realpath(test_guest("neighbour"), NULL);
	struct run_result result;

	cr_assert(edges && neighbour);
	result = run_parley(
		"run", "--timeout", "250", "--icount", "--cpus", "1",
		test_write_file("keeper.json",
				"{ \"machine\": { \"memory\": \"192M\" }, \"domains\": [\n"
				"{ \"name\": \"keeper\", \"kernel\": \"%s\", \"ramdisk\": \"%s\",\n"
				"  \"cmdline\": \"keeper spread=1\", \"memory\": \"16M\",\n"
				"  \"control\": true },\n"
				"{ \"name\": \"neighbour\", \"kernel\": \"%s\",\n"
				"  \"cmdline\": \"until=1\", \"memory\": \"16M\" } ] }\n",
				edges, edges, neighbour));
	free(edges);
	free(neighbour);
	expect_output(&result, "sweeper| edges: control: ");
	expect_output(&result, " passed, 0 failed");
	expect_no_output(&result, "FAILED");
	expect_output(&result, "keeper| keeper: free pages ");
	expect_output(&result, "neighbour| neighbour: alive");
	expect_output(&result, "keeper| keeper: 0 failed");
	expect_error(&result, "asked to turn the machine off");
	run_result_free(&result);
}

Test(isolation, hostile_does_not_disturb_linux)
{
	const char *file = test_write_file(
		"two.json",
		"{ \"domains\": ["
		"{ \"name\": \"debian\", \"kernel\": \"%s\", \"ramdisk\": \"%s\","
		"  \"cmdline\": \"console=hvc0 parley.test=outlive\", \"memory\": \"256M\", \"vcpus\": 2 },"
		"{ \"name\": \"hostile\", \"kernel\": \"%s\", \"memory\": \"32M\", \"vcpus\": 2 } ] }",
		realpath(test_kernel(), NULL), realpath(test_ramdisk(), NULL),
		realpath(test_guest("hostile"), NULL));
	struct run_result result = run_parley("run", "--timeout", "100", "--cpus", "2", file);

	expect_output(&result, "debian| result: forks 1275");
	expect_output(&result, " passed, 0 failed");
	expect_healthy_linux(&result);
	expect_status(&result, 0);
	run_result_free(&result);
}

/* The two vCPUs must really run at once, each in a thread of the host. */
Test(isolation, races_leave_every_count_right)
{
	struct run_result result = run_parley("run", "--timeout", "200", "--kernel",
					      test_guest("race"), "--cmdline", "rounds=60",
					      "--memory", "32M", "--vcpus", "2", "--cpus", "2",
					      "--parallel");

	expect_output(&result, " passed, 0 failed");
	expect_no_output(&result, "FAILED");
	expect_status(&result, 0);
	run_result_free(&result);
}
