/*
 * What is to be started: domains and the machine under them, from a JSON file
 * (config.c) or from the command line of `parley run --kernel`. Loading
 * checks everything that can be known without opening a kernel; launch.h
 * does the rest.
 */
#ifndef TOOLS_PARLEY_CONFIG_H
#define TOOLS_PARLEY_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uuid/uuid.h>

#include <parley/bundle.h>

#include "problem.h"

#define CONFIG_VCPUS_MAX      32U
#define CONFIG_CPUS_MAX       64U
#define CONFIG_WEIGHT_DEFAULT 256U
#define CONFIG_WEIGHT_MAX     65535U
#define CONFIG_MEMORY_DEFAULT (512ULL << 20)
#define CONFIG_MEMORY_MIN     (1ULL << 20)

struct config_domain {
	char name[PV_BUNDLE_NAME_MAX];
	char cmdline[PV_BUNDLE_CMDLINE_MAX];
	uuid_t uuid;
	bool has_own_uuid; /* given, not made */
	char *kernel;      /* path, as to be opened */
	char *ramdisk;     /* path, or NULL */
	uint64_t memory;   /* bytes */
	unsigned int vcpus;
	unsigned int weight;
	unsigned int cap;  /* per cent of one CPU, 0: none */
	uint64_t affinity; /* 0: all CPUs */
	bool control;
	bool once; /* is not started again when it asks to reboot */
};

struct config {
	char *path; /* of the file, NULL where it came from the command line */
	char *text; /* the file, to find lines in */
	struct config_domain *domains;
	size_t domain_count;
	unsigned int machine_cpus; /* 0: to be chosen */
	uint64_t machine_memory;   /* bytes, 0: to be chosen */
};

/* A domain with every default, no name and no kernel, and a new UUID. */
void config_domain_init(struct config_domain *domain);

/* Gives domains whose UUID was made one that follows from their name, so that runs can repeat exactly. */
void config_repeat_uuids(struct config *config);

/*
 * Reads a file. Relative paths in it are taken from where the file is. Returns
 * 0, or -1 with a problem "file:line: field: what (fix)" and an empty config.
 */
int config_load(struct config *config, const char *path, struct problem *problem);

/* The same from text in memory; "path" is for messages and relative paths. */
int config_parse(struct config *config, const char *text, size_t size, const char *path,
		 struct problem *problem);

/*
 * Puts where a domain's field stands before a problem: "file:line:
 * domains[0].kernel: ", or "--kernel: " for the command line. Returns -1.
 */
int config_blame_domain(const struct config *config, size_t index, const char *field,
			struct problem *problem);

/* The same for a field of "machine". */
int config_blame_machine(const struct config *config, const char *field, struct problem *problem);

/* CPUs of the machine: as configured, else enough for the widest domain, at most "most". */
unsigned int config_count_cpus(const struct config *config, unsigned int most);

/*
 * Checks that each domain may run on at least one of the machine's CPUs.
 * Returns 0, or -1 with a problem.
 */
int config_check_cpus(const struct config *config, unsigned int cpus, struct problem *problem);

void config_free(struct config *config);

#endif
