/* What the domain room holds of a domain's frames, for the audit. Read next: ../mm/audit.c. */
#include "domain/audit.h"

#include <parley/errno.h>

#include "channel/gnttab.h"
#include "domain/console.h"
#include "domain/store.h"
#include "lib/log.h"
#include "mm/audit.h"
#include "mm/types.h"

#define TRIES 1000000U

static void hold_root(struct mm_audit *a, u64 cr3)
{
	if (cr3 != 0) {
		mm_audit_hold(a, maddr_to_mfn(maddr(cr3)), FRAME_L4);
	}
}

static void hold_descriptors(struct mm_audit *a, const mfn_t *frames, u32 entries)
{
	for (u32 i = 0; i < (entries + 511) / 512; i++) {
		mm_audit_hold(a, frames[i], FRAME_SEGDESC);
	}
}

static void hold_vcpu(struct mm_audit *a, const struct vcpu *v)
{
	hold_root(a, v->kernel_cr3);
	hold_root(a, v->user_cr3);
	hold_descriptors(a, v->gdt_frames, v->gdt_entries);
	hold_descriptors(a, v->ldt_frames, v->ldt_entries);
	if (!mfn_equal(v->info_mfn, MFN_INVALID)) {
		mm_audit_hold(a, v->info_mfn, FRAME_WRITABLE);
	}
}

static void holds(struct mm_audit *a, void *arg)
{
	struct domain *d = arg;
	mfn_t rings[] = { console_ring(d), store_ring(d) };

	for (u32 i = 0; i < d->vcpu_count; i++) {
		hold_vcpu(a, d->vcpus[i]);
	}
	mm_audit_shared(a, d->shared_mfn);
	for (u32 i = 0; i < ARRAY_SIZE(rings); i++) {
		if (!mfn_equal(rings[i], MFN_INVALID)) {
			mm_audit_hold(a, rings[i], FRAME_WRITABLE);
		}
	}
	for (u32 i = 0; i < gnttab_frame_count(d); i++) {
		mm_audit_shared(a, gnttab_frame(d, i));
	}
	gnttab_audit(d, a);
}

static s64 audit_locked(struct domain *d)
{
	s64 wrong = mm_audit(&d->mm, holds, d);

	spin_unlock(&d->mm.lock);
	return wrong;
}

s64 domain_audit(struct domain *d)
{
	spin_lock(&d->mm.lock);
	return audit_locked(d);
}

void domain_audit_end(struct domain *d)
{
	u32 tries = 0;
	s64 wrong;

	/* It may end in the middle of a call that holds the lock. */
	while (!spin_trylock(&d->mm.lock)) {
		if (++tries == TRIES) {
			log_warn("d%u: its memory is busy, not audited", d->id);
			return;
		}
		cpu_serve();
	}
	wrong = audit_locked(d);
	if (wrong != 0) {
		log_error("d%u: the audit of its memory at its end: %ld", d->id, (long)wrong);
	} else {
		log_info("d%u: the books of its memory are right", d->id);
	}
}
