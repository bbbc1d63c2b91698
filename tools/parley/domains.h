/*
 * The domains of a machine as the hypervisor lists them, for verbs: by name or number, with
 * their states in words, and why an operation on one was refused.
 *
 * Names and texts come from ring 0 or from domains, and are cleaned: they end on a terminal.
 */
#ifndef TOOLS_PARLEY_DOMAINS_H
#define TOOLS_PARLEY_DOMAINS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include <parley/control_op.h>

#include "link.h"
#include "problem.h"

#define DOMAINS_STATE_MAX 48 /* room that domains_describe_state needs */

struct domains {
	struct pv_control_machine machine; /* as it was when they were listed */
	struct pv_control_domain *items;   /* by number; also those that have ended */
	size_t count;
};

/* Asks for the machine and all domains. Returns 0, or -1 with a problem and nothing to free. */
int domains_list(struct domains *domains, struct link *link, struct problem *problem);

void domains_free(struct domains *domains);

/*
 * The domain that a person means: by name, one that lives before one that has ended, or else by
 * number. NULL with a problem that says which there are.
 */
const struct pv_control_domain *domains_find(const struct domains *domains, const char *text,
					     struct problem *problem);

/*
 * The same, of those that live. For one that has ended the problem says how that was, and that
 * it cannot be "done" ("paused").
 */
const struct pv_control_domain *domains_find_live(const struct domains *domains, const char *text,
						  const char *done, struct problem *problem);

bool domains_has_ended(const struct pv_control_domain *domain);

/* True where it has ended as a domain should: it powered off, or asked for a restart. */
bool domains_is_good(const struct pv_control_domain *domain);

/* "running", "paused", "powered off" and so on. Returns "buffer". */
const char *domains_describe_state(const struct pv_control_domain *domain,
				   char buffer[DOMAINS_STATE_MAX]);

/* One word for scripts: "running", "paused", "shutdown" and so on. */
const char *domains_name_state(const struct pv_control_domain *domain);

/* "poweroff", "reboot" and so on. */
const char *domains_name_reason(uint8_t reason);

/* All that is known of a domain; the caller drops the reference. */
json_t *domains_to_json(const struct pv_control_domain *domain);

/*
 * Says in words why an operation (a verb in the infinitive, "pause") gave "result", which is
 * negative. Does nothing for LINK_FAILED, which has its problem. Returns -1.
 */
int domains_explain(const char *name, const char *verb, int result, struct problem *problem);

#endif
