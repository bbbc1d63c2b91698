/*
 * Domains that are being made while others run: for control operation create, and
 * anew for those that asked to reboot. One at a time, in the order of asking, by
 * steps (builder.h) that are done where and when the reaper's are (reap.h).
 */
#ifndef DOMAIN_MAKING_H
#define DOMAIN_MAKING_H

#include "domain/spec.h"

/* Make a domain that has ended again, of its specification, which is ours now; the life that it had passes on. */
void making_restart(struct domain_spec *spec);

/* One step: true if there is more to do. */
bool making_step(void) must_check;

/* The end of a domain: nobody waits any more for what it asked for. What is being made is made. */
void making_disown(u16 domid);

#endif
