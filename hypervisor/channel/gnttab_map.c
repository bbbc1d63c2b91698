/*
 * The peer's half of grants, as far as it is not inline in gnttab_map.h: the end of a peer,
 * and what is rare.
 *
 * Read next: gnttab_copy.c.
 */
#include "channel/gnttab_map.h"

int gnttab_replace_entry(struct vcpu *v, u64 *entry, const struct grant_handle *h, u64 new_addr)
{
	u64 *from = ptable_find_l1(v->kernel_cr3, new_addr);

	if (from == NULL) {
		return -PV_EINVAL;
	}
	return foreign_entry_replace(&v->domain->mm, entry, h->mfn, grant_is_writable(h->flags),
				     from);
}

/* ---- the end of a peer ---- */

#define RELEASE_SCAN 1024U /* handles looked at, in a step */
#define RELEASE_STEP 32U   /* and taken away */

/* Take handles out of d's table: how many. */
static u32 release_some(struct domain *d, struct grant_handle *gone)
{
	struct grant_table *t = d->grants;
	u32 n = 0;

	for (u32 looked = 0; looked < RELEASE_SCAN && n < RELEASE_STEP; looked++) {
		u32 i = t->release_next;
		struct grant_handle *h;

		if (i == t->handles_made) {
			break;
		}
		t->release_next++;
		h = gnttab_handle(t, i);
		if (h != NULL) {
			gone[n++] = *h;
			gnttab_handle_free(t, h, i);
		}
	}
	return n;
}

bool gnttab_release_step(struct domain *d)
{
	struct grant_handle gone[RELEASE_STEP];
	bool more;
	u32 n;

	spin_lock(&d->mm.lock);
	n = release_some(d, gone);
	more = d->grants->handles_used != 0;
	spin_unlock(&d->mm.lock);
	if (n != 0) {
		tlb_flush_cpus(mm_tlb_cpus(&d->mm));
	}
	for (u32 i = 0; i < n; i++) {
		gnttab_unpin(gone[i].owner, gone[i].ref, grant_is_writable(gone[i].flags),
			     grant_pins(gone[i].flags));
	}
	return more;
}
