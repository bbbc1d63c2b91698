/*
 * `parley trace`: what a domain asks of the hypervisor and what happens to it, while it does,
 * or from a file of records.
 *
 * Read next: trace_live.c, trace_sink.c.
 */
#include "verbs.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "trace_live.h"
#include "trace_sink.h"

#define EVENTS_MAX 32 /* of -e */

struct request {
	const char *machine;
	const char *name; /* of the domain, NULL: all */
	const char *read; /* file, NULL: a running machine */
	const char *events[EVENTS_MAX];
	size_t event_count;
	uint64_t seconds;
	struct trace_sink_options sink;
};

enum {
	OPTION_DURATION = 256,
	OPTION_JSON,
	OPTION_LIST,
	OPTION_MACHINE,
	OPTION_PERFETTO,
	OPTION_RAW,
	OPTION_READ
};

static const struct option options[] = {
	{ "count", no_argument, NULL, 'c' },
	{ "duration", required_argument, NULL, OPTION_DURATION },
	{ "events", required_argument, NULL, 'e' },
	{ "help", no_argument, NULL, 'h' },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "limit", required_argument, NULL, 'n' },
	{ "list", no_argument, NULL, OPTION_LIST },
	{ "machine", required_argument, NULL, OPTION_MACHINE },
	{ "output", required_argument, NULL, 'o' },
	{ "perfetto", required_argument, NULL, OPTION_PERFETTO },
	{ "raw", required_argument, NULL, OPTION_RAW },
	{ "read", required_argument, NULL, OPTION_READ },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static const char help[] =
	"usage: parley trace [NAME] [OPTION...]\n"
	"\n"
	"Prints what a domain does, a line each: hypercalls with their arguments and results,\n"
	"exceptions and emulated instructions, events, switches of CPUs. Without NAME: all domains.\n"
	"Ends with the domain, or by Ctrl-C. Several may trace at once.\n"
	"In <> stands what took so many cycles, which are instructions of a machine that counts\n"
	"(`parley run --icount`), and behind + what its CPU did for others meanwhile.\n"
	"\n"
	"  -e, --events LIST   only these: calls (mmu_update), operations (sched_op.block),\n"
	"                      families (mmu), kinds (event, exception, emulation, fault for both,\n"
	"                      upcall, switch, domain, syscall, hypercall, all), with commas;\n"
	"                      !NAME leaves out. Without it: all but syscall\n"
	"      --list          print the names that LIST may have\n"
	"  -c, --count         only count, and print a table at the end\n"
	"      --json          a JSON object a record, or the counts as JSON\n"
	"      --perfetto FILE write a trace for ui.perfetto.dev\n"
	"  -o, --output FILE   lines or counts to a file\n"
	"      --raw FILE      keep the records as they are\n"
	"      --read FILE     take them from such a file instead of a running machine\n"
	"      --duration SECS end after so long\n"
	"  -n, --limit COUNT   end after so many records\n"
	"      --machine NAME  which machine, where several run ($PARLEY_MACHINE)\n"
	"      --help          print this\n"
	"\n"
	"Exit status: 0 done, 1 failed, 2 usage. What was lost since it came too fast is told.\n";

static volatile sig_atomic_t is_stopped;

static void stop(int signal)
{
	(void)signal;
	is_stopped = 1;
}

bool trace_is_stopped(void)
{
	return is_stopped;
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = stop };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static int take_number(uint64_t *value, uint64_t high, const char *option, struct problem *problem)
{
	return text_to_number(optarg, 1, high, value, problem) ?
		       problem_prefix(problem, "%s: ", option) :
		       0;
}

/* Returns 0, or -1 with a problem. */
static int take_option(struct request *request, int option, struct problem *problem)
{
	switch (option) {
	case 'c':
		request->sink.counts = true;
		return 0;
	case 'e':
		if (request->event_count == EVENTS_MAX) {
			return problem_set(problem, "-e: too often");
		}
		request->events[request->event_count++] = optarg;
		return 0;
	case 'n':
		return take_number(&request->sink.limit, UINT64_MAX, "-n", problem);
	case 'o':
		request->sink.output = optarg;
		return 0;
	case OPTION_DURATION:
		return take_number(&request->seconds, 1000000, "--duration", problem);
	case OPTION_JSON:
		request->sink.as_json = true;
		return 0;
	case OPTION_MACHINE:
		request->machine = optarg;
		return 0;
	case OPTION_PERFETTO:
		request->sink.perfetto = optarg;
		return 0;
	case OPTION_RAW:
		request->sink.raw = optarg;
		return 0;
	default:
		request->read = optarg;
		return 0;
	}
}

static int check(const struct request *request, struct problem *problem)
{
	if (request->read && (request->machine || request->seconds)) {
		return problem_set(problem,
				   "--read takes a file: --machine and --duration are for a "
				   "machine that runs");
	}
	return 0;
}

static int parse_events(const struct request *request, struct trace_filter *filter,
			struct problem *problem)
{
	char list[4096] = "";
	size_t used = 0;

