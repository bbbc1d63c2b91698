/*
 * What a trace says of a domain whose calls are known (subjects_calls.c): each record, in order,
 * to the field; and of one that makes more calls than a ring has room for: what is lost is
 * counted to the last.
 */
#include "groups.h"

#include <stddef.h>

#include <parley/control.h>
#include <parley/event_channel.h>
#include <parley/stats.h>

#include "calls.h"
#include "domains.h"
#include "hypercall.h"
#include "printf.h"
#include "string.h"
#include "timer.h"
#include "traces.h"

#define STORM      30000u
#define BREAKPOINT 3u

/* ENDED_MAX of hypervisor/domain/ended.h. */
#define RECORDS_MAX 64u
#define ANY         (~0ul)

struct expected {
	const char *name;
	uint8_t kind;
	uint8_t number;
	uint64_t first; /* argument; ANY: not looked at */
	long result;
};

#define CALL(name, first, result)                                             \
	{                                                                     \
#name, PV_TRACE_hypercall, PV_HYPERCALL_##name, first, result \
	}

static const struct expected sequence[] = {
	{ "mark", PV_TRACE_hypercall, MARK, ANY, -PV_ENOSYS },
	CALL(xen_version, PV_VERSION_version, 4 << 16 | 17),
	CALL(event_channel_op, PV_EVTCHNOP_bind_ipi, 0),
	{ "event", PV_TRACE_event, PV_EVTCHNSTAT_ipi, ANY, 0 },
	CALL(event_channel_op, PV_EVTCHNOP_send, 0),
	CALL(event_channel_op, PV_EVTCHNOP_close, 0),
	CALL(event_channel_op, PV_EVTCHNOP_close, -PV_EINVAL),
	CALL(event_channel_op, PV_EVTCHNOP_send, -PV_EFAULT),
	{ "in a list", PV_TRACE_multicall, PV_HYPERCALL_xen_version, PV_VERSION_version,
	  4 << 16 | 17 },
	{ "in a list", PV_TRACE_multicall, MARK + 1, 1, -PV_ENOSYS },
	{ "in a list", PV_TRACE_multicall, PV_HYPERCALL_set_timer_op, 0, 0 },
	CALL(multicall, ANY, 0),
	{ "exception", PV_TRACE_exception, BREAKPOINT, 0, 0 },
	{ "emulation", PV_TRACE_emulation, PV_STATS_ENTRY_emulation, ANY, ANY },
	{ "mark", PV_TRACE_hypercall, MARK, 0x11, -PV_ENOSYS },
	{ "beyond all", PV_TRACE_hypercall, PV_TRACE_NUMBER_OTHER, ANY, -PV_ENOSYS },
	{ "mark", PV_TRACE_hypercall, MARK, ANY, -PV_ENOSYS },
};

#define LENGTH (sizeof(sequence) / sizeof(sequence[0]))

static const struct pv_trace_record *seen[LENGTH];

/* A domain that stands still until unpaused, on CPU 1, traced. */
static uint16_t make_traced(const char *cmdline, uint64_t kinds, uint64_t calls)
{
	struct pv_control_create *c = domains_request("traced", cmdline);
	uint16_t id;

	c->flags = PV_CONTROL_FLAG_paused;
	c->affinity = 2;
	id = domains_make_by(c);
	check_result("control.trace_set: one that is paused", trace_set(id, kinds, calls), 0);
	return id;
}

static bool is_expected(const struct expected *e, const struct pv_trace_record *r)
{
	return r->kind == e->kind && r->number == e->number &&
	       (e->first == ANY || r->args[0] == e->first) &&
	       (e->result == (long)ANY || r->result == e->result);
}

/* From the first mark on; how many are as expected. */
static unsigned match(uint16_t id)
{
	const struct pv_trace_record *r = trace_first();
	unsigned n = 0;

	while (r != NULL && n < LENGTH) {
		if (n > 0 || is_expected(&sequence[0], r)) {
			if (!is_expected(&sequence[n], r) || r->domid != id || r->vcpu != 0 ||
			    r->cpu != 1) {
				printf("control: %s: kind %u number %u of %u: %lx %lx: %ld\n",
				       sequence[n].name, r->kind, r->number, r->domid, r->args[0],
				       r->args[1], (long)r->result);
				return n;
			}
			seen[n++] = r;
		}
		r = trace_next(r);
	}
	return n;
}

