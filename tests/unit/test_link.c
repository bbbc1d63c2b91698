/*
 * A machine's socket and what stands behind it, runtime.c, hub.c and link.c, with a fake hypervisor:
 * requests and answers, what watchers see, input. Clients here speak the link by hand; the verbs are
 * in test_verbs.c. Images: test_link_images.c; which sockets there are: test_runtime.c.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <parley/errno.h>

#include "fake_session.h"
#include "link_fixture.h"
#include "parley/link.h"

TestSuite(link, .timeout = 60);

/* ---- requests ---- */

Test(link, carries_an_operation_and_its_answer)
{
	struct pv_control_list list = { .first = 2 };
	const struct fake_request *request;
	struct link link;

	fake_machine_start(&machine, "m");
	open_link(&link);
	cr_assert_str_eq(link.hello.machine, "m");
	cr_assert_eq(link.hello.pid, machine.session);
	cr_assert_eq(link_call(&link, PV_CONTROLOP_list, &list, sizeof(list), &problem), 0);
	cr_assert_eq(list.count, 1);
	cr_assert_str_eq(list.domains[0].name, "two");
	request = fake_find_request(&machine, PV_CONTROLOP_list);
	cr_assert_eq(request->size, sizeof(list));
	cr_assert_eq(pause_domain(&link, 9), -PV_ESRCH);
	cr_assert_eq(link_call(&link, 77, NULL, 0, &problem), -PV_ENOSYS);
	link_close(&link);
	cr_assert_eq(fake_machine_end(&machine), 0);
}

#define CLIENTS 8
#define CALLS   40

/* Each asks about a domain of its own and must get that one's answer. */
static int ask_often(unsigned int client)
{
	struct link link;

	if (link_open(&link, NULL, &problem)) {
		return 1;
	}
	for (unsigned int i = 0; i < CALLS; i++) {
		struct pv_control_list list = { .first = (uint16_t)(client + 1) };

		if (link_call(&link, PV_CONTROLOP_list, &list, sizeof(list), &problem) ||
		    list.domains[0].domid != client + 1) {
			return 1;
		}
	}
	return 0;
}

Test(link, gives_each_of_many_clients_its_own_answers)
{
	int status;

	fake_machine_start(&machine, "m");
	for (uint32_t i = 2; i < CLIENTS; i++) {
		machine.state->domains[i] = machine.state->domains[0];
		machine.state->domains[i].domid = (uint16_t)(i + 1);
	}
	machine.state->domain_count = CLIENTS;
	for (unsigned int i = 0; i < CLIENTS; i++) {
		if (fork() == 0) {
			_exit(ask_often(i));
		}
	}
	for (unsigned int i = 0; i < CLIENTS; i++) {
		wait(&status);
		cr_assert_eq(status, 0);
	}
	cr_assert_eq(machine.state->request_count, CLIENTS * CALLS);
	cr_assert_eq(machine.state->overlaps, 0, "a request was sent before the last was answered");
	machine.state->domain_count = 2;
	cr_assert_eq(fake_machine_end(&machine), 0);
}

/* A client sends more than it may have under way, and dies without reading anything. */
Test(link, survives_a_client_that_dies_in_the_middle)
{
	struct link dying;
	struct link link;
	struct pv_line_request request = { .op = PV_CONTROLOP_machine };

	fake_machine_start(&machine, "m");
	machine.state->delay = 20000;
	open_link(&dying);
	for (request.sequence = 1; request.sequence < 20; request.sequence++) {
		cr_assert_eq(link_send(&dying, PV_LINE_REQUEST, 0, &request, sizeof(request), -1,
				       &problem),
			     0);
	}
	cr_assert(fake_wait_for(&machine.state->request_count, 1));
	link_close(&dying);
	open_link(&link);
	cr_assert_eq(pause_domain(&link, 1), 0);
	cr_assert_eq(machine.state->domains[0].state, PV_CONTROL_STATE_paused);
	cr_assert_lt(machine.state->request_count, 10, "requests of the dead were carried out");
	link_close(&link);
	cr_assert_eq(fake_machine_end(&machine), 0);
}

Test(link, ends_a_client_that_speaks_no_frames)
{
	struct link link;
	struct link_frame frame;
	struct link other;

	fake_machine_start(&machine, "m");
	open_link(&link);
	cr_assert_eq(write(link.fd, "GET / HTTP/1.1\r\n\r\n", 18), 18);
	cr_assert_eq(link_next(&link, &frame, 10000, &problem), -1);
	link_close(&link);
	open_link(&link);
	cr_assert_eq(link_send(&link, 200, 0, NULL, 0, -1, &problem), 0);
	cr_assert_eq(link_next(&link, &frame, 10000, &problem), -1);
	expect_problem("frame type 200");
	link_close(&link);
	open_link(&other);
	cr_assert_eq(pause_domain(&other, 1), 0);
	link_close(&other);
	cr_assert_eq(fake_machine_end(&machine), 0);
}

