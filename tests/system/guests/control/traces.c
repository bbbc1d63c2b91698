/* The trace, taken by this domain; see traces.h. */
#include "traces.h"

#include <stddef.h>

#include "check.h"
#include "domains.h"

#define ROOM       65536u
#define RING_PAGES 256u /* TRACE_RING_ORDER of hypervisor/domain/trace_ring.h */

static uint8_t buffer[ROOM + 4096] __attribute__((aligned(8)));
static uint32_t filled;

uint64_t trace_ring_pages(void)
{
	struct pv_control_machine m = { 0 };

	control_call(PV_CONTROLOP_machine, &m);
	return m.cpus * RING_PAGES;
}

void trace_rings_are_made(void)
{
	static bool made;

	if (!made) {
		made = true;
		domains_expect_less(trace_ring_pages());
	}
}

long trace_set(uint16_t domid, uint64_t kinds, uint64_t calls)
{
	struct pv_control_trace trace = { .domid = domid, .kinds = kinds, .calls = calls };
	long rc = control_call(PV_CONTROLOP_trace_set, &trace);

	if (rc == 0 && kinds != 0) {
		trace_rings_are_made();
	}
	return rc;
}

long trace_off(void)
{
	long rc = trace_set(domains_own(), 0, 0);

	return rc != 0 ? rc : trace_set(0, 0, 0);
}

long trace_read(uint32_t room, uint32_t *bytes, uint64_t *lost)
{
	struct pv_control_trace_read read = { .bytes = room, .data = (uintptr_t)buffer };
	long rc = control_call(PV_CONTROLOP_trace_read, &read);

	filled = rc == 0 ? read.bytes : 0;
	*bytes = filled;
	*lost = read.lost;
	return rc;
}

uint64_t trace_forget(void)
{
	uint64_t lost, all = 0;
	uint32_t bytes;

	while (trace_read(ROOM, &bytes, &lost) == 0 && bytes != 0) {
		all += lost;
	}
	return all + lost;
}

/* One that is whole within what was read. */
static const struct pv_trace_record *at(uint32_t offset)
{
	const struct pv_trace_record *r = (const void *)(buffer + offset);

	if (offset == filled) {
		return NULL;
	}
	if (filled - offset < sizeof(*r) || r->extra > PV_TRACE_EXTRA_MAX || r->extra % 8 != 0 ||
	    filled - offset - sizeof(*r) < r->extra) {
		check_true("control.trace_read: whole records", false);
		return NULL;
	}
	return r;
}

const struct pv_trace_record *trace_first(void)
{
	return at(0);
}

const struct pv_trace_record *trace_next(const struct pv_trace_record *r)
{
	return at((uint32_t)((const uint8_t *)r - buffer) + (uint32_t)sizeof(*r) + r->extra);
}
