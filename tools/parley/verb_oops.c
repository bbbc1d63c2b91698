/*
 * `parley oops`, the report of a domain that crashed, the names of the addresses in it, from the
 * symbols of its kernel, and what its reason means.
 */
#include "verbs.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "domains.h"
#include "oops_reasons.h"
#include "symbols/symbols.h"
#include "text.h"

#define OPT_SYMBOLS CLIENT_OPTION

#define ADDRESS_DIGITS 16
#define PLACE_MAX      6        /* "rip" */
#define OFFSET_MAX     0x10000U /* beyond that an address is not that function's */

static const char oops_help[] =
	"usage: parley oops NAME [OPTION...]\n"
	"\n"
	"Prints what the hypervisor reported when it killed a domain, or when the domain said that it\n"
	"crashed: why, registers, stack, which functions the addresses are in, and what it means.\n"
	"\n"
	"  --symbols FILE  where to find functions, in place of the kernel's own file: another ELF file,\n"
	"                  System.map, or a list as /proc/kallsyms has it\n" CLIENT_HELP_OPTIONS
	"\n"
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

/* The register that a word of the report is of, "" for one of the stack: "rbx ffff..." or "rip e033:ffff...". */
static void get_place(const char *text, const char *word, char place[PLACE_MAX])
{
	const char *end = word;
	size_t length = 0;

	if (end > text && end[-1] == ':') {
		for (end--; end > text && isxdigit((unsigned char)end[-1]); end--) {
		}
	}
	for (; end > text && end[-1] == ' '; end--) {
	}
	while (end - length > text && isalnum((unsigned char)end[-1 - (long)length])) {
		length++;
	}
	place[0] = '\0';
	if (length > 0 && length < PLACE_MAX && strchr("rc", *(end - length))) {
		snprintf(place, PLACE_MAX, "%.*s", (int)length, end - length);
	}
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
			char place[PLACE_MAX];

			if (symbol && address - symbol->address < OFFSET_MAX) {
				get_place(text, at, place);
				printf("  %016" PRIx64 "  %-5s  %s+0x%" PRIx64 "\n", address,
				       place[0] ? place : "stack", symbol->name,
				       address - symbol->address);
			}
		}
		at += length ? length : 1;
	}
}

/* By the file that was named, else by the kernel's own, if it has symbols. */
static int read_symbols(const struct oops *oops, const char *kernel, struct symbols *symbols)
{
	if (oops->symbols_path) {
		return symbols_read(symbols, oops->symbols_path) ? CLIENT_STATUS_FAILED : 0;
	}
	if (kernel[0] && !symbols_try(symbols, kernel)) {
		return 0;
	}
	fprintf(stderr,
		"parley oops: %s%sno symbols, so no names (give them by --symbols FILE: the kernel's "
		"ELF file, its System.map, or what its /proc/kallsyms shows root)\n",
		kernel, kernel[0] ? " has " : "there are ");
	return 0;
}

static int print(const struct oops *oops, const char *name, const char *kernel)
{
	struct symbols symbols = { 0 };
	const char *means = oops_explain(oops->text);
	int status;

	fwrite(oops->text, 1, oops->size, stdout);
	if (!oops->size) {
		return 0;
	}
	status = read_symbols(oops, kernel, &symbols);
	if (symbols.count) {
		printf("names, by %s:\n", oops->symbols_path ? oops->symbols_path : kernel);
		print_names(&symbols, oops->text + strcspn(oops->text, "\n"));
		symbols_free(&symbols);
	}
	if (means) {
		printf("what it means:\n%s", means);
	}
	printf("what it wrote before: parley console %s --earlier\n", name);
	return status;
}

static int find_and_print(struct client *client, const struct domains *domains, const char *name,
			  struct oops *oops)
{
	const struct pv_control_domain *domain;
	struct problem problem;
	char state[DOMAINS_STATE_MAX];
	char kernel[PATH_MAX];

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
	link_ask_kernel(&client->link, domain->uuid, kernel);
	return print(oops, domain->name, kernel);
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
