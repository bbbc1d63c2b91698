/* The tables; see report.h. */
#include "bench/report.h"

#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "bench/rows.h"

static const struct bench_row *const tables[WORKLOADS] = {
	bench_rows_guest, bench_rows_linux,      bench_rows_longest,
	bench_rows_idle,  bench_rows_idle_linux,
};

static const char *const titles[WORKLOADS] = {
	"Operations of the ABI (kit guest `bench`), instructions an operation",
	"Operations of Linux (Debian's kernel), instructions an operation",
	"The longest stretch of ring 0 that nothing interrupts, instructions",
	"A domain of the kit that sleeps, all of it: instructions of the hypervisor, events",
	"An idle Debian kernel, a second: instructions of the hypervisor, events",
};

static double value_of(const struct results *results, enum machine machine, enum workload workload,
		       const char *name)
{
	const struct figure *f = figures_find(&results->figures[machine][workload], name);

	return f != NULL ? f->value : NAN;
}

/* What the model counts: waiting for a timer shows in the figure, but is no work. */
static struct cost model(const struct results *results, const struct costs *costs,
			 enum machine machine, enum workload workload, const char *name,
			 const struct section *s, double operations)
{
	double executed = (double)s->instructions / operations;

	return costs_model(costs, s, operations,
			   fmin(executed, value_of(results, machine, workload, name)));
}

/* A number in so many columns, or a dash. */
static void print_number(int width, double value, int decimals)
{
	if (isnan(value)) {
		printf(" %*s", width, "-");
	} else {
		printf(" %*.*f", width, decimals, value);
	}
}

static void print_figures(const struct results *results, enum workload workload)
{
	printf("%s\n\n%-36s %11s %9s   %11s %11s %7s %7s\n", titles[workload], "operation",
	       "Parley", "bar", "Xen", "bare", "/Xen", "/bare");
	for (const struct bench_row *row = tables[workload]; row->name != NULL; row++) {
		double parley = value_of(results, MACHINE_PARLEY, workload, row->name);
		double xen = value_of(results, MACHINE_XEN, workload, row->name);
		double bare = value_of(results, MACHINE_BARE, workload, row->name);

		printf("%-36s", row->text);
		print_number(11, parley, 1);
		print_number(9, row->bar != 0 ? row->bar : NAN, 0);
		printf(" %s", row->bar != 0 && parley > row->bar ? "!" : " ");
		print_number(11, xen, 1);
		print_number(11, bare, 1);
		print_number(7, parley / xen, 2);
		print_number(7, parley / bare, 2);
		printf("\n");
	}
	printf("\n");
}

/* Two decimals at most, none where they say nothing. */
static void print_count(const char **separator, double count, const char *name)
{
	if (count >= 0.005) {
		printf("%s%.*f %s", *separator, fabs(count - round(count)) < 0.005 ? 0 : 2, count,
		       name);
		*separator = ", ";
	}
}

static void print_events(const struct section *s, double operations)
{
	static const enum opcode_kind kinds[] = {
		OPCODE_SYSCALL, OPCODE_SYSRET, OPCODE_IRET,  OPCODE_CR3,   OPCODE_CR,
		OPCODE_INVLPG,  OPCODE_SWAPGS, OPCODE_RDMSR, OPCODE_WRMSR, OPCODE_FSBASE,
		OPCODE_LOCKED,  OPCODE_FENCE,  OPCODE_FPU,
	};

	const char *separator = "  ";

	for (size_t i = 0; i < s->entry_count; i++) {
		print_count(&separator, (double)s->entries[i].count / operations,
			    s->entries[i].name);
	}
	print_count(&separator, (double)s->faults / operations, "faults and interrupts");
	separator = "; ";
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		print_count(&separator, (double)s->opcodes[kinds[i]] / operations,
			    opcode_names[kinds[i]]);
	}
}

static void print_machine_events(const struct results *results, enum machine machine,
				 enum workload workload, const struct costs *costs)
{
	printf("%s, on %s: instructions of the hypervisor, MODEL of cycles, events an operation\n\n",
	       workload == WORKLOAD_GUEST ? "Operations of the ABI" : "Operations of Linux",
	       machine_names[machine]);
	for (const struct bench_row *row = tables[workload]; row->name != NULL; row++) {
		double operations;
		const struct section *s =
			results_section(results, machine, workload, row->name, &operations);

		if (s == NULL) {
			continue;
		}
		printf("%-36s %10.1f", row->text, (double)s->hypervisor / operations);
		if (costs != NULL) {
			struct cost c =
				model(results, costs, machine, workload, row->name, s, operations);

			printf(" %9.0f..%-8.0f", c.low, c.high);
		}
		print_events(s, operations);
		printf("\n");
	}
	printf("\n");
}

