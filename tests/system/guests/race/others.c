/*
 * Operations that both vCPUs do at once: ports, grants, timers, flushes, time
 * pages. Nothing may be lost or left behind.
 */
#include "race.h"

#include <stddef.h>

#include "cpu.h"
#include "events.h"
#include "hypercall.h"
#include "mmu.h"
#include "page.h"
#include "probe.h"
#include "start.h"
#include "timer.h"

/* How many ports can be opened; the same before and after. */
static unsigned ports_available(void)
{
	static uint16_t taken[PV_EVTCHN_2L_NR_CHANNELS];
	struct pv_evtchn_alloc_unbound alloc = { .dom = PV_DOMID_SELF,
						 .remote_dom = PV_DOMID_SELF };
	unsigned count = 0;

	while (count < PV_EVTCHN_2L_NR_CHANNELS &&
	       hypercall_event_channel_op(PV_EVTCHNOP_alloc_unbound, &alloc) == 0) {
		taken[count++] = (uint16_t)alloc.port;
	}
	for (unsigned i = 0; i < count; i++) {
		struct pv_evtchn_close close = { .port = taken[i] };

		hypercall_event_channel_op(PV_EVTCHNOP_close, &close);
	}
	return count;
}

static unsigned available;

static bool ports_begin(void)
{
	available = ports_available();
	return true;
}

static bool ports_end(void)
{
	return ports_available() == available;
}

static void open_and_close(unsigned vcpu)
{
	struct pv_evtchn_alloc_unbound alloc = { .dom = PV_DOMID_SELF,
						 .remote_dom = PV_DOMID_SELF };
	struct pv_evtchn_bind_interdomain bind = { .remote_dom = PV_DOMID_SELF };
	struct pv_evtchn_bind_ipi ipi = { .vcpu = vcpu };
	struct pv_evtchn_close close;
	struct pv_evtchn_bind_vcpu move;

	if (hypercall_event_channel_op(PV_EVTCHNOP_alloc_unbound, &alloc) != 0) {
		return;
	}
	bind.remote_port = alloc.port;
	if (hypercall_event_channel_op(PV_EVTCHNOP_bind_interdomain, &bind) == 0) {
		events_mask(bind.local_port);
		move.port = bind.local_port;
		move.vcpu = vcpu ^ 1;
		hypercall_event_channel_op(PV_EVTCHNOP_bind_vcpu, &move);
		events_send(alloc.port);
		close.port = bind.local_port;
		hypercall_event_channel_op(PV_EVTCHNOP_close, &close);
	}
	close.port = alloc.port;
	hypercall_event_channel_op(PV_EVTCHNOP_close, &close);
	if (hypercall_event_channel_op(PV_EVTCHNOP_bind_ipi, &ipi) == 0) {
		close.port = ipi.port;
		hypercall_event_channel_op(PV_EVTCHNOP_close, &close);
	}
}

static bool ports_work(unsigned round)
{
	open_and_close(0);
	return true;
}

/* Closes whatever the first has just opened, and sends to it. */
static void ports_disturb(void)
{
	struct pv_evtchn_close close;

	open_and_close(1);
	for (unsigned port = 20; port < 24; port++) {
		events_send(port);
		close.port = port;
		hypercall_event_channel_op(PV_EVTCHNOP_close, &close);
	}
}

/* An IPI from each to the other; all arrive. */
static unsigned received;
static int ipi_port = -1;

static void on_ipi(unsigned port, void *arg)
{
	__atomic_fetch_add(&received, 1, __ATOMIC_RELAXED);
}

static bool ipi_begin(void)
{
	ipi_port = events_bind_ipi(0, on_ipi, NULL);
	return ipi_port > 0;
}

/*
 * Pauses of changing length: where the emulator runs both CPUs in step, the next could else
 * always be there when the receiver leaves its handler, which then never comes to anything else.
 */
static void ipi_send(void)
{
	static unsigned turn;

	events_send((unsigned)ipi_port);
	for (unsigned i = turn++ % 1024; i != 0; i--) {
		__builtin_ia32_pause();
	}
}

static bool ipi_wait(unsigned round)
{
	uint64_t deadline = timer_now_ns() + 5000000000ul;
	unsigned before = __atomic_load_n(&received, __ATOMIC_RELAXED);

	while (__atomic_load_n(&received, __ATOMIC_RELAXED) == before) {
		if (timer_now_ns() > deadline) {
			return false;
		}
		hypercall_sched_op(PV_SCHEDOP_yield, NULL);
	}
	return true;
}

static bool ipi_end(void)
{
	return events_close((unsigned)ipi_port) == 0;
}

/* Both flush everything there is, everywhere. */
static void flush_all(void)
{
	static const uint64_t both = 3;
	static unsigned turn;
	struct pv_mmuext_op ops[4] = {
		{ .cmd = PV_MMUEXT_TLB_FLUSH_ALL },
		{ .cmd = PV_MMUEXT_INVLPG_ALL, .arg1.linear_addr = RACE_VA },
		{ .cmd = PV_MMUEXT_TLB_FLUSH_MULTI, .arg2.vcpumask = (uintptr_t)&both },
		{ .cmd = PV_MMUEXT_INVLPG_MULTI,
		  .arg1.linear_addr = RACE_VA,
		  .arg2.vcpumask = (uintptr_t)&both },
	};

	hypercall_mmuext_op(&ops[turn++ % 4], 1, NULL, PV_DOMID_SELF);
}

static bool flushes(unsigned round)
{
	flush_all();
	return true;
}

/* The clock never runs backwards, nor between the two. */
static uint64_t last_time;

static bool time_step(void)
{
	uint64_t before = __atomic_load_n(&last_time, __ATOMIC_ACQUIRE);
	uint64_t now = timer_now_ns();

	if (now < before) {
		return false;
	}
	__atomic_store_n(&last_time, now, __ATOMIC_RELEASE);
	return true;
}

static bool time_failed;

static bool time_work(unsigned round)
{
	return time_step() && !__atomic_load_n(&time_failed, __ATOMIC_RELAXED);
}

static void time_disturb(void)
{
	timer_set_deadline(timer_now_ns() + 1000);
	if (!time_step()) {
		__atomic_store_n(&time_failed, true, __ATOMIC_RELAXED);
	}
}

/* Registered areas move while they are written. */
static struct pv_vcpu_runstate_info areas[2];

static bool areas_work(unsigned round)
{
	struct pv_vcpu_register_runstate_memory_area area = { .addr = (uintptr_t)&areas[0] };

	hypercall_vcpu_op(PV_VCPUOP_register_runstate_memory_area, 1, &area);
	area.addr = 0x1000;
	hypercall_vcpu_op(PV_VCPUOP_register_runstate_memory_area, 1, &area);
	hypercall_sched_op(PV_SCHEDOP_yield, NULL);
	return true;
}

static void areas_disturb(void)
{
	struct pv_vcpu_register_runstate_memory_area area = { .addr = (uintptr_t)&areas[1] };

	hypercall_vcpu_op(PV_VCPUOP_register_runstate_memory_area, 1, &area);
	hypercall_sched_op(PV_SCHEDOP_yield, NULL);
}

const struct contest race_others[] = {
	{ "ports", ports_begin, ports_end, ports_work, ports_disturb },
	{ "ipi", ipi_begin, ipi_end, ipi_wait, ipi_send },
	{ "flushes", NULL, NULL, flushes, flush_all },
	{ "time", NULL, NULL, time_work, time_disturb },
	{ "areas", NULL, NULL, areas_work, areas_disturb },
	{ NULL, NULL, NULL, NULL, NULL },
};
