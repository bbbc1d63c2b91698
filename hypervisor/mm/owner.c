/*
 * The frames of an owner: allocated, shared with the hypervisor, released, and all of them taken apart
 * at the owner's end. What becomes of a frame between is types.c's.
 *
 * Read next: ../domain/build_memory.c (a domain's first frames), ../domain/reap.c (its end).
 */
#include <parley/errno.h>

#include "lib/log.h"
#include "mm/alloc.h"
#include "mm/types.h"

mfn_t frame_alloc(struct mm_owner *o)
{
	struct frame *f;
	mfn_t m;

	if (o->frames.count >= o->max_frames) {
		return MFN_INVALID;
	}
	m = alloc_frames(0);
	if (mfn_equal(m, MFN_INVALID)) {
		return m;
	}
	f = frame_at(m);
	*f = (struct frame){
		.refs = 1,
		.owner = o->id,
		.type = FRAME_NONE,
		.flags = FRAME_ALLOCATED,
	};
	frame_list_add(&o->frames, f);
	return m;
}

int frame_release(struct mm_owner *o, mfn_t m)
{
	struct frame *f = frame_owned(o, m.v);

	if (f == NULL || !(f->flags & FRAME_ALLOCATED) || (f->flags & FRAME_PINNED)) {
		return -PV_EINVAL;
	}
	f->flags &= (u8)~FRAME_ALLOCATED;
	frame_put(o, m);
	return 0;
}

void frame_share(struct mm_owner *o, mfn_t m)
{
	*frame_at(m) = (struct frame){
		.refs = 1,
		.type_refs = 1,
		.owner = o->id,
		.type = FRAME_WRITABLE,
	};
}

void frame_unshare(struct mm_owner *o, mfn_t m)
{
	struct frame *f = frame_at(m);

	invariant(f->owner == o->id && f->refs == 1 && f->type_refs == 1);
	f->owner = FRAME_OWNER_HV;
	f->type = FRAME_NONE;
	f->refs = 0;
	f->type_refs = 0;
}

/* Drop a frame's pin and its allocation. It goes, or waits at the list's end for what still holds it. */
static void teardown_frame(struct mm_owner *o, struct frame *f)
{
	frame_list_remove(&o->frames, f);
	frame_list_add(&o->frames, f);
	f->refs++; /* until we are done with it */
	if (f->flags & FRAME_PINNED) {
		f->flags &= (u8)~FRAME_PINNED;
		frame_put_type(o, frame_mfn(f));
	}
	if (f->flags & FRAME_ALLOCATED) {
		f->refs--;
	}
	f->flags = (f->flags & (u8)~FRAME_ALLOCATED) | FRAME_DYING;
	frame_put(o, frame_mfn(f));
}

/* Each frame once; dropping one may free any others. */
static int teardown_frames(struct mm_owner *o)
{
	while (o->frames.head != FRAME_LIST_END) {
		struct frame *f = &frame_table[o->frames.head];

		if (f->flags & FRAME_DYING) {
			return -PV_EBUSY; /* nothing of the domain holds it: a grant of it does */
		}
		teardown_frame(o, f);
		o->work++;
		if (mm_has_debt(o) || o->work >= o->work_limit) {
			return MM_RESTART;
		}
	}
	return 0;
}

int mm_teardown(struct mm_owner *o)
{
	int rc = mm_settle(o);

	if (rc == 0) {
		o->job.patience = 0; /* nobody comes for what is held */
		rc = mm_reserve(o, MFN_INVALID);
	}
	if (rc == 0) {
		rc = teardown_frames(o);
	}
	return rc;
}
