/*
 * Time and who gets it, measured by the guest `load` on counted machines, where a nanosecond is an
 * instruction and a run repeats: shares by weight, caps, how late a sleeper runs, what an idle guest
 * costs; and clocks and timers of vCPUs that move, also with real threads.
 *
 * On two counted CPUs one thread of the emulator takes turns, so each does half as much; shares are
 * compared with each other there.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

TestSuite(scheduler, .timeout = RUN_SECONDS + 30);

#define CONFIG_MAX 4096

struct load {
	const char *name;
	const char *cmdline;
	const char *fields; /* further fields of the configuration, each with a comma before it */
};

static const char *write_config(const struct load *loads, size_t count)
{
	char config[CONFIG_MAX] = "";
	char *kernel = realpath(test_guest("load"), NULL);

	cr_assert_not_null(kernel);
	for (size_t i = 0; i < count; i++) {
		size_t used = strlen(config);

		snprintf(config + used, sizeof(config) - used,
			 "%s{ \"name\": \"%s\", \"kernel\": \"%s\", \"cmdline\": \"%s\", "
			 "\"memory\": \"8M\"%s }",
			 i == 0 ? "" : ",\n", loads[i].name, kernel, loads[i].cmdline,
			 loads[i].fields);
	}
	free(kernel);
	return test_write_file("loads.json", "{ \"domains\": [\n%s\n] }\n", config);
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct run_result run_counted(const char *cpus, const struct load *loads, size_t count)
{
	struct run_result result = run_parley("run", "--icount", "--timeout", "200", "--cpus", cpus,
					      "--stats", write_config(loads, count));

	expect_status(&result, 0);
	expect_no_output(&result, "FAILED");
	return result;
}

/* The number that stands behind `text` in what the domain wrote, or in all if it has no name before it. */
static unsigned long number_after(const char *where, const char *name, const char *text)
{
	char wanted[128];
	const char *at;

	snprintf(wanted, sizeof(wanted), "%s%s%s", name, name[0] == '\0' ? "" : "| ", text);
	at = strstr(where, wanted);
	cr_assert_not_null(at, "\"%s\" is not in:\n%s", wanted, where);
	return strtoul(at + strlen(wanted), NULL, 10);
}

static unsigned long work_of(const struct run_result *result, const char *name)
{
	return number_after(result->out, name, "hog: vcpu 0: work ");
}

/* a is to b as parts_a to parts_b, to 2 %. */
static void expect_ratio(const char *what, unsigned long a, unsigned long b, unsigned long parts_a,
			 unsigned long parts_b)
{
	unsigned long left = a * parts_b, right = b * parts_a;

	cr_expect_leq(left > right ? left - right : right - left, right / 50,
		      "%s: %lu to %lu is not %lu to %lu", what, a, b, parts_a, parts_b);
}

static void expect_works(const char *cpus, const char *weights[3], const unsigned long parts[3])
{
	static const char *const names[] = { "a", "b", "c" };
	struct load loads[3];
	struct run_result result;
	unsigned long all = 0, all_parts = 0;

	for (size_t i = 0; i < 3; i++) {
		loads[i] = (struct load){ names[i], "hog", weights[i] };
	}
	result = run_counted(cpus, loads, 3);
	for (size_t i = 0; i < 3; i++) {
		all += work_of(&result, names[i]);
		all_parts += parts[i];
	}
	for (size_t i = 0; i < 3; i++) {
		expect_ratio(names[i], work_of(&result, names[i]), all, parts[i], all_parts);
	}
	run_result_free(&result);
}

static const char *equal[] = { "", "", "" };
static const char *rising[] = { ", \"weight\": 256", ", \"weight\": 512", ", \"weight\": 1024" };

Test(scheduler, equal_hogs_get_the_same_on_one_cpu)
{
	expect_works("1", equal, (const unsigned long[]){ 1, 1, 1 });
}

Test(scheduler, equal_hogs_get_the_same_on_two_cpus)
{
	expect_works("2", equal, (const unsigned long[]){ 1, 1, 1 });
}

Test(scheduler, hogs_get_one_to_two_to_four_on_one_cpu)
{
	expect_works("1", rising, (const unsigned long[]){ 1, 2, 4 });
}

/* The heaviest cannot use more than a CPU: the others share the second, one to two. */
Test(scheduler, hogs_get_one_to_two_to_all_on_two_cpus)
{
	expect_works("2", rising, (const unsigned long[]){ 1, 2, 3 });
}

Test(scheduler, affinities_are_obeyed)
{
	const char *fields[] = { ", \"affinity\": \"0x1\"", ", \"affinity\": \"0x1\"",
				 ", \"affinity\": \"0x2\"" };

	expect_works("2", fields, (const unsigned long[]){ 1, 1, 2 });
}

static void expect_ppm(const struct run_result *result, const char *name, unsigned long want)
{
	const char *line;
	char start[32];

	snprintf(start, sizeof(start), "%s%shog: vcpu 0:", name, name[0] == '\0' ? "" : "| ");
	line = strstr(result->out, start);
	cr_assert_not_null(line);
	expect_ratio(start, number_after(line, "", ", "), 1000000, want, 1000000);
}

Test(scheduler, caps_hold_on_an_idle_machine)
{
	struct load loads[] = { { "a", "hog", ", \"cap\": 25" } };
	struct run_result result = run_counted("1", loads, COUNT(loads));

	expect_ppm(&result, "", 250000);
	run_result_free(&result);
}

Test(scheduler, caps_hold_beside_others_who_get_the_rest)
{
	struct load loads[] = {
		{ "a", "hog", ", \"cap\": 15" },
		{ "b", "hog", ", \"cap\": 25, \"weight\": 1000" },
		{ "c", "hog", "" },
	};
	struct run_result result = run_counted("1", loads, COUNT(loads));

	expect_ppm(&result, "a", 150000);
	expect_ppm(&result, "b", 250000);
	expect_ppm(&result, "c", 600000);
	run_result_free(&result);
}

/* Both vCPUs of a domain under one cap, each on a CPU of its own. */
Test(scheduler, a_cap_is_for_all_vcpus_together)
{
	struct load loads[] = {
		{ "a", "hog", ", \"cap\": 50, \"vcpus\": 2" },
		{ "b", "hog", ", \"vcpus\": 2" },
	};
	struct run_result result = run_counted("2", loads, COUNT(loads));
	unsigned long first = number_after(result.out, "a", "hog: vcpu 0: work ");
	unsigned long second = number_after(result.out, "a", "hog: vcpu 1: work ");
	unsigned long others = number_after(result.out, "b", "hog: vcpu 0: work ") +
			       number_after(result.out, "b", "hog: vcpu 1: work ");

	expect_ratio("its vCPUs", first, second, 1, 1);
	expect_ratio("the domains", first + second, others, 50, 150);
	run_result_free(&result);
}

static void expect_late(const char *cpus, const struct load *loads, size_t count,
			unsigned long most_ns)
{
	struct run_result result = run_counted(cpus, loads, count);
	unsigned long most;

	cr_expect_gt(number_after(result.out, "s", "sleeper: "), 250);
	most = number_after(strstr(result.out, "sleeper:"), "", " most ");
	cr_expect_leq(most, most_ns, "a sleeper ran %lu ns late, not at most %lu", most, most_ns);
	run_result_free(&result);
}

/* docs/limits.md states these bounds. */
Test(scheduler, a_sleeper_runs_at_once_beside_hogs)
{
	struct load loads[] = {
		{ "s", "sleeper", "" },
		{ "a", "hog", "" },
		{ "b", "hog", "" },
	};

	expect_late("1", loads, COUNT(loads), 5000);
	/* On two CPUs it is as many turns of the emulator, of 4.8 us, as the phase makes it: up to five and a half. */
	expect_late("2", loads, COUNT(loads), 30000);
}

/* A hog with its upcalls masked is waited for, SCHED_GRACE_NS at most. */
Test(scheduler, a_sleeper_waits_for_a_lock_holder_but_not_long)
{
	struct load loads[] = {
		{ "s", "sleeper", "" },
		{ "a", "hog masked", "" },
		{ "b", "hog masked", "" },
	};

	expect_late("1", loads, COUNT(loads), 560000);
}

static void run_moving(const char *cmdline, const char *mode)
{
	struct load loads[] = { { "m", cmdline, ", \"vcpus\": 4" } };
	struct run_result result = run_parley("run", "--timeout", "200", "--cpus", "2", mode,
					      write_config(loads, COUNT(loads)));

	expect_status(&result, 0);
	expect_no_output(&result, "FAILED");
	run_result_free(&result);
}

Test(scheduler, no_vcpu_sees_the_clock_go_back)
{
	run_moving("clock start=500", "--icount");
	run_moving("clock start=500", "--parallel");
}

Test(scheduler, timers_of_vcpus_that_move_fire_once_and_never_early)
{
	run_moving("timers start=500", "--icount");
	run_moving("timers start=500", "--parallel");
}

/* What a whole run executed, by a plugin of the emulator. */
struct executed {
	unsigned long long instructions;
	unsigned long long returns; /* of the hypervisor's own interrupts, and to guests by IRET */
};

static struct executed read_executed(const char *file)
{
	FILE *counts = fopen(file, "r");
	struct executed e = { 0 };
	unsigned long long count, times;
	char line[256];

	cr_assert_not_null(counts);
	while (fgets(line, sizeof(line), counts) != NULL) {
		if (sscanf(line, "block %*s %llu %llu", &count, &times) == 2) {
			e.instructions += count * times;
		} else if (sscanf(line, "event iret hypervisor %llu", &count) == 1) {
			e.returns = count;
		}
	}
	fclose(counts);
	cr_assert(e.instructions > 1000000 && e.returns > 0);
	return e;
}

static struct executed run_idle(const char *cmdline, const char *counted)
{
	struct load loads[] = { { "i", cmdline, "" } };
	char file[4096], argument[5000];
	struct run_result result;

	snprintf(file, sizeof(file), "%s/counts", test_directory());
	snprintf(argument, sizeof(argument), "%s,out=%s", test_build_path("profile.so"), file);
	result = run_parley("run", "--icount", "--timeout", "200", "--qemu-arg", "-plugin",
			    "--qemu-arg", argument, write_config(loads, COUNT(loads)));
	expect_status(&result, 0);
	expect_output(&result, counted);
	run_result_free(&result);
	return read_executed(file);
}

/*
 * Seconds more of sleep cost nothing: not one interrupt, nor does a timer that was put off. Some
 * instructions depend on whether an interrupt that is due comes before HLT or in it; an interrupt
 * takes some hundred.
 */
Test(scheduler, an_idle_guest_costs_nothing_but_its_timer)
{
	const char *one = ": 0 interrupts, 1 upcalls, 2 hypercalls, 0 switches";
	const char *two = ": 0 interrupts, 1 upcalls, 3 hypercalls, 0 switches";
	struct executed shorter = run_idle("idle start=500 ms=2000", one);
	struct executed longer = run_idle("idle start=500 ms=9000", one);
	struct executed put_off = run_idle("idle start=500 ms=9000 put-off", two);

	cr_assert_eq(longer.returns, shorter.returns, "%lld interrupts in 7 s",
		     (long long)(longer.returns - shorter.returns));
	cr_assert_eq(put_off.returns, longer.returns, "%lld interrupts of a timer that was put off",
		     (long long)(put_off.returns - longer.returns));
	cr_assert_leq(longer.instructions, shorter.instructions + 16, "%lld instructions in 7 s",
		      (long long)(longer.instructions - shorter.instructions));
}

/* A vCPU that has the CPU for itself is not interrupted, and one that sleeps beside it costs it nothing. */
Test(scheduler, who_runs_alone_is_left_alone)
{
	struct load loads[] = { { "a", "hog ms=1000", "" }, { "i", "idle ms=3000", "" } };
	struct run_result result = run_counted("1", loads, COUNT(loads));
	unsigned long few = number_after(result.err, "", "interrupt");

	run_result_free(&result);
	loads[0].cmdline = "hog ms=3000";
	result = run_counted("1", loads, COUNT(loads));
	cr_expect_leq(number_after(result.err, "", "interrupt"), few + 2);
	run_result_free(&result);
}

Test(scheduler, a_watchdog_ends_a_domain_that_hangs)
{
	struct load loads[] = { { "s", "stuck", "" }, { "t", "sleeper ms=2500", "" } };
	struct run_result result = run_parley("run", "--icount", "--timeout", "200",
					      write_config(loads, COUNT(loads)));

	expect_status(&result, 1);
	expect_output(&result, "s| stuck: poked until 20");
	expect_output(&result, "t| sleeper: ");
	expect_no_output(&result, "FAILED");
	expect_error(&result, "s: stopped by its watchdog");
	run_result_free(&result);
}
