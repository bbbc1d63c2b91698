/*
 * The clock that guests read without a call: TSC and scale in each vcpu_info,
 * wall-clock time in shared_info. All CPUs' TSCs are in step and run at one
 * rate (drivers/tsc.h), so a record is written once and stays true.
 */
#ifndef DOMAIN_PVCLOCK_H
#define DOMAIN_PVCLOCK_H

#include "domain/domain.h"

/* Boot: read the machine's clock. After tsc_init(). */
void pvclock_init(void);

/* A new domain: its wall clock, once d->shared is there. */
void pvclock_init_domain(struct domain *d);

/* v->info is new: the time in it, before the guest can see it. */
void pvclock_init_vcpu(struct vcpu *v);

/* Write v's time to the area at gva in the loaded address space, and keep it registered: 0 or -PV_EFAULT. 0: no area. */
int pvclock_register_area(struct vcpu *v, u64 gva) must_check;

#endif
