/*
 * The generated parts of a document. Rules: splice.h.
 */
#include "abigen/splice.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARK_MAX 128

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

/* Where the only line with this mark starts, or NULL with a message. */
static const char *find_mark(const char *file, const char *text, const char *mark)
{
	const char *found = strstr(text, mark);

	if (!found || strstr(found + 1, mark)) {
		fprintf(stderr, "%s: \"%s\" must be there once\n", file, mark);
		return NULL;
	}
	return found;
}

char *splice_replace(const char *file, const char *text, const char *name, const char *part)
{
	char begin_mark[MARK_MAX], end_mark[MARK_MAX];
	const char *begin, *end;
	size_t size = 0;
	char *result = NULL;
	FILE *out;

	snprintf(begin_mark, sizeof(begin_mark), "<!-- abigen:begin %s -->\n", name);
	snprintf(end_mark, sizeof(end_mark), "<!-- abigen:end %s -->\n", name);
	begin = find_mark(file, text, begin_mark);
	end = find_mark(file, text, end_mark);
	if (!begin || !end) {
		return NULL;
	}
	if (end < begin) {
		fprintf(stderr, "%s: the marks of %s are the wrong way round\n", file, name);
		return NULL;
	}
	begin += strlen(begin_mark);
	out = open_memstream(&result, &size);
	if (!out) {
		return NULL;
	}
	fwrite(text, 1, (size_t)(begin - text), out);
	fprintf(out, "\n%s\n", part);
	fputs(end, out);
	fclose(out);
	return result;
}
