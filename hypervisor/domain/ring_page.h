/*
 * The page of a ring that the hypervisor itself serves, console or store: a frame of the domain's, which
 * stays its writable memory for as long as the ring is served.
 */
#ifndef DOMAIN_RING_PAGE_H
#define DOMAIN_RING_PAGE_H

#include "domain/domain.h"

/* Hold d's frame as writable memory: 0, or -PV_EINVAL if it is in use as anything else. Takes d->mm.lock. */
int ring_page_hold(struct domain *d, mfn_t frame) must_check;

/* Let go of it. Takes d->mm.lock. */
void ring_page_release(struct domain *d, mfn_t frame);

#endif
