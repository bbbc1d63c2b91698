/* A running machine's records, by its link; see trace_live.h. */
#include "trace_live.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <parley/control_op.h>
#include <parley/errno.h>

#include "client.h"
#include "domains.h"
#include "link.h"

#define LOOK_AGAIN 100 /* milliseconds between looks at whether to end */
#define QUIET      300 /* milliseconds without records after the domain's end: that was all */
#define NOTE_EVERY 1000

struct live {
	struct trace_sink *sink;
	struct link link;
	int64_t end; /* 0: none */
	int64_t quiet; /* when the domain's end was seen or the last record since then came; 0: not yet */
	int64_t noted;
	bool has_notes; /* standard error is a terminal, and shows nothing else */
};

static void take_domain(struct live *live, const struct link_frame *frame)
{
	struct pv_line_domain report;

	if (frame->header.length < sizeof(report)) {
		return;
	}
	memcpy(&report, frame->payload, sizeof(report));
	if (report.domid) {
		trace_sink_name(live->sink, report.domid, report.name,
				strnlen(report.name, sizeof(report.name)));
	}
}

static void take_frame(void *context, const struct link_frame *frame)
{
	struct live *live = context;
	uint64_t bytes;

	switch (frame->header.type) {
	case PV_LINE_TRACE:
		trace_sink_take(live->sink, frame->payload, frame->header.length);
		if (live->quiet) {
			live->quiet = client_get_milliseconds();
		}
		break;
	case PV_LINE_DOMAIN:
		take_domain(live, frame);
		break;
	case LINK_LOST:
		if (frame->header.length >= sizeof(bytes)) {
			memcpy(&bytes, frame->payload, sizeof(bytes));
			trace_sink_take_lost(live->sink, bytes);
		}
		break;
	default:
		break;
	}
}

static int choose_domain(struct live *live, const char *name, struct problem *problem)
{
	const struct pv_control_domain *domain;
	struct domains domains;

	if (domains_list(&domains, &live->link, problem)) {
		return -1;
	}
	for (size_t i = 0; i < domains.count; i++) {
		trace_sink_name(live->sink, domains.items[i].domid, domains.items[i].name,
				strnlen(domains.items[i].name, sizeof(domains.items[i].name)));
	}
	domain = name ? domains_find_live(&domains, name, "traced", problem) : NULL;
	if (domain) {
		live->sink->domid = domain->domid;
	}
	domains_free(&domains);
	return name && !domain ? -1 : 0;
}

static int begin(struct live *live, struct problem *problem)
{
	struct pv_control_trace set = {
		.domid = live->sink->domid == TRACE_ANY_DOMAIN ? 0 : (uint16_t)live->sink->domid,
		.kinds = trace_filter_get_kinds(&live->sink->filter),
		.calls = trace_filter_get_calls(&live->sink->filter),
	};
	int result;

	live->link.take = take_frame;
	live->link.context = live;
	if (link_watch(&live->link, LINK_WATCH_DOMAINS | LINK_WATCH_TRACE, 0, problem)) {
		return -1;
	}
	result = link_call(&live->link, PV_CONTROLOP_trace_set, &set, sizeof(set), problem);
	if (result == -PV_EBUSY) {
		return problem_set(problem, "a domain of the machine has the trace; it can be had "
					    "when that one has switched it off");
	}
	if (result == -PV_ENOMEM) {
		return problem_set(problem, "the machine has no memory for it: 1 MiB for each CPU");
	}
	if (result < 0 && result != LINK_FAILED) {
		return problem_set(problem, "the hypervisor refuses to record (error %d)", -result);
	}
	return result < 0 ? -1 : 0;
}

static bool is_over(struct live *live)
{
	int64_t now = client_get_milliseconds();

	if (live->sink->has_ended && !live->quiet) {
		live->quiet = now;
	}
	return trace_is_stopped() || trace_sink_is_full(live->sink) ||
	       (live->end && now >= live->end) || (live->quiet && now - live->quiet >= QUIET);
}

/* Where the records go elsewhere: how many there are. */
static void note(struct live *live, bool is_last)
{
	int64_t now = client_get_milliseconds();

	if (!live->has_notes || (!is_last && now - live->noted < NOTE_EVERY)) {
		return;
	}
	live->noted = now;
	fprintf(stderr, "\r%llu records, %llu lost; Ctrl-C ends%s",
		(unsigned long long)live->sink->taken, (unsigned long long)live->sink->lost,
		is_last ? "\n" : "");
}

static int take_all(struct live *live, struct problem *problem)
{
	struct link_frame frame;
	int got;

	while (!is_over(live)) {
		got = link_next(&live->link, &frame, LOOK_AGAIN, problem);
		if (got > 0) {
			take_frame(live, &frame);
			if (link_has_frame(&live->link)) {
				continue;
			}
		}
		if (!trace_sink_flush(live->sink)) {
			return 0; /* closing says why */
		}
		note(live, false);
		if (got < 0) {
			return live->sink->taken || live->sink->has_ended ? 0 : -1;
		}
	}
	return 0;
}

int trace_live(struct trace_sink *sink, const char *machine, const char *name, uint64_t seconds,
	       struct problem *problem)
{
	struct live live = { .sink = sink };
	int status;

	live.has_notes = isatty(STDERR_FILENO) && (!sink->lines || sink->options->counts);
	if (link_open(&live.link, machine, problem)) {
		return -1;
	}
	if (live.link.hello.is_counted) {
		trace_sink_set_counted(sink);
	}
	status = choose_domain(&live, name, problem);
	if (!status) {
		status = begin(&live, problem);
	}
	if (!status) {
		live.end = seconds ? client_get_milliseconds() + (int64_t)seconds * 1000 : 0;
		status = take_all(&live, problem);
		note(&live, true);
	}
	link_close(&live.link);
	return status;
}
