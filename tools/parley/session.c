/*
 * One poll loop over: signals, the control line, the log, QEMU's own output,
 * standard input and standard output. Reading stops where the matching output
 * is full, so nothing grows without bound and nothing is lost, unless an output is not
 * read at all (session_output.c).
 */
#include "session_state.h"

#include <errno.h>
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

#include "detach.h"

#define READ_SIZE      16384
#define START_PATIENCE 2.0 /* a start longer than this is mentioned */
#define EXIT_PATIENCE  2   /* seconds for slow readers at the end */

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

#define POLLS_MAX (POLL_COUNT + HUB_POLLS_MAX)

double session_get_time(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

struct outqueue *session_get_notes(struct session *session)
{
	return session->log.fd == STDERR_FILENO ? &session->log : &session->note;
}

void session_notify(struct session *session, const char *format, ...)
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
		outqueue_put(session_get_notes(session), text, (size_t)length);
		return;
	}
	/* The person sees both streams in one place: keep them apart by lines, and in order. */
	screen_break(&session->screen);
	outqueue_flush(&session->out);
	outqueue_put(session_get_notes(session), text, (size_t)length);
	outqueue_flush(session_get_notes(session));
	screen_show_partial(&session->screen);
}

size_t session_get_stream(struct session *session, size_t index)
{
	while (session->screen.stream_count <= index) {
		size_t next = session->screen.stream_count;

		screen_add(&session->screen, session->fates.items[next].name);
	}
	return index;
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

	lineframe_read(&session->reader, bytes, got, session_take_frame, session);
	if (session->machine.line_fd < 0) {
		session->line.broken = true;
		session->line.size = 0;
		hub_set_up(&session->hub, false);
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

	outqueue_put(session_get_notes(session), bytes,
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

	if (session->stop_signal || session->is_stopped || session->is_timed_out ||
	    session->out.broken) {
		return true;
	}
	return session->is_exited && machine->line_fd < 0 && machine->log_fd < 0 &&
	       machine->error_fd < 0;
}

/* Returns the number of entries: the session's own, then the hub's. */
static size_t fill_poll(const struct session *session, struct pollfd polls[POLLS_MAX])
{
	const struct machine *machine = &session->machine;
	bool log_full = outqueue_is_full(&session->log) || outqueue_is_full(&session->note);
	bool input = session->input_fd >= 0 && session_count_input_room(session) > 0;
	const struct outqueue *notes = session->note.size ? &session->note : &session->log;

	for (int i = 0; i < POLL_COUNT; i++) {
		polls[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
	}
	polls[POLL_SIGNAL].fd = session->signal_fd;
	polls[POLL_LINE].fd = machine->line_fd;
	polls[POLL_LINE].events = (short)((session_waits_for_output(session) ? 0 : POLLIN) |
					  (session->line.size ? POLLOUT : 0));
	polls[POLL_LOG].fd = log_full ? -1 : machine->log_fd;
	polls[POLL_ERROR].fd = log_full ? -1 : machine->error_fd;
	polls[POLL_INPUT].fd = input ? session->input_fd : -1;
	polls[POLL_OUTPUT] = (struct pollfd){ .fd = session->out.size ? session->out.fd : -1,
					      .events = POLLOUT };
	polls[POLL_LOGFILE] =
		(struct pollfd){ .fd = notes->size ? notes->fd : -1, .events = POLLOUT };
	return POLL_COUNT + hub_fill_poll(&session->hub, polls + POLL_COUNT);
}

static int count_wait(const struct session *session)
{
	const double times[] = { session->deadline,
				 session->grace,
				 session->partial,
				 hub_get_deadline(&session->hub),
				 session_get_output_deadline(session),
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
	/* Rounded up, so that the time has come when poll returns. */
	wait = (nearest - session_get_time()) * 1000 + 1;
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
	double time = session_get_time();

	if (is_due(&session->deadline, time)) {
		session->is_timed_out = true;
	}
	if (is_due(&session->grace, time)) {
		kill_machine(session);
	}
	if (is_due(&session->partial, time)) {
		screen_show_partial(&session->screen);
	}
	hub_run_timers(&session->hub, time);
	if (!session->is_mentioned && time >= session->started + START_PATIENCE) {
		session->is_mentioned = true;
		if (!session->fates.said_hello && isatty(STDERR_FILENO)) {
			session_notify(session, "the machine is starting (Ctrl-A x quits)");
		}
	}
}

static void flush_all(struct session *session)
{
	session_flush_output(session, session_get_time());
	outqueue_flush(&session->log);
	outqueue_flush(&session->note);
	outqueue_flush(&session->line);
}

static void turn(struct session *session)
{
	struct pollfd polls[POLLS_MAX];
	size_t count = fill_poll(session, polls);

	if (poll(polls, count, count_wait(session)) < 0) {
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
		session_take_input(session);
	}
	hub_take_poll(&session->hub, polls + POLL_COUNT);
	run_timers(session);
	hub_run(&session->hub, session_get_time());
	flush_all(session);
	if (session->options->detach) {
		detach_limit_file(session->options->detach, DETACH_FILE_MAX);
	}
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

static size_t put_client_input(void *context, uint16_t domid, const uint8_t *data, size_t size)
{
	struct session *session = context;
	size_t index = fates_find_known(&session->fates, domid);

	return index == FATES_NONE ? size : session_put_input(session, index, data, size);
}

static void stop_for_client(void *context)
{
	struct session *session = context;

	session->is_stopped = true;
}

static void begin_hub(struct session *session)
{
	const struct runtime_socket none = { .fd = -1, .folder = -1 };
	const struct hub_host host = { session, put_client_input, stop_for_client,
				       session->options->is_counted, session->machine.window };

	hub_init(&session->hub, session->options->socket ? session->options->socket : &none,
		 &session->line, &host, session->options->patience);
	for (size_t i = 0; i < session->options->config->domain_count; i++) {
		const struct config_domain *domain = &session->options->config->domains[i];
		char path[PATH_MAX];

		if (domain->kernel && realpath(domain->kernel, path)) {
			hub_tell_kernel(&session->hub, domain->uuid, path, strlen(path));
		}
	}
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
	begin_hub(session);
	screen_init(&session->screen, &session->out,
		    config->domain_count == 1 && !options->names_lines, colour);
	session->ready_fd = options->detach ? options->detach->ready_fd : -1;
	for (size_t i = 0; i < config->domain_count; i++) {
		fates_add(&session->fates, config->domains[i].name);
		session_get_stream(session, i);
	}
	session->started = session_get_time();
	session->taken = session->started;
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
	if (session->is_stopped) {
		session_notify(session, "stopped by `parley stop`");
		return fates_has_bad(&session->fates) ? SESSION_STATUS_CRASHED :
							SESSION_STATUS_DONE;
	}
	if (session->is_timed_out) {
		session_notify(session, "stopped: not done after %g seconds",
			       session->options->timeout);
		return SESSION_STATUS_TIMEOUT;
	}
	if (session->out.broken) {
		session_notify(session, "stopped: nobody reads standard output");
		return SESSION_STATUS_CRASHED;
	}
	if (fates_judge(&session->fates, &why)) {
		return SESSION_STATUS_DONE;
	}
	if (why.text[0]) {
		session_notify(session, "%s", why.text);
	}
	if (!session->fates.said_bye && session->is_exited) {
		bool killed = WIFSIGNALED(session->exit_status);

		session_notify(session, "the emulator ended %s %d",
			       killed ? "by signal" : "with status",
			       killed ? WTERMSIG(session->exit_status) :
					WEXITSTATUS(session->exit_status));
	}
	return SESSION_STATUS_CRASHED;
}

/* What was counted goes where messages go, so that standard output is the console's alone. */
static void tell_stats(struct session *session)
{
	if (session->options->stats) {
		char *text = counts_print(&session->counts, &session->fates,
					  session->options->stats_json);

		outqueue_put(session_get_notes(session), text, strlen(text));
		free(text);
	}
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
	hub_fini(&session.hub);
	screen_fini(&session.screen);
	outqueue_fini(&session.out, EXIT_PATIENCE);
	session_tell_unshown(&session);
	terminal_restore();
	status = conclude(&session);
	tell_stats(&session);
	if (options->summary &&
	    fates_write_summary(&session.fates, status, options->summary, &problem)) {
		session_notify(&session, "%s", problem.text);
	}
	outqueue_fini(&session.log, EXIT_PATIENCE);
	outqueue_fini(&session.note, EXIT_PATIENCE);
	close(session.signal_fd);
	return status;
}
