/*
 * Those whose calls are looked at: one that has no right to any, and some that are traced. What a
 * traced one does between two calls of the number MARK is what records.c expects.
 *
 * Read next: subjects_timer.c.
 */
#include "subjects.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "calls.h"
#include "cpu.h"
#include "domains.h"
#include "events.h"
#include "hypercall.h"
#include "start.h"
#include "string.h"
#include "timer.h"
#include "traces.h"
#include "traps.h"

/* ---- without the right ---- */

int subject_refused(void)
{
	static uint8_t bytes[sizeof(struct pv_control_list)];
	struct pv_sched_remote_shutdown end = { .domain_id = 1 };
	unsigned long wrong = 0;

	for (unsigned op = 0; op < PV_CONTROLOPS; op++) {
		wrong += control_call(op, bytes) != -PV_EPERM;
	}
	check_sweep("control: every operation, without the right", wrong, 0, 0);
	REFUSES("control", PV_EPERM, "without the right",
		control_call(PV_CONTROLOP_machine, bytes));
	REFUSES("control", PV_EPERM, "nor is told what there is",
		control_call(PV_CONTROLOPS, bytes));
	REFUSES("control", PV_EPERM, "nor what can be read",
		hypercall2(PV_HYPERCALL_control, PV_CONTROLOP_list, NOWHERE));
	REFUSES("sched_op.remote_shutdown", PV_EPERM, "without the right",
		hypercall_sched_op(PV_SCHEDOP_remote_shutdown, &end));
	end.domain_id = NOBODY;
	REFUSES("sched_op.remote_shutdown", PV_EPERM, "nor is told who lives",
		hypercall_sched_op(PV_SCHEDOP_remote_shutdown, &end));
	end.reason = PV_SHUTDOWN_MAX + 1;
	REFUSES("sched_op.remote_shutdown", PV_EPERM, "nor of a reason that is none",
		hypercall_sched_op(PV_SCHEDOP_remote_shutdown, &end));
	return check_failed() == 0 ? 0 : 1;
}

/* ---- traced ---- */

static void batch(void)
{
	struct pv_multicall_entry list[3] = {
		{ .op = PV_HYPERCALL_xen_version, .args = { PV_VERSION_version } },
		{ .op = MARK + 1, .args = { 1, 2, 3, 4, 5 } },
		{ .op = PV_HYPERCALL_set_timer_op, .args = { 0 } },
	};

	hypercall_multicall(list, 3);
}

static bool step_over(struct kit_regs *regs)
{
	(void)regs;
	return true;
}

static void ports(void)
{
	struct pv_evtchn_bind_ipi bind = { .vcpu = 0 };
	struct pv_evtchn_send send;
	struct pv_evtchn_close close;

	hypercall_event_channel_op(PV_EVTCHNOP_bind_ipi, &bind);
	send.port = bind.port;
	hypercall_event_channel_op(PV_EVTCHNOP_send, &send);
	close.port = bind.port;
	hypercall_event_channel_op(PV_EVTCHNOP_close, &close);
	hypercall_event_channel_op(PV_EVTCHNOP_close, &close);
	hypercall_event_channel_op(PV_EVTCHNOP_send, (void *)NOWHERE);
}

int subject_calls(void)
{
	unsigned long cr0;

	events_disable();
	traps_set_handler(3, 0, step_over);
	hypercall0(MARK);
	hypercall_xen_version(PV_VERSION_version, NULL);
	ports();
	batch();
	__asm__ volatile("int3");
	__asm__ volatile("mov %%cr0, %0" : "=a"(cr0));
	hypercall(MARK, 0x11, 0x22, 0x33, 0x44, 0x55);
	hypercall(1000, cr0, 0, 0, 0, 0);
	hypercall0(MARK);
	return 0;
}

static void call_often(void)
{
	for (unsigned long n = start_option_number("n", 1); n > 0; n--) {
		hypercall0(MARK);
	}
	domains_sign();
}

int subject_storm(void)
{
	call_often();
	timer_sleep_ns(~0ul >> 2);
	return 1;
}

int subject_tracer(void)
{
	if (trace_set(domains_own(), TRACE_BIT(hypercall), 1ul << MARK) != 0) {
		return 1;
	}
	return subject_storm();
}
