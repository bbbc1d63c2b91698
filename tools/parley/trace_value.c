/*
 * The walk through a call's arguments by the tables of abi_decode.h; see
 * trace_value.h. What a record took along is used as far as it goes, never beyond.
 */
#include "trace_value.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <parley/hypercall.h>
#include <parley/mmu.h>
#include <parley/types.h>

#define TEXT_MAX 192

/* Negative results down to this are errors. */
#define ERROR_MAX 4095

/* A walk: what is the same at each step. */
struct walk {
	const struct trace_item *item;
	const struct abi_call *call;
	const struct trace_visitor *visitor;
	bool is_failed; /* what the call would have written was not */
};

/* The argument whose target was taken along, -1: none. */
static int captured_arg(const struct abi_call *call)
{
	for (size_t i = 0; i < call->arg_count; i++) {
		if (call->args[i].target != ABI_TARGET_none && call->args[i].direction != ABI_OUT) {
			return (int)i;
		}
	}
	return -1;
}

/* ---- single values ---- */

static void put(const struct walk *walk, const char *name, enum trace_form form, uint64_t number,
		const char *text)
{
	struct trace_value value = { .form = form, .number = number, .text = text };

	walk->visitor->value(walk->visitor->context, name, &value);
}

static void put_hex(const struct walk *walk, const char *name, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, number);
	put(walk, name, TRACE_FORM_hex, number, text);
}

static void put_flags(const struct walk *walk, const char *name, const struct abi_names *names,
		      uint64_t number)
{
	char text[TEXT_MAX] = "";
	uint64_t left = number;
	size_t used = 0;

	for (size_t i = 0; names && i < names->count; i++) {
		uint64_t bits = (uint64_t)names->list[i].value;

		if (bits && (left & bits) == bits && used < sizeof(text)) {
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s",
						 used ? "|" : "", names->list[i].name);
			left &= ~bits;
		}
	}
	if (left && used < sizeof(text)) {
		snprintf(text + used, sizeof(text) - used, "%s0x%" PRIx64, used ? "|" : "", left);
	}
	put(walk, name, TRACE_FORM_word, number, number ? text : "0");
}

static void put_name(const struct walk *walk, const char *name, const struct abi_names *names,
		     int64_t number)
{
	const char *word = trace_find_in(names, number);

	if (word) {
		put(walk, name, TRACE_FORM_word, (uint64_t)number, word);
	} else {
		put(walk, name, TRACE_FORM_signed, (uint64_t)number, NULL);
	}
}

static void put_entry(const struct walk *walk, const char *name, uint64_t number)
{
	char text[TRACE_ENTRY_TEXT_MAX];

	put(walk, name, TRACE_FORM_entry, number, trace_describe_entry(number, text));
}

static void put_call(const struct walk *walk, const char *name, uint64_t number)
{
	if (number < ABI_CALLS && abi_calls[number].name) {
		put(walk, name, TRACE_FORM_word, number, abi_calls[number].name);
	} else {
		put(walk, name, TRACE_FORM_number, number, NULL);
	}
}

static int64_t sign_extend(uint64_t number, size_t size)
{
	unsigned int shift = size < 8 ? (unsigned int)(64 - 8 * size) : 0;

	return (int64_t)(number << shift) >> shift;
}

static void put_scalar(const struct walk *walk, const char *name, uint8_t kind,
		       const struct abi_names *names, uint64_t number, size_t size)
{
	switch (kind) {
	case ABI_KIND_signed:
		put(walk, name, TRACE_FORM_signed, (uint64_t)sign_extend(number, size), NULL);
		break;
	case ABI_KIND_bool:
		put(walk, name, TRACE_FORM_word, number, number ? "true" : "false");
		break;
	case ABI_KIND_domid:
		if ((uint16_t)number == PV_DOMID_SELF) {
			put(walk, name, TRACE_FORM_word, number, "self");
			break;
		}
		put(walk, name, TRACE_FORM_number, number, NULL);
		break;
	case ABI_KIND_hex:
	case ABI_KIND_mfn:
	case ABI_KIND_pfn:
	case ABI_KIND_maddr:
	case ABI_KIND_gva:
	case ABI_KIND_descriptor:
	case ABI_KIND_selector:
		put_hex(walk, name, number);
		break;
	case ABI_KIND_pte:
		put_entry(walk, name, number);
		break;
	case ABI_KIND_call:
		put_call(walk, name, number);
		break;
	case ABI_KIND_name:
		put_name(walk, name, names, (int64_t)number);
		break;
	case ABI_KIND_flags:
		put_flags(walk, name, names, number);
		break;
	case ABI_KIND_status:
		put_name(walk, name, names, sign_extend(number, size));
		break;
	default:
		put(walk, name, TRACE_FORM_number, number, NULL);
		break;
	}
}

