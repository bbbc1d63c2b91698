/*
 * Moving a vCPU's vcpu_info out of shared_info. The frame is held by a writable
 * type use, so that it can neither become a page table, into which we would
 * write then, nor go to another domain.
 *
 * Read next: ../channel/evtchn.c.
 */
#include "domain/vcpu_context.h"

#include <parley/errno.h>
#include <seam/cpu.h>
#include <seam/directmap.h>

#include "channel/evtchn.h"
#include "domain/pvclock.h"
#include "mm/types.h"

#define INFO_ALIGN 8U /* atomic operations on its words must not cross lines */

static int hold_frame(struct vcpu *v, mfn_t m)
{
	struct mm_owner *o = &v->domain->mm;
	int rc = mm_begin(o);

	if (rc != 0) {
		return rc;
	}
	rc = v->info_mfn.v != MFN_INVALID.v ? -PV_EINVAL : frame_get_type(o, m, FRAME_WRITABLE);
	if (rc == 0) {
		v->info_mfn = m; /* under the lock: only one may move it */
	}
	mm_end(o);
	return rc;
}

int vcpu_map_info(struct vcpu *v, mfn_t m, u32 offset)
{
	struct pv_vcpu_info *old = v->info;
	struct pv_vcpu_info *info;
	int rc;

	if (offset % INFO_ALIGN != 0 || offset > PAGE_SIZE - sizeof(*info)) {
		return -PV_EINVAL;
	}
	if (v != current_vcpu() && READ_ONCE(v->sched.state) != VCPU_OFFLINE) {
		return -PV_EINVAL;
	}
	rc = hold_frame(v, m);
	if (rc != 0) {
		return rc;
	}
	info = (struct pv_vcpu_info *)((u8 *)mfn_to_virt(m) + offset);
	*info = *old;
	__atomic_store_n(&v->info, info, __ATOMIC_SEQ_CST);
	pvclock_init_vcpu(v);
	/* A sender may just have set bits in the old place: look at all ports. */
	evtchn_rescan(v);
	return 0;
}

void vcpu_unmap_info(struct vcpu *v)
{
	struct mm_owner *o = &v->domain->mm;

	if (v->info_mfn.v == MFN_INVALID.v) {
		return;
	}
	v->info = &v->domain->shared->vcpu_info[v->id];
	frame_put_type(o, v->info_mfn);
	v->info_mfn = MFN_INVALID;
}
