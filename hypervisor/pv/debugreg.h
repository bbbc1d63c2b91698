/*
 * A guest's debug registers. Breakpoints may not touch the hypervisor, DR7 may
 * not ask for I/O breakpoints or general detect; what is stored in v->debugreg
 * has been checked and can be loaded as it is.
 *
 * DR6 is only kept here: traps.c merges in what the processor says in a #DB.
 */
#ifndef PV_DEBUGREG_H
#define PV_DEBUGREG_H

#include "domain/domain.h"

#define DR7_ENABLES 0xffUL /* any breakpoint on */

/* Registers 0 to 3, 6 and 7. Write: v is current; 0, -PV_EPERM (a breakpoint that is refused), -PV_EINVAL (no such register). */
int debugreg_write(struct vcpu *v, u32 number, u64 value) must_check;
int debugreg_read(const struct vcpu *v, u32 number, u64 *value) must_check;

/* Make a stored value acceptable (vcpu_op initialise): false if it is refused. */
bool debugreg_check(u32 number, u64 *value);

/* Load next's breakpoints after prev's; either may be NULL (idle). */
void debugreg_switch(const struct vcpu *prev, const struct vcpu *next);

#endif
