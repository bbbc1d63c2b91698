/* Which call and operations a record is of; see trace_call.h. */
#include "trace_call.h"

#include <stdio.h>
#include <string.h>

#include <parley/mmu.h>

static bool is_call(const struct trace_item *item)
{
	return item->record.kind == PV_TRACE_hypercall || item->record.kind == PV_TRACE_multicall;
}

const struct abi_call *trace_get_call(const struct trace_item *item)
{
	if (!is_call(item) || item->record.number >= ABI_CALLS ||
	    !abi_calls[item->record.number].name) {
		return NULL;
	}
	return &abi_calls[item->record.number];
}

const char *trace_get_call_name(const struct trace_item *item, char buffer[24])
{
	const struct abi_call *call = trace_get_call(item);

	if (call) {
		return call->name;
	}
	snprintf(buffer, 24, "unknown_%u", item->record.number);
	return buffer;
}

const char *trace_find_in(const struct abi_names *names, int64_t value)
{
	for (size_t i = 0; names && i < names->count; i++) {
		if (names->list[i].value == value) {
			return names->list[i].name;
		}
	}
	return NULL;
}

const char *trace_find_name(const char *prefix, int64_t value)
{
	return trace_find_in(abi_names_find(prefix), value);
}

/* ---- operations ---- */

static const struct abi_operation *find_operation(const struct abi_call *call, uint64_t number)
{
	for (size_t i = 0; i < call->operation_count; i++) {
		if (call->operations[i].number == (number & call->selector_mask)) {
			return &call->operations[i];
		}
	}
	return NULL;
}

uint64_t trace_load(const uint8_t *bytes, size_t size)
{
	uint64_t value = 0;

	memcpy(&value, bytes, size < sizeof(value) ? size : sizeof(value));
	return value;
}

const struct abi_operation *trace_get_element_operation(const struct abi_call *call,
							const struct abi_structure *s,
							const uint8_t *bytes)
{
	const struct abi_field *field;

	if (call->selector_field < 0 || (size_t)call->selector_field >= s->field_count) {
		return NULL;
	}
	field = &s->fields[call->selector_field];
	return find_operation(call, trace_load(bytes + field->offset, field->size));
}

const struct abi_operation *trace_get_operation(const struct trace_item *item)
{
	const struct abi_call *call = trace_get_call(item);
	const struct abi_structure *s;

	if (!call || call->selector_arg < 0) {
		return NULL;
	}
	if (call->selector_field < 0) {
		return find_operation(call, item->record.args[call->selector_arg]);
	}
	s = call->args[call->selector_arg].structure;
	return s && item->record.extra >= s->size ?
		       trace_get_element_operation(call, s, item->extra) :
		       NULL;
}

/* The argument that is a list, -1: there is none. Characters are a text. */
static int list_arg(const struct abi_call *call)
{
	for (size_t i = 0; call && i < call->arg_count; i++) {
		const struct abi_argument *arg = &call->args[i];

		if (arg->count_arg >= 0 &&
		    (arg->target != ABI_TARGET_values || arg->target_size > 1)) {
			return (int)i;
		}
	}
	return -1;
}

uint64_t trace_count_list(const struct trace_item *item, const struct abi_argument *arg)
{
	uint64_t count;

	if (arg->count_arg < 0) {
		return 1;
	}
	count = (uint32_t)item->record.args[arg->count_arg] & ~PV_MMU_UPDATE_PREEMPTED;
	return (count + arg->count_per - 1) / (arg->count_per ? arg->count_per : 1);
}

uint64_t trace_count_elements(const struct trace_item *item)
{
	const struct abi_call *call = trace_get_call(item);
	int index = list_arg(call);

	return index < 0 ? 0 : trace_count_list(item, &call->args[index]);
}

bool trace_visit_operations(const struct trace_item *item, trace_operation_fn *wants, void *context)
{
	const struct abi_call *call = trace_get_call(item);
	const struct abi_structure *s;
	uint64_t count, there;

	if (!call || call->selector_field < 0) {
		return wants(context, trace_get_operation(item));
	}
	s = call->args[call->selector_arg].structure;
	count = s ? trace_count_elements(item) : 0;
	there = s ? item->record.extra / s->size : 0;
	for (uint64_t i = 0; i < count && i < there; i++) {
		if (wants(context,
			  trace_get_element_operation(call, s, item->extra + i * s->size))) {
			return true;
		}
	}
	/* What could not be read, or was cut off, may be anything. */
	return (there == 0 || there < count) && wants(context, NULL);
}
