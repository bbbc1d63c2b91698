/* Counts of domains as text and as JSON; see counts.h. */
#include "counts.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parley/abi_decode.h"

static const char *const entry_names[PV_STATS_ENTRIES] = {
	[PV_STATS_ENTRY_hypercall] = "hypercall",   [PV_STATS_ENTRY_syscall] = "system_call",
	[PV_STATS_ENTRY_page_fault] = "page_fault", [PV_STATS_ENTRY_trap] = "trap",
	[PV_STATS_ENTRY_emulation] = "emulation",   [PV_STATS_ENTRY_table_write] = "table_write",
	[PV_STATS_ENTRY_interrupt] = "interrupt",   [PV_STATS_ENTRY_upcall] = "upcall",
};

static const char *const work_names[PV_STATS_WORKS] = {
	[PV_STATS_WORK_validation] = "table_validated",
	[PV_STATS_WORK_devalidation] = "table_released",
	[PV_STATS_WORK_base_pointer] = "new_base_pointer",
	[PV_STATS_WORK_flush_all] = "tlb_flush",
	[PV_STATS_WORK_flush_page] = "page_flush",
	[PV_STATS_WORK_context_switch] = "context_switch",
};

/* The three groups of counts. */
struct group {
	const char *title;
	const char *const *names; /* NULL: those of the calls */
	size_t count;
	size_t offset; /* in struct pv_stats */
};

static const struct group groups[] = {
	{ "entries", entry_names, PV_STATS_ENTRIES, offsetof(struct pv_stats, entries) },
	{ "hypercalls", NULL, PV_STATS_CALLS, offsetof(struct pv_stats, hypercalls) },
	{ "work", work_names, PV_STATS_WORKS, offsetof(struct pv_stats, work) },
};

#define GROUP_COUNT (sizeof(groups) / sizeof(groups[0]))

void counts_take(struct counts *counts, size_t index, const uint8_t *payload, size_t size)
{
	struct pv_stats *to = &counts->items[index];

	if (index >= FATES_MAX || size < offsetof(struct pv_stats, hypercalls)) {
		return;
	}
	memset(to, 0, sizeof(*to));
	memcpy(to, payload, size < sizeof(*to) ? size : sizeof(*to));
}

void counts_forget(struct counts *counts, size_t index)
{
	counts->items[index].version = 0;
}

static uint64_t get_count(const struct pv_stats *stats, const struct group *group, size_t i)
{
	uint64_t value;

	memcpy(&value, (const uint8_t *)stats + group->offset + i * sizeof(value), sizeof(value));
	return value;
}

/* Numbers that have no name are told as they are. */
static const char *get_name(const struct group *group, size_t i, char buffer[24])
{
	const char *name = group->names ? group->names[i] : abi_calls[i].name;

	if (name) {
		return name;
	}
	snprintf(buffer, 24, "%zu", i);
	return buffer;
}

static json_t *make_group(const struct pv_stats *stats, const struct group *group)
{
	json_t *object = json_object();
	char buffer[24];

	for (size_t i = 0; i < group->count; i++) {
		uint64_t value = get_count(stats, group, i);

		if (value) {
			json_object_set_new(object, get_name(group, i, buffer),
					    json_integer((json_int_t)value));
		}
	}
	return object;
}

static char *print_json(const struct counts *counts, const struct fates *fates)
{
	json_t *root = json_object();
	char *text;
	char *line;

	for (size_t d = 0; d < fates->count; d++) {
		json_t *domain;

		if (!counts->items[d].version) {
			continue;
		}
		domain = json_object();
		for (size_t g = 0; g < GROUP_COUNT; g++) {
			json_object_set_new(domain, groups[g].title,
					    make_group(&counts->items[d], &groups[g]));
		}
		json_object_set_new(root, fates->items[d].name, domain);
	}
	text = json_dumps(root, JSON_INDENT(2));
	json_decref(root);
	if (!text || asprintf(&line, "%s\n", text) < 0) {
		abort();
	}
	free(text);
	return line;
}

static void print_group(FILE *to, const struct pv_stats *stats, const struct group *group)
{
	char buffer[24];

	for (size_t i = 0; i < group->count; i++) {
		uint64_t value = get_count(stats, group, i);

		if (value) {
			fprintf(to, "  %-12s %-24s %14" PRIu64 "\n", group->title,
				get_name(group, i, buffer), value);
		}
	}
}

char *counts_print(const struct counts *counts, const struct fates *fates, bool as_json)
{
	char *text = NULL;
	size_t size;
	FILE *to;

	if (as_json) {
		return print_json(counts, fates);
	}
	to = open_memstream(&text, &size);
	if (!to) {
		abort();
	}
	for (size_t d = 0; d < fates->count; d++) {
		if (counts->items[d].version) {
			fprintf(to, "%s:\n", fates->items[d].name);
			for (size_t g = 0; g < GROUP_COUNT; g++) {
				print_group(to, &counts->items[d], &groups[g]);
			}
		}
	}
	fclose(to);
	return text;
}
