/*
 * `parley oops`, the report of a domain that crashed, and the names of the addresses in it,
 * from the symbols of its kernel.
 */
#include "verbs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "domains.h"
#include "symbols/symbols.h"
#include "text.h"

#define OPT_SYMBOLS CLIENT_OPTION

#define ADDRESS_DIGITS 16
#define OFFSET_MAX     0x10000U /* beyond that an address is not that function's */

static const char oops_help[] =
	"usage: parley oops NAME [OPTION...]\n"
	"\n"
	"Prints what the hypervisor reported when it killed a domain, or when the domain said that it\n"
	"crashed: why, registers, stack.\n"
	"\n"
	"  --symbols FILE  say which functions of the kernel the addresses are in: its ELF file,\n"
	"                  or a list as /proc/kallsyms has it\n" CLIENT_HELP_OPTIONS "\n"
	"Exit status: 0 printed, 1 it has not crashed, or failed, 2 usage.\n";

struct oops {
	const char *symbols_path; /* or NULL */
	char *text;
	size_t size;
};

/* Fetches a report in pieces until its end. */
static int fetch(struct client *client, const struct pv_control_domain *domain, struct oops *oops,
		 struct problem *problem)
{
	struct pv_control_oops piece = { .domid = domain->domid };
	int result;

	do {
		result =
			link_call(&client->link, PV_CONTROLOP_oops, &piece, sizeof(piece), problem);
		if (result < 0) {
			return domains_explain(domain->name, "read the report of", result, problem);
		}
		if (piece.size > sizeof(piece.text)) {
			piece.size = sizeof(piece.text);
		}
		text_clean(piece.text, piece.size);
		oops->text = realloc(oops->text, oops->size + piece.size + 1);
		if (!oops->text) {
			abort();
		}
		memcpy(oops->text + oops->size, piece.text, piece.size);
		oops->size += piece.size;
		oops->text[oops->size] = '\0';
		piece.offset += piece.size;
	} while (piece.size);
	return 0;
}

static bool was_before(const char *text, const char *word)
{
	char copy[ADDRESS_DIGITS + 1];
	const char *first;

	memcpy(copy, word, ADDRESS_DIGITS);
	copy[ADDRESS_DIGITS] = '\0';
	first = strstr(text, copy);
	return first && first < word;
}

/* A line for each address that is in a function, in the order in which they stand, each once. */
static void print_names(const struct symbols *symbols, const char *text)
{
	const char *at = text;

	while (*at) {
		size_t length = strspn(at, "0123456789abcdef");

		if (length == ADDRESS_DIGITS && !was_before(text, at)) {
			uint64_t address = strtoull(at, NULL, 16);
			const struct symbol *symbol = symbols_find(symbols, address);

			if (symbol && address - symbol->address < OFFSET_MAX) {
				printf("  %016" PRIx64 "  %s+0x%" PRIx64 "\n", address,
				       symbol->name, address - symbol->address);
			}
		}
		at += length ? length : 1;
	}
}

static int print(const struct oops *oops)
{
	struct symbols symbols = { 0 };

	fwrite(oops->text, 1, oops->size, stdout);
	if (!oops->symbols_path || !oops->size) {
		return 0;
	}
	if (symbols_read(&symbols, oops->symbols_path)) {
		return CLIENT_STATUS_FAILED;
	}
	printf("names, by %s:\n", oops->symbols_path);
	print_names(&symbols, oops->text);
	symbols_free(&symbols);
	return 0;
}

static int find_and_print(struct client *client, const struct domains *domains, const char *name,
			  struct oops *oops)
{
	const struct pv_control_domain *domain;
	struct problem problem;
	char state[DOMAINS_STATE_MAX];

	domain = domains_find(domains, name, &problem);
	/* Of one that says itself that it crashed, too, there is a report. */
	if (domain && (!domains_has_ended(domain) || domains_is_good(domain))) {
		problem_set(&problem, "%s has not crashed (it is %s)", domain->name,
			    domains_describe_state(domain, state));
		domain = NULL;
	}
	if (!domain || fetch(client, domain, oops, &problem)) {
		return client_fail(client, &problem);
	}
	return print(oops);
}

static int take_option(void *context, int option, const char *text, struct problem *problem)
{
	struct oops *oops = context;

	oops->symbols_path = text;
	return 0;
}

int verb_oops(int argc, char **argv)
{
	static const struct option options[] = {
		{ "symbols", required_argument, NULL, OPT_SYMBOLS },
		CLIENT_OPTIONS,
	};
	struct oops oops = { 0 };
	struct client client = {
		.verb = "oops", .help = oops_help, .take_option = take_option, .context = &oops
	};
	struct domains domains;
	int status = client_read_options(&client, argc, argv, options);

	if (status != CLIENT_GO) {
		return status;
	}
	if (optind + 1 != argc) {
		return verb_misuse("oops", "one domain's name or number is needed");
	}
	status = client_list(&client, &domains);
	if (!status) {
		status = find_and_print(&client, &domains, argv[optind], &oops);
		domains_free(&domains);
		link_close(&client.link);
	}
	free(oops.text);
	return status;
}
