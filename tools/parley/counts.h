/*
 * What the hypervisor counted for each domain, as the control line told it at
 * the domain's end, for `parley run --stats`.
 */
#ifndef TOOLS_PARLEY_COUNTS_H
#define TOOLS_PARLEY_COUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <parley/stats.h>

#include "fates.h"

struct counts {
	struct pv_stats items[FATES_MAX]; /* by the domain's number in fates; version 0: none came */
};

/* Takes the payload of a STATS frame of this domain. */
void counts_take(struct counts *counts, size_t index, const uint8_t *payload, size_t size);

/* The number is another domain's from now on. */
void counts_forget(struct counts *counts, size_t index);

/*
 * The counts of all domains, as a table or as JSON, counts of 0 left out.
 * Returns text that the caller frees.
 */
char *counts_print(const struct counts *counts, const struct fates *fates, bool as_json);

#endif
