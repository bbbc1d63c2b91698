/* `parley trace -e`; see trace_filter.h. */
#include "trace_filter.h"

#include <stdlib.h>
#include <string.h>

#include <parley/hypercall.h>

#include "abi_decode.h"
#include "text.h"
#include "trace_value.h"

#define KIND(name) (1ULL << PV_TRACE_##name)
#define CALL_KINDS (KIND(hypercall) | KIND(multicall))

/* Kinds by the names that people use, several to a name. */
static const struct {
	const char *name;
	uint64_t kinds;
} kind_names[] = {
	{ "hypercall", CALL_KINDS },      { "exception", KIND(exception) },
	{ "emulation", KIND(emulation) }, { "event", KIND(event) },
	{ "upcall", KIND(upcall) },       { "switch", KIND(switch) },
	{ "domain", KIND(domain) },       { "syscall", KIND(syscall) },
};

#define KIND_NAMES (sizeof(kind_names) / sizeof(kind_names[0]))

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
	if (!strcmp(name, "all")) {
		set_bits(&filter->kinds, PV_TRACE_ALL, is_wanted);
		set_calls(filter, UINT64_MAX, is_wanted);
		filter->takes_rest = is_wanted;
		return true;
	}
	for (size_t i = 0; i < KIND_NAMES; i++) {
		if (strcmp(name, kind_names[i].name)) {
			continue;
		}
		set_bits(&filter->kinds, kind_names[i].kinds, is_wanted);
		if (kind_names[i].kinds == CALL_KINDS) {
			set_bits(&filter->calls, UINT64_MAX, is_wanted);
			filter->takes_rest = is_wanted;
		}
		return true;
	}
	return false;
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

/* "event_channel_op.send" */
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
			if (!strcmp(call->operations[j].name, dot + 1)) {
				set_operation(filter, i, call->operations[j].number, is_wanted);
				return true;
			}
		}
	}
	return false;
}

/* All names, for the nearest to a misspelt one. The caller frees the list. */
static const char **list_names(void)
{
	const char **names = calloc(KIND_NAMES + 2 * ABI_CALLS + 2, sizeof(*names));
	size_t count = 0;

	if (!names) {
		abort();
	}
	for (size_t i = 0; i < KIND_NAMES; i++) {
		names[count++] = kind_names[i].name;
	}
	for (size_t i = 0; i < ABI_CALLS; i++) {
		if (abi_calls[i].name) {
			names[count++] = abi_calls[i].name;
		}
		if (abi_calls[i].family) {
			names[count++] = abi_calls[i].family;
		}
	}
	names[count] = "all";
	return names;
}

static int refuse(const char *name, struct problem *problem)
{
	const char **names = list_names();
	const char *nearest = text_find_nearest(name, names);
	char hint[128] = "";

	if (nearest) {
		snprintf(hint, sizeof(hint), " (did you mean \"%s\"?)", nearest);
	}
	free(names);
	return problem_set(problem,
			   "-e: \"%s\" is no call, operation, family or kind%s; "
			   "`parley trace --list` prints them",
			   name, hint);
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

static bool takes_call(const struct trace_filter *filter, const struct trace_item *item)
{
	const struct abi_operation *op = trace_get_operation(item);

	if (item->record.number >= ABI_CALLS) {
		return filter->takes_rest;
	}
	for (size_t i = 0; op && i < filter->operation_count; i++) {
		if (filter->operations[i].call == item->record.number &&
		    filter->operations[i].operation == op->number) {
			return filter->operations[i].is_wanted;
		}
	}
	return filter->calls >> item->record.number & 1;
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

void trace_filter_print_names(FILE *to)
{
	fputs("kinds:\n ", to);
	for (size_t i = 0; i < KIND_NAMES; i++) {
		fprintf(to, " %s", kind_names[i].name);
	}
	fputs(" all\nfamilies, and the calls of each (CALL.OPERATION names one operation):\n", to);
	for (size_t i = 0; i < ABI_CALLS; i++) {
		if (!abi_calls[i].family || !is_first_of_family(i)) {
			continue;
		}
		fprintf(to, "  %-12s", abi_calls[i].family);
		for (size_t j = i; j < ABI_CALLS; j++) {
			if (abi_calls[j].family &&
			    !strcmp(abi_calls[i].family, abi_calls[j].family)) {
				fprintf(to, " %s", abi_calls[j].name);
			}
		}
		fputc('\n', to);
	}
}
