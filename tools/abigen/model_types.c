/*
 * The rest of abi.json: families of calls, groups of constants, structures.
 */
#include "abigen/loaders.h"

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

static void load_family(struct reader *r, json_t *value, void *element)
{
	static const char *const keys[] = { "name", "title", NULL };
	struct abi_family *family = element;

	if (reader_is_object(r, value, keys)) {
		family->name = reader_string(r, value, "name");
		family->title = reader_string(r, value, "title");
	}
}

void load_families(struct reader *r, struct abi *abi)
{
	abi->families = reader_list(r, abi->root, "families", sizeof(abi->families[0]),
				    &abi->family_count, load_family);
}

static void load_value(struct reader *r, json_t *object, void *element)
{
	static const char *const keys[] = { "name", "value", "doc", "own", NULL };
	struct abi_value *value = element;

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

static void load_group(struct reader *r, json_t *object, void *element)
{
	static const char *const keys[] = { "prefix", "header", "kind", "xen_prefix",
					    "doc",    "values", NULL };
	static const char *const kinds[] = { "names", "flags", "status", NULL };
	struct abi_group *group = element;

	if (!reader_is_object(r, object, keys)) {
		return;
	}
	group->prefix = reader_string(r, object, "prefix");
	group->header = reader_string(r, object, "header");
	group->kind = reader_word(r, object, "kind", kinds);
	group->xen_prefix = reader_string_optional(r, object, "xen_prefix");
	group->doc = reader_string(r, object, "doc");
	group->values = reader_list(r, object, "values", sizeof(group->values[0]),
				    &group->value_count, load_value);
}

void load_groups(struct reader *r, struct abi *abi)
{
	abi->groups = reader_list(r, abi->root, "constants", sizeof(abi->groups[0]),
				  &abi->group_count, load_group);
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

static void load_field(struct reader *r, json_t *object, void *element)
{
	static const char *const keys[] = { "name", "type",  "count", "offset", "direction",
					    "kind", "limit", "doc",   "when",   NULL };
	struct abi_field *field = element;

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

static void load_structure(struct reader *r, json_t *object, void *element)
{
	static const char *const keys[] = { "name", "xen_name", "header", "size", "fields", NULL };
	struct abi_structure *s = element;

	if (!reader_is_object(r, object, keys)) {
		return;
	}
	s->name = reader_string(r, object, "name");
	reader_name(r, s->name);
	s->xen_name = reader_string_optional(r, object, "xen_name");
	s->header = reader_string(r, object, "header");
	s->size = reader_number(r, object, "size", OFFSET_MAX);
	s->fields =
		reader_list(r, object, "fields", sizeof(s->fields[0]), &s->field_count, load_field);
}

void load_structures(struct reader *r, struct abi *abi)
{
	abi->structures = reader_list(r, abi->root, "structures", sizeof(abi->structures[0]),
				      &abi->structure_count, load_structure);
}
