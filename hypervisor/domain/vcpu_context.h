/*
 * Giving a vCPU what it starts with, and the place of its vcpu_info.
 *
 * Read next: ../hypercall/vcpu_op.c.
 */
#ifndef DOMAIN_VCPU_CONTEXT_H
#define DOMAIN_VCPU_CONTEXT_H

#include "domain/domain.h"

/*
 * Registers, tables and callbacks of a vCPU that never ran, from a guest; every
 * value is checked before one is taken. 0; -PV_EINVAL: the vCPU could not run
 * so; -PV_EEXIST: it has them already; MM_RESTART. In vcpu_context.c.
 */
int vcpu_set_context(struct vcpu *v, const struct pv_vcpu_guest_context *ctxt) must_check;

/*
 * Move v's vcpu_info to offset in frame m of its domain, once: the old contents
 * are copied and all events looked at again. v is current or offline.
 * 0; -PV_EINVAL: a bad place, or moved before; MM_RESTART. In vcpu_info.c.
 */
int vcpu_map_info(struct vcpu *v, mfn_t m, u32 offset) must_check;

/*
 * End of v: drop what it holds of its domain's memory, that is roots, descriptor
 * tables and vcpu_info. Under the lock, after mm_settle(); v cannot run. 0, or
 * MM_RESTART: call again. In vcpu_context.c.
 */
int vcpu_drop_memory(struct vcpu *v) must_check;

/* End of v: back to the place in shared_info. Under mm.lock; v cannot run. */
void vcpu_unmap_info(struct vcpu *v);

#endif
