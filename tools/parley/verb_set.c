/*
 * The verbs that change what a running domain may use: mem-set, vcpu-set and sched.
 */
#include "verbs.h"

#include <stdio.h>
#include <string.h>

#include <parley/errno.h>

#include "client.h"
#include "config.h"
#include "domains.h"
#include "text.h"

#define STATUS_HELP "\nExit status: 0 done, 1 failed, 2 usage.\n"

/* ---- mem-set ---- */

static const char mem_help[] =
	"usage: parley mem-set NAME SIZE [OPTION...]\n"
	"\n"
	"Asks a domain's kernel to give memory back, or to take it again, until it has SIZE\n"
	"(such as 256M): at most what it was created with. It does so in its own time.\n"
	"\n" CLIENT_HELP_OPTIONS STATUS_HELP;

static const char vcpu_help[] =
	"usage: parley vcpu-set NAME N [OPTION...]\n"
	"\n"
	"Asks a domain's kernel to use N of its vCPUs, from 1 to those that it was created with.\n"
	"\n" CLIENT_HELP_OPTIONS STATUS_HELP;

/* What a verb of the form "NAME VALUE" sets. */
struct setting {
	struct client client;
	uint64_t value;
	/* returns 0, or -1 with a problem: about the text alone, or in the machine */
	int (*parse)(const char *text, uint64_t *value, struct problem *problem);
	int (*apply)(struct setting *setting, const struct pv_control_domain *domain,
		     struct problem *problem);
	const char *what;
};

static int parse_memory(const char *text, uint64_t *value, struct problem *problem)
{
	return text_to_size(text, value, problem);
}

static int parse_vcpus(const char *text, uint64_t *value, struct problem *problem)
{
	return text_to_number(text, 1, CONFIG_VCPUS_MAX, value, problem);
}

/*
 * LIMIT: memory_limit falls with a target, so a domain may be asked for more than the list says
 * it may have; what it was made with is the hypervisor's to check.
 */
static int apply_memory(struct setting *setting, const struct pv_control_domain *domain,
			struct problem *problem)
{
	struct pv_control_memory memory = { .domid = domain->domid,
					    .pages = setting->value / 4096 };
	int result = link_call(&setting->client.link, PV_CONTROLOP_memory_set, &memory,
			       sizeof(memory), problem);
	char text[TEXT_SIZE_MAX];

	if (result == -PV_EINVAL) {
		return problem_set(problem,
				   "%s is more than %s was created with (create it anew with more)",
				   text_from_size(setting->value, text), domain->name);
	}
	return result < 0 ? domains_explain(domain->name, "set the memory of", result, problem) : 0;
}

static int apply_vcpus(struct setting *setting, const struct pv_control_domain *domain,
		       struct problem *problem)
{
	struct pv_control_vcpus vcpus = { .domid = domain->domid,
					  .count = (uint32_t)setting->value };
	int result;

	if (setting->value > domain->vcpu_count) {
		return problem_set(
			problem,
			"%u vCPUs are more than %s was created with, which is %u (create "
			"it anew with more)",
			vcpus.count, domain->name, domain->vcpu_count);
	}
	result = link_call(&setting->client.link, PV_CONTROLOP_vcpus_set, &vcpus, sizeof(vcpus),
			   problem);
	return result < 0 ? domains_explain(domain->name, "set the vCPUs of", result, problem) : 0;
}

/* The guest hears of it by its store, which it reads only while it runs. */
static int run_setting(struct setting *setting, const char *name)
{
	const struct pv_control_domain *domain;
	struct domains domains;
	struct problem problem;
	int status = client_list(&setting->client, &domains);

	if (status) {
		return status;
	}
	domain = domains_find_live(&domains, name, "changed", &problem);
	if (!domain || setting->apply(setting, domain, &problem)) {
		status = client_fail(&setting->client, &problem);
	}
	domains_free(&domains);
	link_close(&setting->client.link);
	return status;
}

static int verb_setting(struct setting *setting, int argc, char **argv)
{
	static const struct option options[] = { CLIENT_OPTIONS };
	const char *verb = setting->client.verb;
	struct problem problem;
	int status = client_read_options(&setting->client, argc, argv, options);

	if (status != CLIENT_GO) {
		return status;
	}
	if (optind + 2 != argc) {
		return verb_misuse(verb, "a domain and %s are needed", setting->what);
	}
	if (setting->parse(argv[optind + 1], &setting->value, &problem)) {
		return verb_fail(verb, "%s", problem.text);
	}
	return run_setting(setting, argv[optind]);
}

int verb_mem_set(int argc, char **argv)
{
	struct setting setting = { .client = { .verb = "mem-set", .help = mem_help },
				   .parse = parse_memory,
				   .apply = apply_memory,
				   .what = "a size" };

	return verb_setting(&setting, argc, argv);
}

int verb_vcpu_set(int argc, char **argv)
{
	struct setting setting = { .client = { .verb = "vcpu-set", .help = vcpu_help },
				   .parse = parse_vcpus,
				   .apply = apply_vcpus,
				   .what = "a number of vCPUs" };

	return verb_setting(&setting, argc, argv);
}
