/*
 * `parley top`: what each domain uses, from the difference of two looks at the machine.
 */
#include "verbs.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "domains.h"
#include "terminal.h"
#include "text.h"

static const char top_help[] =
	"usage: parley top [OPTION...]\n"
	"\n"
	"Shows what each domain uses: CPU time in per cent of one CPU, and how many hypercalls,\n"
	"exceptions and events it has in a second of the machine's time. Busy ones come first.\n"
	"On a terminal it fills the screen until q is typed; else a table is printed each time.\n"
	"\n"
	"  --interval SECONDS  between two looks (2)\n"
	"  --once              one table, and leave\n"
	"  --json              one JSON object a look, each in a line\n" CLIENT_HELP_OPTIONS "\n"
	"Exit status: 0 done, 1 failed, 2 usage, 128 + N signal N.\n";

#define CTRL_C 0x03

struct rates {
	const struct pv_control_domain *domain;
	double cpu; /* per cent of one CPU */
	double hypercalls;
	double faults;
	double events;
};

struct top {
	struct client client;
	uint64_t interval; /* milliseconds */
	bool once;
	bool is_screen;
	struct domains before;
	struct domains now;
	struct rates *rates; /* of the domains that live now */
	size_t count;
};

static volatile sig_atomic_t stop_signal;

static void note_signal(int number)
{
	stop_signal = number;
}

static volatile sig_atomic_t is_resized;

static void note_resize(int number)
{
	(void)number;
	is_resized = 1;
}

/* ---- rates ---- */

static const struct pv_control_domain *find_before(const struct top *top,
						   const struct pv_control_domain *domain)
{
	for (size_t i = 0; i < top->before.count; i++) {
		const struct pv_control_domain *old = &top->before.items[i];

		if (old->domid == domain->domid && old->started_ns == domain->started_ns) {
			return old;
		}
	}
	return NULL;
}

static double get_rate(uint64_t now, uint64_t before, double seconds)
{
	return seconds > 0 && now > before ? (double)(now - before) / seconds : 0;
}

/* One that is new since the look before counts from its start. */
static struct rates measure(const struct top *top, const struct pv_control_domain *domain)
{
	static const struct pv_control_domain nothing;
	const struct pv_control_domain *before = find_before(top, domain);
	uint64_t since = before ? top->before.machine.time_ns : domain->started_ns;
	double seconds = (double)(int64_t)(top->now.machine.time_ns - since) / 1e9;

	before = before ? before : &nothing;
	return (struct rates){
		.domain = domain,
		.cpu = get_rate(domain->cpu_time_ns, before->cpu_time_ns, seconds) / 1e7,
		.hypercalls = get_rate(domain->hypercalls, before->hypercalls, seconds),
		.faults = get_rate(domain->faults, before->faults, seconds),
		.events = get_rate(domain->events, before->events, seconds),
	};
}

static int compare(const void *a, const void *b)
{
	const struct rates *first = a;
	const struct rates *second = b;

	if (first->cpu != second->cpu) {
		return first->cpu < second->cpu ? 1 : -1;
	}
	return first->domain->domid < second->domain->domid ? -1 : 1;
}

static void measure_all(struct top *top)
{
	top->rates = reallocarray(top->rates, top->now.count + 1, sizeof(*top->rates));
	if (!top->rates) {
		abort();
	}
	top->count = 0;
	for (size_t i = 0; i < top->now.count; i++) {
		if (!domains_has_ended(&top->now.items[i])) {
			top->rates[top->count++] = measure(top, &top->now.items[i]);
		}
	}
	qsort(top->rates, top->count, sizeof(*top->rates), compare);
}

/* ---- showing ---- */

