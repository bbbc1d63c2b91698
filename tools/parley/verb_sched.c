/*
 * `parley sched`: shows and changes how domains share the CPUs.
 */
#include "verbs.h"

#include <stdio.h>
#include <string.h>

#include <parley/errno.h>

#include "client.h"
#include "config.h"
#include "domains.h"
#include "text.h"

static const char sched_help[] =
	"usage: parley sched [NAME [OPTION...]]\n"
	"\n"
	"Shows how domains, or one, share the CPUs; with options, changes it for one.\n"
	"\n"
	"  --weight N        share beside the others, 1 to 65535; one that was not told has 256\n"
	"  --cap PERCENT     the most it gets, in per cent of one CPU; 0 is no limit\n"
	"  --affinity LIST   CPUs it may run on: \"0,2-3\", a mask such as 0xd, or \"all\"\n"
	"  --json            as JSON\n" CLIENT_HELP_OPTIONS "\n"
	"Exit status: 0 done, 1 failed, 2 usage.\n";

enum { OPT_WEIGHT = CLIENT_OPTION, OPT_CAP, OPT_AFFINITY };

/* What is to be set; "what" in it says which. */
struct sched_job {
	struct client client;
	struct pv_control_sched set;
};

static int take_option(void *context, int option, const char *text, struct problem *problem)
{
	struct sched_job *job = context;
	uint64_t value = 0;
	int result;

	switch (option) {
	case OPT_WEIGHT:
		result = text_to_number(text, 1, CONFIG_WEIGHT_MAX, &value, problem);
		job->set.what |= PV_CONTROL_SCHED_weight;
		job->set.weight = (uint32_t)value;
		return result;
	case OPT_CAP:
		result = text_to_number(text, 0, 100 * CONFIG_VCPUS_MAX, &value, problem);
		job->set.what |= PV_CONTROL_SCHED_cap;
		job->set.cap = (uint32_t)value;
		return result;
	default:
		job->set.what |= PV_CONTROL_SCHED_affinity;
		return text_to_cpus(text, &job->set.affinity, problem);
	}
}

static const char *print_cap(uint32_t cap, char buffer[16])
{
	snprintf(buffer, 16, cap ? "%u%%" : "none", cap);
	return buffer;
}

static void print_line(const struct pv_control_domain *domain, int width, uint64_t all)
{
	char cpus[TEXT_CPUS_MAX];
	char cap[16];

	printf("%4u  %-*s  %6u  %5s  %s\n", domain->domid, width, domain->name, domain->weight,
	       print_cap(domain->cap, cap), text_from_cpus(domain->affinity, all, cpus));
}

/* One domain, or all where that is NULL. */
static int print_table(const struct domains *domains, const struct pv_control_domain *one)
{
	size_t width = strlen("NAME");

	for (size_t i = 0; i < domains->count; i++) {
		size_t length = strlen(domains->items[i].name);

		width = length > width ? length : width;
	}
	printf("  ID  %-*s  WEIGHT    CAP  CPUS\n", (int)width, "NAME");
	for (size_t i = 0; i < domains->count; i++) {
		const struct pv_control_domain *domain = &domains->items[i];

		if (one ? one == domain : !domains_has_ended(domain)) {
			print_line(domain, (int)width, domains->machine.cpu_mask);
		}
	}
	return 0;
}

static json_t *describe(const struct pv_control_domain *domain)
{
	char mask[24];

	snprintf(mask, sizeof(mask), "0x%llx", (unsigned long long)domain->affinity);
	return json_pack("{s:i, s:s, s:i, s:i, s:s}", "id", (int)domain->domid, "name",
			 domain->name, "weight", (int)domain->weight, "cap", (int)domain->cap,
			 "affinity", mask);
}

static int print_json(const struct domains *domains, const struct pv_control_domain *one)
{
	json_t *list = json_array();

	if (one) {
		json_decref(list);
		return client_print_json(describe(one));
	}
	for (size_t i = 0; i < domains->count; i++) {
		if (!domains_has_ended(&domains->items[i])) {
			json_array_append_new(list, describe(&domains->items[i]));
		}
	}
	return client_print_json(json_pack("{s:o}", "domains", list));
}

static int check(const struct sched_job *job, const struct domains *domains,
		 const struct pv_control_domain *domain, struct problem *problem)
{
	const struct pv_control_sched *set = &job->set;
	char cpus[TEXT_CPUS_MAX];

	if ((set->what & PV_CONTROL_SCHED_cap) && set->cap > 100 * domain->vcpu_count) {
		return problem_set(
			problem,
			"a cap of %u%% is more than the %u vCPU%s of %s can use (at most "
			"%u%%)",
			set->cap, domain->vcpu_count, domain->vcpu_count == 1 ? "" : "s",
			domain->name, 100 * domain->vcpu_count);
	}
	if ((set->what & PV_CONTROL_SCHED_affinity) &&
	    !(set->affinity & domains->machine.cpu_mask)) {
		return problem_set(problem, "none of these CPUs runs domains; there are: %s",
				   text_from_cpus(domains->machine.cpu_mask, 0, cpus));
	}
	return 0;
}

static int change(struct sched_job *job, const struct domains *domains,
		  const struct pv_control_domain *domain, struct problem *problem)
{
	int result;

	if (check(job, domains, domain, problem)) {
		return -1;
	}
	job->set.affinity &= domains->machine.cpu_mask;
	job->set.domid = domain->domid;
	result = link_call(&job->client.link, PV_CONTROLOP_sched_set, &job->set, sizeof(job->set),
			   problem);
	return result < 0 ?
		       domains_explain(domain->name, "change the scheduling of", result, problem) :
		       0;
}

static int run(struct sched_job *job, const struct domains *domains, const char *name)
{
	const struct pv_control_domain *domain = NULL;
	struct problem problem;

	if (name) {
		domain = domains_find_live(domains, name, "scheduled", &problem);
		if (!domain) {
			return client_fail(&job->client, &problem);
		}
	}
	if (domain && job->set.what) {
		return change(job, domains, domain, &problem) ?
			       client_fail(&job->client, &problem) :
			       0;
	}
	return job->client.as_json ? print_json(domains, domain) : print_table(domains, domain);
}

int verb_sched(int argc, char **argv)
{
	static const struct option options[] = { { "weight", required_argument, NULL, OPT_WEIGHT },
						 { "cap", required_argument, NULL, OPT_CAP },
						 { "affinity", required_argument, NULL,
						   OPT_AFFINITY },
						 CLIENT_OPTION_JSON,
						 CLIENT_OPTIONS };
	struct sched_job job = {
		.client = { .verb = "sched", .help = sched_help, .take_option = take_option }
	};
	struct domains domains;
	int status;

	job.client.context = &job;
	status = client_read_options(&job.client, argc, argv, options);
	if (status != CLIENT_GO) {
		return status;
	}
	if (optind + 1 < argc || (optind == argc && job.set.what)) {
		return verb_misuse("sched",
				   optind == argc ? "which domain's?" : "one domain at a time");
	}
	status = client_list(&job.client, &domains);
	if (!status) {
		status = run(&job, &domains, optind < argc ? argv[optind] : NULL);
		domains_free(&domains);
		link_close(&job.client.link);
	}
	return status;
}
