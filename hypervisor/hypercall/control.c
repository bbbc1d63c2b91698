/*
 * Hypercall control(op, arg): Parley's control operations. The structure is
 * copied in once and its results copied out; all else is domain/control.h.
 */
#include "hypercall/hypercall.h"

#include <seam/cpu.h>

#include "domain/control.h"
#include "hypercall/handlers.h"
#include "lib/string.h"
#include "mm/guest.h"
#include "mm/types.h"

/*
 * What is done cannot be undone when its result cannot be told: so the place of
 * the result is written to beforehand.
 */
static int try_results(u64 gva, const union control_args *args, const struct control_layout *l)
{
	return l->out == 0 ? 0 : guest_write(gva, args, l->out);
}

long hypercall_control(u64 op, u64 gva, u64 a3, u64 a4, u64 a5, u64 a6)
{
	struct vcpu *v = current_vcpu();
	struct control_caller who = { .domain = v->domain, .vcpu = v->id };
	const struct control_layout *layout;
	union control_args args;
	long rc;

	if (!v->domain->is_control) {
		return -PV_EPERM;
	}
	layout = control_layout(op);
	if (layout == NULL) {
		return -PV_ENOSYS;
	}
	memset(&args, 0, layout->size);
	if (guest_read(&args, gva, layout->in) != 0 || try_results(gva, &args, layout) != 0) {
		return -PV_EFAULT;
	}
	mm_count_work(&v->domain->mm, MM_BUDGET); /* a batch ends with it: it may be long */
	rc = control_do(&who, (u32)op, &args);
	if (rc == CONTROL_AGAIN) {
		return hypercall_restart(PV_HYPERCALL_control, op, gva, a3, a4);
	}
	if (rc >= 0 && layout->out != 0 && guest_write(gva, &args, layout->out) != 0) {
		return -PV_EFAULT;
	}
	return rc;
}
