/*
 * `parley check`: everything that `parley run` checks before it starts a
 * machine, and a summary of what would be started.
 */
#include "verbs.h"

#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "launch.h"
#include "text.h"

static const char check_help[] =
	"usage: parley check CONFIG.json [--json]\n"
	"\n"
	"Checks a configuration, opens and unpacks its kernels, and prints what would be\n"
	"started. With --json as JSON.\n"
	"\n"
	"Exit status: 0 it can be started, 2 it cannot (standard error says why).\n";

static json_t *describe_domain(const struct launch *launch, const struct config *config, size_t i)
{
	const struct config_domain *domain = &config->domains[i];
	const struct kernel_info *kernel = &launch->kernels[i];
	char uuid[UUID_STR_LEN];

	uuid_unparse_lower(domain->uuid, uuid);
	return json_pack("{s:s, s:s, s:I, s:i, s:i, s:i, s:b, s:{s:s, s:s, s:s, s:I, s:s, s:s}, "
			 "s:I}",
			 "name", domain->name, "uuid", uuid, "memory", (json_int_t)domain->memory,
			 "vcpus", (int)domain->vcpus, "weight", (int)domain->weight, "cap",
			 (int)domain->cap, "control", domain->control, "kernel", "path",
			 domain->kernel, "container", kernel->container, "compression",
			 kernel->compression, "size", (json_int_t)launch_get_kernel_size(launch, i),
			 "os", kernel->guest_os, "os_version", kernel->guest_version,
			 "ramdisk_size", (json_int_t)launch_get_ramdisk_size(launch, i));
}

static void print_json(const struct launch *launch, const struct config *config)
{
	json_t *domains = json_array();
	json_t *root;

	for (size_t i = 0; i < config->domain_count; i++) {
		json_array_append_new(domains, describe_domain(launch, config, i));
	}
	root = json_pack("{s:b, s:o, s:{s:I, s:i}, s:I}", "ok", 1, "domains", domains, "machine",
			 "memory", (json_int_t)launch_measure_memory(launch, config), "cpus",
			 (int)config_count_cpus(config, CONFIG_CPUS_MAX), "bundle_size",
			 (json_int_t)launch->bundle.header.total_size);
	json_dumpf(root, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(root);
}

static void print_text(const struct launch *launch, const struct config *config)
{
	char text[TEXT_SIZE_MAX];

	for (size_t i = 0; i < config->domain_count; i++) {
		const struct config_domain *domain = &config->domains[i];
		const struct kernel_info *kernel = &launch->kernels[i];

		printf("%s: %s, %u vCPU%s, kernel %s (%s, %s, %zu KiB unpacked)", domain->name,
		       text_from_size(domain->memory, text), domain->vcpus,
		       domain->vcpus == 1 ? "" : "s",
		       kernel->guest_os[0] ? kernel->guest_os : "of unknown kind",
		       kernel->container, kernel->compression,
		       (size_t)launch_get_kernel_size(launch, i) >> 10);
		if (domain->ramdisk) {
			printf(", ramdisk %zu KiB",
			       (size_t)launch_get_ramdisk_size(launch, i) >> 10);
		}
		putchar('\n');
	}
	printf("machine: %s\nOK\n", text_from_size(launch_measure_memory(launch, config), text));
}

static int check(const char *path, bool as_json)
{
	struct config config;
	struct launch launch;
	struct problem problem;
	int status = 0;

	if (config_load(&config, path, &problem)) {
		return verb_fail("check", "%s", problem.text);
	}
	if (launch_prepare(&launch, &config, &problem)) {
		config_free(&config);
		return verb_fail("check", "%s", problem.text);
	}
	if (launch_check_memory(&launch, &config, &problem)) {
		config_blame_machine(&config, "memory", &problem);
		status = verb_fail("check", "%s", problem.text);
	} else if (as_json) {
		print_json(&launch, &config);
	} else {
		print_text(&launch, &config);
	}
	launch_free(&launch);
	config_free(&config);
	return status;
}

int verb_check(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	bool as_json = false;
	int option;

	while ((option = getopt_long(argc, argv, "hV", options, NULL)) != -1) {
		switch (option) {
		case 'j':
			as_json = true;
			break;
		case 'h':
			fputs(check_help, stdout);
			return 0;
		case 'V':
			return verb_print_version();
		default:
			return verb_point_to_help("check");
		}
	}
	if (optind + 1 != argc) {
		return verb_misuse("check", "one configuration is needed");
	}
	return check(argv[optind], as_json);
}
