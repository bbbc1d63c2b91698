/* Names that `parley trace -e` takes; see trace_filter_names.h. */
#include "trace_filter_names.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "abi_decode.h"
#include "text.h"
#include "trace_filter.h"

/* Names for several kinds; a single one goes by the name that the ABI has for it. */
static const struct {
	const char *name;
	uint64_t kinds;
} group_names[] = {
	{ "hypercall", CALL_KINDS },
	{ "fault", KIND(exception) | KIND(emulation) },
	{ "all", PV_TRACE_ALL },
};

#define GROUP_NAMES (sizeof(group_names) / sizeof(group_names[0]))

/* Always told, so there is no choosing them; a multicall's calls go with the others. */
#define NO_CHOICE (KIND(lost) | KIND(clock) | CALL_KINDS)

uint64_t trace_find_kinds(const char *name)
{
	const struct abi_names *kinds = abi_names_find("PV_TRACE_");

	for (size_t i = 0; i < GROUP_NAMES; i++) {
		if (!strcmp(name, group_names[i].name)) {
			return group_names[i].kinds;
		}
	}
	for (size_t i = 0; kinds && i < kinds->count; i++) {
		uint64_t kind = 1ULL << kinds->list[i].value;

		if (!(kind & NO_CHOICE) && !strcmp(name, kinds->list[i].name)) {
			return kind;
		}
	}
	return 0;
}

struct name_list {
	char **names; /* ends with NULL */
	size_t count;
};

static void add_name(struct name_list *list, const char *name, const char *operation)
{
	size_t size = strlen(name) + (operation ? strlen(operation) + 1 : 0) + 1;
	char *text = malloc(size);

	list->names = reallocarray(list->names, list->count + 2, sizeof(*list->names));
	if (!text || !list->names) {
		abort();
	}
	snprintf(text, size, "%s%s%s", name, operation ? "." : "", operation ? operation : "");
	list->names[list->count++] = text;
	list->names[list->count] = NULL;
}

static void free_names(struct name_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->names[i]);
	}
	free(list->names);
}

static void list_kinds(struct name_list *list)
{
	const struct abi_names *kinds = abi_names_find("PV_TRACE_");

	for (size_t i = 0; i < GROUP_NAMES; i++) {
		add_name(list, group_names[i].name, NULL);
	}
	for (size_t i = 0; kinds && i < kinds->count; i++) {
		if (!(1ULL << kinds->list[i].value & NO_CHOICE)) {
			add_name(list, kinds->list[i].name, NULL);
		}
	}
}

/* All names, for the nearest to a misspelt one. */
static struct name_list list_names(void)
{
	struct name_list list = { 0 };

	list_kinds(&list);
	for (size_t i = 0; i < ABI_CALLS; i++) {
		const struct abi_call *call = &abi_calls[i];

		if (call->name) {
			add_name(&list, call->name, NULL);
		}
		if (call->family) {
			add_name(&list, call->family, NULL);
		}
		for (size_t j = 0; call->name && j < call->operation_count; j++) {
			add_name(&list, call->name, call->operations[j].name);
		}
	}
	return list;
}

const char *trace_suggest_name(const char *name, char *hint, size_t size)
{
	struct name_list list = list_names();
	const char *nearest = text_find_nearest(name, (const char *const *)list.names);
	const char *part = strchr(name, '.') ? strchr(name, '.') + 1 : name;
	size_t used = 0;

	hint[0] = '\0';
	if (nearest) {
		snprintf(hint, size, " (did you mean \"%s\"?)", nearest);
	}
	for (size_t i = 0; !nearest && strlen(part) >= 3 && i < list.count; i++) {
		const char *dot = strchr(list.names[i], '.');

		if (dot && strcasestr(dot, part) && used < size / 2) {
			used += (size_t)snprintf(hint + used, size - used, "%s \"%s\"",
						 used ? "," : " (there are", list.names[i]);
		}
	}
	if (used) {
		snprintf(hint + used, size - used, ")");
	}
	free_names(&list);
	return hint;
}

static bool is_first_of_family(size_t call)
{
	for (size_t i = 0; i < call; i++) {
		if (abi_calls[i].family && !strcmp(abi_calls[i].family, abi_calls[call].family)) {
			return false;
		}
	}
	return true;
}

/* "  name: operation, operation", broken into lines of 100 characters. */
static void print_call(FILE *to, const struct abi_call *call)
{
	int column = fprintf(to, "    %s", call->name);

	for (size_t i = 0; i < call->operation_count; i++) {
		const char *name = call->operations[i].name;

		if (column + strlen(name) + 1 > 100) {
			column = fprintf(to, "\n       ") - 1;
		}
		column += fprintf(to, "%s%s", i ? " " : ": ", name);
	}
	fputc('\n', to);
}

void trace_filter_print_names(FILE *to)
{
	struct name_list kinds = { 0 };

	list_kinds(&kinds);
	fputs("kinds:\n ", to);
	for (size_t i = 0; i < kinds.count; i++) {
		fprintf(to, " %s", kinds.names[i]);
	}
	free_names(&kinds);
	fputs("\n  (hypercall has those of multicalls; fault is exception and emulation)\n"
	      "families, their calls, and the operations of these, as CALL.OPERATION:\n",
	      to);
	for (size_t i = 0; i < ABI_CALLS; i++) {
		if (!abi_calls[i].family || !is_first_of_family(i)) {
			continue;
		}
		fprintf(to, "  %s\n", abi_calls[i].family);
		for (size_t j = i; j < ABI_CALLS; j++) {
			if (abi_calls[j].family &&
			    !strcmp(abi_calls[i].family, abi_calls[j].family)) {
				print_call(to, &abi_calls[j]);
			}
		}
	}
}
