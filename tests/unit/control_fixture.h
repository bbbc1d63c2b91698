/*
 * What the tests of control operations (test_control*.c) share: a machine that counts its pages
 * before and after each test, and the operations most of them need.
 */
#ifndef UNIT_CONTROL_FIXTURE_H
#define UNIT_CONTROL_FIXTURE_H

#include <parley/control.h>

#include "domain/control.h"

#define TURNS 400U /* of living_run: enough for anything here */

/* Who asks over the control line; and the arguments of the last operation, with its answer. */
extern const struct control_caller by_line;
extern union control_args call;

/* Free pages at the start of the test: a test that knows what is kept takes it off here. */
extern u64 free_before;

/* A suite's .init: memory, the line, no domains. */
void control_setup(void);

/* A suite's .fini. Whatever a test did: when all domains are ended and forgotten, every page is back. */
void control_teardown(void);

/* An operation, over the line, that takes no more than a domain's number. What it returns. */
long on_domain(u32 op, u16 domid);

/* PV_CONTROL_STATE_* of a domain, which is then call.list.domains[0]; 255: nothing is known of it. */
u8 state_of(u16 domid);

/* A request that is granted: of one vCPU, by the kernel of living_image(). */
struct pv_control_create request_for(const char *name, u32 image);

/* Have it made as a vCPU of d does it, by the same call until it is answered. c->domid: its number. */
long create_by(struct domain *d, struct pv_control_create *c);

#endif
