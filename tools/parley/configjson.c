/*
 * A table of fields, each with a function that takes its value. A key that is
 * in no table is refused, since a misspelt limit that is ignored is worse than
 * a file that does not load.
 */
#include "configjson.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jsonplace.h"
#include "text.h"

#define KEYS_MAX 16

/* Where a value is going and where it came from. */
struct reading {
	struct config *config;
	struct config_domain *domain; /* NULL outside of a domain */
	struct problem *problem;
};

/* Takes a value. Returns 0, or -1 with a problem that does not name the place. */
typedef int field_fn(const struct reading *reading, const json_t *value);

struct field {
	const char *key;
	field_fn *take;
	bool required;
};

static const char *name_type(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "an array";
	case JSON_STRING:
		return "a string";
	case JSON_INTEGER:
	case JSON_REAL:
		return "a number";
	case JSON_NULL:
		return "null";
	default:
		return "a boolean";
	}
}

static int expect_string(const struct reading *reading, const json_t *value, const char *example)
{
	if (json_is_string(value)) {
		return 0;
	}
	return problem_set(reading->problem, "%s where a string is needed (such as %s)",
			   name_type(value), example);
}

static int take_number(const struct reading *reading, const json_t *value, json_int_t low,
		       json_int_t high, unsigned int *number)
{
	if (!json_is_integer(value)) {
		return problem_set(reading->problem,
				   "%s where a whole number from %lld to %lld is needed",
				   name_type(value), (long long)low, (long long)high);
	}
	if (json_integer_value(value) < low || json_integer_value(value) > high) {
		return problem_set(reading->problem, "%lld is out of range (from %lld to %lld)",
				   (long long)json_integer_value(value), (long long)low,
				   (long long)high);
	}
	*number = (unsigned int)json_integer_value(value);
	return 0;
}

static int take_size(const struct reading *reading, const json_t *value, uint64_t *bytes)
{
	if (json_is_integer(value)) {
		return problem_set(reading->problem,
				   "a number has no unit (write a string such as \"512M\")");
	}
	return expect_string(reading, value, "\"512M\"") ||
	       text_to_size(json_string_value(value), bytes, reading->problem);
}

static int take_name(const struct reading *reading, const json_t *value)
{
	const char *name = json_string_value(value);

	if (expect_string(reading, value, "\"debian\"")) {
		return -1;
	}
	if (!text_is_name(name)) {
		return problem_set(reading->problem,
				   "\"%s\" is not a name (1 to 63 letters, digits, '.', '_', '-')",
				   name);
	}
	snprintf(reading->domain->name, sizeof(reading->domain->name), "%s", name);
	return 0;
}

static int take_uuid(const struct reading *reading, const json_t *value)
{
	if (expect_string(reading, value, "\"0d0fa2ce-7a3f-4c1b-9f5e-3c6b8f2a1d47\"")) {
		return -1;
	}
	if (uuid_parse(json_string_value(value), reading->domain->uuid)) {
		return problem_set(
			reading->problem,
			"\"%s\" is not a UUID (make one by `uuidgen`, or leave the field "
			"out)",
			json_string_value(value));
	}
	reading->domain->has_own_uuid = true;
	return 0;
}

/* A path relative to the folder of the configuration file. */
static char *resolve_path(const struct config *config, const char *path)
{
	const char *slash = strrchr(config->path, '/');
	char *whole;

	if (path[0] == '/' || !slash) {
		whole = strdup(path);
	} else if (asprintf(&whole, "%.*s%s", (int)(slash + 1 - config->path), config->path, path) <
		   0) {
		whole = NULL;
	}
	if (!whole) {
		abort();
	}
	return whole;
}

static int take_path(const struct reading *reading, const json_t *value, const char *example,
		     char **path)
{
	if (expect_string(reading, value, example)) {
		return -1;
	}
	if (!*json_string_value(value)) {
		return problem_set(reading->problem, "empty where a path is needed");
	}
	*path = resolve_path(reading->config, json_string_value(value));
	return 0;
}

static int take_kernel(const struct reading *reading, const json_t *value)
{
	return take_path(reading, value, "\"vmlinuz\"", &reading->domain->kernel);
}

static int take_ramdisk(const struct reading *reading, const json_t *value)
{
	return take_path(reading, value, "\"initrd.img\"", &reading->domain->ramdisk);
}

