/*
 * One poll loop over: signals, the control line, the log, QEMU's own output,
 * standard input and standard output. Reading stops where the matching output
 * is full, so nothing grows without bound and nothing is lost.
 */
#include "session.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fates.h"
#include "lineframe.h"
#include "outqueue.h"
#include "screen.h"
#include "terminal.h"

#define READ_SIZE       16384
#define INPUT_FRAME_MAX 512
#define STOP_GRACE      5.0 /* seconds from BYE to the machine's end */
#define PARTIAL_PAUSE   0.2 /* a line unfinished for so long is shown */
#define START_PATIENCE  2.0 /* a start longer than this is mentioned */
#define EXIT_PATIENCE   2   /* seconds for slow readers at the end */

enum {
	POLL_SIGNAL,
	POLL_LINE,
	POLL_LOG,
	POLL_ERROR,
	POLL_INPUT,
	POLL_OUTPUT,
	POLL_LOGFILE,
	POLL_COUNT
};

struct session {
	struct machine machine;
	const struct session_options *options;
	struct fates fates;
	struct lineframe_reader reader;
	struct screen screen;
	struct terminal_keys keys;
	struct outqueue out;  /* standard output */
	struct outqueue log;  /* the log, or standard error */
	struct outqueue note; /* standard error, where the log is elsewhere */
	struct outqueue line; /* frames to the hypervisor */
	int signal_fd;
	int input_fd; /* -1 after its end */
	bool is_raw;
	bool shares_screen; /* standard output and error are the terminal we made raw */
	bool is_exited;     /* the machine's process is gone */
	int exit_status;
	int stop_signal; /* of the person or the system, 0: none */
	bool is_timed_out;
	bool is_mentioned;
	double started;
	double deadline; /* of the run, 0: none */
	double grace;    /* when to kill after BYE, 0: not yet */
	double partial;  /* when to show the unfinished line, 0: none */
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static struct outqueue *get_notes(struct session *session)
{
	return session->log.fd == STDERR_FILENO ? &session->log : &session->note;
}

__attribute__((format(printf, 2, 3))) static void notify(struct session *session,
							 const char *format, ...)
{
	char text[512];
	va_list args;
	int length;

	length = snprintf(text, sizeof(text), "parley: ");
	va_start(args, format);
	length += vsnprintf(text + length, sizeof(text) - (size_t)length - 1, format, args);
	va_end(args);
	if (length > (int)sizeof(text) - 2) {
		length = (int)sizeof(text) - 2;
	}
	text[length++] = '\n';
	if (!session->shares_screen) {
		outqueue_put(get_notes(session), text, (size_t)length);
		return;
	}
	/* The person sees both streams in one place: keep them apart by lines, and in order. */
	screen_break(&session->screen);
	outqueue_flush(&session->out);
	outqueue_put(get_notes(session), text, (size_t)length);
	outqueue_flush(get_notes(session));
	screen_show_partial(&session->screen);
}

/* ---- frames from the hypervisor ---- */

/* The stream of a domain: the same number, made when first needed. */
static size_t get_stream(struct session *session, size_t index)
{
	while (session->screen.stream_count <= index) {
		size_t next = session->screen.stream_count;

		screen_add(&session->screen, session->fates.items[next].name);
	}
	return index;
}

static void take_console(struct session *session, uint16_t domid, const uint8_t *data, size_t size)
{
	size_t index = fates_find(&session->fates, domid);

	if (index != FATES_NONE) {
		screen_put(&session->screen, get_stream(session, index), data, size);
	}
	if (!screen_has_hidden(&session->screen)) {
		session->partial = 0;
	} else if (session->is_raw) {
		screen_show_partial(&session->screen);
	} else {
		session->partial = now() + PARTIAL_PAUSE;
	}
}

static void take_credit(struct session *session, uint16_t domid, const uint8_t *payload)
{
	size_t index = fates_find(&session->fates, domid);
	uint32_t credit;

	memcpy(&credit, payload, sizeof(credit));
	if (index != FATES_NONE) {
		session->fates.items[index].credit += credit;
	}
}

static void take_domain(struct session *session, const uint8_t *payload)
{
	struct pv_line_domain report;
	const struct fate *fate;
	char text[256];
	size_t index;

	memcpy(&report, payload, sizeof(report));
	index = fates_take_domain(&session->fates, &report);
	if (index == FATES_NONE || report.state == PV_DOMAIN_STATE_RUNNING) {
		return;
	}
	fate = &session->fates.items[index];
	notify(session, "%s: %s", fate->name, fates_describe(fate, text, sizeof(text)));
}

static void take_bye(struct session *session, const uint8_t *payload)
{
	memcpy(&session->fates.bye, payload, sizeof(session->fates.bye));
	session->fates.said_bye = true;
	session->grace = now() + STOP_GRACE;
}

static void take_hello(struct session *session, const uint8_t *payload)
{
	uint32_t version;

	memcpy(&version, payload, sizeof(version));
	session->fates.said_hello = true;
	if (version != PV_LINE_VERSION) {
		notify(session,
		       "the hypervisor speaks version %u of the control line, this parley "
		       "version %u (build both from one source)",
		       version, PV_LINE_VERSION);
	}
}

static void take_frame(void *context, const struct pv_line_header *header, const uint8_t *payload)
{
	struct session *session = context;

	switch (header->type) {
	case PV_LINE_HELLO:
		if (header->length >= sizeof(uint32_t)) {
			take_hello(session, payload);
		}
		break;
	case PV_LINE_CONSOLE_OUT:
		take_console(session, header->domid, payload, header->length);
		break;
	case PV_LINE_CREDIT:
		if (header->length >= sizeof(uint32_t)) {
			take_credit(session, header->domid, payload);
		}
		break;
	case PV_LINE_DOMAIN:
		if (header->length >= sizeof(struct pv_line_domain)) {
			take_domain(session, payload);
		}
		break;
	case PV_LINE_BYE:
		if (header->length >= sizeof(uint32_t)) {
			take_bye(session, payload);
		}
		break;
	case PV_LINE_OOPS:
		outqueue_put(&session->log, payload, header->length);
		break;
	default:
		/* A later hypervisor may say more; what is not known is not needed. */
		break;
	}
}

/* ---- input ---- */

static void select_domain(struct session *session, size_t index)
{
	if (index >= session->fates.count) {
		notify(session, "there is no domain %zu", index + 1);
		return;
	}
	session->screen.focus = get_stream(session, index);
	notify(session, "input goes to %s", session->fates.items[index].name);
	screen_show_partial(&session->screen);
}

/* The next domain that can still read, or the same. */
static size_t find_next_domain(const struct session *session)
{
	size_t count = session->fates.count;

	for (size_t i = 1; i < count; i++) {
		size_t index = (session->screen.focus + i) % count;

		if (session->fates.items[index].state <= PV_DOMAIN_STATE_PAUSED) {
			return index;
		}
	}
	return session->screen.focus;
}

static void do_command(struct session *session, enum terminal_command command, unsigned int digit)
{
	switch (command) {
	case TERMINAL_QUIT:
		session->stop_signal = SIGINT;
		break;
	case TERMINAL_NEXT:
		select_domain(session, find_next_domain(session));
		break;
	case TERMINAL_SELECT:
		select_domain(session, digit - 1);
		break;
	case TERMINAL_HELP:
		notify(session, "Ctrl-A x: quit   Ctrl-A 1..9: input to that domain   "
				"Ctrl-A c: to the next   Ctrl-A a: a Ctrl-A");
		break;
	default:
		break;
	}
}

static void send_input(struct session *session, const uint8_t *data, size_t size)
{
	struct fate *fate = &session->fates.items[session->screen.focus];
	uint8_t frame[LINEFRAME_SIZE_MAX];

	if (!size) {
		return;
	}
	/* Typing at a domain that takes nothing is dropped; a pipe is not read then. */
	if (size > fate->credit) {
		size = (size_t)fate->credit;
	}
	fate->credit -= size;
	outqueue_put(&session->line, frame,
		     lineframe_make(frame, PV_LINE_CONSOLE_IN, fate->domid, data, (uint16_t)size));
}

/* Bytes that may be read: on a terminal always some, so that commands work. */
static size_t count_input_room(const struct session *session)
{
	const struct fate *fate = &session->fates.items[session->screen.focus];
	uint64_t credit = fate->is_bound && !session->line.size ? fate->credit : 0;

	if (session->is_raw && credit == 0) {
		return 1;
	}
	return credit < INPUT_FRAME_MAX ? (size_t)credit : INPUT_FRAME_MAX;
}

static void take_input(struct session *session)
{
	uint8_t bytes[INPUT_FRAME_MAX];
	ssize_t got = read(session->input_fd, bytes, count_input_room(session));
	size_t at = 0;

	if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
		return;
	}
	if (got <= 0) {
		session->input_fd = -1;
		return;
	}
	if (!session->is_raw) {
		send_input(session, bytes, (size_t)got);
		return;
	}
	while (at < (size_t)got) {
		size_t taken;
		size_t kept;
		unsigned int digit = 0;
		enum terminal_command command;

		command = terminal_filter(&session->keys, bytes + at, (size_t)got - at, &taken,
					  &kept, &digit);
		send_input(session, bytes + at, kept);
		do_command(session, command, digit);
		at += taken;
	}
}

