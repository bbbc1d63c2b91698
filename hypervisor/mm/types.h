/*
 * Taking and dropping references and type uses of frames. All of it runs under
 * the owner's lock (mm_owner.lock).
 *
 * Making a page table out of a frame means checking its 512 entries, and the
 * tables below it, which can be the whole memory of a domain. That is done in
 * steps: a budget of MM_BUDGET entries (seam/budget.h), then the hypercall is restarted. What
 * was half done stays in mm_owner.job, and every later operation on the domain
 * pays that debt first (mm_settle), so no operation ever sees a half-checked
 * table, no matter who restarts what. See types.c for the walk itself.
 *
 * Read next: ptable.h (writing entries).
 */
#ifndef MM_TYPES_H
#define MM_TYPES_H

#include <seam/budget.h>

#include "mm/owner.h"
#include "mm/tlb.h"

/* Returned by functions that ran out of budget: the hypercall restarts. Not an errno that a guest sees. */
#define MM_RESTART (-4096)

/* How often other operations yield to the one whose promoted tree is held. */
#define MM_HOLD_PATIENCE 64

/*
 * Finish what an earlier operation left half done. First in every operation,
 * with the lock held. 0, or MM_RESTART (drop the lock and restart).
 */
int mm_settle_slow(struct mm_owner *o) must_check;

static inline int must_check mm_settle(struct mm_owner *o)
{
	if (likely(o->job.state == MM_JOB_IDLE)) {
		return 0;
	}
	return mm_settle_slow(o);
}

/*
 * Begin an operation of at most MM_BUDGET entries: lock, and settle. 0, or
 * MM_RESTART with the lock dropped. mm_end() unlocks.
 */
static inline int must_check mm_begin(struct mm_owner *o)
{
	int rc;

	spin_lock(&o->lock);
	o->work_limit = o->work + MM_BUDGET;
	rc = mm_settle(o);
	if (unlikely(rc != 0)) {
		spin_unlock(&o->lock);
	}
	return rc;
}

static inline void mm_end(struct mm_owner *o)
{
	spin_unlock(&o->lock);
}

/*
 * What other work is, in entries, each of which is some thirty instructions. Without
 * it a list of requests, or a batch of calls that look at no table (multicall), would do
 * much more in one run than an operation on tables may.
 */
#define MM_WORK_REQUEST 4U  /* one in a list of mmu_update or mmuext_op */
#define MM_WORK_FRAME   24U /* a frame that is cleared and given out, or taken back */

static inline void mm_count_work(struct mm_owner *o, u64 entries)
{
	spin_lock(&o->lock);
	o->work += entries;
	spin_unlock(&o->lock);
}

/* True if the operation used up its budget, or left debt: it restarts with what it has not done. */
static inline bool mm_is_exhausted(const struct mm_owner *o)
{
	return o->work >= o->work_limit || o->job.state == MM_JOB_PROMOTE ||
	       o->job.state == MM_JOB_DEMOTE;
}

/* True if an operation that did its work must still restart to pay for clean-up. */
static inline bool mm_has_debt(const struct mm_owner *o)
{
	return o->job.state == MM_JOB_PROMOTE || o->job.state == MM_JOB_DEMOTE;
}

/*
 * Before an operation that may demote a table, after mm_settle: makes sure that
 * the one job is free for it, or holds the outcome for the table m that the
 * operation is about to take. 0 or MM_RESTART.
 */
int mm_reserve_slow(struct mm_owner *o, mfn_t m) must_check;

static inline int must_check mm_reserve(struct mm_owner *o, mfn_t m)
{
	return likely(o->job.state == MM_JOB_IDLE) ? 0 : mm_reserve_slow(o, m);
}

/* Upward call, in pv/descriptor.c: may this page be a descriptor table? Fixes up what it may. */
bool descriptor_validate_page(u64 *page);

/* The frame m of this owner, or NULL: not RAM, or someone else's. */
static inline struct frame *frame_owned(const struct mm_owner *o, u64 m)
{
	struct frame *f;

	if (unlikely(m >= frame_count)) {
		return NULL;
	}
	f = &frame_table[m];
	return likely(f->owner == o->id) ? f : NULL;
}

/* One more reference to a frame that o owns: 0 or -PV_EINVAL. */
int frame_get(struct mm_owner *o, mfn_t m) must_check;
void frame_put(struct mm_owner *o, mfn_t m);

/*
 * One more use (and reference) of m as `type`; the frame is made that type if
 * it has no other use. 0; -PV_EINVAL: not o's, in use as another type, or its
 * contents break the type's rules; MM_RESTART.
 */
int frame_get_type(struct mm_owner *o, mfn_t m, enum frame_type type) must_check;

/* The same for a frame of o's and FRAME_WRITABLE alone, which needs no walk: 0, or -PV_EBUSY if it is in use as another type. */
int frame_get_writable(struct mm_owner *o, struct frame *f) must_check;

/* Drop it; for a table after mm_reserve(). May leave debt (mm_has_debt). */
void frame_put_type(struct mm_owner *o, mfn_t m);

/*
 * The same two for a table that most likely is one already and has other uses
 * besides (a pinned root): without a call then. The first includes mm_reserve(),
 * for who takes a new root drops an old one.
 */
int frame_get_table_slow(struct mm_owner *o, mfn_t m, enum frame_type type) must_check;

static inline int must_check frame_get_table(struct mm_owner *o, mfn_t m, enum frame_type type)
{
	struct frame *f = frame_owned(o, m.v);

	if (likely(f != NULL && f->type == (u8)type && f->type_refs != 0 &&
		   o->job.state == MM_JOB_IDLE)) {
		f->type_refs++;
		f->refs++;
		return 0;
	}
	return frame_get_table_slow(o, m, type);
}

/* `stamp` as of tlb_stamp(), from when it was no longer used. */
static inline void frame_put_table(struct mm_owner *o, mfn_t m, u64 stamp)
{
	struct frame *f = frame_at(m);

	if (likely(f->type_refs > 1)) {
		f->tlb_stamp = stamp;
		f->type_refs--;
		f->refs--;
		return;
	}
	frame_put_type(o, m);
}

/* Pin (hold as a table of the level until unpinned): 0, -PV_EINVAL, MM_RESTART. Unpin: 0, -PV_EINVAL; may leave debt. */
int frame_pin(struct mm_owner *o, mfn_t m, enum frame_type type) must_check;
int frame_unpin(struct mm_owner *o, mfn_t m) must_check;

/* A new zeroed frame for o, with its allocation reference: MFN_INVALID if memory or the limit is exhausted. */
mfn_t frame_alloc(struct mm_owner *o) must_check;

/* Drop the allocation reference: 0, or -PV_EINVAL if it is gone already or pinned. The frame is freed with its last reference. */
int frame_release(struct mm_owner *o, mfn_t m);

/*
 * Give a hypervisor's frame to o with a writable type use that stays, so that
 * the guest may map it writable and it can never become a table. For
 * shared_info and grant frames; not counted against the limit.
 */
void frame_share(struct mm_owner *o, mfn_t m);

/* End of the owner: take back a shared frame; no mapping may be left. */
void frame_unshare(struct mm_owner *o, mfn_t m);

/*
 * Take the owner's memory apart, with no vCPU of it running and none of its
 * roots loaded: 0 when all frames are freed, MM_RESTART to be called again,
 * -PV_EBUSY if all that is left is held from outside (channel/gnttab.h), and is freed
 * when that lets go.
 */
int mm_teardown(struct mm_owner *o) must_check;

#endif
