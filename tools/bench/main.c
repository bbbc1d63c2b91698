/*
 * bench: runs the bench programs on emulated machines and prints what their operations cost.
 *
 * Read next: machines.h (what runs where), rows.c (the tables), results.h, report.h.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/report.h"
#include "bench/results.h"
#include "parley/icount.h"

static const char usage[] =
	"usage: bench [OPTION...]\n"
	"\n"
	"  --build DIR       where the build put everything (build)\n"
	"  --cache DIR       vmlinuz and xen-4.17 (build/cache)\n"
	"  --cpu MODEL       QEMU's -cpu, on all machines (" PARLEY_ICOUNT_CPU ")\n"
	"  --machines LIST   of parley, xen and bare, with commas between (parley)\n"
	"  --workloads LIST  of guest, linux, longest, idle and idle-linux (all)\n"
	"  --events          once more with marks and a plugin: events, hypervisor, model\n"
	"  --costs FILE      the model's cycles an event (tools/bench/costs.txt)\n"
	"  --peers FILE      figures of machines that are not run now, if of the same -cpu\n"
	"  --save-peers FILE write those of xen and bare\n"
	"  --check FILE      compare with this baseline; status 1 when worse by over 2 %\n"
	"  --save FILE       write such a baseline\n"
	"  --json            print JSON\n"
	"  --help            print this\n";

struct settings {
	struct machine_files files;
	unsigned machines, workloads; /* bits */
	const char *costs, *peers, *save_peers, *check, *save;
	bool events, json, help;
};

/* Bits of the words that are in the list; 0 when a word is unknown. */
static unsigned read_list(const char *list, const char *const *names, unsigned count)
{
	unsigned mask = 0;

	while (*list != '\0') {
		size_t length = strcspn(list, ",");
		unsigned i = 0;

		while (i < count &&
		       !(strlen(names[i]) == length && strncmp(list, names[i], length) == 0)) {
			i++;
		}
		if (i == count) {
			return 0;
		}
		mask |= 1u << i;
		list += length + (list[length] == ',');
	}
	return mask;
}

static bool read_option(struct settings *s, int c)
{
	switch (c) {
	case 'b':
		s->files.build = optarg;
		return true;
	case 'k':
		s->files.cache = optarg;
		return true;
	case 'u':
		s->files.cpu = optarg;
		return true;
	case 'm':
		s->machines = read_list(optarg, machine_names, MACHINES);
		return s->machines != 0;
	case 'w':
		s->workloads = read_list(optarg, workload_names, WORKLOADS);
		return s->workloads != 0;
	case 'e':
		return s->events = true;
	case 'c':
		s->costs = optarg;
		return true;
	case 'p':
		s->peers = optarg;
		return true;
	case 'P':
		s->save_peers = optarg;
		return true;
	case 'x':
		s->check = optarg;
		return true;
	case 's':
		s->save = optarg;
		return true;
	case 'j':
		return s->json = true;
	case 'h':
		return s->help = true;
	default:
		return false;
	}
}

