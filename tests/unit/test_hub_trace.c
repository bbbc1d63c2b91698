/*
 * Several who trace at once (hub_trace.c), against a fake hypervisor: it is asked for what all of
 * them want together, and for less when one has gone.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <parley/errno.h>
#include <parley/trace.h>

#include "fake_session.h"
#include "parley/hub_trace.h"
#include "parley/link.h"

TestSuite(hub_trace, .timeout = 60);

#define CALLS ((uint64_t)1 << PV_TRACE_hypercall)
#define EVENT ((uint64_t)1 << PV_TRACE_event)

static struct problem problem;

static void open_link(struct link *link)
{
	cr_assert_eq(link_open(link, NULL, &problem), 0, "%s", problem.text);
	cr_assert_eq(link_watch(link, LINK_WATCH_TRACE, 0, &problem), 0);
}

static int ask(struct link *link, uint16_t domid, uint64_t kinds, uint64_t calls)
{
	struct pv_control_trace set = { .domid = domid, .kinds = kinds, .calls = calls };
	int result = link_call(link, PV_CONTROLOP_trace_set, &set, sizeof(set), &problem);

	cr_assert(result < 0 || (set.kinds == kinds && set.calls == calls),
		  "a client gets its own back");
	return result;
}

/* Asks and is gone before there is an answer. */
static void send_and_leave(uint16_t domid, uint64_t kinds, uint64_t calls)
{
	struct {
		struct pv_line_request request;
		struct pv_control_trace set;
	} bytes = { { .sequence = 1, .op = PV_CONTROLOP_trace_set },
		    { .domid = domid, .kinds = kinds, .calls = calls } };
	struct link link;

	open_link(&link);
	cr_assert_eq(link_send(&link, PV_LINE_REQUEST, 0, &bytes, sizeof(bytes), -1, &problem), 0);
	usleep(50000);
	link_close(&link);
}

/* The hypervisor has been asked "count" times, last for this. */
static void expect_asked(uint32_t count, uint16_t domid, uint64_t kinds, uint64_t calls)
{
	const struct fake_request *request;

	for (int i = 0; i < 5000; i++) {
		if (fake_count_requests(&machine, PV_CONTROLOP_trace_set) >= count) {
			break;
		}
		usleep(1000);
	}
	cr_assert_eq(fake_count_requests(&machine, PV_CONTROLOP_trace_set), count);
	request = fake_find_request(&machine, PV_CONTROLOP_trace_set);
	cr_assert_eq(request->size, sizeof(struct pv_control_trace));
	cr_assert_eq(request->trace.domid, domid, "domain %u", request->trace.domid);
	cr_assert_eq(request->trace.kinds, kinds, "kinds %lx", (unsigned long)request->trace.kinds);
	cr_assert_eq(request->trace.calls, calls, "calls %lx", (unsigned long)request->trace.calls);
}

Test(hub_trace, ends_with_who_asked)
{
	struct link_frame frame;
	struct link link;

	fake_machine_start(&machine, "m");
	open_link(&link);
	cr_assert_eq(ask(&link, 1, CALLS, 6), 0);
	expect_asked(1, 1, CALLS, 6);
	fake_machine_say(&machine, PV_LINE_TRACE, 0, "records", 7);
	cr_assert_eq(link_next(&link, &frame, 10000, &problem), 1);
	cr_assert_eq(frame.header.type, PV_LINE_TRACE);
	cr_assert_eq(memcmp(frame.payload, "records", 7), 0);
	link_close(&link);
	expect_asked(2, 1, 0, 0);
	cr_assert_eq(fake_machine_end(&machine), 0);
}

Test(hub_trace, two_get_what_both_want_and_keep_their_own)
{
	struct link_frame frame;
	struct link first, second;

	fake_machine_start(&machine, "m");
	open_link(&first);
	open_link(&second);
	cr_assert_eq(ask(&first, 1, CALLS, 2), 0);
	cr_assert_eq(ask(&second, 1, CALLS | EVENT, 4), 0);
	expect_asked(2, 1, CALLS | EVENT, 6);
	fake_machine_say(&machine, PV_LINE_TRACE, 0, "records", 7);
	cr_assert_eq(link_next(&first, &frame, 10000, &problem), 1, "both get all");
	cr_assert_eq(link_next(&second, &frame, 10000, &problem), 1);
	link_close(&second);
	expect_asked(3, 1, CALLS, 2);
	cr_assert_eq(ask(&first, 1, EVENT, 8), 0);
	expect_asked(4, 1, EVENT, 0);
	link_close(&first);
	expect_asked(5, 1, 0, 0);
	cr_assert_eq(fake_machine_end(&machine), 0);
}

