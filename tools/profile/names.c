/*
 * profile-names: prints what the plugin counted (profile.c) by function, largest first.
 *
 *	profile-names [--per OPERATIONS] [--top N] [--section N] PROFILE ELF...
 *
 * Figures are instructions; with --per, instructions an operation. Addresses outside the files'
 * symbols are summed by range.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbols/symbols.h"

#define SPAN 0x40000 /* how far from a symbol code may be that still is its own */

struct total {
	const char *name;
	uint64_t instructions;
	uint64_t entries; /* executions of the block at the symbol itself */
};

static struct total *totals;
static size_t total_count;

static struct total *total_of(const char *name)
{
	for (size_t i = 0; i < total_count; i++) {
		if (totals[i].name == name) {
			return &totals[i];
		}
	}
	totals = reallocarray(totals, total_count + 1, sizeof(*totals));
	if (totals == NULL) {
		abort();
	}
	totals[total_count] = (struct total){ .name = name };
	return &totals[total_count++];
}

static const char *range_name(uint64_t address)
{
	if (address < 0x800000000000) {
		return "(user)";
	}
	return address < 0xffff880000000000 ? "(hypervisor, no symbol)" : "(kernel)";
}

static void add_block(const struct symbols *symbols, uint64_t address, uint64_t instructions,
		      uint64_t executions)
{
	const struct symbol *s = symbols_find(symbols, address);
	struct total *t;

	if (s == NULL || address - s->address > SPAN) {
		t = total_of(range_name(address));
	} else {
		t = total_of(s->name);
		t->entries += address == s->address ? executions : 0;
	}
	t->instructions += instructions * executions;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = ((const struct total *)a)->instructions;
	uint64_t y = ((const struct total *)b)->instructions;

	return (x < y) - (x > y);
}

static int read_profile(const char *path, long wanted, const struct symbols *symbols)
{
	FILE *f = fopen(path, "r");
	char line[256];
	long section = 0;
	uint64_t address, instructions, executions;

	if (f == NULL) {
		perror(path);
		return -1;
	}
	while (fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "section %ld", &section) == 1 ||
		    (wanted >= 0 && section != wanted)) {
			continue;
		}
		if (sscanf(line, "block %" SCNx64 " %" SCNu64 " %" SCNu64, &address, &instructions,
			   &executions) == 3) {
			add_block(symbols, address, instructions, executions);
		}
	}
	fclose(f);
	return 0;
}

static void print_totals(double per, size_t top)
{
	uint64_t sum = 0;

	qsort(totals, total_count, sizeof(*totals), compare);
	for (size_t i = 0; i < total_count; i++) {
		sum += totals[i].instructions;
	}
	printf("%14s %6s %12s  %s\n", "instructions", "%", "entries", "function");
	for (size_t i = 0; i < total_count && i < top; i++) {
		printf("%14.2f %6.2f %12.2f  %s\n", (double)totals[i].instructions / per,
		       100.0 * (double)totals[i].instructions / (double)sum,
		       (double)totals[i].entries / per, totals[i].name);
	}
	printf("%14.2f %6.2f %12s  all\n", (double)sum / per, 100.0, "");
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "per", required_argument, NULL, 'p' },
		{ "top", required_argument, NULL, 't' },
		{ "section", required_argument, NULL, 's' },
		{ NULL, 0, NULL, 0 },
	};
	struct symbols symbols = { 0 };
	double per = 1;
	long section = -1;
	size_t top = 40;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'p':
			per = strtod(optarg, NULL);
			break;
		case 't':
			top = strtoul(optarg, NULL, 10);
			break;
		case 's':
			section = strtol(optarg, NULL, 10);
			break;
		default:
			return 2;
		}
	}
	if (argc - optind < 2 || per <= 0) {
		fprintf(stderr, "usage: profile-names [--per OPERATIONS] [--top N] [--section N] "
				"PROFILE ELF...\n");
		return 2;
	}
	for (int i = optind + 1; i < argc; i++) {
		if (symbols_read(&symbols, argv[i]) != 0) {
			return 1;
		}
	}
	if (read_profile(argv[optind], section, &symbols) != 0) {
		return 1;
	}
	print_totals(per, top);
	symbols_free(&symbols);
	free(totals);
	return 0;
}
