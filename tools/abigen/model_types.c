/*
 * The rest of abi.json: families of calls, groups of constants, structures.
 */
#include "abigen/loaders.h"

#include <stdio.h>
#include <string.h>

#define OFFSET_MAX 65536

/* The words that a kind may be; tools/parley/abi_decode.h says what they mean. */
static const char *const plain_kinds[] = {
	"dec",        "signed",   "hex",  "bool",  "domid", "vcpu", "port", "ref",
	"handle",     "mfn",      "pfn",  "maddr", "gva",   "pte",  "ns",   "bytes",
	"descriptor", "selector", "text", "uuid",  "call",  "pad",  NULL,
};
static const char *const referring_kinds[] = { "name", "flags", "status", "struct", NULL };

static bool is_word(const char *text, size_t length, const char *const *words)
{
	for (; *words; words++) {
		if (strlen(*words) == length && strncmp(text, *words, length) == 0) {
			return true;
		}
	}
	return false;
}

struct abi_kind load_kind(struct reader *r, json_t *object, const char *key, bool is_needed)
{
	struct abi_kind kind = { NULL, NULL };
	const char *text, *colon;

	text = is_needed ? reader_string(r, object, key) : reader_string_optional(r, object, key);
	if (!text) {
		return kind;
	}
	colon = strchr(text, ':');
	if (colon ? is_word(text, (size_t)(colon - text), referring_kinds) :
		    is_word(text, strlen(text), plain_kinds)) {
		kind.text = text;
		kind.of = colon ? colon + 1 : NULL;
	} else {
		reader_problem(r, key, "\"%s\" is not a kind", text);
	}
	return kind;
}

void load_families(struct reader *r, struct abi *abi)
{
	static const char *const keys[] = { "name", "title", NULL };
	json_t *array = reader_array(r, abi->root, "families");
	json_t *value;
	size_t i;

	abi->families = reader_allocate(json_array_size(array), sizeof(abi->families[0]));
	json_array_foreach(array, i, value) {
		size_t length = reader_enter(r, "families", i);

		if (reader_is_object(r, value, keys)) {
			abi->families[i].name = reader_string(r, value, "name");
			abi->families[i].title = reader_string(r, value, "title");
		}
		abi->family_count = i + 1;
		reader_leave(r, length);
	}
}

static void load_value(struct reader *r, json_t *object, struct abi_value *value)
{
	static const char *const keys[] = { "name", "value", "doc", "own", NULL };

	if (!reader_is_object(r, object, keys)) {
		return;
	}
	value->name = reader_string(r, object, "name");
	value->text = reader_number_text(r, object, "value");
	if (!value->text) {
		reader_problem(r, "value", "missing");
	}
	value->doc = reader_string_optional(r, object, "doc");
	value->is_own = json_is_true(json_object_get(object, "own"));
}

static void load_group(struct reader *r, json_t *object, struct abi_group *group)
{
	static const char *const keys[] = { "prefix", "header", "kind", "xen_prefix",
					    "doc",    "values", NULL };
	static const char *const kinds[] = { "names", "flags", "status", NULL };
	json_t *array, *value;
	size_t i;

	if (!reader_is_object(r, object, keys)) {
		return;
	}
	group->prefix = reader_string(r, object, "prefix");
	group->header = reader_string(r, object, "header");
	group->kind = reader_word(r, object, "kind", kinds);
	group->xen_prefix = reader_string_optional(r, object, "xen_prefix");
	group->doc = reader_string(r, object, "doc");
	array = reader_array(r, object, "values");
	group->values = reader_allocate(json_array_size(array), sizeof(group->values[0]));
	json_array_foreach(array, i, value) {
		size_t length = reader_enter(r, "values", i);

		load_value(r, value, &group->values[i]);
		group->value_count = i + 1;
		reader_leave(r, length);
	}
}

void load_groups(struct reader *r, struct abi *abi)
{
	json_t *array = reader_array(r, abi->root, "constants");
	json_t *value;
	size_t i;

	abi->groups = reader_allocate(json_array_size(array), sizeof(abi->groups[0]));
	json_array_foreach(array, i, value) {
		size_t length = reader_enter(r, "constants", i);

		load_group(r, value, &abi->groups[i]);
		abi->group_count = i + 1;
		reader_leave(r, length);
	}
}

static void load_when(struct reader *r, json_t *object, struct abi_field *field)
{
	static const char *const keys[] = { "field", "equals", "mask", NULL };
	json_t *when = json_object_get(object, "when");

	if (!when || !reader_is_object(r, when, keys)) {
		return;
	}
	field->when_field = reader_string(r, when, "field");
	field->when_value = reader_number(r, when, "equals", OFFSET_MAX);
	if (json_object_get(when, "mask")) {
		field->when_mask = reader_number(r, when, "mask", OFFSET_MAX);
	}
}

static void load_field(struct reader *r, json_t *object, struct abi_field *field)
{
	static const char *const keys[] = { "name", "type",  "count", "offset", "direction",
					    "kind", "limit", "doc",   "when",   NULL };

	if (!reader_is_object(r, object, keys)) {
		return;
	}
	field->name = reader_string(r, object, "name");
	field->type = reader_string(r, object, "type");
	field->is_array = json_object_get(object, "count") != NULL;
	field->count = field->is_array ? reader_number(r, object, "count", OFFSET_MAX) : 1;
	field->offset = reader_number(r, object, "offset", OFFSET_MAX);
	if (json_object_get(object, "direction")) {
		field->direction = reader_word(r, object, "direction", abi_directions);
	}
	field->kind = load_kind(r, object, "kind", true);
	field->limit = reader_number_text(r, object, "limit");
	field->doc = reader_string_optional(r, object, "doc");
	load_when(r, object, field);
	if (field->kind.text && strcmp(field->kind.text, "pad") != 0 && !field->direction) {
		reader_problem(r, "direction", "missing");
	}
}

static void load_structure(struct reader *r, json_t *object, struct abi_structure *s)
{
	static const char *const keys[] = { "name", "xen_name", "header", "size", "fields", NULL };
	size_t length = strlen(r->place), i;
	json_t *array, *value;

	if (!reader_is_object(r, object, keys)) {
		return;
	}
	s->name = reader_string(r, object, "name");
	if (s->name) {
		snprintf(r->place + length, sizeof(r->place) - length, " (%s)", s->name);
	}
	s->xen_name = reader_string_optional(r, object, "xen_name");
	s->header = reader_string(r, object, "header");
	s->size = reader_number(r, object, "size", OFFSET_MAX);
	array = reader_array(r, object, "fields");
	s->fields = reader_allocate(json_array_size(array), sizeof(s->fields[0]));
	json_array_foreach(array, i, value) {
		size_t inner = reader_enter(r, "fields", i);

		load_field(r, value, &s->fields[i]);
		s->field_count = i + 1;
		reader_leave(r, inner);
	}
}

void load_structures(struct reader *r, struct abi *abi)
{
	json_t *array = reader_array(r, abi->root, "structures");
	json_t *value;
	size_t i;

	abi->structures = reader_allocate(json_array_size(array), sizeof(abi->structures[0]));
	json_array_foreach(array, i, value) {
		size_t length = reader_enter(r, "structures", i);

		load_structure(r, value, &abi->structures[i]);
		abi->structure_count = i + 1;
		reader_leave(r, length);
	}
}
