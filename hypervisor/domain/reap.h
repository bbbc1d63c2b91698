/*
 * Taking domains apart that have ended, in steps, until every frame, port,
 * grant and structure of theirs is free and only a record remains (ended.h). The
 * same steps, domain_reap(), also serve making.h and image.h.
 */
#ifndef DOMAIN_REAP_H
#define DOMAIN_REAP_H

#include "domain/domain.h"

/* Boot: once on the boot CPU. */
void reap_init(void);

/* d has ended and everyone was told: it is freed when nobody can use it any more. Any CPU, no lock held. */
void reap_add(struct domain *d);

/* One that was never alive: the same; or all of it now. */
void reap_add_unborn(struct domain *d);
void reap_unborn(struct domain *d);

#endif
