/*
 * The verbs that do one thing to each domain that is named: pause, unpause and destroy at once,
 * shutdown and reboot by asking the guest.
 */
#include "verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <parley/errno.h>
#include <parley/sched.h>

#include "client.h"
#include "domains.h"
#include "text.h"

#define LOOK_AGAIN 500 /* milliseconds between looks at domains that are waited for */

struct action;

/* What was asked for. */
struct job {
	const struct action *action;
	struct client client;
	struct domains domains; /* as they were at the beginning */
	char **names;
	size_t count;
	bool waits;
	uint64_t patience; /* seconds, 0: without end */
	bool reboots;
};

/* Does it to one domain. Returns 0, or -1 with a problem. */
typedef int action_fn(struct job *job, const struct pv_control_domain *domain,
		      struct problem *problem);

/* A verb. */
struct action {
	const char *verb;
	const char *done; /* "cannot be paused" */
	bool takes_ended; /* also of use on a domain that has ended */
	action_fn *run;
	const char *help;
};

/* ---- what is done ---- */

static int call_by_id(struct job *job, uint32_t op, const struct pv_control_domain *domain,
		      struct problem *problem)
{
	struct pv_control_domain_id id = { .domid = domain->domid };

	return link_call(&job->client.link, op, &id, sizeof(id), problem);
}

static int pause_domain(struct job *job, const struct pv_control_domain *domain,
			struct problem *problem)
{
	int result = call_by_id(job, PV_CONTROLOP_pause, domain, problem);

	return result < 0 ? domains_explain(domain->name, "pause", result, problem) : 0;
}

static int unpause_domain(struct job *job, const struct pv_control_domain *domain,
			  struct problem *problem)
{
	int result = call_by_id(job, PV_CONTROLOP_unpause, domain, problem);

	if (result == -PV_EINVAL) {
		return problem_set(problem, "%s is not paused (it is %s)", domain->name,
				   domains_name_state(domain));
	}
	return result < 0 ? domains_explain(domain->name, "unpause", result, problem) : 0;
}

static int destroy_domain(struct job *job, const struct pv_control_domain *domain,
			  struct problem *problem)
{
	int result = call_by_id(job, PV_CONTROLOP_destroy, domain, problem);

	return result < 0 ? domains_explain(domain->name, "destroy", result, problem) : 0;
}

static int end_domain(struct job *job, const struct pv_control_domain *domain,
		      struct problem *problem)
{
	struct pv_control_shutdown what = { .domid = domain->domid };
	int result;

	what.reason = job->reboots ? PV_SHUTDOWN_reboot : PV_SHUTDOWN_poweroff;
	if (domain->state == PV_CONTROL_STATE_paused) {
		return problem_set(problem,
				   "%s is paused and cannot hear the request (`parley unpause %s` "
				   "first, or `parley destroy %s` ends it at once)",
				   domain->name, domain->name, domain->name);
	}
	result = link_call(&job->client.link, PV_CONTROLOP_shutdown, &what, sizeof(what), problem);
	return result < 0 ? domains_explain(domain->name, job->reboots ? "reboot" : "shut down",
					    result, problem) :
			    0;
}

/* ---- the verbs ---- */

#define ENDING                        \
	"\n" CLIENT_HELP_OPTIONS "\n" \
	"Exit status: 0 done to all that were named, 1 failed for one, 2 usage.\n"

#define WAITING \
	"  --wait[=SECONDS]  until that has happened, or SECONDS have gone by, which is a failure\n"

static const struct action actions[] = {
	{ "pause", "paused", false, pause_domain,
	  "usage: parley pause NAME... [OPTION...]\n"
	  "\n"
	  "Stops the vCPUs of domains where they are. Pauses are counted: a domain runs again when\n"
	  "each has had its unpause.\n" ENDING },
	{ "unpause", "unpaused", false, unpause_domain,
	  "usage: parley unpause NAME... [OPTION...]\n"
	  "\n"
	  "Lets domains run again that were paused, or created by `parley create --paused`.\n" ENDING },
	{ "destroy", "destroyed", true, destroy_domain,
	  "usage: parley destroy NAME... [OPTION...]\n"
	  "\n"
	  "Ends domains at once, whatever they are doing. Of a domain that has ended already, what\n"
	  "is remembered of it is forgotten.\n" ENDING },
	{ "shutdown", "shut down", false, end_domain,
	  "usage: parley shutdown NAME... [OPTION...]\n"
	  "\n"
	  "Asks the kernels of domains to power off. One that does not heed that is ended by\n"
	  "`parley destroy`.\n"
	  "\n"
	  "  --reboot          to reboot instead\n" WAITING ENDING },
	{ "reboot", "rebooted", false, end_domain,
	  "usage: parley reboot NAME... [OPTION...]\n"
	  "\n"
	  "Asks the kernels of domains to reboot.\n"
	  "\n" WAITING ENDING },
};

static const struct action *find_action(const char *verb)
{
	const struct action *action = actions;

	while (strcmp(action->verb, verb)) {
		action++;
	}
	return action;
}

/* ---- waiting ---- */

