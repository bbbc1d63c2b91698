/*
 * Copying by grants. Each side is a grant, pinned while the copy lasts, or a frame
 * of the caller's own, held in the same way; a frame of anybody else's can only be
 * reached by a grant. Once both sides are held nothing can fail: the bytes go
 * through the direct map, all of them or none.
 */
#include <parley/errno.h>
#include <parley/types.h>
#include <seam/directmap.h>

#include "channel/gnttab_pin.h"
#include "lib/string.h"
#include "mm/foreign.h"

struct side {
	struct domain *owner;
	u32 ref; /* if it is by reference */
	u32 mfn;
	bool by_ref;
	bool writable;
};

/* Who has the side's frame: a status. */
static s16 side_find(struct side *s, struct domain *d, const struct pv_gnttab_copy_ptr *p)
{
	if (!s->by_ref) {
		s->owner = d;
		return p->domid == PV_DOMID_SELF ? PV_GNTST_okay : PV_GNTST_permission_denied;
	}
	s->owner = domain_find(p->domid);
	return s->owner != NULL ? PV_GNTST_okay : gnttab_nobody(p->domid);
}

static s16 hold_own(struct side *s, u64 gmfn)
{
	int rc;

	spin_lock(&s->owner->mm.lock);
	rc = frame_get_foreign(&s->owner->mm, gmfn, s->writable);
	spin_unlock(&s->owner->mm.lock);
	if (rc != 0) {
		return rc == -PV_EBUSY ? PV_GNTST_general_error : PV_GNTST_bad_page;
	}
	s->mfn = (u32)gmfn;
	return PV_GNTST_okay;
}

static s16 side_hold(struct side *s, struct domain *d, const struct pv_gnttab_copy_ptr *p)
{
	if (!s->by_ref) {
		return hold_own(s, p->u.gmfn);
	}
	s->ref = p->u.ref;
	return gnttab_pin(s->owner, s->ref, d->id, s->writable, 1, &s->mfn);
}

static void side_drop(struct side *s)
{
	if (s->by_ref) {
		gnttab_unpin(s->owner, s->ref, s->writable, 1);
		return;
	}
	spin_lock(&s->owner->mm.lock);
	frame_put_foreign(&s->owner->mm, s->mfn, s->writable);
	spin_unlock(&s->owner->mm.lock);
}

static s16 copy_bytes(const struct pv_gnttab_copy *op, const struct side *from,
		      const struct side *to)
{
	if ((u32)op->source.offset + op->len > PAGE_SIZE ||
	    (u32)op->dest.offset + op->len > PAGE_SIZE) {
		return PV_GNTST_bad_copy_arg;
	}
	memmove((u8 *)mfn_to_virt(mfn(to->mfn)) + op->dest.offset,
		(const u8 *)mfn_to_virt(mfn(from->mfn)) + op->source.offset, op->len);
	return PV_GNTST_okay;
}

s16 gnttab_copy(struct domain *d, const struct pv_gnttab_copy *op)
{
	struct side from = { .by_ref = (op->flags & PV_GNTCOPY_source_gref) != 0 };
	struct side to = { .by_ref = (op->flags & PV_GNTCOPY_dest_gref) != 0, .writable = true };
	s16 status = side_find(&from, d, &op->source);

	if (status == PV_GNTST_okay) {
		status = side_find(&to, d, &op->dest);
	}
	if (status == PV_GNTST_okay) {
		status = side_hold(&from, d, &op->source);
	}
	if (status != PV_GNTST_okay) {
		return status;
	}
	status = side_hold(&to, d, &op->dest);
	if (status == PV_GNTST_okay) {
		status = copy_bytes(op, &from, &to);
		side_drop(&to);
	}
	side_drop(&from);
	return status;
}
