/*
 * What the mm room knows of a domain: an owner of frames. It is embedded in
 * struct domain; mm/ never sees the rest. Fields: c constant, m under .lock,
 * a atomic.
 */
#ifndef MM_OWNER_H
#define MM_OWNER_H

#include <parley/stats.h>

#include "lib/lock.h"
#include "mm/frame.h"
#include "mm/job_types.h"

/*
 * Frames that a domain may have: all of them could be level-1 tables whose 512
 * entries each refer to the same frame, and its counts have 32 bits. The rest, 2^26, is for
 * pins, roots, descriptor tables, and the grants that all other domains may have mapped
 * (channel/gnttab_types.h).
 */
#define MM_FRAMES_MAX ((1UL << 23) - (1UL << 17))

struct mm_owner {
	u16 id;                    /* c: the domid, as in frame.owner */
	struct spinlock lock;      /* all page-table work of the domain */
	u64 tlb_cpus;              /* a: CPUs that may hold translations of it */
	struct frame_list frames;  /* m: all it owns */
	u64 max_frames;            /* m: limit on frames.count; it may be below what it has */
	u64 top_frames;            /* c: the highest that limit may become; 0: it does not change */
	struct mm_job job;         /* m: a page-table operation that was preempted */
	u64 work;                  /* m: page-table entries looked at, ever */
	u64 work_limit;            /* m: where the present operation must restart */
	u64 stats[PV_STATS_WORKS]; /* a (plain increments): what was done for it */
};

/* What the owner may ever have. */
static inline u64 mm_top_frames(const struct mm_owner *o)
{
	return o->top_frames == 0 ? o->max_frames : o->top_frames;
}

/*
 * The CPUs whose TLBs may hold translations of o, after stores to its tables. A
 * CPU enters the mask before it loads a root (vcpu_switch()), so either it is
 * seen here or its page walks see the stores.
 */
static inline u64 mm_tlb_cpus(const struct mm_owner *o)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return __atomic_load_n(&o->tlb_cpus, __ATOMIC_RELAXED);
}

#endif
