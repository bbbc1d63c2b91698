/* See ring_page.h. */
#include "domain/ring_page.h"

#include <parley/errno.h>

#include "mm/types.h"

int ring_page_hold(struct domain *d, mfn_t frame)
{
	int rc;

	spin_lock(&d->mm.lock);
	rc = frame_get_type(&d->mm, frame, FRAME_WRITABLE);
	spin_unlock(&d->mm.lock);
	return rc < 0 ? -PV_EINVAL : 0;
}

void ring_page_release(struct domain *d, mfn_t frame)
{
	spin_lock(&d->mm.lock);
	frame_put_type(&d->mm, frame);
	spin_unlock(&d->mm.lock);
}
