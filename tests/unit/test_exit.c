/*
 * pv/traps.c, the way out, with the real scheduler and life of domains: a guest that ends by
 * being loaded is reported and freed like any other.
 */
#include <criterion/criterion.h>

#include "host_names.h"

#include <parley/control.h>
#include <seam/cpu.h>
#include <seam/idle.h>

#include "cpu/switch.h"
#include "domain/sched.h"
#include "living.h"
#include "mm/alloc.h"
#include "pv/traps.h"

const char exit_iret_insn[1];

static struct domain *stays, *ends;
static u32 loads; /* of `ends` */

/* Segments of `ends` have been taken away, and its stack cannot take the frame that tells it: see load() in cpu/switch.c. */
void vcpu_switch(struct vcpu *prev, struct vcpu *next)
{
	fake_cpu_info.current = next;
	if (next != NULL && next->domain == ends) {
		loads++;
		domain_crash(ends, "kernel stack cannot take a frame");
	}
}

static void wake_the_other(void)
{
	sched_wake(stays->vcpus[0]);
}

Test(exit, who_ends_by_being_loaded_is_reported_and_freed)
{
	struct cpu_regs regs = { 0 };
	u64 before;

	living_init();
	stays = living_domain("stays", false);
	schedule();
	before = alloc_free_count();
	ends = living_domain("ends", false);
	sched_block();
	fake_interrupt = wake_the_other;
	pv_exit_work(&regs);
	cr_assert_eq(loads, 1);
	cr_assert_eq(current_vcpu(), stays->vcpus[0]);
	cr_assert_eq(living_told(ends->id), PV_DOMAIN_STATE_CRASHED);
	living_run(400);
	cr_assert_eq(living_told(2), PV_DOMAIN_STATE_GONE);
	cr_assert_geq(alloc_free_count(), before - 10, "but for its record");
}
