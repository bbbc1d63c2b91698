/*
 * The options of `parley run`, each checked by itself. What they mean together, and with
 * a configuration, is seen to in verb_run.c.
 */
#include "run_options.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "verbs.h"

enum {
	OPT_KERNEL = 256,
	OPT_RAMDISK,
	OPT_CMDLINE,
	OPT_MEMORY,
	OPT_VCPUS,
	OPT_NAME,
	OPT_ONCE,
	OPT_CPUS,
	OPT_MACHINE_MEMORY,
	OPT_ICOUNT,
	OPT_PARALLEL,
	OPT_TIMEOUT,
	OPT_GDB,
	OPT_QEMU_ARG,
	OPT_LOG,
	OPT_SUMMARY,
	OPT_STATS,
	OPT_JSON,
	OPT_HYPERVISOR,
	OPT_HYPERVISOR_ARGS,
	OPT_MACHINE,
	OPT_STAY,
	OPT_DETACH,
};

static const struct option run_options[] = {
	{ "kernel", required_argument, NULL, OPT_KERNEL },
	{ "ramdisk", required_argument, NULL, OPT_RAMDISK },
	{ "cmdline", required_argument, NULL, OPT_CMDLINE },
	{ "memory", required_argument, NULL, OPT_MEMORY },
	{ "vcpus", required_argument, NULL, OPT_VCPUS },
	{ "name", required_argument, NULL, OPT_NAME },
	{ "once", no_argument, NULL, OPT_ONCE },
	{ "cpus", required_argument, NULL, OPT_CPUS },
	{ "machine-memory", required_argument, NULL, OPT_MACHINE_MEMORY },
	{ "icount", no_argument, NULL, OPT_ICOUNT },
	{ "parallel", no_argument, NULL, OPT_PARALLEL },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "gdb", no_argument, NULL, OPT_GDB },
	{ "qemu-arg", required_argument, NULL, OPT_QEMU_ARG },
	{ "log", required_argument, NULL, OPT_LOG },
	{ "summary", required_argument, NULL, OPT_SUMMARY },
	{ "stats", no_argument, NULL, OPT_STATS },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "hypervisor", required_argument, NULL, OPT_HYPERVISOR },
	{ "hypervisor-args", required_argument, NULL, OPT_HYPERVISOR_ARGS },
	{ "machine", required_argument, NULL, OPT_MACHINE },
	{ "stay", no_argument, NULL, OPT_STAY },
	{ "detach", no_argument, NULL, OPT_DETACH },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static const char run_help[] =
	"usage: parley run CONFIG.json [OPTION...]\n"
	"       parley run --kernel FILE [OPTION...]\n"
	"       parley run --stay [OPTION...]\n"
	"\n"
	"Starts the domains of a configuration, or one domain, on an emulated machine.\n"
	"One domain: standard output is exactly its console, standard input goes to it.\n"
	"Several: each line has its domain's name before it, input goes to the first.\n"
	"On a terminal: Ctrl-A x quits, Ctrl-A h lists the other keys.\n"
	"\n"
	"One domain, in place of a configuration:\n"
	"  --kernel FILE           ELF image or bzImage\n"
	"  --ramdisk FILE          its initial RAM disk\n"
	"  --cmdline TEXT          its command line\n"
	"  --memory SIZE           such as 512M or 1G (512M)\n"
	"  --vcpus N               1 to 32 (1)\n"
	"  --name NAME             (guest)\n"
	"  --once                  ends when it asks to reboot, in place of starting again\n"
	"\n"
	"The machine:\n"
	"  --cpus N                1 to 64 (as many as the widest domain has vCPUs, at most\n"
	"                          as many as the host has; 1 with --icount)\n"
	"  --machine-memory SIZE   (what the domains need, and some for the hypervisor)\n"
	"  --icount                one virtual nanosecond an instruction: repeatable runs\n"
	"  --parallel              a host thread for each CPU: for domains that have little to do\n"
	"                          with each other; one busy on several CPUs is slower so\n"
	"  --gdb                   wait for a debugger on port 1234\n"
	"  --qemu-arg ARG          one more argument for QEMU; may be repeated\n"
	"  --hypervisor FILE       another hypervisor ($PARLEY_HYPERVISOR)\n"
	"  --hypervisor-args TEXT  options for the hypervisor\n"
	"  --machine NAME          its name for other verbs, such as `parley ls` (that of the\n"
	"                          configuration, or of the domain)\n"
	"\n"
	"The run:\n"
	"  --stay                  keep the machine when no domain is left, until `parley stop`;\n"
	"                          it has all CPUs, and 1G more for what `parley create` brings\n"
	"  --detach                in the background: print the machine's name and return once the\n"
	"                          domains run; output goes to NAME.log beside its socket\n"
	"  --timeout SECONDS       stop after so long, with status 124\n"
	"  --log FILE              the hypervisor's log (standard error)\n"
	"  --summary FILE          what became of each domain, as JSON\n"
	"  --stats                 at the end, what was counted for each domain: entries by\n"
	"                          kind, hypercalls by number, work (standard error)\n"
	"  --json                  these counts as JSON\n"
	"\n"
	"Exit status: 0 all domains powered off, 1 a domain or the hypervisor crashed, 2 usage or\n"
	"configuration, 124 timeout, 128 + N ended by signal N; Ctrl-A x counts as an interrupt\n"
	"(130).\n";

static int take_count(const char *text, unsigned int high, unsigned int *count,
		      struct problem *problem)
{
	uint64_t value;

