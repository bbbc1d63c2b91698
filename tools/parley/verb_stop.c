/*
 * `parley stop`: ends a machine, after its domains have powered off, or at once.
 */
#include "verbs.h"

#include <stdbool.h>
#include <stdio.h>

#include <parley/errno.h>
#include <parley/sched.h>

#include "client.h"
#include "domains.h"
#include "text.h"

#define LOOK_AGAIN     500   /* milliseconds between looks at the domains */
#define OFF_PATIENCE   30000 /* milliseconds that an emulator has to end */
#define ASKED_PATIENCE 5000  /* and a hypervisor that was asked to */
#define DEFAULT_WAIT   120   /* seconds for domains to power off */

static const char stop_help[] =
	"usage: parley stop [OPTION...]\n"
	"\n"
	"Asks all domains of a machine to power off, waits for them, and switches it off.\n"
	"\n"
	"  --wait SECONDS  how long (120); then the machine is left as it is, which is a failure\n"
	"  --now           switch it off at once, whatever the domains do\n" CLIENT_HELP_OPTIONS
	"\n"
	"Exit status: 0 it is off, 1 failed, 2 usage.\n";

struct stop {
	struct client client;
	bool now;
	uint64_t patience; /* seconds */
};

/* Domains that cannot hear a request are told of before anything is done. */
static int check_paused(const struct domains *domains, struct problem *problem)
{
	for (size_t i = 0; i < domains->count; i++) {
		if (domains->items[i].state == PV_CONTROL_STATE_paused) {
			const char *name = domains->items[i].name;

			return problem_set(problem,
					   "%s is paused and cannot power off (`parley unpause %s` "
					   "first, or `parley stop --now`)",
					   name, name);
		}
	}
	return 0;
}

static int ask_all(struct stop *stop, const struct domains *domains, struct problem *problem)
{
	for (size_t i = 0; i < domains->count; i++) {
		struct pv_control_shutdown what = { .domid = domains->items[i].domid,
						    .reason = PV_SHUTDOWN_poweroff };

		/* One that has just ended is as it should be. */
		if (!domains_has_ended(&domains->items[i]) &&
		    link_call(&stop->client.link, PV_CONTROLOP_shutdown, &what, sizeof(what),
			      problem) == LINK_FAILED) {
			return -1;
		}
	}
	return 0;
}

/* How many live, and the name of one of them; -1 where the machine has gone. */
static int count_live(struct stop *stop, char name[64], struct problem *problem)
{
	struct domains domains;
	int count = 0;

	if (domains_list(&domains, &stop->client.link, problem)) {
		return -1;
	}
	for (size_t i = 0; i < domains.count; i++) {
		if (!domains_has_ended(&domains.items[i])) {
			snprintf(name, 64, "%s", domains.items[i].name);
			count++;
		}
	}
	domains_free(&domains);
	return count;
}

/* Returns 0 once no domain lives, 1 where the machine went with the last, -1 with a problem. */
static int wait_for_domains(struct stop *stop, struct problem *problem)
{
	int64_t end = client_get_milliseconds() + (int64_t)stop->patience * 1000;
	struct link_frame frame;
	char name[64];
	int count;

	while ((count = count_live(stop, name, problem)) > 0) {
		if (client_get_milliseconds() >= end) {
			return problem_set(
				problem,
				"%s has not ended within %llu s (`parley destroy %s` ends "
				"it, `parley stop --now` switches the machine off)",
				name, (unsigned long long)stop->patience, name);
		}
		if (link_next(&stop->client.link, &frame, LOOK_AGAIN, problem) < 0) {
			break;
		}
	}
	if (stop->client.link.has_ended) {
		return 1;
	}
	return count ? -1 : 0;
}

/* True once the machine has ended. */
static bool wait_for_end(struct stop *stop, int milliseconds)
{
	struct link_frame frame;
	struct problem problem;

	while (link_next(&stop->client.link, &frame, milliseconds, &problem) > 0) {
	}
	return stop->client.link.has_ended;
}

/* Ends the emulator, whatever the hypervisor does. */
static int switch_off(struct stop *stop, struct problem *problem)
{
	if (link_send(&stop->client.link, LINK_STOP, 0, NULL, 0, -1, problem) ||
	    wait_for_end(stop, OFF_PATIENCE)) {
		return 0;
	}
	return problem_set(problem, "the machine does not end");
}

/* Has the hypervisor switch off, which then says what it counted; one that does not is ended. */
static int ask_off(struct stop *stop, struct problem *problem)
{
	struct pv_control_off what = { .force = 0 };
	int result = link_call(&stop->client.link, PV_CONTROLOP_off, &what, sizeof(what), problem);

	if (result == -PV_EBUSY) {
		return problem_set(problem,
				   "another domain was started meanwhile (`parley ls` lists "
				   "them)");
	}
	if (stop->client.link.has_ended || wait_for_end(stop, ASKED_PATIENCE)) {
		return 0;
	}
	return switch_off(stop, problem);
}

static int run_gently(struct stop *stop, struct problem *problem)
{
	struct domains domains;
	int result;

	if (domains_list(&domains, &stop->client.link, problem)) {
		return -1;
	}
	result = check_paused(&domains, problem) ||
		 link_watch(&stop->client.link, LINK_WATCH_DOMAINS, 0, problem) ||
		 ask_all(stop, &domains, problem);
	domains_free(&domains);
	if (result) {
		return -1;
	}
	result = wait_for_domains(stop, problem);
	return result ? (result < 0 ? -1 : 0) : ask_off(stop, problem);
}

enum { OPT_NOW = CLIENT_OPTION, OPT_WAIT };

static int take_option(void *context, int option, const char *text, struct problem *problem)
{
	struct stop *stop = context;

	if (option == OPT_NOW) {
		stop->now = true;
		return 0;
	}
	return text_to_number(text, 1, 1000000, &stop->patience, problem);
}

int verb_stop(int argc, char **argv)
{
	static const struct option options[] = { { "now", no_argument, NULL, OPT_NOW },
						 { "wait", required_argument, NULL, OPT_WAIT },
						 CLIENT_OPTIONS };
	struct stop stop = {
		.client = { .verb = "stop", .help = stop_help, .take_option = take_option },
		.patience = DEFAULT_WAIT
	};
	struct problem problem;
	int status;

	stop.client.context = &stop;
	status = client_read_options(&stop.client, argc, argv, options);
	if (status != CLIENT_GO) {
		return status;
	}
	if (optind < argc) {
		return verb_misuse("stop",
				   "%s: the machine ends as a whole (`parley shutdown %s`?)",
				   argv[optind], argv[optind]);
	}
	status = client_open(&stop.client);
	if (status) {
		return status;
	}
	if (stop.now ? switch_off(&stop, &problem) : run_gently(&stop, &problem)) {
		status = client_fail(&stop.client, &problem);
	}
	link_close(&stop.client.link);
	return status;
}
