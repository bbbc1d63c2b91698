/* Grant tables: made, grown, changed, ended; see gnttab.h. Read next: gnttab_types.h. */
#include "channel/gnttab.h"

#include <parley/errno.h>

#include "channel/gnttab_types.h"
#include "lib/log.h"
#include "mm/alloc.h"
#include "mm/types.h"

int gnttab_init(struct domain *d)
{
	d->grants = heap_alloc(sizeof(*d->grants));
	if (d->grants == NULL) {
		return -PV_ENOMEM;
	}
	d->grants->free_handle = GNTTAB_NO_HANDLE;
	return 0;
}

/* Our records beyond those of the table's frames. */
static void free_active(struct grant_table *t)
{
	for (u32 i = t->count * GNTTAB_ACTIVE_PAGES; i < ARRAY_SIZE(t->active); i++) {
		if (t->active[i] != NULL) {
			alloc_free_page(t->active[i]);
			t->active[i] = NULL;
		}
	}
}

void gnttab_fini(struct domain *d)
{
	struct grant_table *t = d->grants;

	if (t == NULL) {
		return;
	}
	invariant(t->pins == 0 && t->handles_used == 0);
	while (t->count > 0) {
		mfn_t m = t->frames[--t->count];

		spin_lock(&d->mm.lock);
		frame_unshare(&d->mm, m);
		spin_unlock(&d->mm.lock);
		alloc_free_frames(m, 0);
	}
	free_active(t);
	for (u32 i = 0; i < t->handles_made / GNTTAB_PAGE_HANDLES; i++) {
		alloc_free_page(t->handles[i]);
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

static int add_frame(struct domain *d)
{
	struct grant_table *t = d->grants;
	struct grant_active **active = &t->active[t->count * GNTTAB_ACTIVE_PAGES];
	mfn_t m = alloc_frames(0);
	bool whole = !mfn_equal(m, MFN_INVALID);

	for (u32 i = 0; i < GNTTAB_ACTIVE_PAGES; i++) {
		active[i] = alloc_page();
		whole &= active[i] != NULL;
	}
	if (!whole) {
		free_active(t);
		if (!mfn_equal(m, MFN_INVALID)) {
			alloc_free_frames(m, 0);
		}
		return -PV_ENOMEM;
	}
	frame_share(&d->mm, m);
	t->frames[t->count] = m;
	__atomic_store_n(&t->count, t->count + 1, __ATOMIC_RELEASE);
	return 0;
}

int gnttab_grow(struct domain *d, u32 count)
{
	int rc = 0;

	if (count > GNTTAB_FRAMES_MAX) {
		return -PV_EINVAL;
	}
	spin_lock(&d->mm.lock);
	while (rc == 0 && d->grants->count < count) {
		rc = add_frame(d);
	}
	spin_unlock(&d->mm.lock);
	return rc;
}

bool gnttab_is_held(struct domain *d)
{
	bool held;

	spin_lock(&d->mm.lock);
	held = d->grants->pins != 0;
	spin_unlock(&d->mm.lock);
	return held;
}

s16 gnttab_swap(struct domain *d, u32 a, u32 b)
{
	struct grant_table *t = d->grants;
	s16 status = PV_GNTST_okay;

	spin_lock(&d->mm.lock);
	if (a >= t->count * GNTTAB_FRAME_REFS || b >= t->count * GNTTAB_FRAME_REFS) {
		status = PV_GNTST_bad_gntref;
	} else if (a != b && (gnttab_active(t, a)->pins != 0 || gnttab_active(t, b)->pins != 0)) {
		status = PV_GNTST_eagain;
	} else if (a != b) {
		u64 *p = (u64 *)(void *)gnttab_entry(t, a), *q = (u64 *)(void *)gnttab_entry(t, b);
		u64 was = __atomic_load_n(p, __ATOMIC_RELAXED);

		__atomic_store_n(p, __atomic_load_n(q, __ATOMIC_RELAXED), __ATOMIC_RELAXED);
		__atomic_store_n(q, was, __ATOMIC_RELAXED);
	}
	spin_unlock(&d->mm.lock);
	return status;
}