/* Records stand in the order in which what they tell of ended. */
static void check_times(void)
{
	bool ordered = true;

	for (unsigned i = 1; i < LENGTH; i++) {
		ordered = ordered && (seen[i]->time_ns >= seen[i - 1]->time_ns ||
				      seen[i - 1]->kind == PV_TRACE_event ||
				      seen[i - 1]->kind == PV_TRACE_multicall);
	}
	check_true("records: times go on", ordered);
	check_true("records: an event is within the call that sent it",
		   seen[3]->time_ns >= seen[4]->time_ns);
	check_true("records: calls take time", seen[1]->cycles != 0 && seen[11]->cycles != 0);
	check_true("records: a list takes as long as its calls",
		   seen[11]->cycles >= seen[8]->cycles + seen[9]->cycles + seen[10]->cycles);
}

static void check_fields(void)
{
	const struct pv_evtchn_bind_ipi *bound = trace_extra(seen[2]);
	const struct pv_evtchn_send *sent = trace_extra(seen[4]);
	const struct pv_trace_record *event = seen[3];

	check_true("records: a structure's results",
		   seen[2]->extra >= sizeof(*bound) && bound->vcpu == 0 && bound->port != 0);
	check_true("records: a structure's arguments",
		   seen[4]->extra >= sizeof(*sent) && sent->port == bound->port);
	check_true("records: of a call that failed, too", seen[6]->extra >= 4);
	check_result("records: none of one that could not be read", seen[7]->extra, 0);
	check_result("records: its address", (long)seen[7]->args[1], (long)NOWHERE);
	check_true("records: an event's port, sender and vCPU",
		   event->args[0] == bound->port && event->args[1] == event->domid &&
			   event->args[2] == 0 && event->args[3] == 0);
	check_true("records: five arguments",
		   seen[14]->args[1] == 0x22 && seen[14]->args[2] == 0x33 &&
			   seen[14]->args[3] == 0x44 && seen[14]->args[4] == 0x55);
	check_result("records: what was emulated, MOV from CR0", (long)(seen[13]->args[1] & 0xffff),
		     0x200f);
	check_result("records: and what came of it, which a later call says",
		     (long)seen[13]->result, (long)seen[15]->args[0]);
	check_result("records: the list's length", (long)seen[11]->args[1], 3);
	check_true("records: nothing is marked", seen[1]->flags == 0 && seen[11]->flags == 0);
}

/* The domain's end, and nothing of others. */
static void check_end(uint16_t id)
{
	const struct pv_trace_record *r = trace_first();
	unsigned shutdown = 0, gone = 0, others = 0, marks = 0;

	for (; r != NULL; r = trace_next(r)) {
		others += r->domid != id && r->kind != PV_TRACE_clock;
		marks += r->kind == PV_TRACE_hypercall && r->number == MARK;
		if (r->kind == PV_TRACE_domain) {
			shutdown += r->number == PV_DOMAIN_STATE_SHUTDOWN &&
				    r->args[0] == PV_SHUTDOWN_poweroff;
			gone += r->number == PV_DOMAIN_STATE_GONE;
		}
	}
	check_true("records: it powers off, once", shutdown == 1 && gone <= 1);
	check_result("records: three marks", marks, 3);
	check_result("records: nothing of other domains", others, 0);
}

static void check_sequence(void)
{
	const uint64_t kinds = TRACE_BIT(hypercall) | TRACE_BIT(multicall) | TRACE_BIT(exception) |
			       TRACE_BIT(emulation) | TRACE_BIT(event) | TRACE_BIT(domain);
	const uint64_t without = 1ul << PV_HYPERCALL_iret | 1ul << PV_HYPERCALL_console_io;
	uint16_t id = make_traced("act=calls", kinds, ~without);
	uint32_t bytes;
	uint64_t lost;
	unsigned n;

	control_on_domain(PV_CONTROLOP_unpause, id);
	check_true("records: it comes to its end",
		   domains_await_state(id, PV_CONTROL_STATE_shutdown));
	DOES("control.trace_read", "all of it", trace_read(65536, &bytes, &lost), 0);
	check_result("control.trace_read: none is lost", (long)lost, 0);
	n = match(id);
	check_result("records: as expected, in order", n, LENGTH);
	if (n == LENGTH) {
		check_times();
		check_fields();
	}
	check_end(id);
	domains_put_away(id);
}

