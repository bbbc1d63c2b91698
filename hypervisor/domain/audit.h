/*
 * The audit of a domain's memory: mm/audit.h, with what the domain's vCPUs,
 * its console, its grant table and its grants hold. In debug builds only; in others
 * domain/audit_off.c stands for it, which finds nothing.
 */
#ifndef DOMAIN_AUDIT_H
#define DOMAIN_AUDIT_H

#include "domain/domain.h"

/*
 * Count again all references to d's frames: how many disagree; the first few
 * are logged. -PV_ENOMEM without memory to count in; -PV_ENOSYS if this build
 * cannot. Takes d->mm.lock.
 */
s64 domain_audit(struct domain *d);

/* d has ended: audit it, and log if something is wrong. */
void domain_audit_end(struct domain *d);

#endif
