/*
 * `parley`: starts Parley's hypervisor and domains on an emulated machine, and
 * makes what it boots from. This file finds the verb; each verb has a file of
 * its own. Read next: verb_run.c.
 */
#include <errno.h>
#include <fcntl.h>
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
	{ "stop", verb_stop, "end a running machine" },
	{ "ls", verb_ls, "list the domains of a running machine" },
	{ "create", verb_create, "start further domains on it" },
	{ "console", verb_console, "show a domain's console, and type to it" },
	{ "pause", verb_pause, "stop the vCPUs of domains" },
	{ "unpause", verb_unpause, "let paused domains run again" },
	{ "shutdown", verb_shutdown, "ask domains to power off" },
	{ "reboot", verb_reboot, "ask domains to reboot" },
	{ "destroy", verb_destroy, "end domains at once" },
	{ "mem-set", verb_mem_set, "ask a domain to give back or take memory" },
	{ "vcpu-set", verb_vcpu_set, "ask a domain to use fewer or more vCPUs" },
	{ "sched", verb_sched, "show or change how domains share the CPUs" },
	{ "top", verb_top, "watch what domains use" },
	{ "trace", verb_trace,
	  "print what domains ask of the hypervisor, and what happens to them" },
	{ "oops", verb_oops, "print the report of a domain that crashed" },
};

#define VERB_COUNT (sizeof(verbs) / sizeof(verbs[0]))

static void print_help(FILE *out)
{
	fputs("usage: parley VERB [ARGUMENT...]\n\n", out);
	for (size_t i = 0; i < VERB_COUNT; i++) {
		fprintf(out, "  %-9s %s\n", verbs[i].name, verbs[i].what);
	}
	fputs("\n`parley VERB --help` says more of each, `parley --version` prints the version.\n"
	      "Exit status: 0 done, 1 failed (a domain or the hypervisor crashed, or refuses), 2 usage or\n"
	      "configuration.\n",
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

/*
 * Results on standard output count only once they are written. Who stopped reading them (`head`)
 * need not be told.
 */
static int finish(int status)
{
	if (fflush(stdout) || ferror(stdout)) {
		if (errno != EPIPE) {
			fprintf(stderr, "parley: standard output: %s\n", strerror(errno));
		}
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
