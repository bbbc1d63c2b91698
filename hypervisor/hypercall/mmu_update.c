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
static __attribute__((noinline)) int store_plain(struct mm_owner *o, struct ptable_slot slot,
						 u64 val)
{
	int rc = frame_get_type(o, slot.table, FRAME_WRITABLE);

	if (rc == 0) {
		u64 *p = (u64 *)mfn_to_virt(slot.table) + slot.index;

		__atomic_store_n(p, val, __ATOMIC_RELAXED);
		frame_put_type(o, slot.table);
	}
	return rc;
}

static inline __attribute__((always_inline)) int update_entry(struct mm_owner *o, u64 ptr, u64 val,
							      enum ptable_ad ad)
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

/* Read and carry out the request at a guest address. */
static inline __attribute__((always_inline)) int update_one(struct mm_owner *o, u64 gva)
{
	struct pv_mmu_update req;
	u64 kind;

	if (unlikely(guest_read_words((u64 *)&req, gva, 2) != 0)) {
		return -PV_EFAULT;
	}
	kind = req.ptr & PV_MMU_UPDATE_KIND_MASK;
	if (unlikely(kind == PV_MMU_MACHPHYS_UPDATE)) {
		return update_machphys(o, req.ptr, req.val);
	}
	if (unlikely(req.ptr & (7 & ~(u64)PV_MMU_UPDATE_KIND_MASK))) {
		return -PV_EINVAL;
	}
	return update_entry(o, req.ptr, req.val,
			    kind == PV_MMU_PT_UPDATE_PRESERVE_AD ? PTABLE_AD_PRESERVE :
								   PTABLE_AD_OVERWRITE);
}

/* Do requests until one fails or the budget ends. */
static __attribute__((noinline)) int update_list(struct mm_owner *o, u64 gva, u32 count, u32 *did)
{
	u32 i;

	for (i = 0; i < count; i++, gva += sizeof(struct pv_mmu_update)) {
		int rc = i != 0 && mm_is_exhausted(o) ? MM_RESTART : update_one(o, gva);

		if (unlikely(rc != 0)) {
			*did = i;
			return rc;
		}
		o->work += MM_WORK_REQUEST;
	}
	*did = count;
	return 0;
}

long hypercall_mmu_update(u64 list, u64 count, u64 done_gva, u64 domid, u64 a5, u64 a6)
{
	struct domain *d = current_vcpu()->domain;
	struct mmu_batch b = { list, count, done_gva, domid };
	bool debt = true;
	u32 did = 0;
	int rc;

	if (unlikely(!mmu_domid_is_self(d, domid) ||
		     (domid >> 16 != 0 && !mmu_domid_is_self(d, (domid >> 16) - 1)))) {
		return -PV_EPERM;
	}
	rc = mm_begin(&d->mm);
	if (likely(rc == 0)) {
		if (likely(count == 1)) { /* what guests send most */
			rc = update_one(&d->mm, list);
			did = rc == 0;
		} else {
			u32 n;

			rc = update_list(&d->mm, list, mmu_batch_count(count), &n);
			did = n;
		}
		debt = mm_has_debt(&d->mm);
		mm_end(&d->mm);
	}
	return mmu_batch_end(&b, PV_HYPERCALL_mmu_update, sizeof(struct pv_mmu_update), did, rc,
			     debt);
}
