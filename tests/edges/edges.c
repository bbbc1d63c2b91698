/*
 * The sweep. For each operation of each call all arguments and fields ("slots") get
 * values that make sense, then each slot in turn each of its edges, then pairs of
 * slots. After each call: the result is 0 or more or an error that the list has for
 * the call or the operation, and of the memory nothing has changed but what the list
 * says is written.
 *
 * Memory is as long as what a pointer leads to: it lies at the end, so a call that
 * reads or writes too far runs out of it.
 */
#include "edges.h"

#define SLOTS_MAX 80
#define LIST      4096 /* bytes at the start of memory that pointers in structures lead to */
#define PATTERN   0xa5

struct slot {
	const struct edge_number *number;
	struct edge_place place;
	int arg;         /* index, or -1: a field */
	uint32_t offset; /* of the field */
};

/* One operation of one call, or a call without operations. */
struct sweep {
	struct edge_world *w;
	const struct edge_call *call;
	const struct edge_operation *op; /* NULL: none, or one that does not exist */
	uint8_t hazard;
	uint64_t number; /* of the operation */
	bool is_unknown; /* there is no such operation */
	const struct edge_structure *structure;
	uint32_t size; /* of what the pointer leads to */
	bool is_written;
	int pointer; /* the argument that leads to it, -1: none */
	struct slot slots[SLOTS_MAX];
	uint32_t slot_count;
	bool is_set[SLOTS_MAX]; /* has the value here; else one that makes sense at the time */
	uint64_t values[SLOTS_MAX];
};

static uint32_t round_up(uint32_t size)
{
	return (size + 7) & ~7U;
}

static uint8_t *object(const struct sweep *s)
{
	return s->w->memory + EDGE_MEMORY - round_up(s->size);
}

/* Sizes and places are multiples of 8. */
static void fill(uint8_t *to, uint8_t value, size_t size)
{
	uint64_t *words = (uint64_t *)(void *)to;

	for (size_t i = 0; i < size / 8; i++) {
		words[i] = value * 0x0101010101010101UL;
	}
}

static void copy(uint8_t *to, const uint8_t *from, size_t size)
{
	uint64_t *words = (uint64_t *)(void *)to;

	for (size_t i = 0; i < size / 8; i++) {
		words[i] = ((const uint64_t *)(const void *)from)[i];
	}
}

static void store(uint8_t *to, uint64_t value, uint32_t size)
{
	for (uint32_t i = 0; i < size && i < 8; i++) {
		to[i] = (uint8_t)(value >> (8 * i));
	}
}

/* ---- slots ---- */

static struct edge_place place_of(const struct sweep *s, bool is_pointer)
{
	struct edge_place place = { s->w->page, s->w->page + 4096,
				    s->hazard == EDGE_keeps && s->w->is_live };

	if (is_pointer) {
		place.start = (uint64_t)(uintptr_t)s->w->memory;
		place.end = (uint64_t)(uintptr_t)s->w->memory + EDGE_MEMORY;
	}
	return place;
}

static void add_slot(struct sweep *s, const struct edge_number *number, int arg, uint32_t offset,
		     struct edge_place place)
{
	struct slot *slot = &s->slots[s->slot_count];

	if (s->slot_count < SLOTS_MAX) {
		slot->number = number;
		slot->arg = arg;
		slot->offset = offset;
		slot->place = place;
		s->slot_count++;
	}
}

static void add_args(struct sweep *s)
{
	for (uint32_t i = 0; i < s->call->arg_count; i++) {
		const struct edge_argument *arg = &s->call->args[i];
		struct edge_place place = place_of(s, arg->target != EDGE_NOTHING);

		if ((int)i == s->pointer) {
			place.start = (uint64_t)(uintptr_t)object(s);
		} else if (arg->target != EDGE_NOTHING) {
			place.start += LIST;
		}
		add_slot(s, &arg->number, (int)i, 0, place);
	}
}