/* ---- structures ---- */

static void visit_structure(const struct walk *walk, const char *name,
			    const struct abi_structure *s, const struct abi_operation *op,
			    const uint8_t *bytes, size_t size);

/* "mfn" of "arg1.mfn". */
static const char *short_name(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot ? dot + 1 : name;
}

static void visit_uuid(const struct walk *walk, const char *name, const uint8_t *bytes)
{
	char text[40] = "";
	size_t used = 0;

	for (size_t i = 0; i < 16; i++) {
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%02x",
					 i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
					 bytes[i]);
	}
	put(walk, name, TRACE_FORM_string, 0, text);
}

static void visit_text(const struct walk *walk, const char *name, const uint8_t *bytes, size_t size)
{
	char text[PV_TRACE_EXTRA_MAX + 1];
	size_t length =
		strnlen((const char *)bytes, size < PV_TRACE_EXTRA_MAX ? size : PV_TRACE_EXTRA_MAX);

	memcpy(text, bytes, length);
	text[length] = '\0';
	put(walk, name, TRACE_FORM_string, 0, text);
}

static void visit_element(const struct walk *walk, const char *name, const struct abi_field *field,
			  const uint8_t *bytes)
{
	if (field->kind == ABI_KIND_struct) {
		visit_structure(walk, name, field->structure, NULL, bytes, field->size);
	} else {
		put_scalar(walk, name, field->kind, field->names, trace_load(bytes, field->size),
			   field->size);
	}
}

static void visit_list_field(const struct walk *walk, const char *name,
			     const struct abi_field *field, const uint8_t *bytes, size_t size)
{
	size_t i;

	walk->visitor->open(walk->visitor->context, name, true);
	for (i = 0; i < field->count && (i + 1) * field->size <= size; i++) {
		visit_element(walk, NULL, field, bytes + i * field->size);
	}
	if (i < field->count) {
		put(walk, NULL, TRACE_FORM_more, 0, NULL);
	}
	walk->visitor->close(walk->visitor->context, true);
}

/* "size" bytes are there from the field on. */
static void visit_field(const struct walk *walk, const struct abi_field *field,
			const uint8_t *bytes, size_t size)
{
	const char *name = short_name(field->name);

	if (field->kind == ABI_KIND_text) {
		visit_text(walk, name, bytes,
			   size < (size_t)field->count * field->size ?
				   size :
				   (size_t)field->count * field->size);
	} else if (field->kind == ABI_KIND_uuid && size >= 16) {
		visit_uuid(walk, name, bytes);
	} else if (field->count > 1) {
		visit_list_field(walk, name, field, bytes, size);
	} else if (size >= field->size) {
		visit_element(walk, name, field, bytes);
	} else {
		put(walk, name, TRACE_FORM_more, 0, NULL);
	}
}

/* Is it there at all, as a member of a union, for the operation, and as what the call wrote? */
static bool has_field(const struct walk *walk, const struct abi_structure *s, size_t index,
		      const struct abi_operation *op, const uint8_t *bytes, size_t size)
{
	const struct abi_field *field = &s->fields[index];
	const struct abi_field *when;

	if (field->kind == ABI_KIND_pad || (field->direction == ABI_OUT && walk->is_failed) ||
	    (op && index < 64 && !(op->fields >> index & 1))) {
		return false;
	}
	if (field->when_field < 0) {
		return true;
	}
	when = &s->fields[field->when_field];
	return when->offset + when->size <= size && (trace_load(bytes + when->offset, when->size) &
						     field->when_mask) == field->when_value;
}

