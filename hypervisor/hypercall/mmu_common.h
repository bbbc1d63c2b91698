/*
 * What the page-table hypercalls share: whose memory they may name, which CPUs
 * a flush means, and how a batch stops and goes on.
 */
#ifndef HYPERCALL_MMU_COMMON_H
#define HYPERCALL_MMU_COMMON_H

#include <parley/mmu.h>

#include "domain/domain.h"

/* Which translations go. */
enum mmu_flush {
	MMU_FLUSH_ALL,
	MMU_FLUSH_PAGE,
};

/* Flush on the CPUs that hold vCPUs of the mask (bit by number), asleep or not; others flush when they are switched in. */
void mmu_flush_vcpus(struct domain *d, u64 vcpus, enum mmu_flush what, u64 gva);

/* A guest's bitmap of vCPUs, as far as d has vCPUs: 0 or -PV_EFAULT. */
int mmu_read_vcpu_mask(const struct domain *d, u64 gva, u64 *mask) must_check;

/* Is this the caller's own number? (PV_DOMID_SELF or its id; no domain may name another's memory here.) */
static inline bool mmu_domid_is_self(const struct domain *d, u64 domid)
{
	return (u16)domid == PV_DOMID_SELF || (u16)domid == d->id;
}

/*
 * The progress of a batch. `done` counts what earlier runs of a restarted call
 * did (they left it in *done_gva), so that the guest sees one number.
 */
struct mmu_batch {
	u64 list;     /* guest address of the rest */
	u32 count;    /* entries of the rest */
	u32 done;     /* completed in all */
	u64 done_gva; /* 0: the guest does not want to know */
};

/* A guest that repeats a stopped batch: what was done before is in its *done. The number, or -PV_EFAULT. */
s64 mmu_batch_resume(u64 done_gva) must_check;

/* Take the arguments apart: 0 or -PV_EFAULT. */
static inline int must_check mmu_batch_begin(struct mmu_batch *b, u64 list, u64 count, u64 done_gva)
{
	b->list = list;
	b->count = (u32)count & ~PV_MMU_UPDATE_PREEMPTED;
	b->done = 0;
	b->done_gva = done_gva;
	if (unlikely(count & PV_MMU_UPDATE_PREEMPTED)) {
		s64 done = mmu_batch_resume(done_gva);

		if (done < 0) {
			return (int)done;
		}
		b->done = (u32)done;
	}
	return 0;
}

/* By value: the usual end must not force the batch into memory. */
long mmu_batch_end_slow(struct mmu_batch b, u32 nr, u32 did, u32 size, u64 domid, int rc,
			bool debt);

/*
 * The end of a run in which `did` entries of `size` bytes completed. rc 0 with
 * entries left, or MM_RESTART: arranges the restart. Returns what the handler
 * must return.
 */
static inline long mmu_batch_end(const struct mmu_batch *b, u32 nr, u32 did, u32 size, u64 domid,
				 int rc, bool debt)
{
	if (likely(rc == 0 && !debt && did == b->count && b->done_gva == 0)) {
		return 0;
	}
	return mmu_batch_end_slow(*b, nr, did, size, domid, rc, debt);
}

#endif
