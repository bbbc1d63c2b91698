/*
 * Hypercall update_va_mapping: write the level-1 entry that maps an address in
 * the present address space, with a flush.
 *
 * Read next: mmuext_op.c.
 */
#include <parley/errno.h>
#include <parley/mmu.h>
#include <seam/cpu.h>

#include "hypercall/handlers.h"
#include "hypercall/hypercall.h"
#include "hypercall/mmu_common.h"
#include "mm/ptable.h"
#include "mm/tlb.h"

/* The flush part of the flags: UVMF_ALL, a pointer to a bitmap, or the caller alone. */
static int flush_targets(const struct domain *d, const struct vcpu *v, u64 flags, u64 *vcpus)
{
	u64 where = flags & ~(u64)PV_UVMF_FLUSHTYPE_MASK;

	if (where == PV_UVMF_LOCAL) {
		*vcpus = 1UL << v->id;
		return 0;
	}
	if (where == PV_UVMF_ALL) {
		*vcpus = ~0UL;
		return 0;
	}
	return mmu_read_vcpu_mask(d, where, vcpus);
}

static int flush(struct domain *d, struct vcpu *v, u64 gva, u64 flags)
{
	enum mmu_flush what = MMU_FLUSH_ALL;
	u64 vcpus;
	int rc;

	switch (flags & PV_UVMF_FLUSHTYPE_MASK) {
	case PV_UVMF_NONE:
		return 0;
	case PV_UVMF_INVLPG:
		what = MMU_FLUSH_PAGE;
		break;
	case PV_UVMF_TLB_FLUSH:
		break;
	default:
		return -PV_EINVAL;
	}
	rc = flush_targets(d, v, flags, &vcpus);
	if (rc == 0) {
		if (vcpus == 1UL << v->id) {
			if (what == MMU_FLUSH_ALL) {
				d->mm.stats[PV_STATS_WORK_flush_all]++;
				tlb_flush_local();
			} else {
				d->mm.stats[PV_STATS_WORK_flush_page]++;
				tlb_flush_page_local(gva);
			}
		} else {
			mmu_flush_vcpus(d, vcpus, what, gva);
		}
	}
	return rc;
}

long hypercall_update_va_mapping(u64 gva, u64 entry, u64 flags, u64 a4, u64 a5, u64 a6)
{
	struct vcpu *v = current_vcpu();
	struct domain *d = v->domain;
	u64 *p;
	int rc = mm_begin(&d->mm);

	if (unlikely(rc != 0)) {
		return hypercall_restart(PV_HYPERCALL_update_va_mapping, gva, entry, flags, a4);
	}
	p = ptable_find_l1(v->kernel_cr3, gva);
	rc = unlikely(p == NULL) ?
		     -PV_EINVAL :
		     ptable_write(&d->mm, ptable_slot_of(p), entry, PTABLE_AD_OVERWRITE);
	mm_end(&d->mm);
	if (rc != 0 || flags == PV_UVMF_NONE) {
		return rc;
	}
	return flush(d, v, gva, flags);
}
