/*
 * What was counted for a domain. The counts are plain increments where things
 * happen: in vcpu.stats_entries, domain.stats_hypercalls, and domain.mm.stats.
 * vCPUs on several CPUs may lose one now and then; they are figures, nothing
 * depends on them.
 */
#ifndef DOMAIN_STATS_H
#define DOMAIN_STATS_H

#include <parley/stats.h>

#include "domain/domain.h"

/* Add up d's counts; fills in all of *stats. */
void domain_stats_read(const struct domain *d, struct pv_stats *stats);

/* Start again from 0. */
void domain_stats_reset(struct domain *d);

/* d has ended: tell what was counted, on the control line. */
void domain_stats_end(const struct domain *d);

#endif
