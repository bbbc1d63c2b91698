/*
 * Taking domains apart that have ended, in steps, until every frame, port,
 * grant and structure of theirs is free and only a record remains (ended.h).
 */
#ifndef DOMAIN_REAP_H
#define DOMAIN_REAP_H

#include "domain/domain.h"

/* Boot: once on the boot CPU. */
void reap_init(void);

/* d has ended and everyone was told: it is freed when nobody can use it any more. Any CPU, no lock held. */
void reap_add(struct domain *d);

/* Free one that was never alive, all of it now. */
void reap_unborn(struct domain *d);

#endif
