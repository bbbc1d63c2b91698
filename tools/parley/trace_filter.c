/* `parley trace -e`; see trace_filter.h. */
#include "trace_filter.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <parley/hypercall.h>

#include "abi_decode.h"
#include "text.h"
#include "trace_value.h"

#define KIND(name) (1ULL << PV_TRACE_##name)
#define CALL_KINDS (KIND(hypercall) | KIND(multicall))

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

/* The kinds of a name, 0: it has none. */
static uint64_t find_kinds(const char *name)
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

void trace_filter_init(struct trace_filter *filter)
{
	*filter = (struct trace_filter){
		.kinds = PV_TRACE_ALL & ~KIND(syscall),
		.calls = UINT64_MAX,
		.takes_rest = true,
	};
}

static void take_nothing(struct trace_filter *filter)
{
	*filter = (struct trace_filter){ 0 };
}

static void set_bits(uint64_t *bits, uint64_t which, bool is_wanted)
{
	*bits = is_wanted ? *bits | which : *bits & ~which;
}

/* Some calls: the kinds of calls go on with the first and stay on. */
static void set_calls(struct trace_filter *filter, uint64_t calls, bool is_wanted)
{
	set_bits(&filter->calls, calls, is_wanted);
	if (is_wanted) {
		filter->kinds |= CALL_KINDS;
	}
	for (size_t i = 0; i < filter->operation_count; i++) {
		if (calls >> filter->operations[i].call & 1) {
			filter->operations[i].is_wanted = is_wanted;
		}
	}
}

static bool try_kind(struct trace_filter *filter, const char *name, bool is_wanted)
{
	uint64_t kinds = find_kinds(name);

	set_bits(&filter->kinds, kinds, is_wanted);
	if (kinds & CALL_KINDS) {
		set_calls(filter, UINT64_MAX, is_wanted);
		filter->takes_rest = is_wanted;
	}
	return kinds != 0;
}

static bool try_call(struct trace_filter *filter, const char *name, bool is_wanted)
{
	for (size_t i = 0; i < ABI_CALLS; i++) {
		if (abi_calls[i].name && !strcmp(abi_calls[i].name, name)) {
			set_calls(filter, 1ULL << i, is_wanted);
			return true;
		}
	}
	return false;
}

static bool try_family(struct trace_filter *filter, const char *name, bool is_wanted)
{
	uint64_t calls = 0;

	for (size_t i = 0; i < ABI_CALLS; i++) {
		if (abi_calls[i].family && !strcmp(abi_calls[i].family, name)) {
			calls |= 1ULL << i;
		}
	}
	if (calls) {
		set_calls(filter, calls, is_wanted);
	}
	return calls != 0;
}

static void set_operation(struct trace_filter *filter, size_t call, uint32_t operation,
			  bool is_wanted)
{
	struct trace_filter_operation *entry = NULL;

	for (size_t i = 0; i < filter->operation_count; i++) {
		if (filter->operations[i].call == call &&
		    filter->operations[i].operation == operation) {
			entry = &filter->operations[i];
		}
	}
	if (!entry) {
		entry = &filter->operations[filter->operation_count++];
	}
	*entry = (struct trace_filter_operation){ (uint8_t)call, operation, is_wanted };
	if (is_wanted) {
		filter->kinds |= CALL_KINDS;
	}
}

/* "event_channel_op.send"; as in C or in small letters, which is how people remember them */
static bool try_operation(struct trace_filter *filter, const char *name, bool is_wanted)
{
	const char *dot = strchr(name, '.');

	if (!dot || filter->operation_count == TRACE_FILTER_OPERATIONS) {
		return false;
	}
	for (size_t i = 0; i < ABI_CALLS; i++) {
		const struct abi_call *call = &abi_calls[i];

		if (!call->name || strlen(call->name) != (size_t)(dot - name) ||
		    strncmp(call->name, name, (size_t)(dot - name)) != 0) {
			continue;
		}
		for (size_t j = 0; j < call->operation_count; j++) {
			if (!strcasecmp(call->operations[j].name, dot + 1)) {
				set_operation(filter, i, call->operations[j].number, is_wanted);
				return true;
			}
		}
	}
	return false;
}

/* ---- names, for people ---- */

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

/*
 * The names that somebody may have meant: the nearest, or operations that have the text in
 * their name, as "pin" or "send". Returns "hint", which may be empty.
 */
static const char *suggest(const char *name, char *hint, size_t size)
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

static int refuse(const char *name, struct problem *problem)
{
	char hint[256];

	return problem_set(problem,
			   "-e: \"%s\" is no call, operation, family or kind%s; "
			   "`parley trace --list` prints them",
			   name, suggest(name, hint, sizeof(hint)));
}

static int apply(struct trace_filter *filter, const char *name, struct problem *problem)
{
	bool is_wanted = *name != '!';

	if (!is_wanted) {
		name++;
	}
	if (try_kind(filter, name, is_wanted) || try_call(filter, name, is_wanted) ||
	    try_family(filter, name, is_wanted) || try_operation(filter, name, is_wanted)) {
		return 0;
	}
	return refuse(name, problem);
}

int trace_filter_parse(struct trace_filter *filter, const char *list, struct problem *problem)
{
	char *copy = strdup(list);
	char *rest = copy;
	const char *name;
	int status = 0;

	if (!copy) {
		abort();
	}
	if (*list != '!') {
		take_nothing(filter);
	}
	while (!status && (name = strsep(&rest, ",")) != NULL) {
		status = apply(filter, name, problem);
	}
	free(copy);
	return status;
}

struct question {
	const struct trace_filter *filter;
	uint8_t call;
};

static bool takes_operation(void *context, const struct abi_operation *op)
{
	const struct question *question = context;
	const struct trace_filter *filter = question->filter;

	for (size_t i = 0; op && i < filter->operation_count; i++) {
		if (filter->operations[i].call == question->call &&
		    filter->operations[i].operation == op->number) {
			return filter->operations[i].is_wanted;
		}
	}
	return filter->calls >> question->call & 1;
}

/* Of a batch it is enough that one operation is wanted. */
static bool takes_call(const struct trace_filter *filter, const struct trace_item *item)
{
	struct question question = { filter, item->record.number };

	if (item->record.number >= ABI_CALLS) {
		return filter->takes_rest;
	}
	return trace_visit_operations(item, takes_operation, &question);
}

bool trace_filter_takes(const struct trace_filter *filter, const struct trace_item *item)
{
	uint64_t kind = 1ULL << item->record.kind;

	if (kind & (KIND(lost) | KIND(clock))) {
		return true;
	}
	if (!(filter->kinds & kind)) {
		return false;
	}
	return !(kind & CALL_KINDS) || takes_call(filter, item);
}

uint64_t trace_filter_get_kinds(const struct trace_filter *filter)
{
	/* A domain's end is needed to know when to stop. */
	return filter->kinds | KIND(domain);
}

uint64_t trace_filter_get_calls(const struct trace_filter *filter)
{
	uint64_t calls = filter->calls;

	for (size_t i = 0; i < filter->operation_count; i++) {
		calls |= (uint64_t)filter->operations[i].is_wanted << filter->operations[i].call;
	}
	return calls;
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