static int print_json(const struct top *top)
{
	json_t *list = json_array();
	json_t *root;

	for (size_t i = 0; i < top->count; i++) {
		const struct rates *rates = &top->rates[i];

		json_array_append_new(
			list,
			json_pack("{s:i, s:s, s:s, s:f, s:f, s:f, s:f, s:I, s:i}", "id",
				  (int)rates->domain->domid, "name", rates->domain->name, "state",
				  domains_name_state(rates->domain), "cpu_percent", rates->cpu,
				  "hypercalls_per_s", rates->hypercalls, "faults_per_s",
				  rates->faults, "events_per_s", rates->events, "memory",
				  (json_int_t)rates->domain->memory_pages * 4096, "vcpus_online",
				  (int)rates->domain->vcpus_online));
	}
	root = json_pack("{s:I, s:I, s:o}", "time_ns", (json_int_t)top->now.machine.time_ns,
			 "memory_free", (json_int_t)top->now.machine.free_pages * 4096, "domains",
			 list);
	json_dumpf(root, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
	putchar('\n');
	json_decref(root);
	return 0;
}

/* Ends a line; on the screen, what an earlier one left there goes. */
static const char *get_line_end(const struct top *top)
{
	return top->is_screen ? "\033[K\n" : "\n";
}

static void print_head(const struct top *top)
{
	const struct pv_control_machine *machine = &top->now.machine;
	char total[TEXT_SIZE_MAX];
	char left[TEXT_SIZE_MAX];

	printf("machine %s: %u CPU%s, %s, %s free, %zu domain%s, up %llu s%s",
	       top->client.link.hello.machine, machine->cpus, machine->cpus == 1 ? "" : "s",
	       text_round_size(machine->total_pages * 4096, total),
	       text_round_size(machine->free_pages * 4096, left), top->count,
	       top->count == 1 ? "" : "s", (unsigned long long)(machine->time_ns / 1000000000),
	       get_line_end(top));
	printf("  ID  %-20s  STATE       CPU%%   CALLS/S  FAULTS/S  EVENTS/S    MEMORY  VCPUS%s",
	       "NAME", get_line_end(top));
}

static void print_rates(const struct top *top, const struct rates *rates)
{
	const struct pv_control_domain *domain = rates->domain;
	char memory[TEXT_SIZE_MAX];

	printf("%4u  %-20.20s  %-8s  %6.1f  %8.0f  %8.0f  %8.0f  %8s  %u/%u%s", domain->domid,
	       domain->name, domains_name_state(domain), rates->cpu, rates->hypercalls,
	       rates->faults, rates->events, text_round_size(domain->memory_pages * 4096, memory),
	       domain->vcpus_online, domain->vcpu_count, get_line_end(top));
}

/* Lines that the screen has for domains. */
static size_t count_lines(const struct top *top)
{
	struct winsize size;

	if (!top->is_screen || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || size.ws_row < 4) {
		return SIZE_MAX;
	}
	return size.ws_row - 3U;
}

static int print_table(const struct top *top)
{
	size_t lines = count_lines(top);

	if (top->is_screen) {
		fputs("\033[H", stdout);
	}
	print_head(top);
	for (size_t i = 0; i < top->count && i < lines; i++) {
		print_rates(top, &top->rates[i]);
	}
	if (top->is_screen) {
		fputs("\033[J", stdout);
	} else if (!top->once) {
		putchar('\n');
	}
	return fflush(stdout) ? -1 : 0;
}

/* ---- looking ---- */

/* A key that leaves, waited for; signals come in here only, so that none is missed before the wait. */
static bool has_left(int64_t milliseconds, const struct top *top, const sigset_t *signals)
{
	struct pollfd item = { .fd = top->is_screen ? STDIN_FILENO : -1, .events = POLLIN };
	struct timespec time = { .tv_sec = milliseconds / 1000,
				 .tv_nsec = milliseconds % 1000 * 1000000 };
	char key;

	return ppoll(&item, 1, &time, signals) > 0 &&
	       (read(STDIN_FILENO, &key, 1) != 1 || key == 'q' || key == CTRL_C);
}

/* Waits for the next look; true where the person wants to leave. The signals are held back. */
static bool wait_held(struct top *top, const sigset_t *signals)
{
	int64_t end = client_get_milliseconds() + (int64_t)top->interval;
	int64_t left = (int64_t)top->interval;

	while (!stop_signal && left > 0) {
		if (is_resized) {
			is_resized = 0;
			print_table(top);
		}
		if (has_left(left, top, signals)) {
			return true;
		}
		left = end - client_get_milliseconds();
	}
	return stop_signal != 0;
}

static bool wait_for_key(struct top *top)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGWINCH };
	sigset_t held, before;
	bool leaves;

	sigemptyset(&held);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		sigaddset(&held, numbers[i]);
	}
	sigprocmask(SIG_BLOCK, &held, &before);
	leaves = wait_held(top, &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return leaves;
}

