/*
 * `parley console`: a domain's console on this terminal, or in a pipe. Shows what was kept of
 * earlier output, then all that comes; sends what is typed; follows the domain when it
 * reboots, and leaves when it ends.
 */
#include "verbs.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <parley/sched.h>

#include "client.h"
#include "domains.h"
#include "terminal.h"
#include "text.h"

#define INPUT_MAX       512
#define REBOOT_PATIENCE 60000 /* milliseconds for a domain that reboots to be there again */
#define KEY_NONE        (-1)
#define KEY_DEFAULT     0x1d /* Ctrl-] */

static const char console_help[] =
	"usage: parley console NAME [OPTION...]\n"
	"\n"
	"Shows the console of a domain, beginning with the last 16 KiB of earlier output, and\n"
	"sends what is typed. Several may look at one console.\n"
	"On a terminal, Ctrl-] leaves; the domain runs on. Else standard input is sent, and the\n"
	"console is shown until the domain ends.\n"
	"\n"
	"  --escape KEY    the key that leaves, such as ^] (the default) or ^X, or \"none\"\n"
	"  --earlier       print the earlier output only\n"
	"  --send          send standard input, and leave at its end\n" CLIENT_HELP_OPTIONS "\n"
	"Exit status: 0 left, or the domain has ended, 1 failed, 2 usage, 128 + N signal N.\n";

struct console {
	struct client client;
	int escape; /* the key, or KEY_NONE */
	bool earlier_only;
	bool sends_only;
	bool is_raw;
	bool has_input; /* standard input has not ended */
	bool has_left;
	char name[64];
	uint16_t domid;
	bool has_ended;
	bool reboots;     /* it has ended to come again */
	int64_t deadline; /* for that */
	bool is_broken;   /* standard output */
	char end[DOMAINS_STATE_MAX + 64];
};

static volatile sig_atomic_t stop_signal;

static void note_signal(int number)
{
	stop_signal = number;
}

static void catch_signals(void)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction action = { .sa_handler = note_signal };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		sigaction(numbers[i], &action, NULL);
	}
	signal(SIGPIPE, SIG_IGN);
}

static int parse_key(const char *text, int *key, struct problem *problem)
{
	if (!strcmp(text, "none")) {
		*key = KEY_NONE;
		return 0;
	}
	if (text[0] == '^' && text[1] >= '@' && text[1] <= 'z' && !text[2]) {
		*key = text[1] & 0x1f;
		return 0;
	}
	return problem_set(problem, "\"%s\" is not a control key (write such as ^X, or \"none\")",
			   text);
}

/* ---- what the domain does ---- */

static void show(struct console *console, const uint8_t *bytes, size_t size)
{
	while (size && !console->is_broken) {
		ssize_t wrote = write(STDOUT_FILENO, bytes, size);

		if (wrote > 0) {
			bytes += wrote;
			size -= (size_t)wrote;
		} else if (errno == EAGAIN) {
			struct pollfd item = { .fd = STDOUT_FILENO, .events = POLLOUT };

			poll(&item, 1, -1);
		} else if (errno != EINTR || stop_signal) {
			console->is_broken = errno != EINTR;
			return;
		}
	}
}

static void end(struct console *console, const char *how, const char *text)
{
	console->has_ended = true;
	snprintf(console->end, sizeof(console->end), "%s%s%s", how, text[0] ? ": " : "", text);
}

static void take_end(struct console *console, const struct pv_line_domain *report)
{
	struct pv_control_domain like = { .state = PV_CONTROL_STATE_shutdown,
					  .reason = report->reason };
	char state[DOMAINS_STATE_MAX];
	char text[64];

	if (report->state == PV_DOMAIN_STATE_CRASHED) {
		like.state = PV_CONTROL_STATE_crashed;
	}
	snprintf(text, sizeof(text), "%.63s", report->text);
	text_clean(text, strlen(text));
	end(console, domains_describe_state(&like, state), text);
	console->reboots = report->state == PV_DOMAIN_STATE_SHUTDOWN &&
			   report->reason == PV_SHUTDOWN_reboot;
	console->deadline = client_get_milliseconds() + REBOOT_PATIENCE;
}

/* It lives again, perhaps under another number. */
static void take_begin(struct console *console, const struct pv_line_domain *report)
{
	struct problem problem;

	console->has_ended = false;
	console->reboots = false;
	if (console->domid != report->domid) {
		console->domid = report->domid;
		link_watch(&console->client.link, LINK_WATCH_CONSOLE, console->domid, &problem);
	}
}

