/*
 * `parley trace` of a machine that runs (trace_live.c, verb_trace.c), against a fake hypervisor:
 * what it asks for, what it prints of what comes, and how it ends.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <parley/errno.h>
#include <parley/hypercall.h>
#include <parley/sched.h>
#include <parley/trace.h>

#include "fake_session.h"
#include "fake_verb.h"
#include "parley/verbs.h"

TestSuite(trace_live, .timeout = 60);

/* A verb that runs, and where it writes. */
struct tracer {
	pid_t pid;
	int out, err;
};

static char text[1 << 20];

static const char *read_text(int fd)
{
	ssize_t size = pread(fd, text, sizeof(text) - 1, 0);

	text[size > 0 ? size : 0] = '\0';
	return text;
}

static void wait_for_sets(uint32_t count)
{
	for (int i = 0; i < 10000; i++) {
		if (fake_count_requests(&machine, PV_CONTROLOP_trace_set) >= count) {
			/* It is answered before it is looked at for records. */
			usleep(50000);
			return;
		}
		usleep(1000);
	}
	cr_assert_fail("trace_set is not asked for");
}

/* Starts the verb and waits until it is the "count"th to have asked for records. */
static struct tracer begin(const char *words, uint32_t count)
{
	struct tracer tracer = { .out = memfd_create("out", 0), .err = memfd_create("err", 0) };

	tracer.pid = fake_spawn(verb_trace, words, -1, tracer.out, tracer.err);
	wait_for_sets(count);
	return tracer;
}