/* ---- the machine's streams ---- */

/* Reads once; closes and forgets a stream at its end. Returns the bytes read. */
static size_t read_stream(int *fd, uint8_t *bytes, size_t size)
{
	ssize_t got = read(*fd, bytes, size);

	if (got > 0) {
		return (size_t)got;
	}
	if (got == 0 || (errno != EINTR && errno != EAGAIN)) {
		close(*fd);
		*fd = -1;
	}
	return 0;
}

static void take_line(struct session *session)
{
	uint8_t bytes[READ_SIZE];
	size_t got = read_stream(&session->machine.line_fd, bytes, sizeof(bytes));

	lineframe_read(&session->reader, bytes, got, take_frame, session);
	if (session->machine.line_fd < 0) {
		session->line.broken = true;
		session->line.size = 0;
	}
}

static void take_log(struct session *session)
{
	uint8_t bytes[READ_SIZE];

	outqueue_put(&session->log, bytes,
		     read_stream(&session->machine.log_fd, bytes, sizeof(bytes)));
}

static void take_error(struct session *session)
{
	uint8_t bytes[READ_SIZE];

	outqueue_put(get_notes(session), bytes,
		     read_stream(&session->machine.error_fd, bytes, sizeof(bytes)));
}

static void reap(struct session *session)
{
	if (!session->is_exited &&
	    waitpid(session->machine.pid, &session->exit_status, WNOHANG) == session->machine.pid) {
		session->is_exited = true;
	}
}

