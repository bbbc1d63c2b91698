/*
 * Where vCPUs run: the choice of a CPU for one that wakes, what an idle CPU takes from
 * others' queues, and what CPUs with waiting vCPUs do so that all shares are fair, not
 * only those on one CPU. For the scheduler's own files.
 */
#ifndef DOMAIN_SCHED_BALANCE_H
#define DOMAIN_SCHED_BALANCE_H

#include "domain/sched_queue.h"

/* Where v, about to be queued, shall go; `last` has it in its care. */
struct sched_cpu *balance_choose(struct sched_cpu *last, const struct vcpu *v);

/*
 * Which CPUs idle. Who finds work for one claims it, so that the next one who has some finds another, and must tell
 * it; one that finds nothing after all declares itself again. Full barriers. claim: false if it was claimed
 * or does not idle; declare: false if it stood as idle already.
 */
bool balance_claim_idle(const struct sched_cpu *c);
bool balance_declare_idle(const struct sched_cpu *c);

/* An idle CPU of `affinity` that could take a vCPU from a queue is told so. */
void balance_kick_idle(u64 affinity);

/*
 * Take a vCPU from another CPU's queue into the care of c, whose lock is held; theirs are only
 * tried. Only one that is so far behind `limit`, a virtual time of c's; limit NULL: any.
 * *again: some queue could not be looked at. NULL: none.
 */
struct vcpu *balance_take(struct sched_cpu *c, const u64 *limit, bool *again);

/* There are CPUs to which balance_offer() should look now and then, while somebody waits on c. Lock held. */
bool balance_is_due(const struct sched_cpu *c);

/* Somebody waits on c, whose lock is held: should it run elsewhere instead of who does there? */
void balance_offer(struct sched_cpu *c, u64 now);

/* Send those on our queue that may not run here to where they may. No lock held. */
void balance_send_strays(struct sched_cpu *c);

#endif
