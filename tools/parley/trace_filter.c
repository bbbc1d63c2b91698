/* `parley trace -e`; see trace_filter.h. */
#include "trace_filter.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "abi_decode.h"
#include "trace_filter_names.h"
#include "trace_value.h"

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
	uint64_t kinds = trace_find_kinds(name);

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

static int refuse(const char *name, struct problem *problem)
{
	char hint[256];

	return problem_set(problem,
			   "-e: \"%s\" is no call, operation, family or kind%s; "
			   "`parley trace --list` prints them",
			   name, trace_suggest_name(name, hint, sizeof(hint)));
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
