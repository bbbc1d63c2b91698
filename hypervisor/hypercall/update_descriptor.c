/*
 * update_descriptor: write one descriptor, into a table in use or into plain
 * memory that will become one. Checked in both cases, as the caller cannot
 * tell which it is.
 */
#include <seam/cpu.h>
#include <seam/directmap.h>

#include "hypercall/handlers.h"
#include "pv/descriptor.h"

static int write_descriptor(struct mm_owner *o, u64 address, u64 descriptor)
{
	mfn_t m = maddr_to_mfn(maddr(address));
	struct frame *f = frame_owned(o, m.v);
	bool in_use;
	int err;

	if (f == NULL) {
		return -PV_EINVAL;
	}
	in_use = f->type == FRAME_SEGDESC && f->type_refs != 0;
	err = frame_get_type(o, m, in_use ? FRAME_SEGDESC : FRAME_WRITABLE);
	if (err == 0) {
		u64 *table = mfn_to_virt(m);

		WRITE_ONCE(table[(address & (PAGE_SIZE - 1)) / 8], descriptor);
		frame_put_type(o, m);
	}
	return err;
}

long hypercall_update_descriptor(u64 address, u64 descriptor, u64 a3, u64 a4, u64 a5, u64 a6)
{
	struct mm_owner *o = &current_vcpu()->domain->mm;
	u64 fixed = descriptor;
	int err;

	if ((address & 7) != 0 || !descriptor_fix(&fixed)) {
		return -PV_EINVAL;
	}
	err = mm_begin(o);
	if (err == 0) {
		err = write_descriptor(o, address, fixed);
		mm_end(o);
	}
	if (err == MM_RESTART) {
		return hypercall_restart(PV_HYPERCALL_update_descriptor, address, descriptor, a3,
					 a4);
	}
	return err;
}