/* True where what was asked of a domain has happened: it is gone, or a new one has its name. */
static bool has_happened(const struct job *job, const struct domains *now,
			 const struct pv_control_domain *before)
{
	bool is_anew = false;

	for (size_t i = 0; i < now->count; i++) {
		const struct pv_control_domain *domain = &now->items[i];

		if (domains_has_ended(domain) || strcmp(domain->name, before->name)) {
			continue;
		}
		if (domain->domid == before->domid && domain->started_ns == before->started_ns) {
			return false;
		}
		is_anew = domain->state != PV_CONTROL_STATE_building;
	}
	return is_anew || !job->reboots;
}

/* How many of those named are still waited for; the first of them in "slow". */
static int count_slow(struct job *job, const char **slow, size_t *count, struct problem *problem)
{
	struct domains now;

	*count = 0;
	if (domains_list(&now, &job->client.link, problem)) {
		return -1;
	}
	for (size_t i = 0; i < job->count; i++) {
		const struct pv_control_domain *before =
			domains_find(&job->domains, job->names[i], problem);

		if (before && !has_happened(job, &now, before) && (*count)++ == 0) {
			*slow = before->name;
		}
	}
	domains_free(&now);
	return 0;
}

/* Sleeps until some domain changed, or for a while. */
static void sleep_a_while(struct job *job)
{
	struct link_frame frame;
	struct problem problem;

	link_next(&job->client.link, &frame, LOOK_AGAIN, &problem);
}

static int wait_for_all(struct job *job, struct problem *problem)
{
	int64_t end = client_get_milliseconds() + (int64_t)job->patience * 1000;
	const char *slow = "";
	size_t count;

	for (;;) {
		if (count_slow(job, &slow, &count, problem)) {
			/* The last domain's end was perhaps the machine's. */
			return job->client.link.has_ended && !job->reboots ? 0 : -1;
		}
		if (!count) {
			return 0;
		}
		if (job->patience && client_get_milliseconds() >= end) {
			return problem_set(problem,
					   "%s has not %s within %llu s (`parley console %s` shows "
					   "what it does, `parley destroy %s` ends it at once)",
					   slow, job->reboots ? "rebooted" : "ended",
					   (unsigned long long)job->patience, slow, slow);
		}
		/* What it finds out is found out again at the next look. */
		sleep_a_while(job);
	}
}

/* ---- running ---- */

static int run_one(struct job *job, const char *name)
{
	const struct action *action = job->action;
	const struct pv_control_domain *domain;
	struct problem problem;

	domain = action->takes_ended ?
			 domains_find(&job->domains, name, &problem) :
			 domains_find_live(&job->domains, name, action->done, &problem);
	if (!domain || action->run(job, domain, &problem)) {
		return client_fail(&job->client, &problem);
	}
	return 0;
}

static int run_all(struct job *job)
{
	struct problem problem;
	int status = 0;

	if (job->waits && link_watch(&job->client.link, LINK_WATCH_DOMAINS, 0, &problem)) {
		return client_fail(&job->client, &problem);
	}
	for (size_t i = 0; i < job->count; i++) {
		status |= run_one(job, job->names[i]);
	}
	if (!status && job->waits && wait_for_all(job, &problem)) {
		return client_fail(&job->client, &problem);
	}
	return status;
}

enum { OPT_WAIT = CLIENT_OPTION, OPT_REBOOT };

static int take_option(void *context, int option, const char *text, struct problem *problem)
{
	struct job *job = context;

	if (option == OPT_REBOOT) {
		job->reboots = true;
		return 0;
	}
	job->waits = true;
	return text ? text_to_number(text, 1, 1000000, &job->patience, problem) : 0;
}

static int run_verb(const char *verb, int argc, char **argv, const struct option *options)
{
	struct job job = { .action = find_action(verb), .reboots = !strcmp(verb, "reboot") };
	int status;

	job.client = (struct client){
		.verb = verb, .help = job.action->help, .take_option = take_option, .context = &job
	};
	status = client_read_options(&job.client, argc, argv, options);
	if (status != CLIENT_GO) {
		return status;
	}
	if (optind == argc) {
		return verb_misuse(verb, "at least one domain's name or number is needed");
	}
	job.names = argv + optind;
	job.count = (size_t)(argc - optind);
	status = client_list(&job.client, &job.domains);
	if (!status) {
		status = run_all(&job);
		domains_free(&job.domains);
		link_close(&job.client.link);
	}
	return status;
}

static int run_plain(const char *verb, int argc, char **argv)
{
	static const struct option options[] = { CLIENT_OPTIONS };

	return run_verb(verb, argc, argv, options);
}

int verb_pause(int argc, char **argv)
{
	return run_plain("pause", argc, argv);
}

int verb_unpause(int argc, char **argv)
{
	return run_plain("unpause", argc, argv);
}

int verb_destroy(int argc, char **argv)
{
	return run_plain("destroy", argc, argv);
}

int verb_shutdown(int argc, char **argv)
{
	static const struct option options[] = { { "wait", optional_argument, NULL, OPT_WAIT },
						 { "reboot", no_argument, NULL, OPT_REBOOT },
						 CLIENT_OPTIONS };

	return run_verb("shutdown", argc, argv, options);
}

int verb_reboot(int argc, char **argv)
{
	static const struct option options[] = { { "wait", optional_argument, NULL, OPT_WAIT },
						 CLIENT_OPTIONS };

	return run_verb("reboot", argc, argv, options);
}
