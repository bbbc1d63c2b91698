/*
 * A machine for the tests of verbs (test_verbs*.c), and what is asked of each: that it returns,
 * writes and sends what it should. Read fake_session.h and fake_verb.h first.
 */
#ifndef UNIT_VERB_FIXTURE_H
#define UNIT_VERB_FIXTURE_H

#include "fake_session.h"
#include "fake_verb.h"

/* Runs a verb and expects its status, and texts within what it wrote. */
struct fake_result *expect(fake_verb_fn *verb, const char *words, int status, const char *out,
			   const char *err);

/* The last request with this operation, which there must be. */
const struct fake_request *find_request(uint32_t op);

/* Whether all that was written to a file so far is that text. */
void expect_file(int fd, const char *text);

/* The exit status of a verb that was spawned, which no signal may have ended. */
int exit_status(pid_t child);

/* The hypervisor has a domain that ended: PV_CONTROL_STATE_*, PV_SHUTDOWN_*. */
void end_domain(size_t index, uint8_t state, uint8_t reason, const char *text);

/* The end of a test: all that live, or were only said to have ended, power off. */
void end(void);

#endif