static void take_state(struct console *console, const struct link_frame *frame)
{
	struct pv_line_domain report;

	if (frame->header.length < sizeof(report)) {
		return;
	}
	memcpy(&report, frame->payload, sizeof(report));
	if ((report.state == PV_DOMAIN_STATE_SHUTDOWN || report.state == PV_DOMAIN_STATE_CRASHED) &&
	    report.domid == console->domid) {
		take_end(console, &report);
	} else if (report.state < PV_DOMAIN_STATE_SHUTDOWN && console->reboots &&
		   !strncmp(report.name, console->name, sizeof(report.name))) {
		take_begin(console, &report);
	}
}

static void take_frame(void *context, const struct link_frame *frame)
{
	struct console *console = context;
	uint64_t lost;

	if (frame->header.type == PV_LINE_CONSOLE_OUT && frame->header.domid == console->domid) {
		show(console, frame->payload, frame->header.length);
	} else if (frame->header.type == PV_LINE_DOMAIN) {
		take_state(console, frame);
	} else if (frame->header.type == LINK_LOST && frame->header.length == sizeof(lost)) {
		memcpy(&lost, frame->payload, sizeof(lost));
		fprintf(stderr, "\nparley: %llu bytes of output were lost here\n",
			(unsigned long long)lost);
	}
}

/* ---- what the person types ---- */

/* The answer to a request comes when the input before it has gone to the domain. */
static int leave_when_sent(struct console *console, struct problem *problem)
{
	struct pv_control_machine machine;
	int result = link_call(&console->client.link, PV_CONTROLOP_machine, &machine,
			       sizeof(machine), problem);

	console->has_left = true;
	return result == LINK_FAILED ? -1 : 0;
}

static int take_input(struct console *console, struct problem *problem)
{
	uint8_t bytes[INPUT_MAX];
	ssize_t got = read(STDIN_FILENO, bytes, sizeof(bytes));
	const uint8_t *key;
	size_t size;

	if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
		return 0;
	}
	if (got <= 0) {
		console->has_input = false;
		return console->sends_only ? leave_when_sent(console, problem) : 0;
	}
	size = (size_t)got;
	key = console->is_raw && console->escape != KEY_NONE ?
		      memchr(bytes, console->escape, size) :
		      NULL;
	if (key) {
		size = (size_t)(key - bytes);
		console->has_left = true;
	}
	return size ? link_send(&console->client.link, PV_LINE_CONSOLE_IN, console->domid, bytes,
				size, -1, problem) :
		      0;
}

/* ---- the loop ---- */

static bool is_over(const struct console *console)
{
	if (stop_signal || console->has_left || console->is_broken) {
		return true;
	}
	return console->has_ended &&
	       !(console->reboots && client_get_milliseconds() < console->deadline);
}

/* Takes all frames that are there. Returns 0, or -1 where the machine has ended. */
static int take_frames(struct console *console, struct problem *problem)
{
	struct link_frame frame;
	int got;

	while ((got = link_next(&console->client.link, &frame, 0, problem)) > 0) {
		take_frame(console, &frame);
	}
	return got;
}

static int turn(struct console *console, struct problem *problem)
{
	/* What is typed is read only when it can be sent on. */
	struct pollfd polls[] = {
		{ .fd = console->client.link.fd, .events = POLLIN },
		{ .fd = console->has_input ? console->client.link.fd : -1, .events = POLLOUT },
		{ .fd = console->has_input ? STDIN_FILENO : -1, .events = POLLIN },
		/* Nobody reads any more: that is told even where nothing is to be written. */
		{ .fd = console->sends_only ? -1 : STDOUT_FILENO },
	};

	if (poll(&polls[2], 1, 0) <= 0) {
		/* Nothing is typed: room to send is no reason to wake up. */
		polls[1].fd = -1;
	}
	if (poll(polls, sizeof(polls) / sizeof(polls[0]), console->reboots ? 500 : -1) < 0) {
		return 0;
	}
	if (polls[3].revents & (POLLERR | POLLHUP)) {
		console->is_broken = true;
	}
	if (polls[0].revents && take_frames(console, problem)) {
		return -1;
	}
	if ((polls[1].revents & POLLOUT) && polls[2].revents) {
		return take_input(console, problem);
	}
	return 0;
}

