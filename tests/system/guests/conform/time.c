/*
 * Time: the clock, deadlines by each of the calls, the periodic tick, and the
 * record of how long a vCPU ran.
 * Read next: vcpus.c.
 */
#include "groups.h"

#include <stddef.h>
#include <stdint.h>

#include "check.h"
#include "cpu.h"
#include "events.h"
#include "hypercall.h"
#include "start.h"
#include "timer.h"

#define NS_PER_MS     1000000ul
#define NS_PER_SECOND 1000000000ul
#define LATEST        (500 * NS_PER_MS) /* a slow machine's patience */

/* How long after `start` the next timer event comes, at most LATEST. */
static uint64_t wait_for_timer(unsigned before, uint64_t start)
{
	while (timer_event_count() == before && timer_now_ns() - start < LATEST) {
		cpu_pause();
	}
	return timer_event_count() == before ? ~0ul : timer_now_ns() - start;
}

static void check_clock(void)
{
	uint64_t last = timer_now_ns(), wall = timer_wall_ns();
	bool forwards = true;

	for (unsigned i = 0; i < 100000; i++) {
		uint64_t now = timer_now_ns();

		forwards = forwards && now >= last;
		last = now;
	}
	check_true("time: never backwards", forwards);
	/* 2020 to 2100 */
	check_true("time: wall clock",
		   wall > 1577836800ul * NS_PER_SECOND && wall < 4102444800ul * NS_PER_SECOND);
	check_result("time: versions are even", cpu_current()->info->time.version & 1, 0);
}

static void check_single_shot(void)
{
	unsigned before = timer_event_count();
	uint64_t start = timer_now_ns(), took;

	timer_set_deadline(start + 3 * NS_PER_MS);
	took = wait_for_timer(before, start);
	check_true("time: one shot", took != ~0ul && took >= 3 * NS_PER_MS);
	before = timer_event_count();
	start = timer_now_ns();
	timer_set_deadline(start - NS_PER_MS);
	check_true("time: one shot in the past comes now", wait_for_timer(before, start) < LATEST);
	timer_set_deadline(timer_now_ns() + 5 * NS_PER_MS);
	check_result("time: stop it", hypercall_vcpu_op(PV_VCPUOP_stop_singleshot_timer, 0, NULL),
		     0);
	before = timer_event_count();
	start = timer_now_ns();
	while (timer_now_ns() - start < 15 * NS_PER_MS) {
		cpu_pause();
	}
	check_true("time: it does not come", timer_event_count() == before);
}

/* Deadlines at the ends of what a deadline can be. */
static void check_edges(void)
{
	struct pv_vcpu_set_singleshot_timer past = { .timeout_abs_ns = 1,
						     .flags = PV_VCPU_SSHOTTMR_future };
	unsigned before = timer_event_count();
	uint64_t start = timer_now_ns();

	timer_set_deadline(0);
	check_true("time: one shot at 0 comes now", wait_for_timer(before, start) < LATEST);
	/* A hypervisor may ignore that flag. */
	if (!start_is_privileged()) {
		check_result("time: the past, only if it is the future",
			     hypercall_vcpu_op(PV_VCPUOP_set_singleshot_timer, 0, &past),
			     -PV_ETIME);
	}
	before = timer_event_count();
	timer_set_deadline(~0ul >> 1);
	/* As a signed number the last one is past, which some take it for. */
	if (!start_is_privileged()) {
		timer_set_deadline(~0ul);
		timer_set_deadline(1ul << 63);
	}
	start = timer_now_ns();
	while (timer_now_ns() - start < 5 * NS_PER_MS) {
		cpu_pause();
	}
	check_result("time: centuries ahead does not come now", timer_event_count() - before, 0);
	for (unsigned i = 0; i < 5; i++) {
		timer_set_deadline(timer_now_ns() + (5 - i) * NS_PER_MS);
	}
	check_true("time: and gives way to a nearer one",
		   wait_for_timer(before, timer_now_ns()) != ~0ul);
	start = timer_now_ns();
	while (timer_now_ns() - start < 8 * NS_PER_MS) {
		cpu_pause();
	}
	check_result("time: of five that replace each other one comes",
		     timer_event_count() - before, 1);
}

