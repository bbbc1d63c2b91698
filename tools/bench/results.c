/* What was measured, and files of it; see results.h. */
#include "bench/results.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOLERANCE 0.0200001

/* Sections come in the order of the figures that have marks. */
const struct section *results_section(const struct results *results, enum machine machine,
				      enum workload workload, const char *name, double *operations)
{
	const struct figures *figures = &results->marked[machine][workload];
	const struct sections *sections = &results->sections[machine][workload];
	size_t section = 0;

	for (size_t i = 0; i < figures->count && section < sections->count; i++) {
		const struct figure *f = &figures->items[i];

		if (f->operations == 0) {
			continue;
		}
		if (strcmp(f->name, name) == 0) {
			*operations = (double)f->operations;
			return &sections->items[section];
		}
		section++;
	}
	return NULL;
}

/* The first line that a command prints. */
static void first_line(char *text, size_t size, const char *command)
{
	FILE *f = popen(command, "r");

	text[0] = '\0';
	if (f != NULL && fgets(text, (int)size, f) != NULL) {
		text[strcspn(text, "\n")] = '\0';
	}
	if (f != NULL) {
		pclose(f);
	}
}

void results_find_conditions(struct conditions *conditions, const struct machine_files *files)
{
	char command[4200];

	snprintf(command, sizeof(command), "cat '%s/kernel-version'", files->cache);
	first_line(conditions->kernel, sizeof(conditions->kernel), command);
	first_line(conditions->compiler, sizeof(conditions->compiler), "gcc --version");
	first_line(conditions->emulator, sizeof(conditions->emulator),
		   "qemu-system-x86_64 --version");
	snprintf(conditions->cpu, sizeof(conditions->cpu), "%s", files->cpu);
}

static json_t *json_of_figures(const struct figures *figures)
{
	json_t *object = json_object();

	for (size_t i = 0; i < figures->count; i++) {
		const struct figure *f = &figures->items[i];

		json_object_set_new(object, f->name, json_real(round(f->value * 100) / 100));
	}
	return object;
}

static json_t *json_of_conditions(const struct conditions *c)
{
	return json_pack("{s:s, s:s, s:s, s:s}", "kernel", c->kernel, "compiler", c->compiler,
			 "emulator", c->emulator, "cpu", c->cpu);
}

int results_save(const struct results *results, unsigned mask, const char *path)
{
	json_t *root = json_object();
	int rc;

	json_object_set_new(root, "conditions", json_of_conditions(&results->conditions));
	for (unsigned m = 0; m < MACHINES; m++) {
		json_t *machine = json_object();

		for (unsigned w = 0; w < WORKLOADS && (mask >> m & 1) != 0; w++) {
			if (results->figures[m][w].count != 0) {
				json_object_set_new(machine, workload_names[w],
						    json_of_figures(&results->figures[m][w]));
			}
		}
		if (json_object_size(machine) != 0) {
			json_object_set(root, machine_names[m], machine);
		}
		json_decref(machine);
	}
	rc = json_dump_file(root, path, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
	json_decref(root);
	if (rc != 0) {
		fprintf(stderr, "bench: cannot write %s\n", path);
	}
	return rc;
}

static json_t *load(const char *path)
{
	json_error_t error;
	json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &error);

	if (root == NULL) {
		fprintf(stderr, "bench: %s:%d: %s\n", path, error.line, error.text);
	}
	return root;
}

static void take_figures(struct figures *figures, json_t *object)
{
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value) {
		if (figures_find(figures, name) == NULL) {
			figures_set(figures, name, json_number_value(value));
		}
	}
}

static bool has_cpu(const json_t *root, const char *cpu)
{
	const char *of =
		json_string_value(json_object_get(json_object_get(root, "conditions"), "cpu"));

	return of != NULL && strcmp(of, cpu) == 0;
}

int results_load(struct results *results, unsigned mask, const char *path)
{
	json_t *root = load(path);

	if (root == NULL) {
		return -1;
	}
	if (!has_cpu(root, results->conditions.cpu)) {
		mask = 0; /* beside those of another processor they would only mislead */
	}
	for (unsigned m = 0; m < MACHINES; m++) {
		json_t *machine = json_object_get(root, machine_names[m]);

		for (unsigned w = 0; w < WORKLOADS && (mask >> m & 1) != 0; w++) {
			take_figures(&results->figures[m][w],
				     json_object_get(machine, workload_names[w]));
		}
	}
	json_decref(root);
	return 0;
}

/* Figures of another kernel, compiler or emulator say nothing about a change of ours. */
static bool conditions_differ(const struct conditions *now, json_t *root, enum workload workload)
{
	json_t *then = json_object_get(root, "conditions");
	const struct {
		const char *name, *value;
		bool matters;
	} all[] = {
		{ "kernel", now->kernel,
		  workload == WORKLOAD_LINUX || workload == WORKLOAD_IDLE_LINUX },
		{ "compiler", now->compiler, true },
		{ "emulator", now->emulator, true },
		{ "cpu", now->cpu, true },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		const char *old = json_string_value(json_object_get(then, all[i].name));

		if (all[i].matters && (old == NULL || strcmp(old, all[i].value) != 0)) {
			printf("%s: not compared: %s is \"%s\", the baseline's \"%s\"\n",
			       workload_names[workload], all[i].name, all[i].value,
			       old != NULL ? old : "");
			return true;
		}
	}
	return false;
}

static int check_figures(const struct figures *figures, json_t *baseline, const char *workload)
{
	const char *name;
	json_t *value;
	int worse = 0;

	json_object_foreach(baseline, name, value) {
		const struct figure *f = figures_find(figures, name);
		double then = json_number_value(value);
		double change = f == NULL || then == 0 ? 0 : f->value / then - 1;

		if (f == NULL) {
			printf("%s: %s: MISSING, was %.2f\n", workload, name, then);
			worse++;
		} else if (change > TOLERANCE || (then == 0 && f->value > 0)) {
			printf("%s: %s: WORSE, %.2f, was %.2f (%+.1f %%)\n", workload, name,
			       f->value, then, 100 * change);
			worse++;
		} else if (change < -TOLERANCE) {
			printf("%s: %s: better, %.2f, was %.2f (%+.1f %%)\n", workload, name,
			       f->value, then, 100 * change);
		}
	}
	return worse;
}

int results_check(const struct results *results, const char *path)
{
	json_t *root = load(path);
	json_t *parley;
	int worse = 0;

	if (root == NULL) {
		return -1;
	}
	parley = json_object_get(root, machine_names[MACHINE_PARLEY]);
	for (unsigned w = 0; w < WORKLOADS; w++) {
		const struct figures *figures = &results->figures[MACHINE_PARLEY][w];

		if (figures->count != 0 && !conditions_differ(&results->conditions, root, w)) {
			worse += check_figures(figures, json_object_get(parley, workload_names[w]),
					       workload_names[w]);
		}
	}
	json_decref(root);
	return worse;
}

void results_free(struct results *results)
{
	for (unsigned m = 0; m < MACHINES; m++) {
		for (unsigned w = 0; w < WORKLOADS; w++) {
			figures_free(&results->figures[m][w]);
			figures_free(&results->marked[m][w]);
			events_free(&results->sections[m][w]);
		}
	}
}
