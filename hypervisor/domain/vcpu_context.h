/* The state in which a vCPU starts, given by its domain. */
#ifndef DOMAIN_VCPU_CONTEXT_H
#define DOMAIN_VCPU_CONTEXT_H

#include <parley/vcpu.h>

#include "domain/domain.h"

/*
 * Set a vCPU that does not run and is not initialised to a guest's context,
 * and mark it initialised. All is checked before anything changes. 0;
 * -PV_EINVAL; MM_RESTART: call again. Takes the mm lock.
 */
int vcpu_set_context(struct vcpu *v, const struct pv_vcpu_guest_context *c) must_check;

/* Drop what the vCPU holds of its domain's memory: roots, descriptor tables, vcpu_info. 0, or MM_RESTART. It does not run. */
int vcpu_drop_memory(struct vcpu *v) must_check;

#endif