	if (text_to_number(text, 1, high, &value, problem)) {
		return -1;
	}
	*count = (unsigned int)value;
	return 0;
}

static int take_timeout(const char *text, double *seconds, struct problem *problem)
{
	char *end;

	errno = 0;
	*seconds = strtod(text, &end);
	if (end == text || *end || errno || !isfinite(*seconds) || *seconds <= 0 ||
	    *seconds > 1e9) {
		return problem_set(problem, "\"%s\" is not a number of seconds (such as 60 or 2.5)",
				   text);
	}
	return 0;
}

static int take_string(const char *text, char *to, size_t room, struct problem *problem)
{
	if (strlen(text) >= room) {
		return problem_set(problem, "%zu bytes long (at most %zu)", strlen(text), room - 1);
	}
	strcpy(to, text);
	return 0;
}

static int take_domain_name(const char *text, struct config_domain *domain, struct problem *problem)
{
	if (!text_is_name(text)) {
		return problem_set(problem,
				   "\"%s\" is not a name (1 to 63 letters, digits, '.', '_', '-')",
				   text);
	}
	return take_string(text, domain->name, sizeof(domain->name), problem);
}

static int take_machine_name(const char *text, const char **name, struct problem *problem)
{
	*name = text;
	if (text_is_name(text)) {
		return 0;
	}
	return problem_set(problem, "\"%s\" is not a name (1 to 63 letters, digits, '.', '_', '-')",
			   text);
}

static int take_domain_memory(const char *text, struct config_domain *domain,
			      struct problem *problem)
{
	if (text_to_size(text, &domain->memory, problem)) {
		return -1;
	}
	if (domain->memory < CONFIG_MEMORY_MIN) {
		return problem_set(problem, "\"%s\" is too little (at least 1M)", text);
	}
	return 0;
}

static void replace_path(char **path, const char *text)
{
	free(*path);
	*path = strdup(text);
	if (!*path) {
		abort();
	}
}

/* Options that describe the one domain. */
static int take_domain_option(struct run *run, int option, const char *text,
			      struct problem *problem)
{
	struct config_domain *domain = &run->domain;

	switch (option) {
	case OPT_KERNEL:
		replace_path(&domain->kernel, text);
		return 0;
	case OPT_RAMDISK:
		replace_path(&domain->ramdisk, text);
		return 0;
	case OPT_CMDLINE:
		return take_string(text, domain->cmdline, sizeof(domain->cmdline), problem);
	case OPT_MEMORY:
		return take_domain_memory(text, domain, problem);
	case OPT_ONCE:
		domain->once = true;
		return 0;
	case OPT_VCPUS:
		return take_count(text, CONFIG_VCPUS_MAX, &domain->vcpus, problem);
	default:
		return take_domain_name(text, domain, problem);
	}
}

static void add_extra(struct run *run, const char *text)
{
	run->extra = reallocarray(run->extra, run->extra_count + 2, sizeof(*run->extra));
	if (!run->extra) {
		abort();
	}
	run->extra[run->extra_count++] = text;
	run->extra[run->extra_count] = NULL;
}

static int take_option(struct run *run, int option, const char *text, struct problem *problem)
{
	switch (option) {
	case OPT_CPUS:
		return take_count(text, CONFIG_CPUS_MAX, &run->cpus, problem);
	case OPT_MACHINE_MEMORY:
		return text_to_size(text, &run->machine_memory, problem);
	case OPT_PARALLEL:
		run->qemu.parallel = true;
		return 0;
	case OPT_ICOUNT:
		run->qemu.icount = true;
		return 0;
	case OPT_TIMEOUT:
		return take_timeout(text, &run->timeout, problem);
	case OPT_GDB:
		run->qemu.gdb = true;
		return 0;
	case OPT_QEMU_ARG:
		add_extra(run, text);
		return 0;
	case OPT_LOG:
		run->log_path = text;
		return 0;
	case OPT_SUMMARY:
		run->summary_path = text;
		return 0;
	case OPT_STATS:
		run->stats = true;
		return 0;
	case OPT_JSON:
		run->stats_json = true;
		return 0;
	case OPT_HYPERVISOR:
		run->hypervisor = text;
		return 0;
	case OPT_HYPERVISOR_ARGS:
		run->qemu.hypervisor_args = text;
		return 0;
	case OPT_STAY:
		run->qemu.stay = true;
		return 0;
	case OPT_DETACH:
		run->detached = true;
		return 0;
	case OPT_MACHINE:
		return take_machine_name(text, &run->machine, problem);
	default:
		return take_domain_option(run, option, text, problem);
	}
}

int run_read_options(struct run *run, int argc, char **argv)
{
	struct problem problem;
	int index;
	int option;

	while ((option = getopt_long(argc, argv, "hV", run_options, &index)) != -1) {
		if (option == 'h' || option == 'V') {
			run->is_done = true;
			return option == 'V' ? verb_print_version() : (fputs(run_help, stdout), 0);
		}
		if (option == '?') {
			return verb_point_to_help("run");
		}
		if (option >= OPT_KERNEL && option <= OPT_ONCE) {
			run->domain_option = run_options[index].name;
		}
		if (take_option(run, option, optarg, &problem)) {
			return verb_fail("run", "--%s: %s", run_options[index].name, problem.text);
		}
	}
	if (optind + 1 < argc) {
		return verb_misuse("run", "%s: one configuration at a time", argv[optind + 1]);
	}
	run->config_path = argv[optind];
	return 0;
}
