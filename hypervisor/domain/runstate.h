/*
 * How long each vCPU ran, waited for a CPU, slept: kept at every change of
 * state and copied to the area that the guest registered (vcpu_op 5).
 *
 * The area's address is one of the guest kernel's, so it is only written while
 * that half of the guest is loaded on this CPU; what could not be written
 * stays dirty until the next time.
 */
#ifndef DOMAIN_RUNSTATE_H
#define DOMAIN_RUNSTATE_H

#include "domain/domain.h"

/* A new vCPU is offline from now on. */
void runstate_init(struct vcpu *v, u64 now_ns);

/* v's state (PV_RUNSTATE_*) changes; its run queue lock held. */
void runstate_change(struct vcpu *v, s32 state, u64 now_ns);

/* What the guest is told: the times up to the last change. Its run queue lock held, or v is the caller's own. */
void runstate_read(const struct vcpu *v, struct pv_vcpu_runstate_info *out);

/* Register gva for v and write it once, in the loaded address space: 0 or -PV_EFAULT. */
int runstate_register(struct vcpu *v, u64 gva) must_check;

/* Bring the area up to date if it is behind and v, loaded here, is in its kernel. */
void runstate_flush(struct vcpu *v);

#endif
