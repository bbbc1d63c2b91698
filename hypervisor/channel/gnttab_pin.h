/*
 * The owner's half of grants: pins. The entry is in the guest's hands: it may
 * change at any moment, also between two looks of ours. It is taken as one word of
 * 8 bytes; that very word, with the busy bits added, is stored by one
 * compare-exchange. So what was checked, what is used and what was marked are the
 * same moment's. An owner that keeps changing it is given up after GNTTAB_TRIES.
 *
 * While there are pins our own record counts, not the entry: further pins get the
 * frame of the first, and only a first writer looks at the entry again.
 *
 * Inline, for each is needed at two or three places, and all are hot.
 *
 * Read next: gnttab_map.c.
 */
#ifndef CHANNEL_GNTTAB_PIN_H
#define CHANNEL_GNTTAB_PIN_H

#include <parley/errno.h>
#include <seam/cpu.h>

#include "channel/gnttab_types.h"
#include "lib/log.h"
#include "mm/foreign.h"

/* An entry as one word: flags in bits 0 to 15, domid in 16 to 31, frame in 32 to 63. */
_Static_assert(offsetof(struct pv_grant_entry_v1, flags) == 0 &&
		       offsetof(struct pv_grant_entry_v1, domid) == 2 &&
		       offsetof(struct pv_grant_entry_v1, frame) == 4,
	       "grant_claim() takes it apart");

/* Mark the entry as in use, if it permits that: true, *frame is what it names, *set what was marked. */
static inline bool grant_claim(struct pv_grant_entry_v1 *e, u16 by, bool writable, u32 *frame,
			       u16 *set)
{
	u32 looked_at = 0xffff0000U | PV_GTF_type_mask | PV_GTF_sub_page |
			(writable ? PV_GTF_readonly : 0);
	u32 want = PV_GTF_permit_access | (u32)by << 16;
	u16 busy = PV_GTF_reading | (writable ? PV_GTF_writing : 0);
	u64 *p = (u64 *)(void *)e;
	u64 old = __atomic_load_n(p, __ATOMIC_RELAXED);

	for (u32 i = 0; i < GNTTAB_TRIES && ((u32)old & looked_at) == want; i++) {
		if (likely(__atomic_compare_exchange_n(p, &old, old | busy, false, __ATOMIC_SEQ_CST,
						       __ATOMIC_RELAXED))) {
			*frame = (u32)(old >> 32);
			*set = busy & (u16)~old;
			return true;
		}
	}
	return false;
}

/* One locked instruction: no loop that the owner could keep going. Stores before it are seen first. */
static inline void grant_unmark(struct pv_grant_entry_v1 *e, u16 marks)
{
	if (marks != 0) {
		__atomic_fetch_and(&e->flags, (u16)~marks, __ATOMIC_SEQ_CST);
	}
}

/* What is over for the owner to see: no writer any more, or no pin at all. */
static inline u16 grant_marks_over(const struct grant_active *a, bool writable)
{
	return (writable && a->writers == 0 ? PV_GTF_writing : 0) |
	       (a->pins == 0 ? PV_GTF_reading : 0);
}

/* References and uses of the granted frame for so many pins, 1 or 2: PV_GNTST_*, none taken on an error. */
static inline s16 grant_get_frames(struct domain *owner, const struct grant_active *a,
				   bool writable, u32 pins)
{
	int rc = frame_get_foreign(&owner->mm, a->mfn, writable);

	if (unlikely(rc != 0)) {
		return rc == -PV_EBUSY ? PV_GNTST_general_error : PV_GNTST_bad_page;
	}
	if (unlikely(pins > 1)) {
		rc = frame_get_foreign(&owner->mm, a->mfn, writable);
		invariant(rc == 0); /* as the first time */
	}
	return PV_GNTST_okay;
}

/* gnttab_pin(), below, with owner->mm.lock held. */
static inline s16 grant_pin_locked(struct domain *owner, u32 ref, u16 by, bool writable, u32 pins,
				   u32 *mfn)
{
	struct grant_table *t = owner->grants;
	struct grant_active *a;
	struct pv_grant_entry_v1 *e;
	u32 frame = 0;
	u16 marks = 0;
	s16 status;

	if (unlikely(READ_ONCE(owner->life) >= DOMAIN_DYING)) {
		return PV_GNTST_bad_domain;
	}
	if (unlikely(ref >= t->count * GNTTAB_FRAME_REFS)) {
		return PV_GNTST_bad_gntref;
	}
	a = gnttab_active(t, ref);
	e = gnttab_entry(t, ref);
	if (a->pins != 0 && a->domid != by) {
		return PV_GNTST_general_error;
	}
	if (a->pins == 0 || (writable && a->writers == 0)) {
		if (!grant_claim(e, by, writable, &frame, &marks)) {
			return PV_GNTST_general_error;
		}
		if (a->pins == 0) {
			a->mfn = frame;
			a->domid = by;
		}
	}
	status = grant_get_frames(owner, a, writable, pins);
	if (unlikely(status != PV_GNTST_okay)) {
		grant_unmark(e, marks);
		return status;
	}
	a->pins += pins;
	a->writers += writable ? pins : 0;
	t->pins += pins;
	*mfn = a->mfn;
	return PV_GNTST_okay;
}

/*
 * Pin a grant of owner's for the domain `by`, `pins` times: PV_GNTST_okay with
 * *mfn the frame, or the status, and nothing has changed. Takes owner->mm.lock.
 */
static inline s16 must_check gnttab_pin(struct domain *owner, u32 ref, u16 by, bool writable,
					u32 pins, u32 *mfn)
{
	s16 status;

	spin_lock(&owner->mm.lock);
	status = grant_pin_locked(owner, ref, by, writable, pins, mfn);
	spin_unlock(&owner->mm.lock);
	return status;
}

/* Take the pins back. No CPU may be able to use what they stood for. Takes owner->mm.lock. */
static inline void gnttab_unpin(struct domain *owner, u32 ref, bool writable, u32 pins)
{
	struct grant_table *t = owner->grants;
	struct grant_active *a;

	spin_lock(&owner->mm.lock);
	a = gnttab_active(t, ref);
	a->pins -= pins;
	a->writers -= writable ? pins : 0;
	grant_unmark(gnttab_entry(t, ref), grant_marks_over(a, writable));
	if (unlikely(pins > 1)) {
		frame_put_foreign(&owner->mm, a->mfn, writable);
	}
	frame_put_foreign(&owner->mm, a->mfn, writable);
	t->pins -= pins;
	if (t->pins == 0 && unlikely(owner->life >= DOMAIN_DYING)) {
		cpu_info()->work |= CPU_WORK_REAP;
	}
	spin_unlock(&owner->mm.lock);
}

/*
 * The status of a request to a number that domain_find() does not know. The hypervisor's
 * own services have a number as if a domain served them, one that has granted nothing.
 */
static inline s16 gnttab_nobody(u16 domid)
{
	return domid == PV_DOMID_SERVICES ? PV_GNTST_general_error : PV_GNTST_bad_domain;
}

#endif