static int take_cmdline(const struct reading *reading, const json_t *value)
{
	if (expect_string(reading, value, "\"console=hvc0\"")) {
		return -1;
	}
	if (json_string_length(value) >= sizeof(reading->domain->cmdline)) {
		return problem_set(reading->problem, "%zu bytes long (at most %zu)",
				   json_string_length(value), sizeof(reading->domain->cmdline) - 1);
	}
	strcpy(reading->domain->cmdline, json_string_value(value));
	return 0;
}

static int take_memory(const struct reading *reading, const json_t *value)
{
	if (take_size(reading, value, &reading->domain->memory)) {
		return -1;
	}
	if (reading->domain->memory < CONFIG_MEMORY_MIN) {
		return problem_set(reading->problem, "\"%s\" is too little (at least 1M)",
				   json_string_value(value));
	}
	return 0;
}

static int take_vcpus(const struct reading *reading, const json_t *value)
{
	return take_number(reading, value, 1, CONFIG_VCPUS_MAX, &reading->domain->vcpus);
}

static int take_weight(const struct reading *reading, const json_t *value)
{
	return take_number(reading, value, 1, CONFIG_WEIGHT_MAX, &reading->domain->weight);
}

static int take_cap(const struct reading *reading, const json_t *value)
{
	return take_number(reading, value, 0, 100 * CONFIG_VCPUS_MAX, &reading->domain->cap);
}

static int take_affinity(const struct reading *reading, const json_t *value)
{
	/* A string, since a JSON number does not hold 64 bits everywhere. */
	return expect_string(reading, value, "\"0x3\"") ||
	       text_to_mask(json_string_value(value), &reading->domain->affinity, reading->problem);
}

static int take_control(const struct reading *reading, const json_t *value)
{
	if (!json_is_boolean(value)) {
		return problem_set(reading->problem, "%s where true or false is needed",
				   name_type(value));
	}
	reading->domain->control = json_is_true(value);
	return 0;
}

static int take_once(const struct reading *reading, const json_t *value)
{
	if (!json_is_boolean(value)) {
		return problem_set(reading->problem, "%s where true or false is needed",
				   name_type(value));
	}
	reading->domain->once = json_is_true(value);
	return 0;
}

static int take_machine_cpus(const struct reading *reading, const json_t *value)
{
	return take_number(reading, value, 1, CONFIG_CPUS_MAX, &reading->config->machine_cpus);
}

static int take_machine_memory(const struct reading *reading, const json_t *value)
{
	return take_size(reading, value, &reading->config->machine_memory);
}

static const struct field domain_fields[] = {
	{ "name", take_name, true },
	{ "kernel", take_kernel, true },
	{ "uuid", take_uuid, false },
	{ "ramdisk", take_ramdisk, false },
	{ "cmdline", take_cmdline, false },
	{ "memory", take_memory, false },
	{ "vcpus", take_vcpus, false },
	{ "weight", take_weight, false },
	{ "cap", take_cap, false },
	{ "affinity", take_affinity, false },
	{ "control", take_control, false },
	{ "once", take_once, false },
	{ NULL, NULL, false },
};

static const struct field machine_fields[] = {
	{ "cpus", take_machine_cpus, false },
	{ "memory", take_machine_memory, false },
	{ NULL, NULL, false },
};

/* Refuses a key that is in no table, and proposes one that is. */
static int refuse_key(const char *key, const struct field *fields, struct problem *problem)
{
	const char *names[KEYS_MAX] = { NULL };
	const char *nearest;
	size_t used;

	for (size_t i = 0; fields[i].key; i++) {
		names[i] = fields[i].key;
	}
	nearest = text_find_nearest(key, names);
	if (nearest) {
		return problem_set(problem, "unknown key (did you mean \"%s\"?)", nearest);
	}
	problem_set(problem, "unknown key (there are");
	for (size_t i = 0; names[i]; i++) {
		used = strlen(problem->text);
		snprintf(problem->text + used, sizeof(problem->text) - used, "%s \"%s\"",
			 i ? "," : "", names[i]);
	}
	used = strlen(problem->text);
	snprintf(problem->text + used, sizeof(problem->text) - used, ")");
	return -1;
}

/*
 * Takes every member of an object by the table. On failure "key" is the one
 * to blame, or NULL where one is missing.
 */
