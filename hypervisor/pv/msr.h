/*
 * Model-specific registers as a guest kernel sees them. Few exist; the rest
 * raise #GP, which guest kernels are prepared for - except before they have
 * registered a handler for it, when unknown ones read as 0.
 */
#ifndef PV_MSR_H
#define PV_MSR_H

#include "domain/domain.h"

/* The page attribute table that every guest runs with: WB WT UC- UC, WP WC. */
#define PV_PAT 0x0000050100070406UL

/* 0, or -PV_EINVAL: the instruction raises #GP. v is current, in its kernel half. */
int pv_msr_read(struct vcpu *v, u32 index, u64 *value) must_check;
int pv_msr_write(struct vcpu *v, u32 index, u64 value) must_check;

#endif
