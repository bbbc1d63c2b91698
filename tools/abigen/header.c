/*
 * The numbers of a header of abi/parley, as C and assembly read them: hypercalls
 * in hypercall.h, the operations of the calls that name the header, its groups of
 * constants. Laid out as clang-format does, so that the result is as readable as
 * what stands round it.
 *
 * A comment that does not fit behind its number goes in front of the block.
 */
#include "abigen/emit.h"

#include <string.h>

#define COLUMNS      100
#define TEXT_COLUMNS 78

/* One line of a block. */
struct line {
	char name[128];
	char text[64];
	char comment[256]; /* empty: none */
};

struct block {
	struct line *lines;
	size_t count, room;
};

static struct line *add_line(struct block *block)
{
	if (block->count == block->room) {
		block->room = block->room ? 2 * block->room : 32;
		block->lines = realloc(block->lines, block->room * sizeof(block->lines[0]));
		if (!block->lines) {
			fputs("abigen: out of memory\n", stderr);
			exit(2);
		}
	}
	memset(&block->lines[block->count], 0, sizeof(block->lines[0]));
	return &block->lines[block->count++];
}

/* Text without the quotes that only Markdown wants. */
static void copy_plain(char *to, size_t room, const char *from)
{
	size_t n = 0;

	for (; *from && n + 1 < room; from++) {
		if (*from != '`') {
			to[n++] = *from;
		}
	}
	to[n] = '\0';
}

/* The words of a text into a block comment, from `column` on; further lines are indented so far. */
static void emit_words(FILE *out, const char *text, size_t column, size_t indent)
{
	while (*text) {
		size_t length = strcspn(text, " ");

		if (column + 1 + length > TEXT_COLUMNS) {
			fprintf(out, "\n *%*s", (int)indent, "");
			column = 2 + indent;
		}
		fprintf(out, " %.*s", (int)length, text);
		column += 1 + length;
		text += length;
		text += strspn(text, " ");
	}
}

static size_t widest(const struct block *block, size_t from, size_t to, bool of_text)
{
	size_t width = 0;

	for (size_t i = from; i < to; i++) {
		size_t length = strlen(of_text ? block->lines[i].text : block->lines[i].name);

		width = length > width ? length : width;
	}
	return width;
}

/* Comments of lines that follow one another stand below each other. */
static size_t comment_column(const struct block *block, size_t at)
{
	size_t from = at, to = at;

	while (from > 0 && block->lines[from - 1].comment[0]) {
		from--;
	}
	while (to < block->count && block->lines[to].comment[0]) {
		to++;
	}
	return widest(block, from, to, true);
}

/* The longest line of the block with all comments behind the numbers fits? If not, where not. */
static bool fits(const struct block *block, size_t at, size_t names)
{
	return strlen("#define ") + names + 1 + comment_column(block, at) + strlen(" /*  */") +
		       strlen(block->lines[at].comment) <=
	       COLUMNS;
}

/* The comment before a block: what it is, and what does not fit behind a line. */
static void emit_lead(FILE *out, struct block *block, const char *doc)
{
	size_t names = widest(block, 0, block->count, false), too_long = 0;
	char plain[1024];

	copy_plain(plain, sizeof(plain), doc);
	for (size_t i = 0; i < block->count; i++) {
		too_long += block->lines[i].comment[0] && !fits(block, i, names);
	}
	if (too_long == 0 && strlen(plain) + 6 <= COLUMNS) {
		fprintf(out, "/* %s */\n", plain);
		return;
	}
	fputs("/*\n *", out);
	emit_words(out, plain, 2, 0);
	for (size_t i = 0; too_long > 0 && i < block->count; i++) {
		struct line *line = &block->lines[i];

		if (line->comment[0]) {
			fprintf(out, "\n *  - %s:", line->name);
			emit_words(out, line->comment, strlen(line->name) + 8, 3);
			line->comment[0] = '\0';
		}
	}
	fputs("\n */\n", out);
}

static void emit_block(FILE *out, struct block *block, const char *doc)
{
	size_t names;

	if (block->count == 0) {
		return;
	}
	emit_lead(out, block, doc);
	names = widest(block, 0, block->count, false);
	for (size_t i = 0; i < block->count; i++) {
		const struct line *line = &block->lines[i];

		fprintf(out, "#define %-*s ", (int)names, line->name);
		if (line->comment[0]) {
			fprintf(out, "%-*s /* %s */\n", (int)comment_column(block, i), line->text,
				line->comment);
		} else {
			fprintf(out, "%s\n", line->text);
		}
	}
	fputc('\n', out);
	free(block->lines);
	memset(block, 0, sizeof(*block));
}

/* ---- what the blocks are ---- */

