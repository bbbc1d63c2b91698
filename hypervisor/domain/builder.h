/*
 * The one way to make a domain: from a specification with its images, at boot
 * from the launch bundle (boot/bundle.c), later for control operations and for
 * domains that asked to reboot (making.c). It is done in steps, none of which handles
 * more than BUILD_STEP pages, so that it can be done beside guests.
 */
#ifndef DOMAIN_BUILDER_H
#define DOMAIN_BUILDER_H

#include "domain/spec.h"

struct build;

/*
 * Begin: a domain that is on domain_list as DOMAIN_BUILDING, so its name is taken.
 * The specification is the build's from now on, also on an error. -PV_ENOEXEC: the
 * kernel is none; -PV_EINVAL: a number is not acceptable; -PV_ENOMEM; -PV_EEXIST: the name is taken. On
 * an error nothing remains and the log and the line have the reason.
 */
int build_begin(struct domain_spec *spec, struct build **out) must_check;

/* The next step: 0: the domain is whole; BUILD_MORE (build_memory.h); or -errno. */
int build_step(struct build *b) must_check;

/*
 * The end of the build, after whatever build_step() said last. Whole: the domain,
 * which domain_start() lets run. Else NULL, the reason is told, and what there is of
 * it is freed: now, or by the reaper.
 */
struct domain *build_end(struct build *b, int rc, bool now);

/* All of it at once: for the boot. */
int domain_build(struct domain_spec *spec, struct domain **out) must_check;

/* Let a built domain run: vCPU 0 comes online. */
void domain_start(struct domain *d);

#endif
