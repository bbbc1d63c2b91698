/*
 * What the command line of `parley run` asks for. Read next: verb_run.c.
 */
#ifndef TOOLS_PARLEY_RUN_OPTIONS_H
#define TOOLS_PARLEY_RUN_OPTIONS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "detach.h"
#include "launch.h"
#include "qemu.h"
#include "runtime.h"

/* A call of `parley run`: first its options, then what is made of them. */
struct run {
	const char *config_path;
	const char *domain_option; /* an option that describes the one domain, or NULL */
	const char *log_path;
	const char *summary_path;
	bool stats;
	bool stats_json;
	const char *hypervisor;
	const char *machine; /* its name, or NULL */
	struct runtime_socket socket;
	double timeout;
	unsigned int cpus;
	uint64_t machine_memory;
	bool detached;
	struct detach detach;
	bool is_done; /* help or version was printed */
	struct config_domain domain;
	struct qemu_options qemu;
	const char **extra;
	size_t extra_count;
	struct config config;
	struct launch launch;
	char hypervisor_path[PATH_MAX];
};

/*
 * Reads the command line. Returns 0, or the exit status of wrong usage, having said what; with
 * is_done set, help or the version was printed.
 */
int run_read_options(struct run *run, int argc, char **argv);

#endif
