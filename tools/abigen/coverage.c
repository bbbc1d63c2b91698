/*
 * Which documented error has a check? Checks are REFUSES("call.operation", PV_E..., "why", ...)
 * and, for statuses of grants, ANSWERS("call.operation", PV_GNTST_..., "why", ...) in the
 * sources of test guests (guest-pv/kit/calls.h). An operation's error needs a check that names
 * the operation; an error of the call itself, of any of its operations or of the call.
 *
 * Calls that are not served yet are left out.
 *
 * Read next: model.h.
 */
#include "abigen/coverage.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "abigen/splice.h"

#define NAME_MAX_LENGTH 64
#define WHY_MAX_LENGTH  96
#define STATUS_PREFIX   "PV_GNTST_"

struct found {
	char operation[NAME_MAX_LENGTH];
	char error[NAME_MAX_LENGTH];
	char why[WHY_MAX_LENGTH];
};

struct coverage {
	struct found *list;
	size_t count;
	bool failed; /* no memory, no file */
	size_t missing;
};

static const char *skip_to(const char *p, char wanted)
{
	while (isspace((unsigned char)*p)) {
		p++;
	}
	return *p == wanted ? p + 1 : NULL;
}

/* A string without escapes, or a name; what follows it, or NULL. */
static const char *take_string(const char *p, char *to, size_t size)
{
	const char *end;

	p = p ? skip_to(p, '"') : NULL;
	end = p ? strchr(p, '"') : NULL;
	if (!end || (size_t)(end - p) >= size) {
		return NULL;
	}
	snprintf(to, size, "%.*s", (int)(end - p), p);
	return end + 1;
}

static const char *take_name(const char *p, char *to, size_t size)
{
	size_t length = 0;

	while (p && isspace((unsigned char)*p)) {
		p++;
	}
	while (p && (isalnum((unsigned char)p[length]) || p[length] == '_')) {
		length++;
	}
	if (!p || length == 0 || length >= size) {
		return NULL;
	}
	snprintf(to, size, "%.*s", (int)length, p);
	return p + length;
}

static void take_check(struct coverage *c, const char *p)
{
	struct found f = { .why = "" };
	struct found *list;

	p = take_string(p, f.operation, sizeof(f.operation));
	p = p ? skip_to(p, ',') : NULL;
	p = take_name(p, f.error, sizeof(f.error));
	p = p ? skip_to(p, ',') : NULL;
	if (!p || !take_string(p, f.why, sizeof(f.why))) {
		return; /* the macro's own definition */
	}
	list = realloc(c->list, (c->count + 1) * sizeof(*list));
	if (!list) {
		c->failed = true;
		return;
	}
	c->list = list;
	c->list[c->count++] = f;
}

static void scan(struct coverage *c, const char *path)
{
	static const char *const words[] = { "REFUSES(", "ANSWERS(" };
	char *text = splice_read(path);

	if (!text) {
		c->failed = true;
		return;
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		for (const char *p = strstr(text, words[i]); p; p = strstr(p, words[i])) {
			p += strlen(words[i]);
			take_check(c, p);
		}
	}
	free(text);
}

/* operation NULL: any of the call's. */
static const struct found *find(const struct coverage *c, const char *call, const char *operation,
				const char *error)
{
	size_t length = strlen(call);

	for (size_t i = 0; i < c->count; i++) {
		const struct found *f = &c->list[i];
		const char *rest = f->operation + length;

		if (strncmp(f->operation, call, length) != 0 || strcmp(f->error, error) != 0) {
			continue;
		}
		if (operation ? *rest == '.' && strcmp(rest + 1, operation) == 0 :
				*rest == '\0' || *rest == '.') {
			return f;
		}
	}
	return NULL;
}

static void judge(struct coverage *c, const char *call, const char *operation, const char *error)
{
	const struct found *f = find(c, call, operation, error);
	const char *dot = operation ? "." : "";

	if (!operation) {
		operation = "";
	}
	if (f) {
		printf("| `%s%s%s` | `%s` | %s |\n", call, dot, operation, error, f->why);
	} else {
		fprintf(stderr, "%s%s%s: %s: no check\n", call, dot, operation, error);
		c->missing++;
	}
}

static void judge_errors(struct coverage *c, const char *call, const char *operation,
			 const struct abi_errors *errors)
{
	for (size_t i = 0; i < errors->count; i++) {
		judge(c, call, operation, errors->list[i].number);
	}
}

/* Statuses stand in the summary; each once. */
static void judge_statuses(struct coverage *c, const char *call, const struct abi_operation *op)
{
	const char *p = op->summary;

	while ((p = strstr(p, STATUS_PREFIX)) != NULL) {
		char name[NAME_MAX_LENGTH];
		const char *first;

		if (!take_name(p, name, sizeof(name))) {
			return;
		}
		first = strstr(op->summary, name);
		if (first == p) {
			judge(c, call, op->name, name);
		}
		p += strlen(name);
	}
}

int coverage_check(const struct abi *abi, char **sources)
{
	struct coverage c = { 0 };

	for (char **path = sources; *path; path++) {
		scan(&c, *path);
	}
	printf("| Operation | Error | Check |\n| --- | --- | --- |\n");
	for (size_t i = 0; i < abi->call_count; i++) {
		const struct abi_call *call = &abi->calls[i];

		if (!call->handler) {
			continue;
		}
		judge_errors(&c, call->name, NULL, &call->errors);
		for (size_t j = 0; j < call->operation_count; j++) {
			judge_errors(&c, call->name, call->operations[j].name,
				     &call->operations[j].errors);
			judge_statuses(&c, call->name, &call->operations[j]);
		}
	}
	free(c.list);
	return c.failed || c.missing != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
