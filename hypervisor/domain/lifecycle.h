/*
 * How domains come alive and end, and what follows when none is left: the
 * control line is told and the machine is turned off. domain_crash() and
 * domain_shutdown() are in domain.h.
 *
 * A life is counted from the moment that a domain is to be built, so the
 * machine stays on while one is being made or made again.
 */
#ifndef DOMAIN_LIFECYCLE_H
#define DOMAIN_LIFECYCLE_H

#include "domain/domain.h"

/* Boot: look at the hypervisor's command line: `stay` keeps the machine on without domains. */
void lifecycle_init(const char *cmdline);

/* One life more; and one less, of one that did not come about: the last turns the machine off. */
void lifecycle_begin(void);
void lifecycle_give_up(void);

/* CPU_WORK_REAP: turns the machine off if no domain is left. */
void lifecycle_end_machine(void);

/*
 * A built domain comes alive: DOMAIN_BUILDING -> DOMAIN_ALIVE, and the control line is
 * told. Before its first vCPU runs. False: it was destroyed meanwhile, and is gone.
 */
bool lifecycle_start(struct domain *d) must_check;

/* One that is being built will not come alive: DOMAIN_DYING, its name is free. */
void lifecycle_abandon(struct domain *d);

/*
 * A domain could not be built; why is one line for people. Of one that a domain asked for the
 * log says so as often as a budget allows, and the line nothing: who asked is told.
 */
void lifecycle_build_failed(const struct domain_spec *spec, const char *why);

/*
 * Boot: all domains of the bundle are started, or have failed. Until then the
 * end of the last one that lives is not the end of the machine.
 */
void lifecycle_boot_done(void);

/* The exit of a vCPU that ended its domain (vcpu.crash_report), with all its registers: print and tell. */
void domain_report_crash(struct vcpu *v, const struct cpu_regs *regs);

/*
 * Control operations on a live domain. Pauses are counted: -PV_EOVERFLOW: too many,
 * -PV_EINVAL: unpaused without one; -PV_ESRCH: it has just ended.
 */
int lifecycle_pause(struct domain *d) must_check;
int lifecycle_unpause(struct domain *d) must_check;

/* End a domain at once, or forget one that ended: 0, or -PV_ESRCH. One that is being freed: 0. */
int lifecycle_destroy(u16 domid) must_check;

/* Turn the machine off: does not return but with -PV_EBUSY, if another domain than `but` (may be NULL) lives. */
int lifecycle_off(const struct domain *but, bool force) must_check;

/* Lives, that is domains that run or are being made. */
u32 lifecycle_count(void);

#endif