/* What the plugin has counted; events only where they are not those of a part. */
static void print_counted(const struct results *results, enum workload workload)
{
	if (results->figures[MACHINE_PARLEY][workload].count == 0) {
		return;
	}
	printf("%s\n\n", titles[workload]);
	for (const struct bench_row *row = tables[workload]; row->name != NULL; row++) {
		double operations;
		const struct section *s =
			results_section(results, MACHINE_PARLEY, workload, row->name, &operations);

		printf("%-36s", row->text);
		print_number(11, value_of(results, MACHINE_PARLEY, workload, row->name), 0);
		if (s != NULL && workload != WORKLOAD_LONGEST) {
			print_events(s, operations);
		}
		printf("\n");
	}
	printf("\n");
}

void report_text(const struct results *results, const struct costs *costs)
{
	printf("kernel %s; %s; %s; -cpu %s; one processor\n\n", results->conditions.kernel,
	       results->conditions.compiler, results->conditions.emulator, results->conditions.cpu);
	for (unsigned w = 0; w < WORKLOADS; w++) {
		if (workload_is_counted(w)) {
			print_counted(results, w);
		} else {
			print_figures(results, w);
		}
	}
	for (unsigned w = 0; w < WORKLOADS; w++) {
		for (unsigned m = 0; m < MACHINES; m++) {
			if (results->sections[m][w].count != 0 && !workload_is_counted(w)) {
				print_machine_events(results, m, w, costs);
			}
		}
	}
}

static double rounded(double value)
{
	return round(value * 100) / 100;
}

static json_t *json_of_events(const struct section *s, double operations)
{
	json_t *object = json_object();
	json_t *entries = json_object(), *opcodes = json_object();

	for (size_t i = 0; i < s->entry_count; i++) {
		json_object_set_new(entries, s->entries[i].name,
				    json_real(rounded((double)s->entries[i].count / operations)));
	}
	for (unsigned k = OPCODE_SYSCALL; k < OPCODE_KINDS; k++) {
		if (s->opcodes[k] != 0) {
			json_object_set_new(opcodes, opcode_names[k],
					    json_real(rounded((double)s->opcodes[k] / operations)));
		}
	}
	json_object_set_new(object, "hypervisor_instructions",
			    json_real(rounded((double)s->hypervisor / operations)));
	json_object_set_new(object, "faults_and_interrupts",
			    json_real(rounded((double)s->faults / operations)));
	json_object_set_new(object, "entries", entries);
	json_object_set_new(object, "instructions_by_kind", opcodes);
	return object;
}

static json_t *json_of_machine(const struct results *results, enum machine machine,
			       enum workload workload, const char *name, const struct costs *costs)
{
	double value = value_of(results, machine, workload, name), operations;
	const struct section *s = results_section(results, machine, workload, name, &operations);
	json_t *object;

	if (isnan(value)) {
		return NULL;
	}
	object = s != NULL ? json_of_events(s, operations) : json_object();
	json_object_set_new(object, "instructions", json_real(rounded(value)));
	if (s != NULL && costs != NULL) {
		struct cost c = model(results, costs, machine, workload, name, s, operations);

		json_object_set_new(object, "model_cycles",
				    json_pack("[f, f]", round(c.low), round(c.high)));
	}
	return object;
}

static json_t *json_of_row(const struct results *results, enum workload workload,
			   const struct bench_row *row, const struct costs *costs)
{
	json_t *object = json_pack("{s:s, s:s}", "name", row->name, "text", row->text);

	if (row->bar != 0) {
		json_object_set_new(object, "bar", json_real(row->bar));
	}
	for (unsigned m = 0; m < MACHINES; m++) {
		json_t *machine = json_of_machine(results, m, workload, row->name, costs);

		if (machine != NULL) {
			json_object_set_new(object, machine_names[m], machine);
		}
	}
	return object;
}

void report_json(const struct results *results, const struct costs *costs)
{
	const struct conditions *c = &results->conditions;
	json_t *root = json_pack("{s:{s:s, s:s, s:s, s:s}}", "conditions", "kernel", c->kernel,
				 "compiler", c->compiler, "emulator", c->emulator, "cpu", c->cpu);

	for (unsigned w = 0; w < WORKLOADS; w++) {
		json_t *rows = json_array();

		for (const struct bench_row *row = tables[w]; row->name != NULL; row++) {
			json_array_append_new(rows, json_of_row(results, w, row, costs));
		}
		json_object_set_new(root, workload_names[w], rows);
	}
	json_dumpf(root, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
	printf("\n");
	json_decref(root);
}