static void add_fields(struct sweep *s)
{
	uint64_t used = s->op ? s->op->fields : ~0UL;

	for (uint32_t i = 0; s->structure && i < s->structure->field_count; i++) {
		const struct edge_field *field = &s->structure->fields[i];

		if ((i >= 64 || (used & 1UL << i)) && field->number.kind != EDGE_KIND_struct &&
		    (field->number.direction & EDGE_IN || field->number.kind == EDGE_KIND_pad ||
		     field->number.kind == EDGE_KIND_gva)) {
			add_slot(s, &field->number, -1, field->offset,
				 place_of(s, s->hazard != EDGE_keeps));
		}
	}
}

/* The argument that leads to the operation's structure, or to the first values. */
static void find_object(struct sweep *s)
{
	s->pointer = -1;
	for (uint32_t i = 0; i < s->call->arg_count && s->pointer < 0; i++) {
		const struct edge_argument *arg = &s->call->args[i];

		if (arg->target == EDGE_NOTHING) {
			continue;
		}
		s->pointer = (int)i;
		s->is_written = (arg->number.direction & EDGE_OUT) != 0;
		if (arg->target == EDGE_OPERATION) {
			s->structure = s->op ? s->op->structure : NULL;
			s->size = s->structure ? s->structure->size : s->op ? s->op->size : 0;
			s->is_written = s->op && (s->op->direction & EDGE_OUT);
		} else if (arg->target == EDGE_STRUCTURE) {
			s->structure = arg->structure;
			s->size = s->structure->size;
		} else {
			s->size = arg->size;
		}
	}
	s->size = s->size == 0 ? 8 : s->size;
}

/* ---- one call ---- */

static void put_selector(struct sweep *s, uint64_t args[EDGE_ARGS])
{
	uint64_t mask = s->call->selector_mask;

	if (s->call->selector_arg < 0) {
		return;
	}
	if (s->call->selector_field < 0) {
		args[s->call->selector_arg] = s->number;
	} else {
		const struct edge_field *field = &s->structure->fields[s->call->selector_field];
		uint64_t value = 0;

		for (uint32_t i = 0; i < field->number.size; i++) {
			value |= (uint64_t)object(s)[field->offset + i] << (8 * i);
		}
		value = (value & ~mask) | (s->number & mask);
		store(object(s) + field->offset, value, field->number.size);
	}
}

/* What makes sense may be another thing at each call. */
static uint64_t value_of(const struct sweep *s, uint32_t i)
{
	const struct slot *slot = &s->slots[i];
	uint64_t value;

	if (s->is_set[i]) {
		return s->values[i];
	}
	if (s->w->sane && s->w->sane(s->w, s->call, s->op, slot->number, &value)) {
		return value;
	}
	return edge_sane(s->w, slot->number, &slot->place);
}

static void prepare(struct sweep *s, uint64_t args[EDGE_ARGS])
{
	fill(s->w->memory, 0, LIST);
	fill(s->w->memory + LIST, PATTERN, EDGE_MEMORY - LIST);
	/* Characters may be printed. */
	fill(object(s), s->size == 1 ? '.' : 0, round_up(s->size));
	for (uint32_t i = 0; i < EDGE_ARGS; i++) {
		args[i] = 0;
	}
	for (uint32_t i = 0; i < s->slot_count; i++) {
		const struct slot *slot = &s->slots[i];

		if (slot->arg >= 0) {
			args[slot->arg] = value_of(s, i);
		} else {
			store(object(s) + slot->offset, value_of(s, i), slot->number->size);
		}
	}
	put_selector(s, args);
	copy(s->w->before, s->w->memory, EDGE_MEMORY);
}

static bool is_in(const uint8_t *errors, uint32_t count, long error)
{
	for (uint32_t i = 0; i < count; i++) {
		if (errors[i] == error) {
			return true;
		}
	}
	return false;
}

