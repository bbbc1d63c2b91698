/* Shared parts of the page-table hypercalls. Read next: mmu_update.c. */
#include "hypercall/mmu_common.h"

#include <parley/errno.h>

#include "domain/sched.h"
#include "hypercall/hypercall.h"
#include "mm/guest.h"
#include "mm/tlb.h"
#include "mm/types.h"

void mmu_flush_vcpus(struct domain *d, u64 vcpus, enum mmu_flush what, u64 gva)
{
	u64 cpus = 0;
	u32 i;

	/* Stores to tables first: partner of what sched_vcpu_is_loaded() reads. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (i = 0; i < d->vcpu_count; i++) {
		const struct vcpu *v = d->vcpus[i];

		if ((vcpus & (1UL << i)) && sched_vcpu_is_loaded(v)) {
			cpus |= 1UL << READ_ONCE(v->sched.cpu);
		}
	}
	if (what == MMU_FLUSH_ALL) {
		d->mm.stats[PV_STATS_WORK_flush_all]++;
		tlb_flush_cpus(cpus);
	} else {
		d->mm.stats[PV_STATS_WORK_flush_page]++;
		tlb_flush_page_cpus(cpus, gva);
	}
}

int mmu_read_vcpu_mask(const struct domain *d, u64 gva, u64 *mask)
{
	size_t bytes = (d->vcpu_count + 7) / 8;

	*mask = 0;
	return guest_read(mask, gva, bytes);
}

/* What earlier runs of a restarted batch did, and this one. */
static int tell_done(const struct mmu_batch *b, u32 did)
{
	u32 done = 0;
	int rc = 0;

	if (b->count & PV_MMU_UPDATE_PREEMPTED) {
		rc = guest_read_u32(&done, b->done_gva);
	}
	done += did;
	return rc != 0 ? rc : guest_write(b->done_gva, &done, sizeof(done));
}

long mmu_batch_end_slow(const struct mmu_batch *b, u32 nr, u32 size, u32 did, int rc, bool debt)
{
	if (b->done_gva != 0 && tell_done(b, did) != 0) {
		return -PV_EFAULT;
	}
	if (rc == MM_RESTART || debt) {
		return hypercall_restart(nr, b->list + (u64)did * size,
					 (mmu_batch_count(b->count) - did) |
						 PV_MMU_UPDATE_PREEMPTED,
					 b->done_gva, b->domid);
	}
	return rc;
}
