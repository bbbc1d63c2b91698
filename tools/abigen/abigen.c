/*
 * abigen: from abi/abi.json, the one list of hypercalls, everything else that lists
 * them: the numbers in abi/parley, the hypervisor's dispatch table, what traces and
 * tests know of the calls, and the reference in docs/abi.
 *
 * Read next: model.h (the list in memory), emit.h (what is written), splice.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abigen/coverage.h"
#include "abigen/emit.h"
#include "abigen/model.h"
#include "abigen/splice.h"

static const char usage_text[] =
	"usage: abigen VERB ABI.json           write C on stdout:\n"
	"         dispatch    the hypervisor's table of handlers\n"
	"         prototypes  the handlers' prototypes\n"
	"         capture     which arguments point to what, for the hypervisor's trace\n"
	"         decode      names of all that a trace can hold, for `parley`\n"
	"         assertions  that structures and numbers are those of the headers\n"
	"         edges       arguments, fields and errors, for the tests of edge values\n"
	"       abigen update ABI.json FILE...  write the parts of headers and documents anew\n"
	"       abigen coverage ABI.json FILE... print which check of these sources sees to which\n"
	"                                       documented error; all must have one\n"
	"       abigen check ABI.json [FILE...] check the list, and that all parts are there and\n"
	"                                       in step\n"
	"\n"
	"Exit status: 0 success, 1 a problem in the list or a file, 2 usage.\n";

#define EXIT_PROBLEM 1
#define EXIT_USAGE   2

typedef void (*emit_fn)(FILE *out, const struct abi *abi);

static const struct {
	const char *verb;
	emit_fn emit;
} emitters[] = {
	{ "dispatch", emit_dispatch }, { "prototypes", emit_prototypes },
	{ "capture", emit_capture },   { "decode", emit_decode },
	{ "edges", emit_edges },       { "assertions", emit_assertions },
};

/* Parts that any document may have. */
static const struct {
	const char *name;
	emit_fn emit;
} parts[] = {
	{ "table", emit_table },
	{ "refused", emit_refused },
	{ "errnos", emit_errnos },
	{ "families", emit_families },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct file {
	const struct abi *abi;
	const char *name;  /* without its directory */
	bool *family_seen; /* by the family's index */
	bool has_numbers;
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool write_family(FILE *out, struct file *file, const char *name)
{
	for (size_t i = 0; i < file->abi->family_count; i++) {
		if (strcmp(name, file->abi->families[i].name) == 0) {
			file->family_seen[i] = true;
			emit_family(out, file->abi, name);
			return true;
		}
	}
	return false;
}

/* Matches splice_part_fn. */
static bool write_part(FILE *out, const char *name, void *context)
{
	static const char family[] = "family:";
	struct file *file = context;

	if (strcmp(name, "numbers") == 0) {
		file->has_numbers = true;
		emit_numbers(out, file->abi, file->name);
		return header_has_numbers(file->abi, file->name);
	}
	if (strncmp(name, family, sizeof(family) - 1) == 0) {
		return write_family(out, file, name + sizeof(family) - 1);
	}
	for (size_t i = 0; i < COUNT(parts); i++) {
		if (strcmp(name, parts[i].name) == 0) {
			parts[i].emit(out, file->abi);
			return true;
		}
	}
	return false;
}

static int write_file(const char *path, const char *text)
{
	FILE *out = fopen(path, "w");

	if (!out) {
		perror(path);
		return EXIT_PROBLEM;
	}
	fputs(text, out);
	if (fclose(out) != 0) {
		perror(path);
		return EXIT_PROBLEM;
	}
	return EXIT_SUCCESS;
}

/* Compare the file with what it should be, and write it if that is wanted. */
static int renew_file(struct file *file, const char *path, bool may_write)
{
	int status = EXIT_PROBLEM;
	char *old = splice_read(path);
	char *fresh = old ? splice(path, old, write_part, file) : NULL;

	if (fresh && strcmp(old, fresh) == 0) {
		status = EXIT_SUCCESS;
	} else if (fresh && may_write) {
		status = write_file(path, fresh);
	} else if (fresh) {
		fprintf(stderr, "%s: not in step with abi.json; run `make abi`\n", path);
	}
	if (fresh && !file->has_numbers && header_has_numbers(file->abi, file->name)) {
		fprintf(stderr,
			"%s: has no part for its numbers; add /* abigen:begin numbers */ and "
			"/* abigen:end numbers */\n",
			path);
		status = EXIT_PROBLEM;
	}
	free(fresh);
	free(old);
	return status;
}

/* Every header of the list and every family must have been among the files. */
static int check_whole(const struct abi *abi, const bool *family_seen)
{
	int status = EXIT_SUCCESS;

	for (size_t i = 0; i < abi->family_count; i++) {
		if (!family_seen[i]) {
			fprintf(stderr, "family %s: no document has the part family:%s\n",
				abi->families[i].name, abi->families[i].name);
			status = EXIT_PROBLEM;
		}
	}
	return status;
}

static int renew(const struct abi *abi, char **paths, bool may_write)
{
	bool *family_seen = calloc(abi->family_count + 1, sizeof(*family_seen));
	int status = family_seen ? EXIT_SUCCESS : EXIT_PROBLEM;

	for (char **path = paths; family_seen && *path; path++) {
		struct file file = { abi, base_name(*path), family_seen, false };

		if (renew_file(&file, *path, may_write) != EXIT_SUCCESS) {
			status = EXIT_PROBLEM;
		}
	}
	if (family_seen && *paths && check_whole(abi, family_seen) != EXIT_SUCCESS) {
		status = EXIT_PROBLEM;
	}
	free(family_seen);
	return status;
}

static int run(const char *verb, const struct abi *abi, char **files)
{
	for (size_t i = 0; i < COUNT(emitters); i++) {
		if (strcmp(verb, emitters[i].verb) == 0 && !*files) {
			emitters[i].emit(stdout, abi);
			return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_PROBLEM;
		}
	}
	if (strcmp(verb, "check") == 0) {
		return renew(abi, files, false);
	}
	if (strcmp(verb, "update") == 0 && *files) {
		return renew(abi, files, true);
	}
	if (strcmp(verb, "coverage") == 0 && *files) {
		return coverage_check(abi, files);
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
	if (argc < 3) {
		fputs(usage_text, stderr);
		return EXIT_USAGE;
	}
	status = abi_load(&abi, argv[2]) ? run(argv[1], &abi, argv + 3) : EXIT_PROBLEM;
	abi_free(&abi);
	return status;
}