static int wait_for_end(pid_t pid)
{
	int status;

	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void expect_out(const struct tracer *tracer, const char *part)
{
	cr_assert_not_null(strstr(read_text(tracer->out), part), "\"%s\" is not in \"%s\"", part,
			   text);
}

static void refuse_out(const struct tracer *tracer, const char *part)
{
	cr_assert_null(strstr(read_text(tracer->out), part), "\"%s\" is in \"%s\"", part, text);
}

static void expect_err(const struct tracer *tracer, const char *part)
{
	cr_assert_not_null(strstr(read_text(tracer->err), part), "\"%s\" is not in \"%s\"", part,
			   text);
}

static void say(uint16_t domid, uint8_t kind, uint8_t number)
{
	struct pv_trace_record record = {
		.domid = domid, .kind = kind, .number = number, .cycles = 250, .time_ns = 1234567890
	};

	fake_machine_say(&machine, PV_LINE_TRACE, 0, &record, sizeof(record));
}

static void say_call(uint16_t domid)
{
	say(domid, PV_TRACE_hypercall, PV_HYPERCALL_stack_switch);
}

#define KIND(name) ((uint64_t)1 << PV_TRACE_##name)

Test(trace_live, asks_for_what_is_chosen_and_prints_what_comes)
{
	const struct fake_request *request;
	struct tracer tracer;

	fake_machine_start(&machine, "m");
	tracer = begin("trace one -e stack_switch,event -n 2", 1);
	request = fake_find_request(&machine, PV_CONTROLOP_trace_set);
	cr_assert_eq(request->trace.domid, 1);
	cr_assert_eq(request->trace.kinds,
		     KIND(hypercall) | KIND(multicall) | KIND(event) | KIND(domain));
	cr_assert_eq(request->trace.calls, (uint64_t)1 << PV_HYPERCALL_stack_switch);
	say_call(2);
	say(1, PV_TRACE_hypercall, PV_HYPERCALL_iret);
	say_call(1);
	say(1, PV_TRACE_event, 0);
	say_call(1);
	cr_assert_eq(wait_for_end(tracer.pid), 0);
	expect_out(&tracer, "    1.234567 cpu0 one/0      stack_switch(0x0, 0x0) = 0 <250>\n");
	expect_out(&tracer, "--> event port 0");
	refuse_out(&tracer, "two/0");
	refuse_out(&tracer, "iret");
	refuse_out(&tracer, "\033");
	cr_assert_str_eq(read_text(tracer.err), "");
	cr_assert_eq(fake_machine_end(&machine), 0);
}

Test(trace_live, ends_with_the_domain)
{
	struct tracer tracer;

	fake_machine_start(&machine, "m");
	tracer = begin("trace one", 1);
	say_call(1);
	say(1, PV_TRACE_domain, PV_DOMAIN_STATE_SHUTDOWN);
	say_call(1);
	cr_assert_eq(wait_for_end(tracer.pid), 0);
	expect_out(&tracer, "*** SHUTDOWN (poweroff)\n");
	cr_assert_eq(fake_machine_end(&machine), 0);
}

Test(trace_live, ends_with_the_machine)
{
	struct tracer tracer;

	fake_machine_start(&machine, "m");
	tracer = begin("trace", 1);
	cr_assert_eq(fake_find_request(&machine, PV_CONTROLOP_trace_set)->trace.domid, 0);
	say_call(2);
	usleep(100000);
	cr_assert_eq(fake_machine_end(&machine), 0);
	cr_assert_eq(wait_for_end(tracer.pid), 0);
	expect_out(&tracer, "two/0      stack_switch(");
}

Test(trace_live, says_that_the_machine_ended_before_anything_came)
{
	struct tracer tracer;

	fake_machine_start(&machine, "m");
	tracer = begin("trace one", 1);
	cr_assert_eq(fake_machine_end(&machine), 0);
	cr_assert_eq(wait_for_end(tracer.pid), 1);
	expect_err(&tracer, "the machine \"m\" has ended");
}

Test(trace_live, ends_in_time_and_by_a_signal_with_all_that_came)
{
	struct tracer tracer;

	fake_machine_start(&machine, "m");
	tracer = begin("trace one -c --duration 1", 1);
	say_call(1);
	cr_assert_eq(wait_for_end(tracer.pid), 0);
	expect_out(&tracer, "stack_switch\n");
	expect_out(&tracer, "cycles are of the emulator's clock");
	tracer = begin("trace one -c --json", 3);
	say_call(1);
	say_call(1);
	usleep(200000);
	kill(tracer.pid, SIGINT);
	cr_assert_eq(wait_for_end(tracer.pid), 0);
	expect_out(&tracer, "\"calls\": 2");
	expect_out(&tracer, "\"cycles\": 500");
	cr_assert_eq(fake_machine_end(&machine), 0);
}

/* Each sees what it asked for, though the hypervisor sends what both did. */
Test(trace_live, two_at_once_keep_apart)
{
	struct tracer calls, events;

	fake_machine_start(&machine, "m");
	calls = begin("trace one -e stack_switch", 1);
	events = begin("trace one -e event -n 1", 2);
	cr_assert_eq(fake_find_request(&machine, PV_CONTROLOP_trace_set)->trace.kinds,
		     KIND(hypercall) | KIND(multicall) | KIND(event) | KIND(domain));
	say_call(1);
	say(1, PV_TRACE_event, 0);
	cr_assert_eq(wait_for_end(events.pid), 0);
	wait_for_sets(3);
	cr_assert_eq(fake_find_request(&machine, PV_CONTROLOP_trace_set)->trace.kinds,
		     KIND(hypercall) | KIND(multicall) | KIND(domain));
	say_call(1);
	usleep(200000);
	kill(calls.pid, SIGTERM);
	cr_assert_eq(wait_for_end(calls.pid), 0);
	wait_for_sets(4);
	cr_assert_eq(fake_find_request(&machine, PV_CONTROLOP_trace_set)->trace.kinds, 0);
	expect_out(&events, "--> event");
	refuse_out(&events, "stack_switch");
	expect_out(&calls, "stack_switch(");
	refuse_out(&calls, "event");
	cr_assert_eq(fake_machine_end(&machine), 0);
}

static void expect_failure(const char *words, int32_t result, int status, const char *part)
{
	const struct fake_result *got;

	machine.state->results[PV_CONTROLOP_trace_set] = result;
	got = fake_run(verb_trace, words);
	cr_assert_eq(got->status, status, "%s: %d: %s", words, got->status, got->err);
	cr_assert_not_null(strstr(got->err, part), "\"%s\" is not in \"%s\"", part, got->err);
}

Test(trace_live, says_why_it_cannot)
{
	fake_machine_start(&machine, "m");
	expect_failure("trace three", 0, 1, "no domain \"three\"; there are: one, two");
	expect_failure("trace one", -PV_EBUSY, 1, "a domain of the machine has the trace");
	expect_failure("trace one", -PV_ENOMEM, 1, "no memory for it: 1 MiB for each CPU");
	expect_failure("trace one", -PV_EPERM, 1, "refuses to record (error 1)");
	expect_failure("trace one -e stak_switch", 0, 2, "did you mean \"stack_switch\"?");
	expect_failure("trace one two", 0, 2, "\"two\" is one too many");
	expect_failure("trace one --duration 1 -c -o /dev/full", 0, 1,
		       "the trace cannot be written: No space left on device");
	expect_failure("trace --perfetto /nowhere/x", 0, 1, "/nowhere/x: No such file");
	expect_failure("trace --read /nowhere --machine m", 0, 2, "--read takes a file");
	machine.state->results[PV_CONTROLOP_trace_set] = 0;
	cr_assert_eq(fake_machine_end(&machine), 0);
}

Test(trace_live, names_a_domain_that_came_later)
{
	struct tracer tracer;

	fake_machine_start(&machine, "m");
	tracer = begin("trace -n 2", 1);
	fake_machine_say_state(&machine, 7, "late", PV_DOMAIN_STATE_RUNNING, 0);
	say_call(7);
	say_call(8);
	cr_assert_eq(wait_for_end(tracer.pid), 0);
	expect_out(&tracer, "late/0 ");
	expect_out(&tracer, "d8/0 ");
	fake_machine_say_state(&machine, 7, "late", PV_DOMAIN_STATE_SHUTDOWN, PV_SHUTDOWN_poweroff);
	cr_assert_eq(fake_machine_end(&machine), 0);
}

/* Who does not read loses records, is told how much, and holds nobody up. */
Test(trace_live, tells_what_it_was_too_slow_for)
{
	struct tracer tracer;

	fake_machine_start(&machine, "m");
	tracer = begin("trace one --duration 6", 1);
	kill(tracer.pid, SIGSTOP);
	for (int i = 0; i < 20000; i++) {
		say_call(1);
	}
	kill(tracer.pid, SIGCONT);
	for (int i = 0; i < 100; i++) {
		say_call(1);
		usleep(10000);
	}
	cr_assert_eq(wait_for_end(tracer.pid), 0);
	expect_err(&tracer, "bytes of records were lost, this program was too slow");
	expect_out(&tracer, "bytes of records lost, they came faster");
	cr_assert_eq(fake_machine_end(&machine), 0);
}

Test(trace_live, tells_what_the_hypervisor_lost)
{
	struct pv_trace_record lost = { .kind = PV_TRACE_lost, .args = { 12 } };
	struct tracer tracer;

	fake_machine_start(&machine, "m");
	tracer = begin("trace one -n 1", 1);
	fake_machine_say(&machine, PV_LINE_TRACE, 0, &lost, sizeof(lost));
	say_call(1);
	cr_assert_eq(wait_for_end(tracer.pid), 0);
	expect_out(&tracer, "!!! 12 records lost");
	expect_err(&tracer, "12 records were lost");
	cr_assert_eq(fake_machine_end(&machine), 0);
}

/* A reader that is gone ends it, and it alone. */
Test(trace_live, ends_when_nobody_reads_its_output)
{
	int ends[2], err = memfd_create("err", 0), status;
	pid_t pid;

	fake_machine_start(&machine, "m");
	cr_assert_eq(pipe(ends), 0);
	close(ends[0]);
	pid = fake_spawn(verb_trace, "trace one", -1, ends[1], err);
	close(ends[1]);
	wait_for_sets(1);
	for (int i = 0; i < 1000 && waitpid(pid, &status, WNOHANG) == 0; i++) {
		say_call(1);
		usleep(10000);
	}
	cr_assert(WIFEXITED(status), "it ended by itself");
	wait_for_sets(2);
	cr_assert_eq(fake_find_request(&machine, PV_CONTROLOP_trace_set)->trace.kinds, 0);
	cr_assert_eq(fake_machine_end(&machine), 0);
}

/* ---- on a terminal ---- */

static char seen[65536];

/* What a terminal shows until the verb ends. */
static int watch_terminal(pid_t pid, int screen)
{
	size_t size = 0;
	ssize_t got;

	while ((got = read(screen, seen + size, sizeof(seen) - 1 - size)) > 0) {
		size += (size_t)got;
	}
	seen[size] = '\0';
	close(screen);
	return wait_for_end(pid);
}

static void expect_seen(const char *part)
{
	cr_assert_not_null(strstr(seen, part), "\"%s\" is not in \"%s\"", part, seen);
}

Test(trace_live, has_colours_on_a_terminal)
{
	struct pv_trace_record failed = { .domid = 1,
					  .kind = PV_TRACE_hypercall,
					  .number = PV_HYPERCALL_stack_switch,
					  .result = -PV_EINVAL };
	int screen;
	pid_t pid;

	unsetenv("NO_COLOR");
	fake_machine_start(&machine, "m");
	pid = fake_spawn_on_terminal(verb_trace, "trace one -n 1", 24, &screen);
	wait_for_sets(1);
	fake_machine_say(&machine, PV_LINE_TRACE, 0, &failed, sizeof(failed));
	cr_assert_eq(watch_terminal(pid, screen), 0);
	expect_seen(
		"\033[1mstack_switch\033[0m(0x0, 0x0) = \033[31m-EINVAL\033[0m \033[2m<0>\033[0m");
	cr_assert_eq(fake_machine_end(&machine), 0);
}

Test(trace_live, has_none_if_the_person_wants_none)
{
	int screen;
	pid_t pid;

	setenv("NO_COLOR", "1", 1);
	fake_machine_start(&machine, "m");
	pid = fake_spawn_on_terminal(verb_trace, "trace one -n 1", 24, &screen);
	wait_for_sets(1);
	say_call(1);
	cr_assert_eq(watch_terminal(pid, screen), 0);
	expect_seen("stack_switch(0x0, 0x0) = 0 <250>");
	cr_assert_null(strchr(seen, '\033'));
	cr_assert_eq(fake_machine_end(&machine), 0);
}

/* Where nothing else is shown, how much there is so far is. */
Test(trace_live, shows_its_progress_where_it_shows_nothing_else)
{
	int screen;
	pid_t pid;

	fake_machine_start(&machine, "m");
	pid = fake_spawn_on_terminal(verb_trace, "trace one --raw raw -n 1", 24, &screen);
	wait_for_sets(1);
	say_call(1);
	cr_assert_eq(watch_terminal(pid, screen), 0);
	expect_seen("\r1 records, 0 lost; Ctrl-C ends");
	unlink("raw");
	cr_assert_eq(fake_machine_end(&machine), 0);
}
