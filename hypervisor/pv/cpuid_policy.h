/*
 * CPUID as a guest sees it: the machine's, reduced to the features on a list
 * of those known to work for a PV guest, and the hypervisor's own leaves.
 * Everything not listed reads as zero, so a new processor shows nothing new
 * until someone has thought about it.
 */
#ifndef PV_CPUID_POLICY_H
#define PV_CPUID_POLICY_H

#include "domain/domain.h"

/* Bits of XCR0 that a guest may be offered: x87, SSE, AVX, the three of AVX-512. */
#define PV_XCR0_OFFERED 0xe7UL

/* Where the machine's own CPUID is asked; unit tests put a machine of theirs here. */
extern void (*cpuid_host)(u32 leaf, u32 subleaf, u32 out[4]);

/* out: EAX, EBX, ECX, EDX. v is the vCPU that asks, by trap or by the forced form. */
void cpuid_policy_guest(const struct vcpu *v, u32 leaf, u32 subleaf, u32 out[4]);

#endif