static void check_set_timer(void)
{
	unsigned before = timer_event_count();
	uint64_t start = timer_now_ns(), took;

	check_result("time: set_timer_op", hypercall_set_timer_op(start + 3 * NS_PER_MS), 0);
	took = wait_for_timer(before, start);
	check_true("time: it comes", took != ~0ul && took >= 3 * NS_PER_MS);
	hypercall_set_timer_op(0);
}

static void check_periodic(void)
{
	struct pv_vcpu_set_periodic_timer timer = { .period_ns = 2 * NS_PER_MS };
	unsigned before = timer_event_count();
	uint64_t start = timer_now_ns();

	check_result("time: periodic", hypercall_vcpu_op(PV_VCPUOP_set_periodic_timer, 0, &timer),
		     0);
	while (timer_event_count() - before < 5 && timer_now_ns() - start < LATEST) {
		cpu_pause();
	}
	check_true("time: it comes again and again", timer_event_count() - before >= 5);
	check_result("time: stop it", hypercall_vcpu_op(PV_VCPUOP_stop_periodic_timer, 0, NULL), 0);
	before = timer_event_count();
	start = timer_now_ns();
	while (timer_now_ns() - start < 10 * NS_PER_MS) {
		cpu_pause();
	}
	check_true("time: it has stopped", timer_event_count() - before <= 1);
}

/* Masked or not, the timer is pending when its time has come. */
static void check_masked(void)
{
	unsigned before = timer_event_count();
	uint64_t start = timer_now_ns();

	events_disable();
	timer_set_deadline(start + NS_PER_MS);
	while (timer_now_ns() - start < 10 * NS_PER_MS) {
		cpu_pause();
	}
	check_true("time: kept while upcalls are masked",
		   timer_event_count() == before &&
			   cpu_current()->info->evtchn_upcall_pending != 0);
	events_enable();
	check_true("time: and delivered afterwards", timer_event_count() == before + 1);
}

static void check_runstate(void)
{
	static struct pv_vcpu_runstate_info area;
	struct pv_vcpu_runstate_info now, later;
	struct pv_vcpu_register_runstate_memory_area where = { .addr = (uintptr_t)&area };

	check_result("time: runstate", hypercall_vcpu_op(PV_VCPUOP_get_runstate_info, 0, &now), 0);
	check_result("time: running", now.state, PV_RUNSTATE_running);
	timer_sleep_ns(5 * NS_PER_MS);
	hypercall_vcpu_op(PV_VCPUOP_get_runstate_info, 0, &later);
	check_true("time: the sleep counts as blocked",
		   later.time[PV_RUNSTATE_blocked] > now.time[PV_RUNSTATE_blocked]);
	check_true("time: running goes on",
		   later.time[PV_RUNSTATE_running] > now.time[PV_RUNSTATE_running]);
	check_result("time: registered runstate",
		     hypercall_vcpu_op(PV_VCPUOP_register_runstate_memory_area, 0, &where), 0);
	check_result("time: filled at once", area.state, PV_RUNSTATE_running);
	timer_sleep_ns(2 * NS_PER_MS);
	check_true("time: and at each change",
		   area.state == PV_RUNSTATE_running &&
			   area.time[PV_RUNSTATE_blocked] > later.time[PV_RUNSTATE_blocked]);
	/* The area is the kernel's to give up; a null one would be refused by some. */
	hypercall_vm_assist(PV_VM_ASSIST_CMD_enable, PV_VM_ASSIST_runstate_update_flag);
	timer_sleep_ns(NS_PER_MS);
	check_result("time: the flag is clear between updates", (long)(area.state_entry_time >> 63),
		     0);
}

void time_check(void)
{
	check_clock();
	check_single_shot();
	check_edges();
	check_set_timer();
	check_periodic();
	check_masked();
	check_runstate();
}
