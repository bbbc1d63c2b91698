/*
 * Further vCPUs: states, what the context sets, messages between them, down
 * and up again, and a vcpu_info that moves.
 * Read next: watchdogs.c.
 */
#include "groups.h"

#include <stddef.h>
#include <stdint.h>

#include "check.h"
#include "cpu.h"
#include "events.h"
#include "hypercall.h"
#include "mmu.h"
#include "page.h"
#include "smp.h"
#include "start.h"
#include "timer.h"

#define PATIENCE_NS 5000000000ul

static struct {
	unsigned stage;
	unsigned id;
	bool time_valid;
	unsigned to_second; /* port */
	unsigned pings;
} second;

static void stage_set(unsigned stage)
{
	__atomic_store_n(&second.stage, stage, __ATOMIC_RELEASE);
}

static bool stage_wait(unsigned stage)
{
	uint64_t start = timer_now_ns();

	while (__atomic_load_n(&second.stage, __ATOMIC_ACQUIRE) < stage) {
		if (timer_now_ns() - start > PATIENCE_NS) {
			return false;
		}
		hypercall_sched_op(PV_SCHEDOP_yield, NULL);
	}
	return true;
}

static bool down_wait(void)
{
	uint64_t start = timer_now_ns();

	while (smp_is_up(1)) {
		if (timer_now_ns() - start > PATIENCE_NS) {
			return false;
		}
		hypercall_sched_op(PV_SCHEDOP_yield, NULL);
	}
	return true;
}

static void on_ping(unsigned port, void *arg)
{
	__atomic_fetch_add(&second.pings, 1, __ATOMIC_RELAXED);
}

/* Goes down in its middle, and on behind the call when it is brought up again. */
static void second_main(void *arg)
{
	second.id = cpu_current()->id;
	second.time_valid = timer_now_ns() != 0;
	second.to_second = (unsigned)events_bind_ipi(1, on_ping, NULL);
	stage_set(1);
	while (__atomic_load_n(&second.pings, __ATOMIC_RELAXED) < 2) {
		timer_sleep_ns(100000);
	}
	stage_set(2);
	hypercall_vcpu_op(PV_VCPUOP_down, 1, NULL);
	stage_set(3);
}

static void check_life(void)
{
	check_result("vcpus: not up at first", hypercall_vcpu_op(PV_VCPUOP_is_up, 1, NULL), 0);
	check_result("vcpus: the first is up", hypercall_vcpu_op(PV_VCPUOP_is_up, 0, NULL), 1);
	check_result("vcpus: start", smp_start(1, second_main, NULL), 0);
	check_true("vcpus: it runs", stage_wait(1));
	check_result("vcpus: it is up", hypercall_vcpu_op(PV_VCPUOP_is_up, 1, NULL), 1);
	check_true("vcpus: gs base and time of its own", second.id == 1 && second.time_valid);
	events_send(second.to_second);
	while (__atomic_load_n(&second.pings, __ATOMIC_RELAXED) < 1) {
		hypercall_sched_op(PV_SCHEDOP_yield, NULL);
	}
	events_send(second.to_second);
	check_true("vcpus: both messages arrive", stage_wait(2));
	check_true("vcpus: down", down_wait());
	check_result("vcpus: up again", hypercall_vcpu_op(PV_VCPUOP_up, 1, NULL), 0);
	check_true("vcpus: it goes on behind the call", stage_wait(3));
	check_true("vcpus: down for good", down_wait());
}

/*
 * A vcpu_info of our own: what was there comes along, and a full scan is asked
 * for. The vCPU's record must know of it before the next event.
 */
static void check_moved_info(void)
{
	struct kit_cpu *cpu = cpu_current();
	uint64_t *page = page_alloc();
	struct pv_vcpu_register_vcpu_info where = {
		.mfn = mmu_page_mfn(page),
		.offset = 128,
	};
	struct pv_vcpu_info *moved = (struct pv_vcpu_info *)((uintptr_t)page + where.offset);
	uint64_t start;

	events_disable();
	check_result("vcpus: vcpu_info of our own",
		     hypercall_vcpu_op(PV_VCPUOP_register_vcpu_info, 0, &where), 0);
	cpu->info = moved;
	check_result("vcpus: the mask came along", moved->evtchn_upcall_mask, 1);
	check_result("vcpus: pending is set", moved->evtchn_upcall_pending, 1);
	check_true("vcpus: every word is selected", moved->evtchn_pending_sel == ~0ul);
	check_true("vcpus: time there", moved->time.tsc_to_system_mul != 0);
	events_enable();
	check_result("vcpus: nothing else moves twice",
		     hypercall_vcpu_op(PV_VCPUOP_register_vcpu_info, 0, &where), -PV_EINVAL);
	start = timer_now_ns();
	timer_sleep_ns(1000000);
	check_true("vcpus: events and time by the new one", timer_now_ns() - start >= 1000000);
}

void vcpus_check(void)
{
	if (smp_count() > 1) {
		check_life();
	}
	check_moved_info();
}
