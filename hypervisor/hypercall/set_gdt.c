/* set_gdt: the frames of the calling vCPU's GDT. */
#include <seam/cpu.h>

#include "hypercall/handlers.h"
#include "mm/guest.h"
#include "pv/descriptor.h"

long hypercall_set_gdt(u64 list, u64 entries, u64 a3, u64 a4, u64 a5, u64 a6)
{
	struct vcpu *v = current_vcpu();
	struct mm_owner *o = &v->domain->mm;
	u64 frames[GDT_GUEST_PAGES];
	int err;

	if (entries > GDT_ENTRIES_MAX) {
		return -PV_EINVAL;
	}
	err = guest_read(frames, list, (entries + 511) / 512 * sizeof(frames[0]));
	if (err != 0) {
		return err;
	}
	err = mm_begin(o);
	if (err == 0) {
		err = gdt_set(v, frames, entries);
		mm_end(o);
	}
	if (err == MM_RESTART) {
		return hypercall_restart(PV_HYPERCALL_set_gdt, list, entries, a3, a4);
	}
	return err;
}
