/* Loads on the machine of sched_machine.h, and what they must have had: for test_shares*.c. */
#ifndef UNIT_SHARES_FIXTURE_H
#define UNIT_SHARES_FIXTURE_H

#include "domain/sched.h"
#include "sched_machine.h"

#define STEP_NS   20000UL
#define MS        1000000UL
#define SECOND_NS 1000000000UL

/* A machine of so many CPUs, which have nothing to do. */
void start_idle(u32 cpus);

/* The vCPU of a new domain, which never sleeps. */
struct vcpu *new_hog(u16 id, u32 weight);

/* Since it had run `since` ns, v ran `want` of 1000 parts of a second, to 2 %. */
void expect_share(const struct vcpu *v, u64 since, u64 want);

/* Set one of a domain's struct sched_params, which must be granted. */
#define change(d, field, value)                                 \
	do {                                                    \
		struct sched_params changed;                    \
		sched_domain_get(d, &changed);                  \
		changed.field = value;                          \
		cr_assert_eq(sched_domain_set(d, &changed), 0); \
	} while (0)

#endif
