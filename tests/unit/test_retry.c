/* pv/retry.c: faults of ring 0 at guest addresses that are run again, and how often. */
#include <criterion/criterion.h>

#include "host_names.h"

#include "pv/retry.h"

#define RIP        0xffff828000201234UL
#define OTHER_RIP  0xffff828000204321UL
#define GVA        0xffff888000001000UL
#define STORE_DENY 3UL /* present, write */

static struct cpu_info info;

static void setup(void)
{
	info = (struct cpu_info){ 0 };
}

TestSuite(retry, .init = setup);

/*
 * A processor runs an instruction that touches `pages` pages in turn; the fault at one is
 * over after `stale` tries of it, or never. How many faults it took, or -1: given up.
 */
static int run(u64 rip, unsigned pages, unsigned stale)
{
	unsigned tries[4] = { 0 };

	for (int faults = 0; faults < 1000; faults++) {
		unsigned page = 0;

		while (page < pages && tries[page] == stale) {
			page++;
		}
		if (page == pages) {
			return faults;
		}
		tries[page]++;
		if (!retry_access(&info, rip, GVA + page * PAGE_SIZE, STORE_DENY)) {
			return -1;
		}
	}
	cr_assert_fail("endless");
	return -1;
}

Test(retry, a_stale_translation_costs_one_fault)
{
	cr_assert_eq(run(RIP, 1, 1), 1);
	cr_assert(info.work & CPU_WORK_RETRIED, "the exit must look");
}

Test(retry, an_access_across_pages_costs_two)
{
	cr_assert_eq(run(RIP, 2, 1), 2);
}

Test(retry, what_is_forbidden_is_tried_twice)
{
	cr_assert_eq(run(RIP, 1, ~0U), -1);
	cr_assert_eq(info.retries.count, 1);
}

Test(retry, the_next_entry_begins_anew)
{
	cr_assert_eq(run(RIP, 1, 1), 1);
	access_retries_forget(&info);
	cr_assert_eq(info.work, 0);
	cr_assert_eq(run(RIP, 1, 1), 1);
}

Test(retry, other_work_stays)
{
	info.work = CPU_WORK_TIMER;
	cr_assert_eq(run(RIP, 1, 1), 1);
	access_retries_forget(&info);
	cr_assert_eq(info.work, CPU_WORK_TIMER);
}

/* Another vCPU takes away one page's right whenever the other's is back. */
Test(retry, entries_that_flip_do_not_hold_the_cpu)
{
	unsigned n = 0;

	while (retry_access(&info, RIP, GVA + (n % 2) * PAGE_SIZE, STORE_DENY)) {
		n++;
		cr_assert_leq(n, RETRIES_MAX);
	}
	cr_assert_eq(n, RETRIES_MAX);
	cr_assert_not(retry_access(&info, OTHER_RIP, GVA, STORE_DENY), "it was enough in all");
}

Test(retry, only_what_a_stale_translation_can_cause)
{
	cr_assert_not(retry_access(&info, RIP, GVA, 2), "not present");
	cr_assert_not(retry_access(&info, RIP, GVA, 9), "reserved bits");
	cr_assert_not(retry_access(&info, RIP, HV_VIRT_START, 1), "ours");
	cr_assert_not(retry_access(&info, RIP, HV_VIRT_END - 1, 1), "ours");
	cr_assert_eq(info.work, 0);
}