/* The field in which an element of a batch says what it is: the operation's name. */
static void visit_selector(const struct walk *walk, const struct abi_field *field,
			   const struct abi_operation *op, const uint8_t *bytes)
{
	uint64_t number = trace_load(bytes, field->size);
	bool is_whole = field->size <= 4;

	if (op) {
		put(walk, is_whole ? short_name(field->name) : "op", TRACE_FORM_word, op->number,
		    op->name);
	} else {
		put(walk, is_whole ? short_name(field->name) : "op", TRACE_FORM_number,
		    number & walk->call->selector_mask, NULL);
	}
	if (!is_whole) {
		put_scalar(walk, short_name(field->name), field->kind, field->names,
			   number & ~(uint64_t)walk->call->selector_mask, field->size);
	}
}

static void visit_structure(const struct walk *walk, const char *name,
			    const struct abi_structure *s, const struct abi_operation *op,
			    const uint8_t *bytes, size_t size)
{
	bool is_batch = walk->call->selector_field >= 0 &&
			s == walk->call->args[walk->call->selector_arg].structure;

	if (size > s->size) {
		size = s->size;
	}
	walk->visitor->open(walk->visitor->context, name, false);
	for (size_t i = 0; i < s->field_count; i++) {
		const struct abi_field *field = &s->fields[i];

		if (field->offset >= size) {
			put(walk, NULL, TRACE_FORM_more, 0, NULL);
			break;
		}
		if (is_batch && i == (size_t)walk->call->selector_field &&
		    field->offset + field->size <= size) {
			visit_selector(walk, field, op, bytes + field->offset);
		} else if (has_field(walk, s, i, op, bytes, size)) {
			visit_field(walk, field, bytes + field->offset, size - field->offset);
		}
	}
	walk->visitor->close(walk->visitor->context, false);
}

/* ---- arguments ---- */

/* What an argument points to: a structure, or values of one kind. */
struct target {
	const struct abi_structure *structure;
	const struct abi_operation *op; /* that the structure is of */
	uint8_t kind;
	size_t size; /* of an element */
};

static bool find_target(const struct walk *walk, const struct abi_argument *arg,
			const struct abi_operation *op, struct target *target)
{
	*target = (struct target){ .structure = arg->structure };
	if (arg->target == ABI_TARGET_operation) {
		if (!op) {
			return false;
		}
		target->structure = op->structure;
		target->op = op;
	} else if (arg->target == ABI_TARGET_values) {
		target->kind = arg->target_kind;
		target->size = arg->target_size;
	}
	if (target->structure) {
		target->size = target->structure->size;
	}
	return target->size > 0;
}

static void visit_target_element(const struct walk *walk, const char *name,
				 const struct target *target, size_t offset)
{
	const uint8_t *bytes = walk->item->extra + offset;
	size_t size = walk->item->record.extra - offset;
	const struct abi_operation *op = target->op;

	if (!target->structure) {
		put_scalar(walk, name, target->kind, NULL, trace_load(bytes, target->size),
			   target->size);
		return;
	}
	if (!op) {
		op = trace_get_element_operation(walk->call, target->structure, bytes);
	}
	visit_structure(walk, name, target->structure, op, bytes, size);
}

static void visit_target_list(const struct walk *walk, const char *name,
			      const struct target *target, uint64_t count)
{
	size_t there = walk->item->record.extra / target->size;
	size_t i;

	walk->visitor->open(walk->visitor->context, name, true);
	for (i = 0; i < count && i < there; i++) {
		visit_target_element(walk, NULL, target, i * target->size);
	}
	if (i < count) {
		put(walk, NULL, TRACE_FORM_more, 0, NULL);
	}
	walk->visitor->close(walk->visitor->context, true);
}

static void visit_pointer(const struct walk *walk, int index, const struct abi_argument *arg,
			  const struct abi_operation *op)
{
	uint64_t gva = walk->item->record.args[index];
	struct target target;

	if (gva == 0) {
		put(walk, arg->name, TRACE_FORM_word, 0, "NULL");
	} else if (index != captured_arg(walk->call) || walk->item->record.extra == 0 ||
		   !find_target(walk, arg, op, &target)) {
		put_hex(walk, arg->name, gva);
	} else if (arg->count_arg >= 0) {
		visit_target_list(walk, arg->name, &target, trace_count_list(walk->item, arg));
	} else {
		visit_target_element(walk, arg->name, &target, 0);
	}
}

