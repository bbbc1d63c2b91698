/*
 * All that was measured in one go, and files of it: what other machines gave last time, and the
 * baseline against which Parley's own figures are held.
 */
#ifndef BENCH_RESULTS_H
#define BENCH_RESULTS_H

#include <stdbool.h>

#include "bench/costs.h"
#include "bench/events.h"
#include "bench/figures.h"
#include "bench/machines.h"

/* What figures depend on, besides the sources. */
struct conditions {
	char kernel[64];   /* Debian's release of it */
	char compiler[64]; /* that built hypervisor and guests */
	char emulator[64];
	char cpu[64];
};

struct results {
	struct conditions conditions;
	struct figures figures[MACHINES][WORKLOADS];
	/* With marks: the same programs once more, and a section for each of these figures. */
	struct figures marked[MACHINES][WORKLOADS];
	struct sections sections[MACHINES][WORKLOADS];
};

/* The section of this figure, or NULL; *operations (not 0) is how many it stands for. */
const struct section *results_section(const struct results *results, enum machine machine,
				      enum workload workload, const char *name, double *operations);

/* Fills in the conditions of here and now. */
void results_find_conditions(struct conditions *conditions, const struct machine_files *files);

/* The machines with a bit in `mask`. Each gives 0, or -1 after a message. */
int results_save(const struct results *results, unsigned mask, const char *path);

/* Adds the file's figures of the machines in `mask`, where there are none yet, if its -cpu is the same. */
int results_load(struct results *results, unsigned mask, const char *path);

/*
 * Compares Parley's figures with those of the baseline file; prints what is worse by more than
 * two in a hundred, and what is better. Returns how many are worse, or -1 after a message.
 */
int results_check(const struct results *results, const char *path);

void results_free(struct results *results);

#endif