/* ---- more than there is room for ---- */

/* How many of the marks of that domain are there, in all that can be read; what is told lost. */
static unsigned long count_marks(uint16_t id, uint64_t *lost, uint64_t *told)
{
	unsigned long marks = 0;
	uint64_t more;
	uint32_t bytes;

	*lost = *told = 0;
	while (trace_read(65536, &bytes, &more) == 0) {
		*lost += more;
		if (bytes == 0) {
			break;
		}
		for (const struct pv_trace_record *r = trace_first(); r != NULL;
		     r = trace_next(r)) {
			marks += r->kind == PV_TRACE_hypercall && r->number == MARK &&
				 r->domid == id;
			*told += r->kind == PV_TRACE_lost ? r->args[0] : 0;
		}
	}
	return marks;
}

static uint64_t lost_since_boot(void)
{
	struct pv_control_machine m = { 0 };

	control_call(PV_CONTROLOP_machine, &m);
	return m.trace_lost;
}

static void check_storm(void)
{
	uint64_t lost, told, before = lost_since_boot(), lost_again;
	unsigned long marks;
	char cmdline[32];
	uint16_t id, next;

	snprintf(cmdline, sizeof(cmdline), "act=storm n=%u", STORM);
	id = make_traced(cmdline, TRACE_BIT(hypercall), 1ul << MARK);
	trace_forget();
	control_on_domain(PV_CONTROLOP_unpause, id);
	check_true("records: a storm is over", domains_await_signs(id, 1));
	marks = count_marks(id, &lost, &told);
	check_true("records: some are lost, some are not", lost != 0 && marks != 0);
	check_result("records: recorded and lost are all", (long)(marks + lost), STORM);
	check_result("control.machine: lost since the boot", (long)(lost_since_boot() - before),
		     (long)lost);
	check_result("records: that is told where they are missing: not yet", (long)told, 0);
	domains_put_away(id);
	next = make_traced("act=storm", TRACE_BIT(hypercall), 1ul << MARK);
	control_on_domain(PV_CONTROLOP_unpause, next);
	domains_await_signs(next, 1);
	check_result("records: the next call is there", (long)count_marks(next, &lost_again, &told),
		     1);
	check_result("records: before it, how many are missing", (long)told, (long)lost);
	check_result("control.trace_read: which it tells once", (long)lost_again, 0);
	domains_put_away(next);
}

/* ---- how long a call takes ---- */

static uint64_t longest_call(void)
{
	uint64_t longest = 0, lost;
	uint32_t bytes;

	trace_read(65536, &bytes, &lost);
	for (const struct pv_trace_record *r = trace_first(); r != NULL; r = trace_next(r)) {
		if (r->kind == PV_TRACE_hypercall && r->args[0] == PV_CONTROLOP_list) {
			longest = r->cycles > longest ? r->cycles : longest;
		}
	}
	return longest;
}

/* One piece begins behind all that lives or is remembered, one has all it can hold. */
void count_list(void)
{
	struct pv_control_list list = { 0 };
	char name[16];

	for (unsigned i = 0; i < RECORDS_MAX; i++) {
		snprintf(name, sizeof(name), "ended-%u", i);
		domains_await_state(domains_make(name, "act=poweroff"), PV_CONTROL_STATE_shutdown);
	}
	trace_set(domains_own(), TRACE_BIT(hypercall), 1ul << PV_HYPERCALL_control);
	do {
		list.count = 0;
		check_result("control.list", control_call(PV_CONTROLOP_list, &list), 0);
	} while (list.first != 0);
	list.first = RECORDS_MAX + 2;
	list.count = 0;
	check_result("control.list: nobody", control_call(PV_CONTROLOP_list, &list), 0);
	printf("control: list: %lu cycles\n", longest_call());
	trace_off();
}

void records_check(void)
{
	trace_off();
	trace_forget();
	check_sequence();
	check_storm();
	DOES("control.trace_set", "off", trace_off(), 0);
}