	trace_filter_init(filter);
	for (size_t i = 0; i < request->event_count; i++) {
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", i ? "," : "",
					 request->events[i]);
		if (used >= sizeof(list)) {
			return problem_set(problem, "-e: too long");
		}
	}
	return request->event_count ? trace_filter_parse(filter, list, problem) : 0;
}

/* ---- from a file ---- */

struct file_reader {
	struct trace_sink *sink;
	const char *name; /* of the domain, or NULL */
};

static void take_chunk(void *context, uint32_t type, const uint8_t *data, size_t size)
{
	struct file_reader *reader = context;
	uint64_t bytes;
	uint16_t domid;

	if (type == TRACE_FILE_NAME && size >= sizeof(domid)) {
		memcpy(&domid, data, sizeof(domid));
		trace_sink_name(reader->sink, domid, (const char *)data + sizeof(domid),
				size - sizeof(domid));
		if (reader->name && strlen(reader->name) == size - sizeof(domid) &&
		    !memcmp(reader->name, data + sizeof(domid), size - sizeof(domid))) {
			reader->sink->domid = domid;
		}
	} else if (type == TRACE_FILE_COUNTED) {
		trace_sink_set_counted(reader->sink);
	} else if (type == TRACE_FILE_RECORDS) {
		trace_sink_take(reader->sink, data, size);
	} else if (type == TRACE_FILE_LOST && size >= sizeof(bytes)) {
		memcpy(&bytes, data, sizeof(bytes));
		trace_sink_take_lost(reader->sink, bytes);
	}
}

static int say_no_domain(const struct trace_sink *sink, const char *name, struct problem *problem)
{
	char list[512] = "";
	size_t used = 0;

	for (size_t i = 0; i < sink->names.count && used < sizeof(list); i++) {
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "",
					 sink->names.list[i].name);
	}
	return problem_set(problem, "there is no domain \"%s\" in the trace; there %s %s", name,
			   sink->names.count == 1 ? "is" : "are", used ? list : "none");
}

static int read_file(const struct request *request, struct trace_sink *sink,
		     struct problem *problem)
{
	struct file_reader reader = { .sink = sink, .name = request->name };
	FILE *file = fopen(request->read, "re");
	int status;

	if (!file) {
		return problem_set(problem, "%s: %s", request->read, strerror(errno));
	}
	if (request->name) {
		sink->domid = TRACE_NO_DOMAIN;
	}
	status = trace_file_read(file, request->read, take_chunk, &reader, problem);
	fclose(file);
	if (!status && sink->domid == TRACE_NO_DOMAIN) {
		return say_no_domain(sink, request->name, problem);
	}
	return status;
}

/* ---- all of it ---- */

/* What everybody should know of a trace that has holes. */
static void tell_losses(const struct trace_sink *sink)
{
	if (sink->lost) {
		fprintf(stderr,
			"parley trace: %llu records were lost, the domain was faster than the line "
			"(-e with fewer kinds or calls loses less)\n",
			(unsigned long long)sink->lost);
	}
	if (sink->lost_bytes) {
		fprintf(stderr,
			"parley trace: %llu bytes of records were lost, this program was too slow\n",
			(unsigned long long)sink->lost_bytes);
	}
}

static int trace(const struct request *request, const struct trace_filter *filter)
{
	struct problem problem;
	struct trace_sink sink;
	int status;

	if (trace_sink_open(&sink, &request->sink, &problem)) {
		verb_fail("trace", "%s", problem.text);
		return 1;
	}
	sink.filter = *filter;
	if (request->read) {
		status = read_file(request, &sink, &problem);
	} else {
		status = trace_live(&sink, request->machine, request->name, request->seconds,
				    &problem);
	}
	if (status) {
		verb_fail("trace", "%s", problem.text);
	}
	tell_losses(&sink);
	if (trace_sink_close(&sink, &problem) && !status) {
		status = verb_fail("trace", "%s", problem.text);
	}
	return status ? 1 : 0;
}

/* Returns -1 to go on, or the status to leave with. */
static int read_options(struct request *request, int argc, char **argv)
{
	struct problem problem;
	int option;

	while ((option = getopt_long(argc, argv, "ce:hn:o:V", options, NULL)) != -1) {
		switch (option) {
		case 'h':
			fputs(help, stdout);
			return 0;
		case 'V':
			return verb_print_version();
		case OPTION_LIST:
			trace_filter_print_names(stdout);
			return 0;
		case '?':
			return verb_point_to_help("trace");
		default:
			if (take_option(request, option, &problem)) {
				return verb_misuse("trace", "%s", problem.text);
			}
		}
	}
	if (argc - optind > 1) {
		return verb_misuse("trace", "one domain at a time, or all: \"%s\" is one too many",
				   argv[optind + 1]);
	}
	request->name = argv[optind];
	return -1;
}

int verb_trace(int argc, char **argv)
{
	struct request request = { 0 };
	struct trace_filter filter;
	struct problem problem;
	int status = read_options(&request, argc, argv);

	if (status >= 0) {
		return status;
	}
	if (check(&request, &problem) || parse_events(&request, &filter, &problem)) {
		return verb_misuse("trace", "%s", problem.text);
	}
	catch_signals();
	return trace(&request, &filter);
}
