/* A machine and a client of its socket, for test_link*.c and test_runtime.c. Read fake_session.h first. */
#ifndef UNIT_LINK_FIXTURE_H
#define UNIT_LINK_FIXTURE_H

#include "fake_session.h"
#include "parley/link.h"

/* What the last call had to say against it. */
extern struct problem problem;

/* Connect to the only machine there is. */
void open_link(struct link *link);

/* The last problem says so among other things. */
void expect_problem(const char *text);

/* Have a domain paused: what link_call() returns. */
int pause_domain(struct link *link, uint16_t domid);

#endif
