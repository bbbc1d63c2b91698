/*
 * A guest's debug registers. Breakpoints may not touch the hypervisor, and DR7 may
 * not ask for general detect; what is stored in v->debugreg has been checked.
 *
 * Breakpoints on I/O, which need CR4.DE, never reach the processor: a guest's IN and
 * OUT are emulated, and io.c asks here. A guest may keep one on and clear CR4.DE; it is
 * then without effect.
 *
 * DR6 is only kept here. As in a processor its bits stay until the guest clears them.
 */
#ifndef PV_DEBUGREG_H
#define PV_DEBUGREG_H

#include "domain/domain.h"

#define DR7_ENABLES 0xffUL   /* any breakpoint on */
#define DR6_BS      0x4000UL /* single step */

/* Registers 0 to 3, 6 and 7. Write: v is current; 0, -PV_EPERM (a breakpoint that is refused), -PV_EINVAL (no such register). */
int debugreg_write(struct vcpu *v, u32 number, u64 value) must_check;
int debugreg_read(const struct vcpu *v, u32 number, u64 *value) must_check;

/* Make a value acceptable to a vCPU with that CR4: false if it is refused. */
bool debugreg_check(u64 cr4, u32 number, u64 *value);

/* Which breakpoints on I/O an access to these ports meets, as bits of DR6. bytes: 1, 2 or 4. */
u64 debugreg_io_hits(const struct vcpu *v, u16 port, u32 bytes);

/* Add to DR6 why a #DB comes. */
void debugreg_met(struct vcpu *v, u64 dr6);

/* Load next's breakpoints after prev's; either may be NULL (idle). */
void debugreg_switch(const struct vcpu *prev, const struct vcpu *next);

#endif