static bool read_options(struct settings *s, int argc, char **argv)
{
	static const struct option options[] = {
		{ "build", required_argument, NULL, 'b' },
		{ "cache", required_argument, NULL, 'k' },
		{ "cpu", required_argument, NULL, 'u' },
		{ "machines", required_argument, NULL, 'm' },
		{ "workloads", required_argument, NULL, 'w' },
		{ "events", no_argument, NULL, 'e' },
		{ "costs", required_argument, NULL, 'c' },
		{ "peers", required_argument, NULL, 'p' },
		{ "save-peers", required_argument, NULL, 'P' },
		{ "check", required_argument, NULL, 'x' },
		{ "save", required_argument, NULL, 's' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (!read_option(s, c)) {
			return false;
		}
	}
	return optind == argc;
}

/* The second run: marks are set, and what the plugin saw is read. */
static int run_events(struct results *results, const struct settings *s, enum machine machine,
		      enum workload workload)
{
	struct symbols symbols = { 0 };
	char path[4200];
	int rc;

	snprintf(path, sizeof(path), "%s/hypervisor.elf", s->files.build);
	rc = machine == MACHINE_PARLEY ? symbols_read(&symbols, path) : 0;
	snprintf(path, sizeof(path), "%s/bench/%s-%s.events", s->files.build,
		 machine_names[machine], workload_names[workload]);
	if (rc == 0) {
		rc = machine_run(machine, workload, &s->files, path,
				 &results->marked[machine][workload]);
	}
	if (rc == 0) {
		rc = events_read(&results->sections[machine][workload], path,
				 machine == MACHINE_PARLEY ? &symbols : NULL);
	}
	symbols_free(&symbols);
	return rc;
}

/* The figures are what the plugin saw between the marks. */
static int run_counted(struct results *results, const struct settings *s, enum machine machine,
		       enum workload workload)
{
	const struct figures *marked = &results->marked[machine][workload];
	int rc = run_events(results, s, machine, workload);

	for (size_t i = 0; i < marked->count && rc == 0; i++) {
		const char *name = marked->items[i].name;
		double operations;
		const struct section *section =
			results_section(results, machine, workload, name, &operations);

		if (section == NULL) {
			fprintf(stderr, "bench: the plugin has not seen %s\n", name);
			rc = -1;
		} else {
			figures_set(&results->figures[machine][workload], name,
				    (double)section->hypervisor / operations);
		}
	}
	return rc;
}

static int run_one(struct results *results, const struct settings *s, enum machine machine,
		   enum workload workload)
{
	int rc;

	fprintf(stderr, "bench: %s on %s\n", workload_names[workload], machine_names[machine]);
	if (workload_is_counted(workload)) {
		return run_counted(results, s, machine, workload);
	}
	rc = machine_run(machine, workload, &s->files, NULL, &results->figures[machine][workload]);
	return rc == 0 && s->events ? run_events(results, s, machine, workload) : rc;
}

/* Bare is Linux alone; and what is counted on Parley cannot be compared elsewhere. */
static bool runs_on(enum machine machine, enum workload workload)
{
	return machine == MACHINE_PARLEY || workload == WORKLOAD_LINUX ||
	       (machine == MACHINE_XEN && workload == WORKLOAD_GUEST);
}

static int run_all(struct results *results, const struct settings *s)
{
	int rc = 0;

	for (unsigned m = 0; m < MACHINES; m++) {
		for (unsigned w = 0; w < WORKLOADS && rc == 0; w++) {
			if ((s->machines >> m & 1) != 0 && (s->workloads >> w & 1) != 0 &&
			    runs_on(m, w)) {
				rc = run_one(results, s, m, w);
			}
		}
	}
	return rc;
}

static int print_and_save(struct results *results, const struct settings *s)
{
	const unsigned peers = 1u << MACHINE_XEN | 1u << MACHINE_BARE;
	struct costs costs;
	int rc = s->events ? costs_read(&costs, s->costs) : 0;

	if (rc == 0 && s->save_peers != NULL) {
		rc = results_save(results, peers, s->save_peers);
	}
	if (rc == 0 && s->save != NULL) {
		rc = results_save(results, 1u << MACHINE_PARLEY, s->save);
	}
	if (rc == 0 && s->peers != NULL && access(s->peers, R_OK) == 0) {
		rc = results_load(results, peers, s->peers);
	}
	if (rc != 0) {
		return 2;
	}
	if (s->json) {
		report_json(results, s->events ? &costs : NULL);
	} else {
		report_text(results, s->events ? &costs : NULL);
	}
	if (s->check != NULL) {
		rc = results_check(results, s->check);
		printf("bench-check: %s\n", rc == 0 ? "nothing is worse" : "FAILED");
	}
	return rc != 0;
}

int main(int argc, char **argv)
{
	struct settings s = {
		.files = {
			.build = "build",
			.cache = "build/cache",
			.cpu = PARLEY_ICOUNT_CPU,
		},
		.machines = 1u << MACHINE_PARLEY,
		.workloads = (1u << WORKLOADS) - 1,
		.costs = "tools/bench/costs.txt",
	};
	struct results results = { 0 };
	int status;

	if (!read_options(&s, argc, argv)) {
		fputs(usage, stderr);
		return 2;
	}
	if (s.help) {
		fputs(usage, stdout);
		return 0;
	}
	results_find_conditions(&results.conditions, &s.files);
	status = run_all(&results, &s) != 0 ? 2 : print_and_save(&results, &s);
	results_free(&results);
	return status;
}
