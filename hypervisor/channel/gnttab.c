/* Grant tables; see gnttab.h. Read next: ../hypercall/grant_table_op.c. */
#include "channel/gnttab.h"

#include <parley/errno.h>

#include "mm/alloc.h"
#include "mm/types.h"

struct grant_table {
	u32 count;                       /* frames, published last */
	mfn_t frames[GNTTAB_FRAMES_MAX]; /* those below count never change */
};

int gnttab_init(struct domain *d)
{
	d->grants = heap_alloc(sizeof(*d->grants));
	return d->grants == NULL ? -PV_ENOMEM : 0;
}

void gnttab_fini(struct domain *d)
{
	struct grant_table *t = d->grants;

	if (t == NULL) {
		return;
	}
	for (u32 i = 0; i < t->count; i++) {
		spin_lock(&d->mm.lock);
		frame_unshare(&d->mm, t->frames[i]);
		spin_unlock(&d->mm.lock);
		alloc_free_frames(t->frames[i], 0);
	}
	d->grants = NULL;
	heap_free(t, sizeof(*t));
}

u32 gnttab_frame_count(struct domain *d)
{
	/* Partner: the release in gnttab_grow(). */
	return __atomic_load_n(&d->grants->count, __ATOMIC_ACQUIRE);
}

mfn_t gnttab_frame(struct domain *d, u32 i)
{
	return d->grants->frames[i];
}

int gnttab_grow(struct domain *d, u32 count)
{
	struct grant_table *t = d->grants;
	int rc = 0;

	if (count > GNTTAB_FRAMES_MAX) {
		return -PV_EINVAL;
	}
	spin_lock(&d->mm.lock);
	spin_lock(&d->grant_lock);
	while (t->count < count) {
		mfn_t m = alloc_frames(0);

		if (mfn_equal(m, MFN_INVALID)) {
			rc = -PV_ENOMEM;
			break;
		}
		frame_share(&d->mm, m);
		t->frames[t->count] = m;
		__atomic_store_n(&t->count, t->count + 1, __ATOMIC_RELEASE);
	}
	spin_unlock(&d->grant_lock);
	spin_unlock(&d->mm.lock);
	return rc;
}