Test(link, says_that_the_hypervisor_does_not_answer_and_goes_on_when_it_does)
{
	char folder[] = "/tmp/parley-test-XXXXXX";
	struct link link;
	struct link other;

	mkdtemp(folder);
	fake_machine_start_in(&machine, "m", folder, 0.3);
	machine.state->is_mute = true;
	open_link(&link);
	open_link(&other);
	cr_assert_eq(pause_domain(&link, 1), LINK_FAILED);
	expect_problem("does not answer");
	cr_assert_eq(pause_domain(&other, 2), LINK_FAILED);
	expect_problem("does not answer");
	machine.state->is_mute = false;
	usleep(100000);
	/* The late answer to the first is nobody's. */
	cr_assert_eq(pause_domain(&other, 9), -PV_ESRCH);
	cr_assert_eq(fake_count_requests(&machine, PV_CONTROLOP_pause), 2);
	link_close(&link);
	link_close(&other);
	cr_assert_eq(fake_machine_end(&machine), 0);
}

Test(link, tells_clients_that_the_machine_has_ended)
{
	struct link link;

	fake_machine_start(&machine, "m");
	open_link(&link);
	machine.state->is_mute = true;
	if (fork() == 0) {
		fake_wait_for(&machine.state->request_count, 1);
		kill(machine.session, SIGTERM);
		_exit(0);
	}
	cr_assert_eq(pause_domain(&link, 1), LINK_FAILED);
	expect_problem("has ended");
	cr_assert(link.has_ended);
	link_close(&link);
	cr_assert_eq(fake_machine_wait(&machine), 128 + SIGTERM);
}

/* The good-bye may overtake an answer: who waits for a domain's end must not take that for a failure. */
Test(link, tells_who_waits_for_an_answer_that_the_machine_has_ended)
{
	uint32_t how = PV_LINE_BYE_DONE;
	struct link link;

	fake_machine_start(&machine, "m");
	open_link(&link);
	machine.state->is_mute = true;
	if (fork() == 0) {
		fake_wait_for(&machine.state->request_count, 1);
		fake_line_send(machine.line, PV_LINE_BYE, 0, &how, sizeof(how));
		_exit(0);
	}
	cr_assert_eq(pause_domain(&link, 1), LINK_FAILED);
	expect_problem("has ended");
	cr_assert(link.has_ended);
	link_close(&link);
	kill(machine.session, SIGTERM);
	fake_machine_wait(&machine);
}

Test(link, refuses_more_clients_than_it_serves)
{
	static struct link links[65];
	int last;

	fake_machine_start(&machine, "m");
	for (size_t i = 0; i < 64; i++) {
		open_link(&links[i]);
	}
	last = link_open(&links[64], NULL, &problem);
	cr_assert_eq(last, 0, "%s", problem.text);
	cr_assert_eq(pause_domain(&links[64], 1), LINK_FAILED);
	expect_problem("64 others");
	link_close(&links[0]);
	link_close(&links[64]);
	usleep(100000);
	open_link(&links[0]);
	cr_assert_eq(pause_domain(&links[0], 1), 0);
	cr_assert_eq(fake_machine_end(&machine), 0);
}

/* ---- watching ---- */

static void say_text(uint16_t domid, const char *text)
{
	fake_machine_say(&machine, PV_LINE_CONSOLE_OUT, domid, text, strlen(text));
}

/* What comes of a console until "size" bytes are there. */
static void read_console(struct link *link, char *text, size_t size)
{
	struct link_frame frame;
	size_t at = 0;

	while (at < size) {
		cr_assert_eq(link_next(link, &frame, 10000, &problem), 1, "%s", problem.text);
		if (frame.header.type == PV_LINE_CONSOLE_OUT) {
			cr_assert_leq(at + frame.header.length, size);
			memcpy(text + at, frame.payload, frame.header.length);
			at += frame.header.length;
		}
	}
	text[at] = '\0';
}

Test(link, shows_earlier_output_first_and_then_what_comes)
{
	struct link first;
	struct link second;
	char text[64];

	fake_machine_start(&machine, "m");
	say_text(1, "early ");
	say_text(2, "other ");
	usleep(100000);
	open_link(&first);
	open_link(&second);
	link_watch(&first, LINK_WATCH_CONSOLE, 1, &problem);
	link_watch(&second, LINK_WATCH_CONSOLE, 1, &problem);
	read_console(&first, text, 6);
	cr_assert_str_eq(text, "early ");
	read_console(&second, text, 6);
	say_text(2, "other ");
	say_text(1, "late");
	read_console(&first, text, 4);
	cr_assert_str_eq(text, "late");
	read_console(&second, text, 4);
	cr_assert_str_eq(text, "late");
	cr_assert_eq(fake_machine_end(&machine), 0);
}

