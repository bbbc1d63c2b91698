/*
 * The generated parts of a file. Rules: splice.h.
 */
#include "abigen/splice.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_LENGTH 64

static char *read_stream(FILE *in)
{
	size_t size = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);
	char block[4096];
	size_t n;

	if (!out) {
		return NULL;
	}
	while ((n = fread(block, 1, sizeof(block), in)) > 0) {
		fwrite(block, 1, n, out);
	}
	if (fclose(out) != 0 || ferror(in)) {
		free(text);
		return NULL;
	}
	return text;
}

char *splice_read(const char *file)
{
	FILE *in = fopen(file, "r");
	char *text = in ? read_stream(in) : NULL;

	if (!text) {
		fprintf(stderr, "%s: %s\n", file, strerror(errno));
	}
	if (in) {
		fclose(in);
	}
	return text;
}

static const struct {
	const char *begin, *end, *close;
} styles[] = {
	{ "<!-- abigen:begin ", "<!-- abigen:end ", " -->" },
	{ "/* abigen:begin ", "/* abigen:end ", " */" },
};

static const char *next_line(const char *line)
{
	const char *end = strchr(line, '\n');

	return end ? end + 1 : line + strlen(line);
}

/* If the line is `open`, a name and `close`: the name. */
static bool read_mark(const char *line, const char *open, const char *close, char *name)
{
	size_t length;

	if (strncmp(line, open, strlen(open)) != 0) {
		return false;
	}
	line += strlen(open);
	length = strcspn(line, " \n");
	if (length >= NAME_MAX_LENGTH || strncmp(line + length, close, strlen(close)) != 0) {
		return false;
	}
	memcpy(name, line, length);
	name[length] = '\0';
	return true;
}

static int read_begin(const char *line, char *name)
{
	for (int i = 0; i < 2; i++) {
		if (read_mark(line, styles[i].begin, styles[i].close, name)) {
			return i;
		}
	}
	return -1;
}

/* The line with the end mark of a name, or NULL. */
static const char *find_end(const char *line, int style, const char *name)
{
	char found[NAME_MAX_LENGTH];

	for (; *line; line = next_line(line)) {
		if (read_begin(line, found) >= 0) {
			return NULL;
		}
		if (read_mark(line, styles[style].end, styles[style].close, found)) {
			return strcmp(found, name) == 0 ? line : NULL;
		}
	}
	return NULL;
}

static unsigned int line_number(const char *text, const char *at)
{
	unsigned int number = 1;

	for (; text < at; text++) {
		number += *text == '\n';
	}
	return number;
}

/* Copy the line; of a part also its new contents. Returns the next line, NULL with a message. */
static const char *copy_line(FILE *out, const char *file, const char *text, const char *line,
			     splice_part_fn part, void *context)
{
	const char *next = next_line(line), *end;
	char name[NAME_MAX_LENGTH];
	int style = read_begin(line, name);

	fwrite(line, 1, (size_t)(next - line), out);
	if (style < 0) {
		return next;
	}
	end = find_end(next, style, name);
	if (!end) {
		fprintf(stderr, "%s:%u: no end mark of %s\n", file, line_number(text, line), name);
		return NULL;
	}
	if (style == 0) {
		fputc('\n', out);
	}
	if (!part(out, name, context)) {
		fprintf(stderr, "%s:%u: there is no part %s\n", file, line_number(text, line),
			name);
		return NULL;
	}
	return end;
}

char *splice(const char *file, const char *text, splice_part_fn part, void *context)
{
	size_t size = 0;
	char *result = NULL;
	FILE *out = open_memstream(&result, &size);
	const char *line = text;

	if (!out) {
		return NULL;
	}
	while (line && *line) {
		line = copy_line(out, file, text, line, part, context);
	}
	fclose(out);
	if (!line) {
		free(result);
		return NULL;
	}
	return result;
}
