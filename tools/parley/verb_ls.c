/*
 * `parley ls`, the domains of a machine.
 */
#include "verbs.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "domains.h"
#include "text.h"

static const char ls_help[] =
	"usage: parley ls [OPTION...]\n"
	"\n"
	"Lists the domains of a running machine.\n"
	"\n"
	"  --all           those too that have ended, and how\n"
	"  --json          all that is known, as JSON: sizes in bytes, times in nanoseconds\n" CLIENT_HELP_OPTIONS
	"\n"
	"Exit status: 0 done, 1 no such machine or no answer, 2 usage.\n";

static json_t *describe_machine(const struct client *client, const struct domains *domains)
{
	const struct pv_control_machine *machine = &domains->machine;

	return json_pack("{s:s, s:I, s:i, s:I, s:I, s:I, s:I, s:i, s:i}", "name",
			 client->link.hello.machine, "pid", (json_int_t)client->link.hello.pid,
			 "cpus", (int)machine->cpus, "memory",
			 (json_int_t)machine->total_pages * 4096, "memory_free",
			 (json_int_t)machine->free_pages * 4096, "memory_images",
			 (json_int_t)machine->image_pages * 4096, "time_ns",
			 (json_int_t)machine->time_ns, "domains", (int)machine->domains, "ended",
			 (int)machine->ended);
}

static int print_json(const struct client *client, const struct domains *domains, bool all)
{
	json_t *list = json_array();

	for (size_t i = 0; i < domains->count; i++) {
		if (all || !domains_has_ended(&domains->items[i])) {
			json_array_append_new(list, domains_to_json(&domains->items[i]));
		}
	}
	return client_print_json(json_pack("{s:o, s:o}", "machine",
					   describe_machine(client, domains), "domains", list));
}

static int measure_names(const struct domains *domains)
{
	size_t width = strlen("NAME");

	for (size_t i = 0; i < domains->count; i++) {
		size_t length = strlen(domains->items[i].name);

		width = length > width ? length : width;
	}
	return (int)width;
}

static void print_domain(const struct pv_control_domain *domain, int width)
{
	char state[DOMAINS_STATE_MAX];
	char memory[TEXT_SIZE_MAX];
	char vcpus[32];

	snprintf(vcpus, sizeof(vcpus), "%u/%u", domain->vcpus_online, domain->vcpu_count);
	printf("%4u  %-*s  %-11s  %5s  %8s  %6" PRIu64 ".%" PRIu64 "s", domain->domid, width,
	       domain->name, domains_describe_state(domain, state), vcpus,
	       text_round_size(domain->memory_pages * 4096, memory),
	       domain->cpu_time_ns / 1000000000, domain->cpu_time_ns / 100000000 % 10);
	if (domain->text[0] && strcmp(domain->text, state)) {
		printf("  %s", domain->text);
	}
	putchar('\n');
}

static int print_table(const struct domains *domains, bool all)
{
	int width = measure_names(domains);

	printf("  ID  %-*s  STATE        VCPUS    MEMORY  CPU TIME\n", width, "NAME");
	for (size_t i = 0; i < domains->count; i++) {
		if (all || !domains_has_ended(&domains->items[i])) {
			print_domain(&domains->items[i], width);
		}
	}
	return 0;
}

#define OPT_ALL CLIENT_OPTION

static int take_ls_option(void *context, int option, const char *text, struct problem *problem)
{
	bool *all = context;

	(void)text;
	(void)problem;
	*all = *all || option == OPT_ALL;
	return 0;
}

int verb_ls(int argc, char **argv)
{
	static const struct option options[] = { { "all", no_argument, NULL, OPT_ALL },
						 CLIENT_OPTION_JSON,
						 CLIENT_OPTIONS };
	bool all = false;
	struct client client = {
		.verb = "ls", .help = ls_help, .take_option = take_ls_option, .context = &all
	};
	struct domains domains;
	int status = client_read_options(&client, argc, argv, options);

	if (status != CLIENT_GO) {
		return status;
	}
	if (optind < argc) {
		return verb_misuse("ls", "%s: all domains are listed", argv[optind]);
	}
	status = client_list(&client, &domains);
	if (status) {
		return status;
	}
	link_close(&client.link);
	status = client.as_json ? print_json(&client, &domains, all) : print_table(&domains, all);
	domains_free(&domains);
	return status;
}
