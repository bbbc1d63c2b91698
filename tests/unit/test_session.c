/*
 * tools/parley/session.c with a fake machine: a process that speaks the control
 * line as the hypervisor does. Each test plays one run and looks at standard
 * output, standard error and the exit status.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <parley/sched.h>

#include "parley/config.h"
#include "parley/lineframe.h"
#include "parley/session.h"

TestSuite(session, .timeout = 30);

/* ---- the machine's side ---- */

/* What the machine does; its process ends when this returns. */
typedef void script_fn(int line_fd, int log_fd);

static void send_frame(int fd, uint8_t type, uint16_t domid, const void *payload, size_t size)
{
	uint8_t frame[LINEFRAME_SIZE_MAX];
	size_t length = lineframe_make(frame, type, domid, payload, (uint16_t)size);

	if (write(fd, frame, length) != (ssize_t)length) {
		_exit(99);
	}
}

static void send_number(int fd, uint8_t type, uint16_t domid, uint32_t number)
{
	send_frame(fd, type, domid, &number, sizeof(number));
}

static void send_state(int fd, uint16_t domid, const char *name, uint8_t state, uint8_t reason)
{
	struct pv_line_domain report = { .domid = domid, .state = state, .reason = reason };

	snprintf(report.name, sizeof(report.name), "%s", name);
	snprintf(report.text, sizeof(report.text), "%s",
		 state == PV_DOMAIN_STATE_CRASHED ? "bad\033[2J fault" : "");
	send_frame(fd, PV_LINE_DOMAIN, domid, &report, sizeof(report));
}

static void send_text(int fd, uint16_t domid, const char *text)
{
	send_frame(fd, PV_LINE_CONSOLE_OUT, domid, text, strlen(text));
}

static void send_power_off(int fd, uint16_t domid, const char *name)
{
	send_state(fd, domid, name, PV_DOMAIN_STATE_SHUTDOWN, PV_SHUTDOWN_poweroff);
}

static void start_one(int fd)
{
	send_number(fd, PV_LINE_HELLO, 0, PV_LINE_VERSION);
	send_state(fd, 1, "one", PV_DOMAIN_STATE_RUNNING, 0);
}

/* ---- parley's side ---- */

struct result {
	int status;
	char out[200000];
	char err[8192];
};

static struct result *result;

static int start_machine(script_fn *script, struct machine *machine)
{
	int line[2];
	int log[2];
	int error[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, line), 0);
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, log), 0);
	cr_assert_eq(pipe(error), 0);
	machine->pid = fork();
	if (machine->pid == 0) {
		close(line[0]);
		close(log[0]);
		signal(SIGPIPE, SIG_DFL);
		script(line[1], log[1]);
		_exit(0);
	}
	close(line[1]);
	close(log[1]);
	close(error[1]);
	machine->line_fd = line[0];
	machine->log_fd = log[0];
	machine->error_fd = error[0];
	return 0;
}

static void read_back(int fd, char *text, size_t room)
{
	ssize_t got = pread(fd, text, room - 1, 0);

	text[got > 0 ? got : 0] = '\0';
	close(fd);
}

