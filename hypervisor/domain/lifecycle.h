/*
 * How domains come alive and end, and what follows when none is left: the
 * control line is told and the machine is turned off. domain_crash() and
 * domain_shutdown() are in domain.h.
 */
#ifndef DOMAIN_LIFECYCLE_H
#define DOMAIN_LIFECYCLE_H

#include "domain/domain.h"

/* A built domain comes alive: DOMAIN_BUILDING -> DOMAIN_ALIVE, and the control line is told. Before its first vCPU runs. */
void lifecycle_start(struct domain *d);

/* A domain of the launch bundle could not be built; why is one line for people. */
void lifecycle_build_failed(const char *name, const char *why);

/*
 * Boot: all domains of the bundle are started, or have failed. Until then the
 * end of the last one that lives is not the end of the machine.
 */
void lifecycle_boot_done(void);

/* The exit of a vCPU that crashed its domain (vcpu.crash_report), with all its registers: print and tell. */
void domain_report_crash(struct vcpu *v, const struct cpu_regs *regs);

#endif