static void add_number(struct block *block, const char *prefix, const char *name, int number,
		       const char *comment)
{
	struct line *line = add_line(block);

	snprintf(line->name, sizeof(line->name), "%s%s", prefix, name);
	snprintf(line->text, sizeof(line->text), "%d", number);
	copy_plain(line->comment, sizeof(line->comment), comment);
}

static void emit_calls(FILE *out, const struct abi *abi)
{
	struct block block = { 0 };

	for (int number = 0; number < ABI_CALL_MAX; number++) {
		const char *name = abi_name(abi, number);

		if (name) {
			add_number(&block, "PV_HYPERCALL_", name, number, "");
		}
	}
	emit_block(out, &block, "RAX at SYSCALL. Those without a handler return -PV_ENOSYS.");
}

/* What an operation takes, for its comment. */
static void describe_operation(char *text, size_t room, const struct abi_operation *op)
{
	size_t n = 0;

	if (op->brief) {
		snprintf(text, room, "%s", op->brief);
	} else if (op->structure || op->type) {
		snprintf(text, room, "%s", op->structure ? op->structure : op->type);
	} else {
		text[0] = '\0';
		for (size_t i = 0; i < op->fields.count && n < room; i++) {
			n += (size_t)snprintf(text + n, room - n, "%s%s", i ? ", " : "",
					      op->fields.list[i]);
		}
	}
}

/* Served and refused operations by number. */
static void add_operations(struct block *block, const struct abi_call *call)
{
	size_t served = 0, refused = 0;

	while (served < call->operation_count || refused < call->refused.count) {
		const struct abi_operation *op = &call->operations[served];
		const struct abi_refusal *no = &call->refused.list[refused];
		char text[256];

		if (refused == call->refused.count ||
		    (served < call->operation_count && op->number < no->number)) {
			describe_operation(text, sizeof(text), op);
			add_number(block, call->prefix, op->name, op->number, text);
			served++;
		} else {
			add_number(block, call->prefix, no->name, no->number, "not offered");
			refused++;
		}
	}
}

static bool has_structures(const struct abi_call *call)
{
	for (size_t i = 0; i < call->arg_count; i++) {
		if (abi_is("operation", call->args[i].target)) {
			return true;
		}
	}
	return false;
}

static void emit_operations(FILE *out, const struct abi *abi, const struct abi_call *call)
{
	const struct abi_structure *batch = abi_batch_structure(abi, call);
	struct block block = { 0 };
	char doc[256];

	add_operations(&block, call);
	if (batch) {
		snprintf(doc, sizeof(doc), "Operations of %s: %s%s.%s.", call->name,
			 call->selector.mask ? "the low bits of " : "", batch->name,
			 call->selector.field);
	} else {
		snprintf(doc, sizeof(doc), "Operations of %s: its argument %s%s.", call->name,
			 call->selector.arg,
			 has_structures(call) ? ", and the structure of each" : "");
	}
	emit_block(out, &block, doc);
}

static void emit_group(FILE *out, const struct abi_group *group)
{
	struct block block = { 0 };

	for (size_t i = 0; i < group->value_count; i++) {
		const struct abi_value *value = &group->values[i];
		struct line *line = add_line(&block);

		snprintf(line->name, sizeof(line->name), "%s%s", group->prefix, value->name);
		snprintf(line->text, sizeof(line->text), "%s", value->text);
		copy_plain(line->comment, sizeof(line->comment), value->doc ? value->doc : "");
	}
	emit_block(out, &block, group->doc);
}

bool header_has_numbers(const struct abi *abi, const char *header)
{
	for (size_t i = 0; i < abi->call_count; i++) {
		if (abi->calls[i].prefix && strcmp(abi->calls[i].header, header) == 0) {
			return true;
		}
	}
	for (size_t i = 0; i < abi->group_count; i++) {
		if (strcmp(abi->groups[i].header, header) == 0) {
			return true;
		}
	}
	return strcmp(header, "hypercall.h") == 0;
}

void emit_numbers(FILE *out, const struct abi *abi, const char *header)
{
	fputs("/* Made from abi/abi.json by `make abi`: change the numbers there. */\n\n", out);
	if (strcmp(header, "hypercall.h") == 0) {
		emit_calls(out, abi);
	}
	for (size_t i = 0; i < abi->call_count; i++) {
		if (abi->calls[i].prefix && strcmp(abi->calls[i].header, header) == 0) {
			emit_operations(out, abi, &abi->calls[i]);
		}
	}
	for (size_t i = 0; i < abi->group_count; i++) {
		if (strcmp(abi->groups[i].header, header) == 0) {
			emit_group(out, &abi->groups[i]);
		}
	}
}
