/*
 * A machine that `parley run` holds, without one: a process that speaks the control line as the
 * hypervisor does (fake_hypervisor.h), and a session that holds it. Verbs run against its socket
 * by fake_verb.h.
 *
 * The hypervisor's state is in memory that the test shares, so it can be prepared and
 * looked at without asking; frames of its own the test sends by fake_machine_say.
 */
#ifndef TESTS_UNIT_FAKE_SESSION_H
#define TESTS_UNIT_FAKE_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "fake_hypervisor.h"

struct fake_machine {
	struct fake_state *state;
	pid_t session; /* the process that is `parley run` */
	int line;      /* the hypervisor's end */
	int out;       /* what the session wrote */
	int err;
	char folder[64]; /* the runtime directory */
};

/* The machine of a test that has only one. */
extern struct fake_machine machine;

/* What a session has for standard output in place of a file of its own, -1: that; set it before. */
extern int fake_output;

/* Starts a machine called "name" with domains 1 "one" (running) and 2 "two" (running). */
void fake_machine_start(struct fake_machine *fake, const char *name);

/* The same in the folder of another, or, with patience, giving up on the hypervisor sooner. */
void fake_machine_start_in(struct fake_machine *fake, const char *name, const char *folder,
			   double patience);

/* The hypervisor sends a frame. */
void fake_machine_say(struct fake_machine *fake, uint8_t type, uint16_t domid, const void *payload,
		      size_t size);
void fake_machine_say_state(struct fake_machine *fake, uint16_t domid, const char *name,
			    uint8_t state, uint8_t reason);

/* All domains power off, the hypervisor says good-bye. Returns the session's exit status. */
int fake_machine_end(struct fake_machine *fake);

/* Waits for the session's end; returns its status. */
int fake_machine_wait(struct fake_machine *fake);

/* Waits, at most 10 s, until a number that the hypervisor changes is at least "least". */
bool fake_wait_for(const volatile uint32_t *number, uint32_t least);

/* The last request with this operation, or NULL. */
const struct fake_request *fake_find_request(const struct fake_machine *fake, uint32_t op);
uint32_t fake_count_requests(const struct fake_machine *fake, uint32_t op);

#endif
