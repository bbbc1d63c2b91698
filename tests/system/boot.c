/*
 * Debian's stock kernel to user space and to a clean end, with every mix of
 * one and four vCPUs on one and two CPUs, and under load. The numbers that
 * `hammer` prints are those that it prints on a Linux without a hypervisor.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "harness.h"

TestSuite(boot, .timeout = RUN_SECONDS + 30);

/* The sum of the 150 statuses that the shell got back: 1..99, 0, 1..50. */
#define FORKS "forks 6225"

static void boot_debian(const char *vcpus, const char *cpus, const char *expected)
{
	const char *const options[] = { "--vcpus", vcpus, "--cpus", cpus, NULL };
	struct run_result result = run_debian("boot", NULL, options);

	expect_status(&result, 0);
	expect_output(&result, "Hypervisor detected: Xen PV");
	expect_output(&result, expected);
	expect_output(&result, "result: release 6.");
	expect_output(&result, "reboot: ");
	expect_healthy_linux(&result);
	run_result_free(&result);
}

Test(boot, one_vcpu_on_one_cpu)
{
	boot_debian("1", "1", "result: cpus 1 " FORKS);
}

Test(boot, one_vcpu_on_two_cpus)
{
	boot_debian("1", "2", "result: cpus 1 " FORKS);
}

Test(boot, four_vcpus_on_one_cpu)
{
	boot_debian("4", "1", "result: cpus 4 " FORKS);
}

Test(boot, four_vcpus_on_two_cpus)
{
	boot_debian("4", "2", "result: cpus 4 " FORKS);
}

Test(boot, every_vcpu_runs_programs)
{
	const char *const options[] = { "--vcpus", "3", "--cpus", "2", NULL };
	struct run_result result = run_debian("boot", NULL, options);

	expect_status(&result, 0);
	expect_output(&result, "cpu 0 ran");
	expect_output(&result, "cpu 1 ran");
	expect_output(&result, "cpu 2 ran");
	run_result_free(&result);
}

static void hammer_debian(const char *vcpus, const char *cpus, const char *memory)
{
	const char *const options[] = { "--vcpus", vcpus, "--cpus", cpus, "--memory", memory, NULL };
	struct run_result result = run_debian("hammer", NULL, options);

	expect_status(&result, 0);
	expect_output(&result, "hammer fork: ok da320667a7a4b29b");
	expect_output(&result, "hammer exec: ok e606c462bafa6779");
	expect_output(&result, "hammer mmap: ok 20a8592ad8b63240");
	expect_output(&result, "hammer signal: ok 0000000000000fa0");
	expect_output(&result, "hammer thread: ok 0000000001c94e50");
	expect_output(&result, "hammer pipe: ok e989998b9232b948");
	expect_output(&result, "hammer float: ok 0fc308e726a70d40");
	expect_output(&result, "hammer time: ok 0000000000000004");
	expect_output(&result, "result: hammer status 0");
	expect_healthy_linux(&result);
	run_result_free(&result);
}

Test(boot, hammer_one_vcpu)
{
	hammer_debian("1", "1", "256M");
}

Test(boot, hammer_two_vcpus_on_one_cpu)
{
	hammer_debian("2", "1", "512M");
}

Test(boot, hammer_four_vcpus_on_two_cpus)
{
	hammer_debian("4", "2", "1G");
}

/* Ten boots with one to four vCPUs, none of which may fail. */
Test(boot, ten_in_a_row)
{
	static const char *const vcpus[] = { "1", "2", "3", "4" };

	for (unsigned int i = 0; i < 10; i++) {
		const char *const options[] = { "--vcpus",  vcpus[i % 4], "--cpus", vcpus[i % 2],
						"--memory", "256M",       NULL };
		struct run_result result = run_debian("nothing", NULL, options);

		expect_status(&result, 0);
		expect_output(&result, "result: nothing");
		expect_healthy_linux(&result);
		run_result_free(&result);
	}
}

/*
 * With one virtual nanosecond an instruction, the hypervisor's clock at the end
 * counts all that was executed, idle time on top. Debian's Xen 4.17 takes 3.8
 * billion instructions for the same kernel with a smaller ramdisk.
 */
Test(boot, costs_no_more_than_under_xen)
{
	const char *const options[] = { "--icount", "--memory", "256M", NULL };
	struct run_result result = run_debian("nothing", NULL, options);
	const char *last;
	double seconds;

	expect_status(&result, 0);
	expect_error(&result, "no domain is left");
	last = strstr(result.err, "no domain is left");
	while (last > result.err && last[-1] != '\n') {
		last--;
	}
	cr_assert_eq(sscanf(last, "[%lf]", &seconds), 1, "no time in the log: %s", last);
	cr_assert_lt(seconds, 3.8, "%f s of one instruction a nanosecond", seconds);
	run_result_free(&result);
}