/* Which operation it was in the end: the selector is a slot as well. */
static bool is_listed(const struct sweep *s, long result)
{
	if (result >= 0 || s->call->any_result ||
	    is_in(s->call->errors, s->call->error_count, -result)) {
		return true;
	}
	for (uint32_t i = 0; i < s->call->operation_count; i++) {
		const struct edge_operation *op = &s->call->operations[i];

		if ((op == s->op || s->op == NULL) && is_in(op->errors, op->error_count, -result)) {
			return true;
		}
	}
	return false;
}

/* May the byte at this place of the structure change? */
static bool field_is_written(const struct edge_structure *structure, uint64_t at)
{
	for (uint32_t i = 0; structure && i < structure->field_count; i++) {
		const struct edge_field *field = &structure->fields[i];

		if (at - field->offset < field->bytes && field->number.kind != EDGE_KIND_gva &&
		    (field->number.direction & EDGE_OUT)) {
			return true;
		}
	}
	return structure == NULL;
}

static uint64_t elements(const struct edge_argument *arg, const uint64_t args[EDGE_ARGS])
{
	return arg->count_arg < 0 ? 1 : (uint32_t)args[arg->count_arg];
}

static bool list_is_written(const struct sweep *s)
{
	for (uint32_t i = 0; s->structure && i < s->structure->field_count; i++) {
		const struct edge_number *number = &s->structure->fields[i].number;

		if (number->kind == EDGE_KIND_gva && (number->direction & EDGE_OUT)) {
			return true;
		}
	}
	return false;
}

/* May the byte at this address change? */
static bool may_change(const struct sweep *s, const uint64_t args[EDGE_ARGS], uint64_t at)
{
	for (uint32_t i = 0; i < s->call->arg_count; i++) {
		const struct edge_argument *arg = &s->call->args[i];
		uint32_t size = (int)i == s->pointer ? s->size : arg->size;
		uint64_t offset = at - args[i];

		if (arg->target == EDGE_NOTHING || size == 0 ||
		    offset / size >= elements(arg, args)) {
			continue;
		}
		if ((int)i == s->pointer ?
			    s->is_written && field_is_written(s->structure, offset % size) :
			    (arg->number.direction & EDGE_OUT) != 0) {
			return true;
		}
	}
	return list_is_written(s);
}

static bool word_is_right(const struct sweep *s, const uint64_t args[EDGE_ARGS], size_t at)
{
	for (size_t i = at; i < at + 8; i++) {
		if (s->w->memory[i] != s->w->before[i] &&
		    !may_change(s, args, (uint64_t)(uintptr_t)s->w->memory + i)) {
			return false;
		}
	}
	return true;
}

static const char *check_memory(const struct sweep *s, const uint64_t args[EDGE_ARGS])
{
	const uint64_t *now = (const uint64_t *)(const void *)s->w->memory;
	const uint64_t *then = (const uint64_t *)(const void *)s->w->before;

	for (size_t i = 0; i < EDGE_MEMORY / 8; i++) {
		if (now[i] != then[i] && !word_is_right(s, args, 8 * i)) {
			return "it changed memory that it does not write";
		}
	}
	return NULL;
}

static bool may_call(const struct sweep *s, const uint64_t args[EDGE_ARGS])
{
	if (s->w->may) {
		return s->w->may(s->w, s->call, s->op, s->hazard, args);
	}
	return !s->w->is_live || (s->hazard != EDGE_ends && s->hazard != EDGE_blocks);
}

static void make_call(struct sweep *s)
{
	uint64_t args[EDGE_ARGS], used[EDGE_ARGS];
	const char *wrong = NULL;
	long result = 0;

	prepare(s, args);
	if (!may_call(s, args)) {
		return;
	}
	for (uint32_t i = 0; i < EDGE_ARGS; i++) {
		used[i] = args[i];
	}
	if (s->w->call(s->w, s->call->number, used, &result) && !is_listed(s, result)) {
		wrong = "an error that is not listed";
	}
	if (!wrong && s->is_unknown && result >= 0) {
		wrong = "an operation that is not described succeeds";
	}
	if (!wrong) {
		wrong = check_memory(s, args);
	}
	if (s->hazard != EDGE_SAFE && s->w->repair) {
		s->w->repair(s->w);
	}
	if (wrong) {
		s->w->failures++;
		s->w->failed(s->w, s->call, s->op, args, result, wrong);
	} else {
		s->w->passed++;
	}
}