static void kill_machine(struct session *session)
{
	if (!session->is_exited) {
		kill(session->machine.pid, SIGKILL);
	}
}

static void take_signal(struct session *session)
{
	struct signalfd_siginfo info;

	if (read(session->signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info)) {
		return;
	}
	if (info.ssi_signo == SIGCHLD) {
		reap(session);
	} else {
		session->stop_signal = (int)info.ssi_signo;
	}
}

/* ---- the loop ---- */

/* True where the run is over as far as this side is concerned. */
static bool is_over(const struct session *session)
{
	const struct machine *machine = &session->machine;

	if (session->stop_signal || session->is_timed_out || session->out.broken) {
		return true;
	}
	return session->is_exited && machine->line_fd < 0 && machine->log_fd < 0 &&
	       machine->error_fd < 0;
}

static void fill_poll(const struct session *session, struct pollfd polls[POLL_COUNT])
{
	const struct machine *machine = &session->machine;
	bool out_full = outqueue_is_full(&session->out);
	bool log_full = outqueue_is_full(&session->log) || outqueue_is_full(&session->note);
	bool input = session->input_fd >= 0 && count_input_room(session) > 0;
	const struct outqueue *notes = session->note.size ? &session->note : &session->log;

	for (int i = 0; i < POLL_COUNT; i++) {
		polls[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
	}
	polls[POLL_SIGNAL].fd = session->signal_fd;
	polls[POLL_LINE].fd = machine->line_fd;
	polls[POLL_LINE].events =
		(short)((out_full ? 0 : POLLIN) | (session->line.size ? POLLOUT : 0));
	polls[POLL_LOG].fd = log_full ? -1 : machine->log_fd;
	polls[POLL_ERROR].fd = log_full ? -1 : machine->error_fd;
	polls[POLL_INPUT].fd = input ? session->input_fd : -1;
	polls[POLL_OUTPUT] = (struct pollfd){ .fd = session->out.size ? session->out.fd : -1,
					      .events = POLLOUT };
	polls[POLL_LOGFILE] =
		(struct pollfd){ .fd = notes->size ? notes->fd : -1, .events = POLLOUT };
}

static int count_wait(const struct session *session)
{
	const double times[] = { session->deadline, session->grace, session->partial,
				 session->is_mentioned ? 0 : session->started + START_PATIENCE };
	double nearest = 0;
	double wait;

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		if (times[i] > 0 && (nearest == 0 || times[i] < nearest)) {
			nearest = times[i];
		}
	}
	if (nearest == 0) {
		return -1;
	}
	wait = ceil((nearest - now()) * 1000);
	return wait < 0 ? 0 : wait > 1e6 ? 1000000 : (int)wait;
}

static bool is_due(double *when, double time)
{
	if (*when == 0 || time < *when) {
		return false;
	}
	*when = 0;
	return true;
}

static void run_timers(struct session *session)
{
	double time = now();

	if (is_due(&session->deadline, time)) {
		session->is_timed_out = true;
	}
	if (is_due(&session->grace, time)) {
		kill_machine(session);
	}
	if (is_due(&session->partial, time)) {
		screen_show_partial(&session->screen);
	}
	if (!session->is_mentioned && time >= session->started + START_PATIENCE) {
		session->is_mentioned = true;
		if (!session->fates.said_hello && isatty(STDERR_FILENO)) {
			notify(session, "the machine is starting (Ctrl-A x quits)");
		}
	}
}