Test(link, forgets_the_output_of_a_domain_whose_number_is_anothers)
{
	struct link link;
	char text[64];

	fake_machine_start(&machine, "m");
	say_text(2, "old");
	fake_machine_say_state(&machine, 2, "two", PV_DOMAIN_STATE_SHUTDOWN, 0);
	fake_machine_say_state(&machine, 2, "two", PV_DOMAIN_STATE_GONE, 0);
	fake_machine_say_state(&machine, 2, "next", PV_DOMAIN_STATE_RUNNING, 0);
	say_text(2, "new");
	usleep(100000);
	open_link(&link);
	link_watch(&link, LINK_WATCH_CONSOLE, 2, &problem);
	read_console(&link, text, 3);
	cr_assert_str_eq(text, "new");
	fake_machine_say_state(&machine, 2, "next", PV_DOMAIN_STATE_SHUTDOWN, 0);
	machine.state->domain_count = 1;
	cr_assert_eq(fake_machine_end(&machine), 0);
}

#define FLOOD_FRAMES 4000

/*
 * A client that watches and does not read: the machine is not held up, another client is
 * served, and how much was lost adds up exactly.
 */
Test(link, never_waits_for_a_slow_client)
{
	static char text[PV_LINE_PAYLOAD_MAX];
	struct link_frame frame;
	struct link slow;
	struct link link;
	uint64_t seen = 0;
	uint64_t lost = 0;
	uint64_t piece;

	memset(text, 'x', sizeof(text));
	fake_machine_start(&machine, "m");
	open_link(&slow);
	open_link(&link);
	link_watch(&slow, LINK_WATCH_CONSOLE, 1, &problem);
	cr_assert_eq(pause_domain(&link, 2), 0);
	for (int i = 0; i < FLOOD_FRAMES; i++) {
		fake_machine_say(&machine, PV_LINE_CONSOLE_OUT, 1, text, sizeof(text));
	}
	cr_assert_eq(pause_domain(&link, 1), 0);
	/* The next frame that fits is behind the word of what was lost. */
	while (seen + lost < (uint64_t)FLOOD_FRAMES * sizeof(text)) {
		int got = link_next(&slow, &frame, 200, &problem);

		cr_assert_geq(got, 0);
		if (got == 0) {
			say_text(1, "y");
		} else if (frame.header.type == PV_LINE_CONSOLE_OUT && frame.payload[0] == 'x') {
			seen += frame.header.length;
		} else if (frame.header.type == LINK_LOST) {
			memcpy(&piece, frame.payload, sizeof(piece));
			lost += piece;
		}
	}
	cr_assert_gt(lost, 0);
	cr_assert_lt(lost, (uint64_t)FLOOD_FRAMES * sizeof(text));
	cr_assert_eq(fake_machine_end(&machine), 0);
}

/* ---- input ---- */

static void wait_for_input(size_t size)
{
	for (int i = 0; i < 10000 && machine.state->input_size < size; i++) {
		usleep(1000);
	}
}

Test(link, passes_input_on_as_the_domain_has_room)
{
	static char text[20000];
	uint32_t credit = 7000;
	struct link link;
	pid_t child;

	for (size_t i = 0; i < sizeof(text); i++) {
		text[i] = (char)('a' + i % 26);
	}
	fake_machine_start(&machine, "m");
	open_link(&link);
	child = fork();
	if (child == 0) {
		for (size_t at = 0; at < sizeof(text); at += 500) {
			link_send(&link, PV_LINE_CONSOLE_IN, 2, text + at, 500, -1, &problem);
		}
		pause();
	}
	usleep(100000);
	cr_assert_eq(machine.state->input_size, 0, "input without credit");
	for (size_t sum = credit; sum <= 21000; sum += credit) {
		fake_machine_say(&machine, PV_LINE_CREDIT, 2, &credit, sizeof(credit));
		wait_for_input(sum < sizeof(text) ? sum : sizeof(text));
		usleep(20000);
		cr_assert_eq(machine.state->input_size, sum < sizeof(text) ? sum : sizeof(text));
	}
	cr_assert_eq(memcmp(machine.state->input, text, sizeof(text)), 0);
	kill(child, SIGKILL);
	cr_assert_eq(fake_machine_end(&machine), 0);
}
