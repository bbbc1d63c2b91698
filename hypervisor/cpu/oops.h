/*
 * The ends: of the hypervisor, for its own fault, and of a domain, for its
 * own. Both say where in the code, and what the registers and the stack held.
 * panic() is in lib/log.h.
 */
#ifndef CPU_OOPS_H
#define CPU_OOPS_H

#include "cpu/regs.h"
#include "lib/text.h"

struct vcpu;

/*
 * The hypervisor failed: stop the other CPUs, print everything, then call what
 * oops_set_last_words() gave and power off; without that, stop with the text
 * on the screen. regs may be NULL.
 */
void noreturn_fn oops_fatal(const struct cpu_regs *regs, const char *why);

/*
 * Boot: a function that tells whoever is at the other end of the control line
 * that the hypervisor failed. It must wait for no lock.
 */
void oops_set_last_words(void (*fn)(void));

/* An NMI came. Stops this CPU if another one is in oops_fatal(); else notes it and returns. */
void oops_nmi(const struct cpu_regs *regs);

/*
 * A domain is ended: tell the guest's registers, and the code and stack they
 * point at if v is current here and they can be read. To the text always, to the
 * log limited in rate over all domains. docs/debugging.md explains the parts.
 */
void oops_guest(struct vcpu *v, const struct cpu_regs *regs, const char *why, struct text *to);

#endif
