/*
 * What a caller may not survive, called by a domain that is made to die: those calls
 * that abi.json says end it, block it, change what it runs on or go on using its memory.
 * Which one is being made stands in a page of the keeper's, so that the next mayfly goes
 * on behind it.
 *
 * Read next: keeper.c.
 */
#include <parley/sched.h>

#include "control.h"
#include "cpu.h"
#include "grants.h"
#include "hypercall.h"
#include "mmu.h"
#include "page.h"
#include "power.h"
#include "roles.h"
#include "start.h"

#define LOG_VA 0x10040000000ul

static volatile struct mayfly_log *told;
static uint32_t from, seen;

/* Maps the page of the keeper's where a page of our own has made a table for it. */
static void map_log(void)
{
	long rc =
		mmu_map(mmu_root_mfn(), LOG_VA, mmu_pte(mmu_page_mfn(page_alloc()), MMU_PTE_DATA));

	rc = rc != 0 ? rc : mmu_set_mapping(LOG_VA, 0);
	rc = rc != 0 ? rc : grants_init();
	rc = rc != 0 ? rc :
		       grants_map((unsigned)start_option_number("keeper-id", 0), MAYFLY_REF, LOG_VA,
				  PV_GNTMAP_host_map);
	if (rc < 0) {
		power_panic("no page to tell in: %ld", rc);
	}
	told = (volatile struct mayfly_log *)LOG_VA;
}

static bool may(struct edge_world *w, const struct edge_call *call, const struct edge_operation *op,
		uint8_t hazard, const uint64_t args[EDGE_ARGS])
{
	told->beat++;
	if (hazard == EDGE_SAFE || call->number == PV_HYPERCALL_control || seen++ < from) {
		return false;
	}
	told->next = seen - 1;
	return true;
}

/* A watchdog would end it later, at a call that has nothing to do with it. */
static void repair(struct edge_world *w)
{
	for (uint32_t id = 1; id <= 2; id++) {
		struct pv_sched_watchdog dog = { .id = id, .timeout = 0 };

		hypercall_sched_op(PV_SCHEDOP_watchdog, &dog);
	}
	world_repair(w);
	told->passed = (uint32_t)w->passed;
	told->failed = (uint32_t)w->failures;
}

int mayfly_run(void)
{
	struct edge_world w;

	if (start_option("crash", NULL)) {
		hypercall_set_trap_table(NULL);
		__asm__ volatile("ud2");
	}
	map_log();
	from = (uint32_t)start_option_number("from", 0);
	world_make(&w);
	w.is_live = false;
	w.may = may;
	w.repair = repair;
	edge_sweep(&w);
	world_repair(&w);
	told->passed = (uint32_t)w.passed;
	told->failed = (uint32_t)w.failures;
	told->done = 1;
	return w.failures == 0 ? 0 : 1;
}
