/*
 * The peer's half of grants: mapping and unmapping. Which lock is held when, and
 * why in this order, is told in gnttab_types.h. Inline in its one caller, the list of
 * operations (hypercall/grant_batch.c), for that is hot.
 *
 * Read next: gnttab_map.c, ../hypercall/grant_batch.c.
 */
#ifndef CHANNEL_GNTTAB_MAP_H
#define CHANNEL_GNTTAB_MAP_H

#include "channel/gnttab_pin.h"

/* Flags that mean nothing here; the entry's own bits are taken as they are. */
#define GNTTAB_MAP_REFUSED \
	(~(u32)(GRANT_FLAGS | PV_GNTMAP_application_map | PV_GNTMAP_guest_avail_mask))

/* ---- mapping ---- */

/* The entry: the first three bits left to the guest go to those that entries leave to software. */
static inline u64 gnttab_entry_for(u32 frame, u32 flags)
{
	u64 e = pte_make(mfn(frame), PTE_PRESENT | PTE_ACCESSED | PTE_DIRTY | PTE_NX);

	e |= grant_is_writable(flags) ? PTE_WRITE : 0;
	e |= (flags & PV_GNTMAP_application_map) ? PTE_USER : 0;
	return e | (u64)((flags >> PV_GNTMAP_guest_avail0) & 7) << 9;
}

/* With the peer's lock, the grant pinned: handle and entry. */
static inline s16 gnttab_install(struct vcpu *v, struct pv_gnttab_map_grant_ref *op,
				 struct domain *owner, u32 frame)
{
	struct domain *d = v->domain;
	u32 flags = op->flags;
	struct grant_handle *h;
	u64 *entry = NULL;

	if (flags & GRANT_HOST) {
		entry = ptable_find_l1(v->kernel_cr3, op->host_addr);
		if (unlikely(entry == NULL)) {
			return PV_GNTST_general_error;
		}
	}
	h = gnttab_handle_new(d->grants, &op->handle);
	if (unlikely(h == NULL)) {
		return PV_GNTST_no_device_space;
	}
	h->owner = owner;
	h->ref = op->ref;
	h->mfn = frame;
	h->flags = flags & GRANT_FLAGS;
	if (flags & GRANT_HOST) {
		foreign_entry_write(&d->mm, entry, gnttab_entry_for(frame, flags));
	}
	op->dev_bus_addr = (u64)frame << PAGE_SHIFT;
	return PV_GNTST_okay;
}

/*
 * Map a grant for v's domain, in the address space that v has loaded. 0 with
 * op->status, and if that is okay op->handle and op->dev_bus_addr; MM_RESTART:
 * nothing done, v's domain has a debt to pay first.
 */
static inline int must_check gnttab_map(struct vcpu *v, struct pv_gnttab_map_grant_ref *op)
{
	struct mm_owner *mm = &v->domain->mm;
	u32 flags = op->flags, pins = grant_pins(flags), frame = 0;
	struct domain *owner;
	s16 status;
	int rc;

	if (unlikely((flags & GNTTAB_MAP_REFUSED) != 0 || pins == 0)) {
		op->status = PV_GNTST_bad_gntref;
		return 0;
	}
	owner = domain_find(op->dom);
	if (unlikely(owner == NULL)) {
		op->status = gnttab_nobody(op->dom);
		return 0;
	}
	status = gnttab_pin(owner, op->ref, mm->id, grant_is_writable(flags), pins, &frame);
	if (unlikely(status != PV_GNTST_okay)) {
		op->status = status;
		return 0;
	}
	rc = mm_begin(mm);
	if (likely(rc == 0)) {
		status = gnttab_install(v, op, owner, frame);
		mm->work += GNTTAB_WORK;
		mm_end(mm);
	}
	if (unlikely(rc != 0 || status != PV_GNTST_okay)) {
		gnttab_unpin(owner, op->ref, grant_is_writable(flags), pins);
	}
	op->status = status;
	return rc;
}

/* ---- unmapping ---- */

/* What an unmap leaves to be done after the flush. */
struct gnttab_undone {
	struct domain *owner;
	u32 ref;
	u32 flags; /* the parts that are gone; GRANT_READONLY as it was */
};

/* The entry at `new_addr` comes in place of the mapping: 0 or -PV_EINVAL. */
int gnttab_replace_entry(struct vcpu *v, u64 *entry, const struct grant_handle *h,
			 u64 new_addr) must_check;

/* Clear the entry for host_addr, or replace it by that of new_addr, if it names what h does: 0 or -PV_EINVAL. */
static inline int must_check gnttab_clear_entry(struct vcpu *v, const struct grant_handle *h,
						u64 host_addr, u64 new_addr)
{
	u64 *entry = ptable_find_l1(v->kernel_cr3, host_addr);

	if (unlikely(entry == NULL)) {
		return -PV_EINVAL;
	}
	if (unlikely(new_addr != 0)) {
		return gnttab_replace_entry(v, entry, h, new_addr);
	}
	return foreign_entry_clear(&v->domain->mm, entry, h->mfn, grant_is_writable(h->flags));
}

/*
 * Unmap parts of a handle; an address of 0: not that part. A status, and what has still
 * to be undone. Between mm_begin() for v's domain and gnttab_unmap_end(), for as many as
 * are to share a flush.
 */
static inline __attribute__((always_inline)) s16 gnttab_unmap(struct vcpu *v, u32 number,
							      u64 host_addr, u64 dev_bus_addr,
							      u64 new_addr,
							      struct gnttab_undone *undone)
{
	struct grant_table *t = v->domain->grants;
	struct grant_handle *h = gnttab_handle(t, number);
	u32 flags, gone;

	undone->flags = 0;
	if (unlikely(h == NULL)) {
		return PV_GNTST_bad_handle;
	}
	flags = h->flags;
	gone = flags & ((host_addr != 0 ? GRANT_HOST : 0) | (dev_bus_addr != 0 ? GRANT_DEVICE : 0));
	if ((gone & GRANT_DEVICE) && dev_bus_addr != (u64)h->mfn << PAGE_SHIFT) {
		return PV_GNTST_bad_dev_addr;
	}
	if ((gone & GRANT_HOST) && gnttab_clear_entry(v, h, host_addr, new_addr) != 0) {
		return PV_GNTST_general_error;
	}
	undone->owner = h->owner;
	undone->ref = h->ref;
	undone->flags = gone | (flags & GRANT_READONLY);
	h->flags = flags & ~gone;
	if ((h->flags & (GRANT_HOST | GRANT_DEVICE)) == 0) {
		gnttab_handle_free(t, h, number);
	}
	return PV_GNTST_okay;
}

/*
 * The end of a batch; `gone` has the flags of all. Drops the lock, flushes the CPUs of the
 * domain once if need be, then takes the pins back.
 */
static inline __attribute__((always_inline)) void gnttab_unmap_end(
	struct mm_owner *mm, const struct gnttab_undone *undone, u32 count, u32 gone)
{
	mm_end(mm);
	if (gone & GRANT_HOST) {
		/* Everything: the table may be in the address space more than once. */
		mm->stats[PV_STATS_WORK_flush_all]++;
		tlb_flush_cpus(mm_tlb_cpus(mm));
	}
	for (u32 i = 0; i < count; i++) {
		u32 pins = grant_pins(undone[i].flags);

		if (pins != 0) {
			gnttab_unpin(undone[i].owner, undone[i].ref,
				     grant_is_writable(undone[i].flags), pins);
		}
	}
}

#endif
