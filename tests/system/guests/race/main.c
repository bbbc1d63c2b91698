/*
 * race: two vCPUs against the hypervisor. One carries out page-table and other
 * operations; the other writes to the pages, changes the arguments, or does the
 * same thing at the same time. Whatever the order, no forbidden entry may come
 * into a table, and no count may be left wrong: pages are free afterwards.
 *
 *	race: NAME: ok
 *	race: NAME: FAILED in round N
 *	race: N passed, M failed
 * "rounds=N" on the command line (300); "only=NAME" for one contest.
 *
 * Read next: tables.c, arguments.c, others.c.
 */
#include "race.h"

#include "cpu.h"
#include "hypercall.h"
#include "mmu.h"
#include "power.h"
#include "printf.h"
#include "smp.h"
#include "start.h"
#include "string.h"
#include "timer.h"

static const struct contest *current;
static bool stop, idle = true, quit;
static unsigned rounds = 300, passed, failed;
static const char *only;

bool race_page_is_free(void *page)
{
	unsigned long mfn = mmu_page_mfn(page);

	memset(page, 0, KIT_PAGE_SIZE);
	return mmu_make_readonly(page) == 0 && mmu_pin(1, mfn) == 0 && mmu_unpin(mfn) == 0 &&
	       mmu_make_writable(page) == 0;
}

uint64_t race_forbidden(void)
{
	return mmu_pte(mmu_root_mfn(), MMU_PTE_DATA);
}

uint64_t race_entry(unsigned long va)
{
	uint64_t entry;
	uint64_t maddr = mmu_walk(va, 1, &entry);

	if (maddr == 0 && mmu_map(mmu_root_mfn(), va, 0) == 0) {
		maddr = mmu_walk(va, 1, &entry);
	}
	if (maddr == 0) {
		power_panic("no table for 0x%lx", va);
	}
	return maddr;
}

/* The second vCPU's life: idle, or disturbing until told to stop. */
static void second_main(void *arg)
{
	while (!__atomic_load_n(&quit, __ATOMIC_ACQUIRE)) {
		const struct contest *c = __atomic_load_n(&current, __ATOMIC_ACQUIRE);

		if (c == NULL || __atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
			__atomic_store_n(&idle, true, __ATOMIC_RELEASE);
			hypercall_sched_op(PV_SCHEDOP_yield, NULL);
			continue;
		}
		__atomic_store_n(&idle, false, __ATOMIC_RELEASE);
		c->disturb();
	}
}

static void wait_until_idle(bool want)
{
	while (__atomic_load_n(&idle, __ATOMIC_ACQUIRE) != want) {
		hypercall_sched_op(PV_SCHEDOP_yield, NULL);
	}
}

static unsigned run_rounds(const struct contest *c)
{
	for (unsigned i = 1; i <= rounds; i++) {
		if (!c->work(i)) {
			return i;
		}
	}
	return 0;
}

static void run(const struct contest *c)
{
	unsigned bad;

	if (c->begin != NULL && !c->begin()) {
		printf("race: %s: cannot begin\n", c->name);
		failed++;
		return;
	}
	__atomic_store_n(&stop, false, __ATOMIC_RELEASE);
	__atomic_store_n(&current, c, __ATOMIC_RELEASE);
	wait_until_idle(false);
	bad = run_rounds(c);
	__atomic_store_n(&stop, true, __ATOMIC_RELEASE);
	wait_until_idle(true);
	__atomic_store_n(&current, NULL, __ATOMIC_RELEASE);
	if (bad == 0 && c->end != NULL && !c->end()) {
		bad = rounds + 1;
	}
	if (bad == 0) {
		printf("race: %s: ok\n", c->name);
		passed++;
	} else {
		printf("race: %s: FAILED in round %u\n", c->name, bad);
		failed++;
	}
}

static void run_all(const struct contest *list)
{
	for (; list->name != NULL; list++) {
		if (only == NULL || strncmp(only, list->name, strlen(list->name)) == 0) {
			run(list);
		}
	}
}

int main(void)
{
	rounds = (unsigned)start_option_number("rounds", rounds);
	start_option("only", &only);
	if (smp_count() < 2 || smp_start(1, second_main, NULL) != 0) {
		printf("race: needs a second vCPU\n");
		return 1;
	}
	run_all(race_tables);
	run_all(race_arguments);
	run_all(race_others);
	__atomic_store_n(&quit, true, __ATOMIC_RELEASE);
	printf("race: %u passed, %u failed\n", passed, failed);
	return 0;
}