static int take_fields(const struct reading *reading, const json_t *object,
		       const struct field *fields, const char **key)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)object, name, value) {
		const struct field *field = fields;

		while (field->key && strcmp(field->key, name)) {
			field++;
		}
		*key = name;
		if (!field->key) {
			return refuse_key(name, fields, reading->problem);
		}
		if (field->take(reading, value)) {
			return -1;
		}
	}
	*key = NULL;
	for (; fields->key; fields++) {
		if (fields->required && !json_object_get(object, fields->key)) {
			return problem_set(reading->problem, "\"%s\" is missing", fields->key);
		}
	}
	return 0;
}

static int check_cap(const struct reading *reading)
{
	const struct config_domain *domain = reading->domain;

	if (domain->cap <= 100 * domain->vcpus) {
		return 0;
	}
	return problem_set(reading->problem,
			   "%u per cent is more than %u vCPU%s can use (at most %u)", domain->cap,
			   domain->vcpus, domain->vcpus == 1 ? "" : "s", 100 * domain->vcpus);
}

static int read_domain(struct config *config, const json_t *object, size_t index,
		       struct problem *problem)
{
	struct reading reading = { config, &config->domains[index], problem };
	const char *key = NULL;

	if (!json_is_object(object)) {
		problem_set(problem, "%s where an object is needed", name_type(object));
		return config_blame_domain(config, index, NULL, problem);
	}
	config_domain_init(reading.domain);
	if (take_fields(&reading, object, domain_fields, &key)) {
		return config_blame_domain(config, index, key, problem);
	}
	if (check_cap(&reading)) {
		return config_blame_domain(config, index, "cap", problem);
	}
	return 0;
}

/* Puts the place of a top-level key, or of the whole, before a problem. */
static int blame_top(const struct config *config, const char *key, struct problem *problem)
{
	struct jsonplace_step step = { key, 0 };
	unsigned int line = jsonplace_find_line(config->text, &step, key ? 1 : 0);

	return problem_prefix(problem, "%s:%u: %s%s", config->path, line, key ? key : "",
			      key ? ": " : "");
}

static int take_machine(const struct reading *reading, const json_t *value)
{
	const char *key = NULL;

	if (!json_is_object(value)) {
		problem_set(reading->problem, "%s where an object is needed", name_type(value));
		return blame_top(reading->config, "machine", reading->problem);
	}
	if (take_fields(reading, value, machine_fields, &key)) {
		return config_blame_machine(reading->config, key, reading->problem);
	}
	return 0;
}

static int take_domains(const struct reading *reading, const json_t *value)
{
	struct config *config = reading->config;
	size_t count = json_array_size(value);

	if (!json_is_array(value) || count < 1 || count > PV_BUNDLE_MAX_DOMAINS) {
		problem_set(reading->problem, "an array of 1 to %u domains is needed",
			    PV_BUNDLE_MAX_DOMAINS);
		return blame_top(config, "domains", reading->problem);
	}
	config->domains = calloc(count, sizeof(*config->domains));
	if (!config->domains) {
		abort();
	}
	config->domain_count = count;
	for (size_t i = 0; i < count; i++) {
		if (read_domain(config, json_array_get(value, i), i, reading->problem)) {
			return -1;
		}
	}
	return 0;
}

static const struct field top_fields[] = {
	{ "domains", NULL, true },
	{ "machine", NULL, false },
	{ NULL, NULL, false },
};

int configjson_read(struct config *config, const json_t *root, struct problem *problem)
{
	struct reading reading = { config, NULL, problem };
	const json_t *domains = json_object_get(root, "domains");
	const json_t *machine = json_object_get(root, "machine");
	const char *key;
	json_t *value;

	if (!json_is_object(root)) {
		problem_set(problem, "%s where an object with \"domains\" is needed",
			    name_type(root));
		return blame_top(config, NULL, problem);
	}
	json_object_foreach((json_t *)(uintptr_t)root, key, value) {
		if (strcmp(key, "domains") && strcmp(key, "machine")) {
			refuse_key(key, top_fields, problem);
			return blame_top(config, key, problem);
		}
	}
	if (!domains) {
		problem_set(problem, "\"domains\" is missing");
		return blame_top(config, NULL, problem);
	}
	if (take_domains(&reading, domains) || (machine && take_machine(&reading, machine))) {
		return -1;
	}
	return 0;
}