static void flush_all(struct session *session)
{
	outqueue_flush(&session->out);
	outqueue_flush(&session->log);
	outqueue_flush(&session->note);
	outqueue_flush(&session->line);
}

static void turn(struct session *session)
{
	struct pollfd polls[POLL_COUNT];

	fill_poll(session, polls);
	if (poll(polls, POLL_COUNT, count_wait(session)) < 0) {
		return;
	}
	if (polls[POLL_SIGNAL].revents) {
		take_signal(session);
	}
	if (polls[POLL_LINE].revents & (POLLIN | POLLHUP | POLLERR)) {
		take_line(session);
	}
	if (polls[POLL_LOG].revents) {
		take_log(session);
	}
	if (polls[POLL_ERROR].revents) {
		take_error(session);
	}
	if (polls[POLL_INPUT].revents) {
		take_input(session);
	}
	run_timers(session);
	flush_all(session);
}

/* ---- beginning and end ---- */

static int open_signals(void)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCHLD };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		sigaddset(&set, numbers[i]);
	}
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Is standard input ours to read? In the background of a terminal it is not. */
static int open_input(struct session *session)
{
	session->is_raw = terminal_make_raw();
	if (!session->is_raw && isatty(STDIN_FILENO)) {
		return -1;
	}
	return STDIN_FILENO;
}

static void begin(struct session *session, const struct machine *machine,
		  const struct session_options *options)
{
	const struct config *config = options->config;
	bool colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");

	memset(session, 0, sizeof(*session));
	session->machine = *machine;
	session->options = options;
	session->signal_fd = open_signals();
	session->input_fd = open_input(session);
	session->shares_screen = session->is_raw && isatty(STDOUT_FILENO) && isatty(STDERR_FILENO);
	outqueue_init(&session->out, STDOUT_FILENO);
	outqueue_init(&session->log, options->log_fd);
	outqueue_init(&session->note, STDERR_FILENO);
	outqueue_init(&session->line, machine->line_fd);
	screen_init(&session->screen, &session->out, config->domain_count == 1, colour);
	for (size_t i = 0; i < config->domain_count; i++) {
		fates_add(&session->fates, config->domains[i].name);
		get_stream(session, i);
	}
	session->started = now();
	session->deadline = options->timeout > 0 ? session->started + options->timeout : 0;
	/* Its end may have come before the signal was waited for. */
	reap(session);
}

/* Says why the run was cut short or went wrong; returns the exit status. */
static int conclude(struct session *session)
{
	struct problem why;

	if (session->stop_signal) {
		return 128 + session->stop_signal;
	}
	if (session->is_timed_out) {
		notify(session, "stopped: not done after %g seconds", session->options->timeout);
		return SESSION_STATUS_TIMEOUT;
	}
	if (session->out.broken) {
		notify(session, "stopped: nobody reads standard output");
		return SESSION_STATUS_CRASHED;
	}
	if (fates_judge(&session->fates, &why)) {
		return SESSION_STATUS_DONE;
	}
	if (why.text[0]) {
		notify(session, "%s", why.text);
	}
	if (!session->fates.said_bye && session->is_exited) {
		bool killed = WIFSIGNALED(session->exit_status);

		notify(session, "the emulator ended %s %d", killed ? "by signal" : "with status",
		       killed ? WTERMSIG(session->exit_status) : WEXITSTATUS(session->exit_status));
	}
	return SESSION_STATUS_CRASHED;
}

static void end_machine(struct session *session)
{
	kill_machine(session);
	while (!session->is_exited && waitpid(session->machine.pid, &session->exit_status, 0) < 0 &&
	       errno == EINTR) {
	}
	session->is_exited = true;
}

int session_run(const struct machine *machine, const struct session_options *options)
{
	static struct session session;
	struct problem problem;
	int status;

	begin(&session, machine, options);
	while (!is_over(&session)) {
		turn(&session);
	}
	end_machine(&session);
	screen_fini(&session.screen);
	outqueue_fini(&session.out, EXIT_PATIENCE);
	terminal_restore();
	status = conclude(&session);
	if (options->summary &&
	    fates_write_summary(&session.fates, status, options->summary, &problem)) {
		notify(&session, "%s", problem.text);
	}
	outqueue_fini(&session.log, EXIT_PATIENCE);
	outqueue_fini(&session.note, EXIT_PATIENCE);
	close(session.signal_fd);
	return status;
}
