/*
 * What grants say to the audit (mm/audit.h). Counted from both ends: pins of the
 * domain's own grants are references of its frames; its handles have their pins,
 * and there is a handle for every entry of its tables that names another's frame.
 */
#include "channel/gnttab_types.h"

/* Each pin of d's grants holds its frame. */
static void audit_pins(struct grant_table *t, struct mm_audit *a)
{
	u64 pins = 0;

	for (u32 ref = 0; ref < t->count * GNTTAB_FRAME_REFS; ref++) {
		const struct grant_active *active = gnttab_active(t, ref);

		pins += active->pins;
		if (active->writers > active->pins) {
			mm_audit_complain(a, mfn(active->mfn),
					  "granted to more writers than users");
		}
		for (u32 i = 0; i < active->pins; i++) {
			mm_audit_hold(a, mfn(active->mfn),
				      i < active->writers ? FRAME_WRITABLE : FRAME_NONE);
		}
	}
	if (pins != t->pins) {
		mm_audit_complain(a, MFN_INVALID, "a wrong count of all pins");
	}
}

/* What is behind a handle stays while d's lock is held, for the handle stays. */
static void audit_handle(struct domain *d, struct mm_audit *a, const struct grant_handle *h)
{
	const struct grant_active *active = gnttab_active(h->owner->grants, h->ref);
	bool writable = grant_is_writable(h->flags);

	if ((h->flags & (GRANT_HOST | GRANT_DEVICE)) == 0 || active->pins == 0 ||
	    (writable && active->writers == 0) || active->mfn != h->mfn || active->domid != d->id ||
	    frame_at(mfn(h->mfn))->owner != h->owner->id) {
		mm_audit_complain(a, mfn(h->mfn), "a handle without its pin");
	}
	if ((h->flags & GRANT_HOST) && h->owner != d) {
		mm_audit_foreign(a, mfn(h->mfn), writable);
	}
}

void gnttab_audit(struct domain *d, struct mm_audit *a)
{
	struct grant_table *t = d->grants;
	u32 used = 0;

	audit_pins(t, a);
	for (u32 i = 0; i < t->handles_made; i++) {
		const struct grant_handle *h = gnttab_handle(t, i);

		if (h != NULL) {
			used++;
			audit_handle(d, a, h);
		}
	}
	if (used != t->handles_used) {
		mm_audit_complain(a, MFN_INVALID, "a wrong count of handles");
	}
}
