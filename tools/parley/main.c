/*
 * `parley`: starts Parley's hypervisor and domains on an emulated machine, and
 * makes what it boots from. This file finds the verb; each verb has a file of
 * its own. Read next: verb_run.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "text.h"
#include "verbs.h"

static const struct verb {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *what;
} verbs[] = {
	{ "run", verb_run, "start domains on an emulated machine" },
	{ "check", verb_check, "check a configuration and the kernels in it" },
	{ "bundle", verb_bundle, "make a launch bundle, or show one" },
	{ "image", verb_image, "make a bootable ISO image" },
};

#define VERB_COUNT (sizeof(verbs) / sizeof(verbs[0]))

int verb_fail(const char *verb, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "parley %s: ", verb);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return VERB_STATUS_USAGE;
}

int verb_point_to_help(const char *verb)
{
	fprintf(stderr, "`parley %s --help` lists the options.\n", verb);
	return VERB_STATUS_USAGE;
}

int verb_misuse(const char *verb, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "parley %s: ", verb);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return verb_point_to_help(verb);
}

int verb_print_version(void)
{
	puts("parley " PARLEY_VERSION);
	return 0;
}

static void print_help(FILE *out)
{
	fputs("usage: parley VERB [ARGUMENT...]\n\n", out);
	for (size_t i = 0; i < VERB_COUNT; i++) {
		fprintf(out, "  %-8s %s\n", verbs[i].name, verbs[i].what);
	}
	fputs("\n`parley VERB --help` says more of each, `parley --version` prints the version.\n"
	      "Exit status: 0 done, 1 a domain or the hypervisor crashed, 2 usage or configuration.\n",
	      out);
}

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < VERB_COUNT; i++) {
		if (!strcmp(verbs[i].name, name)) {
			return &verbs[i];
		}
	}
	return NULL;
}

static int refuse_verb(const char *name)
{
	const char *names[VERB_COUNT + 1] = { NULL };
	const char *nearest;

	for (size_t i = 0; i < VERB_COUNT; i++) {
		names[i] = verbs[i].name;
	}
	nearest = text_find_nearest(name, names);
	fprintf(stderr, "parley: \"%s\" is no verb", name);
	if (nearest) {
		fprintf(stderr, " (did you mean \"%s\"?)", nearest);
	}
	fputs("\n`parley --help` lists the verbs.\n", stderr);
	return VERB_STATUS_USAGE;
}

/* Files opened later must not land on 0 to 2 where a caller closed those. */
static void occupy_standard_streams(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO) {
		close(fd);
	}
}

/* Results on standard output count only once they are written. */
static int finish(int status)
{
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "parley: standard output: %s\n", strerror(errno));
		return status ? status : 1;
	}
	return status;
}

int main(int argc, char **argv)
{
	static char title[64];
	const char *name = argc > 1 ? argv[1] : "";
	const struct verb *verb;

	occupy_standard_streams();
	if (!strcmp(name, "--version") || !strcmp(name, "-V")) {
		return finish(verb_print_version());
	}
	if (!strcmp(name, "help") && argc > 2 && find_verb(argv[2])) {
		char *help_argv[] = { argv[2], (char[]){ "--help" }, NULL };

		return finish(find_verb(argv[2])->run(2, help_argv));
	}
	if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help")) {
		print_help(stdout);
		return finish(0);
	}
	if (!*name) {
		print_help(stderr);
		return VERB_STATUS_USAGE;
	}
	verb = find_verb(name);
	if (!verb) {
		return refuse_verb(name);
	}
	/* getopt puts this before its messages. */
	snprintf(title, sizeof(title), "parley %s", name);
	argv[1] = title;
	return finish(verb->run(argc - 1, argv + 1));
}
