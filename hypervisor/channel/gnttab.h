/*
 * Grant tables, version 1: a domain's list of the frames that it lets others
 * use. The table's frames belong to the hypervisor, the domain maps them
 * writable; they hold a writable type use for good, so none can become a page
 * table, and grow on demand.
 *
 * LIMIT: nobody can map or copy a grant yet; tables are there so that guests
 * that look for them start clean.
 *
 * Lock order: mm_owner.lock > grant_lock.
 */
#ifndef CHANNEL_GNTTAB_H
#define CHANNEL_GNTTAB_H

#include "domain/domain.h"

#define GNTTAB_FRAMES_MAX 64 /* 32768 grants */
#define GNTTAB_VERSION    1

/* A new domain: no frames yet. 0 or -PV_ENOMEM. */
int gnttab_init(struct domain *d) must_check;

/* Its end: no mapping of the table's frames may be left. */
void gnttab_fini(struct domain *d);

/* Frames the table has now. */
u32 gnttab_frame_count(struct domain *d);

/*
 * Let the table have at least `count` frames: 0; -PV_EINVAL: above the
 * maximum; -PV_ENOMEM. What was added before stays.
 */
int gnttab_grow(struct domain *d, u32 count) must_check;

/* The i-th frame of the table; i is below gnttab_frame_count(). */
mfn_t gnttab_frame(struct domain *d, u32 i);

#endif
