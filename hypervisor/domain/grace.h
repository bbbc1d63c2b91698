/*
 * When may something that other CPUs have found without a lock be freed? Ring 0
 * is never preempted, so a CPU that passes through schedule(), on its way to a
 * guest or idle, holds no pointer that it found before. A grace period is over
 * when every CPU has passed. It costs those who look things up nothing.
 *
 *   finder    domain_find(): d is alive; uses d; leaves for its guest, or idles
 *   remover   d is no longer alive; grace_begin(); ... grace_is_over(); frees d
 *
 * The increment in grace_pass() is a full barrier; its partner is the one in
 * grace_begin(): a CPU whose count has changed looks things up after the removal.
 */
#ifndef DOMAIN_GRACE_H
#define DOMAIN_GRACE_H

#include <seam/cpu.h>

#include "lib/types.h"
#include "mm/layout.h"

struct grace {
	u64 passes[HV_MAX_CPUS]; /* of each CPU, when it began */
};

extern u64 grace_passes[HV_MAX_CPUS]; /* a */

/* This CPU holds nothing that it found. In schedule() only. */
static inline void grace_pass(void)
{
	__atomic_fetch_add(&grace_passes[cpu_id()], 1, __ATOMIC_SEQ_CST);
}

/* Begin: what is to be freed cannot be found any more. Hurries the other CPUs, and this one. */
void grace_begin(struct grace *g);

/* Every CPU has passed since it began: nobody holds what was found before. */
bool grace_is_over(const struct grace *g) must_check;

#endif
