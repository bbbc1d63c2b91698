/*
 * trace_set and trace_read as calls: who may have the trace, what may be asked for, how much is
 * read at once. What records say is records.c's.
 */
#include "groups.h"

#include "calls.h"
#include "cpu.h"
#include "domains.h"
#include "hypercall.h"
#include "printf.h"
#include "traces.h"

#define STORM 20000u /* more records than a ring has room for */

static long read_to(uint64_t data, uint32_t bytes)
{
	struct pv_control_trace_read read = { .bytes = bytes, .data = data };

	return control_call(PV_CONTROLOP_trace_read, &read);
}

/* Another with the right has the trace until its end, and what was lost to it is no loss of ours. */
static void check_another(void)
{
	uint64_t pages = domains_free_pages(), lost = 1;
	struct pv_control_create *c;
	char cmdline[32];
	uint32_t bytes = 1;
	uint16_t id;

	snprintf(cmdline, sizeof(cmdline), "act=tracer n=%u", STORM);
	c = domains_request("tracer", cmdline);
	c->flags = PV_CONTROL_FLAG_control;
	id = domains_make_by(c);
	check_true("control.trace_set: another takes it", domains_await_signs(id, 1));
	REFUSES("control.trace_set", PV_EBUSY, "another has the trace",
		trace_set(domains_own(), TRACE_BIT(hypercall), ~0ul));
	REFUSES("control.trace_set", PV_EBUSY, "nor may it be ended", trace_set(0, 0, 0));
	REFUSES("control.trace_read", PV_EBUSY, "another has the trace",
		trace_read(4096, &bytes, &lost));
	domains_put_away(id);
	trace_rings_are_made();
	check_result("control.trace_set: the rings stay", (long)(pages - domains_free_pages()),
		     (long)trace_ring_pages());
	DOES("control.trace_set", "when it has ended",
	     trace_set(domains_own(), TRACE_BIT(hypercall), 1ul << MARK), 0);
	DOES("control.trace_read", "when it has ended", trace_read(4096, &bytes, &lost), 0);
	check_result("control.trace_read: nothing of its records but the clock's", bytes,
		     sizeof(struct pv_trace_record));
	check_true("control.trace_read: a record of the clock",
		   trace_first() != NULL && trace_first()->kind == PV_TRACE_clock &&
			   trace_first()->domid == 0 && trace_first()->args[0] != 0);
	check_result("control.trace_read: nothing of ours is lost", (long)lost, 0);
}

static void check_values(void)
{
	struct pv_control_trace trace = { .domid = domains_own(), .reserved = { 0, 0, 1 } };
	uint16_t own = domains_own();

	REFUSES("control.trace_set", PV_EINVAL, "kind 0", trace_set(own, 1, 0));
	REFUSES("control.trace_set", PV_EINVAL, "one beyond the kinds",
		trace_set(own, 1ul << PV_TRACE_KINDS, 0));
	REFUSES("control.trace_set", PV_EINVAL, "all bits", trace_set(own, ~0ul, 0));
	REFUSES("control.trace_set", PV_EINVAL, "reserved",
		control_call(PV_CONTROLOP_trace_set, &trace));
	REFUSES("control.trace_set", PV_ESRCH, "nobody", trace_set(NOBODY, 0, 0));
	REFUSES("control.trace_set", PV_ESRCH, "SELF is no number here",
		trace_set(PV_DOMID_SELF, 0, 0));
	DOES("control.trace_set", "every kind, of itself", trace_set(own, PV_TRACE_ALL, ~0ul), 0);
	DOES("control.trace_set", "every kind, of all", trace_set(0, PV_TRACE_ALL, ~0ul), 0);
	DOES("control.trace_set", "off, of all", trace_set(0, 0, 0), 0);
	DOES("control.trace_set", "off, of itself", trace_set(own, 0, 0), 0);
}

/* This domain makes the calls itself. */
static void check_room(void)
{
	const uint32_t one = sizeof(struct pv_trace_record);
	struct pv_control_trace_read read = { .reserved = 1 };
	uint32_t bytes;
	uint64_t lost;

	trace_set(domains_own(), TRACE_BIT(hypercall), 1ul << MARK);
	trace_forget();
	hypercall0(MARK);
	hypercall0(MARK);
	REFUSES("control.trace_read", PV_EFAULT, "to nowhere", read_to(NOWHERE, 4096));
	REFUSES("control.trace_read", PV_EINVAL, "reserved",
		control_call(PV_CONTROLOP_trace_read, &read));
	DOES("control.trace_read", "no room", trace_read(0, &bytes, &lost), 0);
	check_result("control.trace_read: nothing", bytes, 0);
	DOES("control.trace_read", "no room for a record", trace_read(one - 1, &bytes, &lost), 0);
	check_result("control.trace_read: nothing", bytes, 0);
	DOES("control.trace_read", "room for one", trace_read(2 * one - 1, &bytes, &lost), 0);
	check_result("control.trace_read: one", bytes, one);
	DOES("control.trace_read", "room for all", trace_read(65536, &bytes, &lost), 0);
	check_result("control.trace_read: the other", bytes, one);
	DOES("control.trace_read", "when there is none", trace_read(65536, &bytes, &lost), 0);
	check_result("control.trace_read: nothing", bytes, 0);
	for (unsigned i = 0; i < 1000; i++) {
		hypercall0(MARK);
	}
	DOES("control.trace_read", "more than there is at once", read_to(NOWHERE, 0), 0);
	DOES("control.trace_read", "64 KiB at most", trace_read(~0u, &bytes, &lost), 0);
	check_result("control.trace_read: whole records of that", bytes, 65536 / one * one);
	DOES("control.trace_set", "off", trace_set(domains_own(), 0, 0), 0);
	DOES("control.trace_read", "what is left when it is off", trace_read(~0u, &bytes, &lost),
	     0);
	check_result("control.trace_read: the rest", bytes, (1000 - 65536 / one) * one);
}

void tracing_check(void)
{
	uint32_t bytes;
	uint64_t lost;

	REFUSES("control.trace_read", PV_EBUSY, "before it is asked for",
		trace_read(4096, &bytes, &lost));
	check_another();
	check_values();
	check_room();
}