static int conclude(struct console *console)
{
	if (console->is_raw) {
		terminal_restore();
		fputc('\n', stderr);
	}
	if (stop_signal) {
		return 128 + stop_signal;
	}
	if (console->is_broken) {
		return CLIENT_STATUS_FAILED;
	}
	if (console->has_ended) {
		fprintf(stderr, "parley: %s has ended: %s\n", console->name, console->end);
	} else if (console->is_raw) {
		fprintf(stderr, "parley: left the console of %s, which runs on\n", console->name);
	}
	return 0;
}

static int stay(struct console *console)
{
	struct problem problem;

	console->is_raw = terminal_make_raw();
	console->has_input = console->is_raw || !isatty(STDIN_FILENO);
	if (console->is_raw && console->escape != KEY_NONE) {
		fprintf(stderr, "parley: this is the console of %s (Ctrl-%c leaves it)\n",
			console->name, console->escape + '@');
	}
	while (!is_over(console)) {
		if (turn(console, &problem)) {
			terminal_restore();
			fprintf(stderr, "%sparley: %s\n", console->is_raw ? "\n" : "",
				problem.text);
			return console->has_ended ? 0 : CLIENT_STATUS_FAILED;
		}
	}
	return conclude(console);
}

/*
 * Watches, and looks again: what came before that look is shown by then, and an end that was
 * before the watching is seen.
 */
static int attach(struct console *console, struct problem *problem)
{
	struct link *link = &console->client.link;
	struct domains domains;
	bool is_there = false;

	link->take = take_frame;
	link->context = console;
	/* Who only sends is shown nothing. */
	if ((!console->sends_only &&
	     link_watch(link, LINK_WATCH_CONSOLE, console->domid, problem)) ||
	    link_watch(link, LINK_WATCH_DOMAINS, 0, problem) ||
	    domains_list(&domains, link, problem)) {
		return -1;
	}
	for (size_t i = 0; i < domains.count && !console->has_ended; i++) {
		const struct pv_control_domain *domain = &domains.items[i];
		char state[DOMAINS_STATE_MAX];

		if (domain->domid == console->domid) {
			is_there = true;
			if (domains_has_ended(domain)) {
				end(console, domains_describe_state(domain, state), domain->text);
			}
		}
	}
	domains_free(&domains);
	if (!is_there && !console->has_ended) {
		end(console, "nothing is remembered of it", "");
	}
	return 0;
}

static int run(struct console *console, const char *name)
{
	const struct pv_control_domain *domain;
	struct domains domains;
	struct problem problem;
	int status = client_list(&console->client, &domains);

	if (status) {
		return status;
	}
	domain = domains_find(&domains, name, &problem);
	if (domain) {
		console->domid = domain->domid;
		snprintf(console->name, sizeof(console->name), "%s", domain->name);
	}
	domains_free(&domains);
	if (!domain || attach(console, &problem)) {
		link_close(&console->client.link);
		return client_fail(&console->client, &problem);
	}
	status = console->earlier_only ? 0 : stay(console);
	link_close(&console->client.link);
	return status;
}

enum { OPT_ESCAPE = CLIENT_OPTION, OPT_EARLIER, OPT_SEND };

static int take_option(void *context, int option, const char *text, struct problem *problem)
{
	struct console *console = context;

	if (option == OPT_EARLIER) {
		console->earlier_only = true;
		return 0;
	}
	if (option == OPT_SEND) {
		console->sends_only = true;
		return 0;
	}
	return parse_key(text, &console->escape, problem);
}

int verb_console(int argc, char **argv)
{
	static const struct option options[] = { { "escape", required_argument, NULL, OPT_ESCAPE },
						 { "earlier", no_argument, NULL, OPT_EARLIER },
						 { "send", no_argument, NULL, OPT_SEND },
						 CLIENT_OPTIONS };
	static struct console console = {
		.client = { .verb = "console", .help = console_help, .take_option = take_option },
		.escape = KEY_DEFAULT
	};
	int status;

	console.client.context = &console;
	status = client_read_options(&console.client, argc, argv, options);
	if (status != CLIENT_GO) {
		return status;
	}
	if (optind + 1 != argc) {
		return verb_misuse("console", "one domain's name or number is needed");
	}
	catch_signals();
	return run(&console, argv[optind]);
}
