/*
 * A configuration as a whole: defaults, where a field stands, checks across
 * domains, and the file around the JSON. The fields are read by configjson.c.
 */
#include "config.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "blob.h"
#include "configjson.h"
#include "jsonplace.h"

#define CONFIG_FILE_MAX ((size_t)4 << 20)

void config_domain_init(struct config_domain *domain)
{
	memset(domain, 0, sizeof(*domain));
	uuid_generate(domain->uuid);
	domain->memory = CONFIG_MEMORY_DEFAULT;
	domain->vcpus = 1;
	domain->weight = CONFIG_WEIGHT_DEFAULT;
}

void config_repeat_uuids(struct config *config)
{
	for (size_t i = 0; i < config->domain_count; i++) {
		struct config_domain *domain = &config->domains[i];

		if (!domain->has_own_uuid) {
			uuid_generate_sha1(domain->uuid, *uuid_get_template("oid"), domain->name,
					   strlen(domain->name));
		}
	}
}

void config_free(struct config *config)
{
	for (size_t i = 0; i < config->domain_count; i++) {
		free(config->domains[i].kernel);
		free(config->domains[i].ramdisk);
	}
	free(config->domains);
	free(config->path);
	free(config->text);
	memset(config, 0, sizeof(*config));
}

int config_blame_domain(const struct config *config, size_t index, const char *field,
			struct problem *problem)
{
	struct jsonplace_step steps[] = { { "domains", 0 }, { NULL, index }, { field, 0 } };

	if (!config->text) {
		return problem_prefix(problem, "--%s: ", field);
	}
	if (!field) {
		return problem_prefix(problem, "%s:%u: domains[%zu]: ", config->path,
				      jsonplace_find_line(config->text, steps, 2), index);
	}
	return problem_prefix(problem, "%s:%u: domains[%zu].%s: ", config->path,
			      jsonplace_find_line(config->text, steps, 3), index, field);
}

int config_blame_machine(const struct config *config, const char *field, struct problem *problem)
{
	struct jsonplace_step steps[] = { { "machine", 0 }, { field, 0 } };

	if (!config->text) {
		return problem_prefix(problem, "--%s: ", field);
	}
	return problem_prefix(problem, "%s:%u: machine.%s: ", config->path,
			      jsonplace_find_line(config->text, steps, 2), field);
}

static int check_unique(const struct config *config, size_t index, struct problem *problem)
{
	const struct config_domain *domain = &config->domains[index];

	for (size_t i = 0; i < index; i++) {
		if (!strcmp(config->domains[i].name, domain->name)) {
			problem_set(problem,
				    "\"%s\" is also the name of domains[%zu] (give each its own)",
				    domain->name, i);
			return config_blame_domain(config, index, "name", problem);
		}
		if (!uuid_compare(config->domains[i].uuid, domain->uuid)) {
			problem_set(problem,
				    "also the uuid of domains[%zu] (leave it out to have one made)",
				    i);
			return config_blame_domain(config, index, "uuid", problem);
		}
	}
	return 0;
}

unsigned int config_count_cpus(const struct config *config, unsigned int most)
{
	unsigned int cpus = 1;

	if (config->machine_cpus) {
		return config->machine_cpus;
	}
	for (size_t i = 0; i < config->domain_count; i++) {
		if (config->domains[i].vcpus > cpus) {
			cpus = config->domains[i].vcpus;
		}
	}
	return cpus < most ? cpus : most;
}

int config_check_cpus(const struct config *config, unsigned int cpus, struct problem *problem)
{
	uint64_t present = cpus >= 64 ? ~0ULL : (1ULL << cpus) - 1;

	for (size_t i = 0; i < config->domain_count; i++) {
		uint64_t affinity = config->domains[i].affinity;

		if (affinity && !(affinity & present)) {
			problem_set(problem,
				    "0x%llx names none of the machine's CPUs 0 to %u (change the "
				    "mask, or machine.cpus or --cpus)",
				    (unsigned long long)affinity, cpus - 1);
			return config_blame_domain(config, i, "affinity", problem);
		}
	}
	return 0;
}

static int parse_text(struct config *config, size_t size, struct problem *problem)
{
	json_error_t error;
	json_t *root = json_loadb(config->text, size, JSON_REJECT_DUPLICATES, &error);
	int result;

	if (!root) {
		return problem_set(problem, "%s:%d: not valid JSON: %s", config->path,
				   error.line > 0 ? error.line : 1, error.text);
	}
	result = configjson_read(config, root, problem);
	json_decref(root);
	for (size_t i = 0; !result && i < config->domain_count; i++) {
		result = check_unique(config, i, problem);
	}
	if (!result && config->machine_cpus) {
		result = config_check_cpus(config, config->machine_cpus, problem);
	}
	return result;
}

int config_parse(struct config *config, const char *text, size_t size, const char *path,
		 struct problem *problem)
{
	int result;

	memset(config, 0, sizeof(*config));
	config->path = strdup(path);
	config->text = malloc(size + 1);
	if (!config->path || !config->text) {
		abort();
	}
	memcpy(config->text, text, size);
	config->text[size] = '\0';
	result = parse_text(config, size, problem);
	if (result) {
		config_free(config);
	}
	return result;
}

int config_load(struct config *config, const char *path, struct problem *problem)
{
	struct blob file;
	int result;

	memset(config, 0, sizeof(*config));
	if (blob_read_file(&file, path, CONFIG_FILE_MAX, problem)) {
		return problem_prefix(problem, "%s: ", path);
	}
	result = config_parse(config, (const char *)file.data, file.size, path, problem);
	blob_free(&file);
	return result;
}