/* Plays a run in a process of its own with these streams. */
static void play(script_fn *script, size_t domain_count, int input_fd, double timeout)
{
	int out = memfd_create("out", 0);
	int err = memfd_create("err", 0);
	int status;
	pid_t child;

	result = calloc(1, sizeof(*result));
	child = fork();
	if (child == 0) {
		static struct config_domain domains[2] = { { .name = "one" }, { .name = "two" } };
		struct config config = { .domains = domains, .domain_count = domain_count };
		struct session_options options = { .config = &config,
						   .timeout = timeout,
						   .log_fd = STDERR_FILENO };
		struct machine machine;

		dup2(input_fd, STDIN_FILENO);
		dup2(out, STDOUT_FILENO);
		dup2(err, STDERR_FILENO);
		start_machine(script, &machine);
		_exit(session_run(&machine, &options));
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert(WIFEXITED(status));
	result->status = WEXITSTATUS(status);
	read_back(out, result->out, sizeof(result->out));
	read_back(err, result->err, sizeof(result->err));
}

static void expect(int status, const char *out, const char *err)
{
	cr_assert_eq(result->status, status, "status %d: %s", result->status, result->err);
	cr_assert_str_eq(result->out, out);
	cr_assert_not_null(strstr(result->err, err), "\"%s\" is not in \"%s\"", err, result->err);
}

static int open_null(void)
{
	return open("/dev/null", O_RDONLY);
}

/* ---- the tests ---- */

static void all_is_well(int line, int log)
{
	dprintf(log, "the log\n");
	if (write(line, "SeaBIOS \xa5 noise", 15) != 15) {
		_exit(99);
	}
	start_one(line);
	send_text(line, 1, "hello\r\nno end");
	send_power_off(line, 1, "one");
	send_number(line, PV_LINE_BYE, 0, PV_LINE_BYE_DONE);
}

Test(session, ends_well_with_exact_bytes)
{
	play(all_is_well, 1, open_null(), 0);
	expect(0, "hello\r\nno end", "the log\n");
	expect(0, "hello\r\nno end", "parley: one: powered off\n");
}

static void two_domains(int line, int log)
{
	(void)log;
	start_one(line);
	send_state(line, 2, "two", PV_DOMAIN_STATE_RUNNING, 0);
	send_text(line, 2, "second ");
	send_text(line, 1, "first\nrest");
	send_text(line, 2, "line\r\n");
	send_state(line, 2, "two", PV_DOMAIN_STATE_SHUTDOWN, PV_SHUTDOWN_reboot);
	send_power_off(line, 1, "one");
	send_number(line, PV_LINE_BYE, 0, PV_LINE_BYE_DONE);
}

Test(session, names_lines_of_several_domains)
{
	play(two_domains, 2, open_null(), 0);
	expect(0, "one| first\ntwo| second line\none| rest\n", "two: asked to reboot");
}

/* The same on a terminal; what that shows, and the messages with it. */
static const char *play_on_terminal(script_fn *script)
{
	static char seen[65536];
	size_t size = 0;
	int screen, status;
	ssize_t got;
	pid_t child = forkpty(&screen, NULL, NULL, NULL);

	cr_assert_geq(child, 0);
	if (child == 0) {
		static struct config_domain domains[2] = { { .name = "one" }, { .name = "two" } };
		struct config config = { .domains = domains, .domain_count = 2 };
		struct session_options options = { .config = &config, .log_fd = STDERR_FILENO };
		struct machine machine;

		start_machine(script, &machine);
		_exit(session_run(&machine, &options));
	}
	while ((got = read(screen, seen + size, sizeof(seen) - 1 - size)) > 0) {
		size += (size_t)got;
	}
	seen[size] = '\0';
	close(screen);
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s", seen);
	return seen;
}

Test(session, names_are_coloured_on_a_terminal)
{
	const char *seen;

	unsetenv("NO_COLOR");
	seen = play_on_terminal(two_domains);
	cr_assert_not_null(strstr(seen, "\033[36mone|\033[0m first"), "%s", seen);
	cr_assert_not_null(strstr(seen, "\033[33mtwo|\033[0m second line"), "%s", seen);
	cr_assert_not_null(strstr(seen, "parley: one: powered off"), "%s", seen);
}

Test(session, names_are_plain_where_the_person_wants_no_colours)
{
	const char *seen;

	setenv("NO_COLOR", "1", 1);
	seen = play_on_terminal(two_domains);
	cr_assert_not_null(strstr(seen, "one| first"), "%s", seen);
	cr_assert_null(strchr(seen, '\033'), "%s", seen);
}

static void crash(int line, int log)
{
	(void)log;
	start_one(line);
	send_state(line, 1, "one", PV_DOMAIN_STATE_CRASHED, 0);
	send_number(line, PV_LINE_BYE, 0, PV_LINE_BYE_DONE);
}

Test(session, reports_a_crash_in_clean_text)
{
	play(crash, 1, open_null(), 0);
	expect(1, "", "parley: one: killed by the hypervisor: bad?[2J fault\n");
}

static void crash_by_itself(int line, int log)
{
	(void)log;
	start_one(line);
	send_state(line, 1, "one", PV_DOMAIN_STATE_SHUTDOWN, PV_SHUTDOWN_crash);
	send_number(line, PV_LINE_BYE, 0, PV_LINE_BYE_DONE);
}

Test(session, counts_a_guest_panic_as_a_crash)
{
	play(crash_by_itself, 1, open_null(), 0);
	expect(1, "", "parley: one: crashed\n");
}

static void panic(int line, int log)
{
	dprintf(log, "oops\n");
	start_one(line);
	send_power_off(line, 1, "one");
	send_number(line, PV_LINE_BYE, 0, PV_LINE_BYE_PANIC);
}

Test(session, reports_a_panic)
{
	play(panic, 1, open_null(), 0);
	expect(1, "", "parley: the hypervisor failed");
}

static void die_early(int line, int log)
{
	(void)line;
	(void)log;
	_exit(7);
}

Test(session, reports_an_emulator_that_dies)
{
	play(die_early, 1, open_null(), 0);
	expect(1, "",
	       "before the hypervisor said hello\nparley: the emulator ended with status 7\n");
}

static void die_running(int line, int log)
{
	(void)log;
	start_one(line);
	send_text(line, 1, "last words");
	raise(SIGKILL);
}

Test(session, keeps_the_output_of_a_machine_that_dies)
{
	play(die_running, 1, open_null(), 0);
	expect(1, "last words", "without a good-bye");
	expect(1, "last words", "the emulator ended by signal 9");
}

static void silent_domain(int line, int log)
{
	(void)log;
	start_one(line);
	send_power_off(line, 1, "one");
	send_number(line, PV_LINE_BYE, 0, PV_LINE_BYE_DONE);
}

Test(session, misses_a_domain_that_never_came)
{
	play(silent_domain, 2, open_null(), 0);
	expect(1, "", "parley: two: nothing was heard of it\n");
}

static void hang(int line, int log)
{
	(void)log;
	start_one(line);
	send_text(line, 1, "working");
	pause();
}

Test(session, stops_in_time)
{
	play(hang, 1, open_null(), 0.5);
	expect(124, "working", "parley: stopped: not done after 0.5 seconds\n");
}

static void never_power_off(int line, int log)
{
	all_is_well(line, log);
	pause();
}

Test(session, ends_a_machine_that_stays_after_its_bye)
{
	play(never_power_off, 1, open_null(), 0);
	expect(0, "hello\r\nno end", "powered off");
}

/* Grants credit in small steps and writes back what comes; ends with "!". */
static void echo(int line, int log)
{
	struct pv_line_header header;
	uint8_t bytes[PV_LINE_PAYLOAD_MAX + 1];
	uint32_t credit = 100;
	bool done = false;

	(void)log;
	start_one(line);
	send_number(line, PV_LINE_CREDIT, 1, credit);
	while (!done) {
		if (recv(line, &header, sizeof(header), MSG_WAITALL) != (ssize_t)sizeof(header) ||
		    header.type != PV_LINE_CONSOLE_IN || header.domid != 1 ||
		    header.length > credit ||
		    recv(line, bytes, header.length, MSG_WAITALL) != header.length) {
			_exit(98);
		}
		credit -= header.length;
		bytes[header.length] = '\0';
		done = strchr((char *)bytes, '!') != NULL;
		send_text(line, 1, (char *)bytes);
		if (credit < 10) {
			send_number(line, PV_LINE_CREDIT, 1, 77);
			credit += 77;
		}
	}
	send_power_off(line, 1, "one");
	send_number(line, PV_LINE_BYE, 0, PV_LINE_BYE_DONE);
}

Test(session, loses_no_input_and_never_exceeds_the_credit)
{
	static char text[100001];
	int input[2];

	for (size_t i = 0; i < sizeof(text) - 2; i++) {
		text[i] = (char)('a' + i % 26);
	}
	text[sizeof(text) - 2] = '!';
	cr_assert_eq(pipe(input), 0);
	if (fork() == 0) {
		close(input[0]);
		_exit(write(input[1], text, sizeof(text) - 1) != (ssize_t)sizeof(text) - 1);
	}
	close(input[1]);
	play(echo, 1, input[0], 0);
	expect(0, text, "powered off");
}

static void endless(int line, int log)
{
	static char text[PV_LINE_PAYLOAD_MAX];

	(void)log;
	memset(text, 'x', sizeof(text));
	start_one(line);
	for (int i = 0; i < 2000; i++) {
		send_frame(line, PV_LINE_CONSOLE_OUT, 1, text, sizeof(text));
	}
	send_power_off(line, 1, "one");
	send_number(line, PV_LINE_BYE, 0, PV_LINE_BYE_DONE);
}

/* 4 MB through a reader that is slow: nothing is lost and memory is bounded. */
Test(session, waits_for_a_slow_reader)
{
	int out[2];
	size_t total = 0;
	char bytes[4096];
	ssize_t got;
	int status;
	pid_t child;

	cr_assert_eq(pipe(out), 0);
	child = fork();
	if (child == 0) {
		struct config_domain domain = { .name = "one" };
		struct config config = { .domains = &domain, .domain_count = 1 };
		struct session_options options = { .config = &config, .log_fd = STDERR_FILENO };
		struct machine machine;

		close(out[0]);
		dup2(open_null(), STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		close(out[1]);
		start_machine(endless, &machine);
		_exit(session_run(&machine, &options));
	}
	close(out[1]);
	while ((got = read(out[0], bytes, sizeof(bytes))) > 0) {
		total += (size_t)got;
		usleep(total % 65536 ? 0 : 1000);
	}
	waitpid(child, &status, 0);
	cr_assert_eq(WEXITSTATUS(status), 0);
	cr_assert_eq(total, 2000 * PV_LINE_PAYLOAD_MAX);
}
