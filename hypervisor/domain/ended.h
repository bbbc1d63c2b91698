/*
 * What remains of a domain that has ended: a record under its number, until
 * somebody forgets it (control operation destroy), its name is taken again, or
 * ENDED_MAX others have ended since. A domain gets the memory for its record when it
 * is made, so an oops can be kept when there is no memory left.
 *
 * All under the life lock (domain.h).
 */
#ifndef DOMAIN_ENDED_H
#define DOMAIN_ENDED_H

#include <parley/control_op.h>

#include "lib/text.h"

#define ENDED_MAX      64U
#define ENDED_OOPS_MAX 8192U /* bytes of an oops, with the NUL */

struct ended {
	struct pv_control_domain info; /* as it is listed */
	struct pv_stats stats;         /* as they were at the end */
	struct text oops;              /* no buffer: it did not crash */
	struct ended *next;            /* the one that ended after it */
};

/* A record with room for an oops, or NULL. And its end; NULL is nothing. */
struct ended *ended_new(void) must_check;
void ended_free(struct ended *e);

/* Keep it. One that there is no room for any more is returned, to be freed without the lock. */
struct ended *ended_add(struct ended *e) must_check;

/* By number, or NULL. */
struct ended *ended_find(u16 domid);

/* Take it off the list: to be freed without the lock. NULL if there is none. */
struct ended *ended_take(u16 domid) must_check;
struct ended *ended_take_name(const char *name) must_check;

/* How many records there are. */
u32 ended_count(void);

#endif
