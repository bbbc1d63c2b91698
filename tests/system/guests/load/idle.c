/*
 * idle: sleeps for the span in one piece, and tells what the hypervisor counted
 * for it meanwhile, the calls that measure left out:
 *	idle: 1000 ms: 1 interrupts, 1 upcalls, 2 hypercalls, 1 switches
 * "put-off" on the command line: it asks for an earlier event first, and then puts that off.
 */
#include "load.h"

#include <parley/stats.h>

#include "hypercall.h"
#include "printf.h"
#include "start.h"
#include "timer.h"

#define PUT_OFF_NS (100 * NS_PER_MS)

static bool read_stats(struct pv_stats *stats)
{
	stats->size = sizeof(*stats);
	return hypercall2(PV_HYPERCALL_stats, PV_STATSOP_read, (uintptr_t)stats) == 0;
}

bool load_idle(void)
{
	static struct pv_stats before, after;
	unsigned long entries[PV_STATS_ENTRIES];

	timer_sleep_ns(load_start() - timer_now_ns());
	if (!read_stats(&before)) {
		return false;
	}
	if (start_option("put-off", NULL)) {
		timer_set_deadline(load_start() + PUT_OFF_NS);
	}
	timer_sleep_ns(load_end() - load_start());
	if (!read_stats(&after)) {
		return false;
	}
	for (unsigned i = 0; i < PV_STATS_ENTRIES; i++) {
		entries[i] = after.entries[i] - before.entries[i];
	}
	printf("idle: %lu ms: %lu interrupts, %lu upcalls, %lu hypercalls, %lu switches\n",
	       (load_end() - load_start()) / NS_PER_MS, entries[PV_STATS_ENTRY_interrupt],
	       entries[PV_STATS_ENTRY_upcall], entries[PV_STATS_ENTRY_hypercall] - 1,
	       after.work[PV_STATS_WORK_context_switch] -
		       before.work[PV_STATS_WORK_context_switch]);
	return true;
}