/* What is wanted of all and of one domain are two things to the hypervisor. */
Test(hub_trace, all_and_one_stand_side_by_side)
{
	struct link all, one;

	fake_machine_start(&machine, "m");
	open_link(&all);
	open_link(&one);
	cr_assert_eq(ask(&one, 2, CALLS, 2), 0);
	cr_assert_eq(ask(&all, 0, EVENT, 0), 0);
	expect_asked(2, 0, EVENT, 0);
	link_close(&all);
	expect_asked(3, 0, 0, 0);
	link_close(&one);
	expect_asked(4, 2, 0, 0);
	cr_assert_eq(fake_machine_end(&machine), 0);
}

Test(hub_trace, what_is_refused_is_not_wanted_later)
{
	struct link good, bad;

	fake_machine_start(&machine, "m");
	open_link(&good);
	open_link(&bad);
	cr_assert_eq(ask(&good, 1, CALLS, 2), 0);
	machine.state->results[PV_CONTROLOP_trace_set] = -PV_EINVAL;
	cr_assert_eq(ask(&bad, 1, EVENT, 0), -PV_EINVAL);
	cr_assert_eq(ask(&good, 1, EVENT, 0), -PV_EINVAL);
	machine.state->results[PV_CONTROLOP_trace_set] = 0;
	cr_assert_eq(ask(&bad, 1, CALLS, 4), 0);
	expect_asked(4, 1, CALLS, 6);
	link_close(&bad);
	expect_asked(5, 1, CALLS, 2);
	link_close(&good);
	expect_asked(6, 1, 0, 0);
	cr_assert_eq(fake_machine_end(&machine), 0);
}

/* The number of a domain that is gone may be another's by the time that its reader ends. */
Test(hub_trace, a_domain_that_is_gone_is_not_asked_about)
{
	struct link link;

	fake_machine_start(&machine, "m");
	open_link(&link);
	cr_assert_eq(ask(&link, 2, CALLS, 2), 0);
	fake_machine_say_state(&machine, 2, "two", PV_DOMAIN_STATE_SHUTDOWN, 0);
	fake_machine_say_state(&machine, 2, "two", PV_DOMAIN_STATE_GONE, 0);
	usleep(100000);
	cr_assert_eq(ask(&link, 1, EVENT, 0), 0);
	link_close(&link);
	expect_asked(3, 1, 0, 0);
	usleep(100000);
	expect_asked(3, 1, 0, 0);
	machine.state->domain_count = 1;
	cr_assert_eq(fake_machine_end(&machine), 0);
}

/* Who dies with its request under way leaves nothing switched on. */
Test(hub_trace, a_client_that_dies_before_its_answer_is_undone)
{
	struct link link;

	fake_machine_start(&machine, "m");
	open_link(&link);
	machine.state->delay = 200000;
	send_and_leave(1, CALLS, 2);
	expect_asked(1, 1, CALLS, 2);
	expect_asked(2, 1, 0, 0);
	machine.state->delay = 0;
	link_close(&link);
	cr_assert_eq(fake_machine_end(&machine), 0);
}

/* One more than can be kept is refused in words, and what was there stays. */
Test(hub_trace, has_a_limit)
{
	struct link link;

	fake_machine_start(&machine, "m");
	open_link(&link);
	for (uint16_t i = 0; i < HUB_TRACES_MAX; i++) {
		cr_assert_eq(ask(&link, (uint16_t)(100 + i), EVENT, 0), 0);
	}
	cr_assert_eq(ask(&link, 1, EVENT, 0), LINK_FAILED);
	cr_assert_not_null(strstr(problem.text, "256 traces are under way"), "%s", problem.text);
	cr_assert_eq(ask(&link, 100, CALLS, 1), 0, "one that is there changes");
	link_close(&link);
	expect_asked(2 * HUB_TRACES_MAX + 1, 100 + HUB_TRACES_MAX - 1, 0, 0);
	cr_assert_eq(fake_machine_end(&machine), 0);
}
