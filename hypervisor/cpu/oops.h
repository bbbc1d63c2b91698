/*
 * The ends: of the hypervisor, for its own fault, and of a domain, for its
 * own. Both say where in the code, with symbols, what the registers and the
 * stack held. panic() is in lib/log.h.
 */
#ifndef CPU_OOPS_H
#define CPU_OOPS_H

#include "cpu/regs.h"

struct vcpu;

/* The hypervisor failed: print everything, stop the other CPUs, tell the control line, power off. regs may be NULL. */
void noreturn_fn oops_fatal(const struct cpu_regs *regs, const char *why);

/* An NMI came. Returns if it was not for us; stops this CPU if another one is in oops_fatal(). */
void oops_nmi(const struct cpu_regs *regs);

/*
 * A domain is ended: print the guest's registers, and the code and stack they
 * point at if v is current and they can be read. Limited in rate over all
 * domains.
 */
void oops_guest(struct vcpu *v, const struct cpu_regs *regs, const char *why);

/* The function an address of the hypervisor lies in and the offset in it, or NULL. */
const char *oops_symbol(u64 address, u64 *offset);

#endif
