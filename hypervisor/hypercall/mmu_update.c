/*
 * Hypercall mmu_update: writes of page-table entries, singly or in batches.
 *
 * A target that is a page table gets a checked update of its level; one that is
 * ordinary memory of the guest gets a plain store, for guests build their
 * tables with this call before they are tables.
 *
 * Read next: update_va_mapping.c.
 */
#include <parley/errno.h>
#include <parley/mmu.h>
#include <seam/cpu.h>
#include <seam/directmap.h>

#include "hypercall/handlers.h"
#include "hypercall/hypercall.h"
#include "hypercall/mmu_common.h"
#include "mm/guest.h"
#include "mm/ptable.h"

static bool is_live_table(const struct frame *f)
{
	return f->type >= FRAME_L1 && f->type <= FRAME_L4 && f->type_refs != 0;
}

/* Ordinary memory: it must be, or become, a frame that the guest may write. */
static int store_plain(struct mm_owner *o, struct ptable_slot slot, u64 val)
{
	int rc = frame_get_type(o, slot.table, FRAME_WRITABLE);

	if (rc == 0) {
		u64 *p = (u64 *)mfn_to_virt(slot.table) + slot.index;

		__atomic_store_n(p, val, __ATOMIC_RELAXED);
		frame_put_type(o, slot.table);
	}
	return rc;
}

static int update_entry(struct mm_owner *o, u64 ptr, u64 val, enum ptable_ad ad)
{
	struct ptable_slot slot = {
		.table = maddr_to_mfn(maddr(ptr)),
		.index = (u32)(ptr % PAGE_SIZE) / 8,
	};
	const struct frame *f = frame_owned(o, slot.table.v);

	if (unlikely(f == NULL)) {
		return -PV_EINVAL;
	}
	if (likely(is_live_table(f))) {
		return ptable_write(o, slot, val, ad);
	}
	return store_plain(o, slot, val);
}

static int update_machphys(struct mm_owner *o, u64 ptr, u64 pfn)
{
	u64 m = ptr >> PAGE_SHIFT;

	if (frame_owned(o, m) == NULL) {
		return -PV_EINVAL;
	}
	m2p_array()[m] = pfn;
	return 0;
}

static int update_one(struct mm_owner *o, struct pv_mmu_update req)
{
	u64 ptr = req.ptr & ~(u64)PV_MMU_UPDATE_KIND_MASK;

	switch (req.ptr & PV_MMU_UPDATE_KIND_MASK) {
	case PV_MMU_NORMAL_PT_UPDATE:
	case PV_MMU_PT_UPDATE_NO_TRANSLATE:
		return (ptr & 7) ? -PV_EINVAL : update_entry(o, ptr, req.val, PTABLE_AD_OVERWRITE);
	case PV_MMU_PT_UPDATE_PRESERVE_AD:
		return (ptr & 7) ? -PV_EINVAL : update_entry(o, ptr, req.val, PTABLE_AD_PRESERVE);
	default:
		return update_machphys(o, ptr, req.val);
	}
}

/* Do entries until one fails or the budget ends; *did tells how many. */
static int update_list(struct mm_owner *o, const struct mmu_batch *b, u32 *did)
{
	u32 i;
	int rc = 0;

	for (i = 0; i < b->count; i++) {
		struct pv_mmu_update req;

		if (i != 0 && mm_is_exhausted(o)) {
			break;
		}
		rc = guest_read_words((u64 *)&req, b->list + i * sizeof(req), 2);
		if (rc == 0) {
			rc = update_one(o, req);
		}
		if (rc != 0) {
			break;
		}
		o->work++;
	}
	*did = i;
	return rc;
}

long hypercall_mmu_update(u64 list, u64 count, u64 done_gva, u64 domid, u64 a5, u64 a6)
{
	struct domain *d = current_vcpu()->domain;
	struct mmu_batch b;
	u32 did = 0;
	bool debt;
	int rc;

	if (!mmu_domid_is_self(d, domid) ||
	    (domid >> 16 != 0 && !mmu_domid_is_self(d, (domid >> 16) - 1))) {
		return -PV_EPERM;
	}
	rc = mmu_batch_begin(&b, list, count, done_gva);
	if (rc != 0) {
		return rc;
	}
	rc = mm_begin(&d->mm);
	if (rc != 0) {
		return mmu_batch_end(&b, PV_HYPERCALL_mmu_update, 0, 16, domid, rc, true);
	}
	rc = update_list(&d->mm, &b, &did);
	debt = mm_has_debt(&d->mm);
	mm_end(&d->mm);
	return mmu_batch_end(&b, PV_HYPERCALL_mmu_update, did, sizeof(struct pv_mmu_update), domid,
			     rc, debt);
}