/* ---- all calls ---- */

/* The operation's number is not swept where the operation is what is tested. */
static bool is_selector(const struct sweep *s, uint32_t i)
{
	return s->op && s->call->selector_field < 0 && s->slots[i].arg >= 0 &&
	       s->slots[i].arg == s->call->selector_arg;
}

static void sweep_slot(struct sweep *s, uint32_t i)
{
	uint64_t values[EDGE_VALUES_MAX];
	uint32_t count = edge_values(s->w, s->slots[i].number, &s->slots[i].place, values);

	s->is_set[i] = true;
	for (uint32_t v = 0; v < count; v++) {
		s->values[i] = values[v];
		make_call(s);
	}
	s->is_set[i] = false;
}

static void sweep_pair(struct sweep *s, uint32_t i, uint32_t j)
{
	uint64_t values[EDGE_VALUES_MAX];
	uint32_t count = edge_values(s->w, s->slots[i].number, &s->slots[i].place, values);

	s->is_set[i] = true;
	for (uint32_t v = 0; v < count; v++) {
		s->values[i] = values[v];
		sweep_slot(s, j);
	}
	s->is_set[i] = false;
}

static void sweep_slots(struct sweep *s)
{
	make_call(s);
	for (uint32_t i = 0; i < s->slot_count; i++) {
		if (is_selector(s, i)) {
			continue;
		}
		sweep_slot(s, i);
		for (uint32_t j = i + 1; j < s->slot_count && j - i <= s->w->spread; j++) {
			if (!is_selector(s, j)) {
				sweep_pair(s, i, j);
			}
		}
	}
}

static void sweep_operation(struct edge_world *w, const struct edge_call *call,
			    const struct edge_operation *op, uint64_t number)
{
	struct sweep s = {
		.w = w,
		.call = call,
		.op = op,
		.hazard = op && op->hazard != EDGE_SAFE ? op->hazard : call->hazard,
		.number = number,
	};

	find_object(&s);
	add_args(&s);
	add_fields(&s);
	sweep_slots(&s);
}

static bool has_operation(const struct edge_call *call, uint64_t number)
{
	for (uint32_t i = 0; i < call->operation_count; i++) {
		if (call->operations[i].number == number) {
			return true;
		}
	}
	return false;
}

/* Numbers of operations that do not exist: one call each is enough, nothing else is looked at. */
static void sweep_unknown(struct edge_world *w, const struct edge_call *call)
{
	static const uint64_t numbers[] = { 0x7f, 0xff, 0x7fffffff, 0x80000000, 0xffffffff };

	for (uint64_t number = 0; number < 70; number++) {
		uint64_t n = number < 64 ? number : numbers[(number - 64) % 5];

		if (!has_operation(call, n & call->selector_mask)) {
			struct sweep s = { .w = w, .call = call, .number = n, .is_unknown = true };

			s.hazard = call->hazard;
			find_object(&s);
			add_args(&s);
			make_call(&s);
		}
	}
}

void edge_sweep_call(struct edge_world *w, const struct edge_call *call)
{
	if (call->operation_count == 0) {
		sweep_operation(w, call, NULL, 0);
		return;
	}
	for (uint32_t i = 0; i < call->operation_count; i++) {
		sweep_operation(w, call, &call->operations[i], call->operations[i].number);
	}
	sweep_unknown(w, call);
}

void edge_sweep(struct edge_world *w)
{
	for (uint32_t i = 0; i < edge_call_count; i++) {
		if (edge_calls[i].is_served) {
			edge_sweep_call(w, &edge_calls[i]);
		}
	}
}
