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
 * A batch as the guest gave it. A restarted call has PV_MMU_UPDATE_PREEMPTED in
 * its count, and what its earlier runs did stands in *done_gva, so that the guest
 * sees one number.
 */
struct mmu_batch {
	u64 list; /* guest address of the entries that are left */
	u64 count;
	u64 done_gva; /* 0: the guest does not want to know */
	u64 domid;
};

/*
 * The end of a run of hypercall `nr`, whose entries have `size` bytes: `did` of them
 * completed. rc 0: that was all; MM_RESTART, or debt: arranges the restart. Returns
 * what the handler must return.
 */
long mmu_batch_end_slow(const struct mmu_batch *b, u32 nr, u32 size, u32 did, int rc, bool debt);

static inline long mmu_batch_end(const struct mmu_batch *b, u32 nr, u32 size, u32 did, int rc,
				 bool debt)
{
	if (likely(rc == 0 && !debt && b->done_gva == 0)) {
		return 0;
	}
	return mmu_batch_end_slow(b, nr, size, did, rc, debt);
}

/* How many entries a guest's count means. */
static inline u32 mmu_batch_count(u64 count)
{
	return (u32)count & ~PV_MMU_UPDATE_PREEMPTED;
}

#endif