static void visit_argument(const struct walk *walk, int index, const struct abi_operation *op)
{
	const struct abi_argument *arg = &walk->call->args[index];
	uint64_t value = walk->item->record.args[index];

	if (index == walk->call->selector_arg && walk->call->selector_field < 0) {
		if (op) {
			put(walk, arg->name, TRACE_FORM_word, value, op->name);
		} else {
			put(walk, arg->name, TRACE_FORM_number, value, NULL);
		}
	} else if (arg->target == ABI_TARGET_operation && op && !op->structure && value == 0) {
		return; /* an operation that takes no structure */
	} else if (arg->target != ABI_TARGET_none) {
		visit_pointer(walk, index, arg, op);
	} else {
		put_scalar(walk, arg->name, arg->kind, arg->names, value, sizeof(value));
	}
}

/* iret takes a frame on the stack, which is what was taken along. */
static void visit_iret(const struct walk *walk)
{
	const struct abi_structure *frame = abi_structure_find("pv_iret_context");

	if (frame && walk->item->record.extra) {
		visit_structure(walk, "frame", frame, NULL, walk->item->extra,
				walk->item->record.extra);
	}
}

static void visit_unknown(const struct walk *walk)
{
	static const char *const names[] = { "arg1", "arg2", "arg3", "arg4", "arg5", "arg6" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		put_hex(walk, names[i], walk->item->record.args[i]);
	}
}

void trace_visit_arguments(const struct trace_item *item, const struct trace_visitor *visitor)
{
	struct walk walk = {
		.item = item,
		.call = trace_get_call(item),
		.visitor = visitor,
		.is_failed = item->record.result < 0,
	};
	const struct abi_operation *op;

	if (!walk.call || (!walk.call->is_served && walk.call->arg_count == 0)) {
		visit_unknown(&walk);
		return;
	}
	if (item->record.number == PV_HYPERCALL_iret) {
		visit_iret(&walk);
		return;
	}
	op = walk.call->selector_field < 0 ? trace_get_operation(item) : NULL;
	for (size_t i = 0; i < walk.call->arg_count && i < 6; i++) {
		visit_argument(&walk, (int)i, op);
	}
}

/* ---- results ---- */

static bool is_error(const struct trace_item *item)
{
	return !(item->record.flags & (PV_TRACE_FLAG_restart | PV_TRACE_FLAG_no_result)) &&
	       item->record.result < 0 && item->record.result >= -ERROR_MAX;
}

const char *trace_get_error(const struct trace_item *item)
{
	const char *name = is_error(item) ? trace_find_name(ABI_ERRNOS, -item->record.result) :
					    NULL;

	return is_error(item) && !name ? "E?" : name;
}

void trace_visit_result(const struct trace_item *item, const struct trace_visitor *visitor)
{
	struct walk walk = { .item = item, .call = trace_get_call(item), .visitor = visitor };
	const struct abi_operation *op = trace_get_operation(item);
	const char *error = trace_get_error(item);
	char text[32];

	if (item->record.flags & PV_TRACE_FLAG_no_result) {
		put(&walk, "result", TRACE_FORM_word, 0, "?");
	} else if (item->record.flags & PV_TRACE_FLAG_restart) {
		put(&walk, "result", TRACE_FORM_word, 0, "restarted");
	} else if (error && strcmp(error, "E?") != 0) {
		snprintf(text, sizeof(text), "-%s", error);
		put(&walk, "result", TRACE_FORM_word, (uint64_t)item->record.result, text);
	} else if (error || !walk.call) {
		put(&walk, "result", TRACE_FORM_signed, (uint64_t)item->record.result, NULL);
	} else {
		put_scalar(&walk, "result", op ? op->result : walk.call->result, NULL,
			   (uint64_t)item->record.result, sizeof(uint64_t));
	}
}