static int look(struct top *top, struct problem *problem)
{
	domains_free(&top->before);
	top->before = top->now;
	if (domains_list(&top->now, &top->client.link, problem)) {
		return -1;
	}
	measure_all(top);
	return 0;
}

static int look_again(struct top *top, struct problem *problem)
{
	do {
		if (wait_for_key(top)) {
			return 0;
		}
		if (look(top, problem)) {
			return -1;
		}
		if (top->client.as_json ? print_json(top) : print_table(top)) {
			return problem_set(problem, "standard output: %s", strerror(errno));
		}
		fflush(stdout);
	} while (!top->once);
	return 0;
}

static void leave_screen(void)
{
	fputs("\033[?25h\033[?1049l", stdout);
	fflush(stdout);
}

static void enter_screen(struct top *top)
{
	top->is_screen = !top->once && !top->client.as_json && isatty(STDOUT_FILENO) &&
			 terminal_make_raw();
	if (top->is_screen) {
		atexit(leave_screen);
		signal(SIGWINCH, note_resize);
		fputs("\033[?1049h\033[?25l\033[H\033[J", stdout);
	}
}

static int run(struct top *top)
{
	struct problem problem;
	int status = client_list(&top->client, &top->now);
	int result;

	if (status) {
		return status;
	}
	signal(SIGINT, note_signal);
	signal(SIGTERM, note_signal);
	signal(SIGHUP, note_signal);
	enter_screen(top);
	if (top->is_screen) {
		measure_all(top);
		print_table(top);
	}
	result = look_again(top, &problem);
	if (top->is_screen) {
		leave_screen();
		terminal_restore();
	}
	link_close(&top->client.link);
	if (result) {
		return client_fail(&top->client, &problem);
	}
	return stop_signal ? 128 + stop_signal : 0;
}

enum { OPT_INTERVAL = CLIENT_OPTION, OPT_ONCE };

static int take_option(void *context, int option, const char *text, struct problem *problem)
{
	struct top *top = context;
	char *end;
	double seconds;

	if (option == OPT_ONCE) {
		top->once = true;
		return 0;
	}
	seconds = strtod(text, &end);
	if (end == text || *end || !(seconds >= 0.1 && seconds <= 86400)) {
		return problem_set(problem, "\"%s\" is not a number of seconds from 0.1 to 86400",
				   text);
	}
	top->interval = (uint64_t)(seconds * 1000);
	return 0;
}

int verb_top(int argc, char **argv)
{
	static const struct option options[] = { { "interval", required_argument, NULL,
						   OPT_INTERVAL },
						 { "once", no_argument, NULL, OPT_ONCE },
						 CLIENT_OPTION_JSON,
						 CLIENT_OPTIONS };
	static struct top top = {
		.client = { .verb = "top", .help = top_help, .take_option = take_option },
		.interval = 2000
	};
	int status;

	top.client.context = &top;
	status = client_read_options(&top.client, argc, argv, options);
	if (status != CLIENT_GO) {
		return status;
	}
	if (optind < argc) {
		return verb_misuse("top", "%s: all domains are shown", argv[optind]);
	}
	status = run(&top);
	domains_free(&top.before);
	domains_free(&top.now);
	free(top.rates);
	return status;
}
