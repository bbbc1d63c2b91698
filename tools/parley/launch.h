/*
 * From a configuration to a bundle: opens and unpacks every kernel, reads the
 * ramdisks, checks that they fit, and says what machine all of it needs.
 * Shared by the verbs run, check, bundle and image.
 */
#ifndef TOOLS_PARLEY_LAUNCH_H
#define TOOLS_PARLEY_LAUNCH_H

#include "bundlefile.h"
#include "config.h"
#include "kernel.h"
#include "problem.h"

struct launch {
	struct bundlefile bundle;
	struct kernel_info *kernels; /* one a domain */
};

/* Returns 0, or -1 with a problem that names the place, and nothing to free. */
int launch_prepare(struct launch *launch, const struct config *config, struct problem *problem);

/* Bytes of a domain's unpacked kernel, and of its ramdisk (0: none). */
uint64_t launch_get_kernel_size(const struct launch *launch, size_t index);
uint64_t launch_get_ramdisk_size(const struct launch *launch, size_t index);

/*
 * The machine's memory in bytes: as configured, else enough for the domains,
 * the bundle and the hypervisor's own tables.
 */
uint64_t launch_measure_memory(const struct launch *launch, const struct config *config);

/* What more a machine has whose domains are not all known yet. */
#define LAUNCH_MEMORY_STAY (1ULL << 30)

/*
 * Refuses a configured machine that is smaller than its domains. Returns 0, or
 * -1 with a problem that does not name the place.
 */
int launch_check_memory(const struct launch *launch, const struct config *config,
			struct problem *problem);

/*
 * Opens a file in memory that holds the bundle, for another program to read as
 * /dev/fd/N. It vanishes with its last user, so there is nothing to clean up.
 * Returns the descriptor (inherited by children), or -1 with a problem.
 */
int launch_open_bundle(const struct launch *launch, struct problem *problem);

void launch_free(struct launch *launch);

#endif
