/*
 * Grant tables, version 1: a domain's list of the frames that it lets others
 * use, and what it has mapped of others'. The table's frames belong to the
 * hypervisor, the domain maps them writable; they hold a writable type use for
 * good, so none can become a page table, and grow on demand.
 *
 * Locks: all of a domain's is under its mm.lock. No function here holds two
 * domains' at once.
 *
 * Read next: gnttab_types.h (how it works), gnttab_pin.h, gnttab_map.h,
 * gnttab_copy.c, ../hypercall/grant_table_op.c.
 */
#ifndef CHANNEL_GNTTAB_H
#define CHANNEL_GNTTAB_H

#include <parley/grant_table.h>

#include "domain/domain.h"
#include "mm/audit.h"

#define GNTTAB_FRAMES_MAX 64 /* 32768 grants */
#define GNTTAB_VERSION    1

/* What one operation costs of a run's budget (seam/budget.h), in page-table entries looked at. */
#define GNTTAB_WORK 32U

/* A new domain: no frames yet. 0 or -PV_ENOMEM. */
int gnttab_init(struct domain *d) must_check;

/*
 * A domain's end, in this order: its vCPUs run nowhere, no CPU has a root of its loaded, none of
 * its hypercalls is under way, and its domain.life is DOMAIN_DYING; mm_teardown() until it
 * no longer restarts; gnttab_release_step() until it says false; then wait until nobody
 * holds it (gnttab_is_held); then no frame is left but the shared ones, and gnttab_fini().
 *
 * What d has mapped of others': takes some of it away, each time it is called; true if there is more.
 */
bool gnttab_release_step(struct domain *d) must_check;

/*
 * Has anybody a grant of d's mapped, or is copying by one? Then d, its mm_owner, its
 * grants and those frames are in use, though all else may be gone: mm_teardown() says
 * -PV_EBUSY. Each frame is freed as its last pin goes. When the last pin of a
 * domain goes that is DOMAIN_DYING, the CPU on which that happens gets CPU_WORK_REAP.
 */
bool gnttab_is_held(struct domain *d);

/* Its end: no mapping of the table's frames may be left, nor of its grants, nor any of its own. */
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

/* Exchange two entries that nobody uses: a status. */
s16 gnttab_swap(struct domain *d, u32 a, u32 b);

/* Copy bytes for d: a status. At least the operation's structure is sound (status aside). */
s16 gnttab_copy(struct domain *d, const struct pv_gnttab_copy *op);

/* For the audit, under d->mm.lock: tells what d's frames are held by others; complains of what is wrong. In gnttab_audit.c. */
void gnttab_audit(struct domain *d, struct mm_audit *a);

#endif
