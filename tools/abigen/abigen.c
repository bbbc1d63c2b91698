/*
 * abigen: from abi/abi.json, the one list of hypercalls, everything else that
 * lists them: the hypervisor's dispatch table and the reference in docs/abi.md.
 *
 * Read next: model.h (the list in memory), dispatch.c, document.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abigen/emit.h"
#include "abigen/model.h"
#include "abigen/splice.h"

static const char usage_text[] =
	"usage: abigen dispatch ABI.json            the dispatch table, C, on stdout\n"
	"       abigen prototypes ABI.json          the handlers' prototypes, C, on stdout\n"
	"       abigen table ABI.json               the table of calls, Markdown, on stdout\n"
	"       abigen reference ABI.json           the reference, Markdown, on stdout\n"
	"       abigen update ABI.json DOCUMENT.md  write both into the document, in place\n"
	"       abigen check ABI.json [DOCUMENT.md] check the list, and that the document is in step\n"
	"\n"
	"Exit status: 0 success, 1 a problem in the list or the document, 2 usage.\n";

#define EXIT_PROBLEM 1
#define EXIT_USAGE   2

typedef void (*emit_fn)(FILE *out, const struct abi *abi);

static const struct {
	const char *verb;
	emit_fn emit;
} emitters[] = {
	{ "dispatch", emit_dispatch },
	{ "prototypes", emit_prototypes },
	{ "table", emit_table },
	{ "reference", emit_reference },
};

/* What an emitter writes, as a string to be freed. */
static char *emit_string(emit_fn emit, const struct abi *abi)
{
	size_t size = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);

	if (!out) {
		return NULL;
	}
	emit(out, abi);
	fclose(out);
	return text;
}

/* The document as it should be; NULL with a message. */
static char *make_document(const struct abi *abi, const char *file, const char *old)
{
	char *table = emit_string(emit_table, abi);
	char *reference = emit_string(emit_reference, abi);
	char *half = NULL, *whole = NULL;

	if (table && reference) {
		half = splice_replace(file, old, "table", table);
	}
	if (half) {
		whole = splice_replace(file, half, "reference", reference);
	}
	free(half);
	free(table);
	free(reference);
	return whole;
}

static int write_document(const char *file, const char *text)
{
	FILE *out = fopen(file, "w");

	if (!out) {
		perror(file);
		return EXIT_PROBLEM;
	}
	fputs(text, out);
	if (fclose(out) != 0) {
		perror(file);
		return EXIT_PROBLEM;
	}
	return EXIT_SUCCESS;
}

/* Compare the document with what it should be, and write it if that is wanted. */
static int renew_document(const struct abi *abi, const char *file, bool may_write)
{
	int status = EXIT_PROBLEM;
	char *old = splice_read(file);
	char *fresh = old ? make_document(abi, file, old) : NULL;

	if (fresh && strcmp(old, fresh) == 0) {
		status = EXIT_SUCCESS;
	} else if (fresh && may_write) {
		status = write_document(file, fresh);
	} else if (fresh) {
		fprintf(stderr, "%s: not in step with the list of calls; run `make abi-docs`\n",
			file);
	}
	free(fresh);
	free(old);
	return status;
}

static int run(const char *verb, const struct abi *abi, const char *document)
{
	for (size_t i = 0; i < sizeof(emitters) / sizeof(emitters[0]); i++) {
		if (strcmp(verb, emitters[i].verb) == 0 && !document) {
			emitters[i].emit(stdout, abi);
			return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_PROBLEM;
		}
	}
	if (strcmp(verb, "check") == 0) {
		return document ? renew_document(abi, document, false) : EXIT_SUCCESS;
	}
	if (strcmp(verb, "update") == 0 && document) {
		return renew_document(abi, document, true);
	}
	fputs(usage_text, stderr);
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	struct abi abi;
	int status;

	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(usage_text, stdout);
		return EXIT_SUCCESS;
	}
	if (argc != 3 && argc != 4) {
		fputs(usage_text, stderr);
		return EXIT_USAGE;
	}
	status = abi_load(&abi, argv[2]) ? run(argv[1], &abi, argv[3]) : EXIT_PROBLEM;
	abi_free(&abi);
	return status;
}
