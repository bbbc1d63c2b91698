/* The runstate of vCPUs; rules in runstate.h. Read next: pvclock.c. */
#include "domain/runstate.h"

#include <parley/errno.h>
#include <parley/vm_assist.h>

#include "mm/guest.h"

void runstate_init(struct vcpu *v, u64 now_ns)
{
	v->runstate = (struct pv_vcpu_runstate_info){
		.state = PV_RUNSTATE_offline,
		.state_entry_time = now_ns,
	};
}

void runstate_change(struct vcpu *v, s32 state, u64 now_ns)
{
	struct pv_vcpu_runstate_info *r = &v->runstate;

	if (r->state == state) {
		return;
	}
	if (now_ns > r->state_entry_time) {
		r->time[r->state] += now_ns - r->state_entry_time;
	}
	r->state = state;
	r->state_entry_time = now_ns;
	v->sched.runstate_dirty = true;
}

void runstate_read(const struct vcpu *v, struct pv_vcpu_runstate_info *out)
{
	*out = v->runstate;
}

/*
 * With the guest's consent (vm_assist) the copy is framed by a flag in
 * state_entry_time, so that another vCPU that reads it sees it is torn.
 */
static int runstate_write(struct vcpu *v, u64 gva)
{
	u64 entry_gva = gva + offsetof(struct pv_vcpu_runstate_info, state_entry_time);
	struct pv_vcpu_runstate_info copy;
	u64 entry;
	int rc;

	runstate_read(v, &copy);
	if (!((v->domain->vm_assist >> PV_VM_ASSIST_runstate_update_flag) & 1)) {
		return guest_write(gva, &copy, sizeof(copy));
	}
	entry = copy.state_entry_time;
	copy.state_entry_time |= PV_RUNSTATE_UPDATE;
	rc = guest_write(entry_gva, &copy.state_entry_time, sizeof(entry));
	barrier(); /* x86 keeps the order of stores; so must the compiler */
	if (rc == 0) {
		rc = guest_write(gva, &copy, sizeof(copy));
	}
	barrier();
	if (rc == 0) {
		rc = guest_write(entry_gva, &entry, sizeof(entry));
	}
	return rc;
}

int runstate_register(struct vcpu *v, u64 gva)
{
	int rc;

	if (gva == 0) {
		v->runstate_area = 0;
		return 0;
	}
	rc = runstate_write(v, gva);
	if (rc == 0) {
		v->runstate_area = gva;
	}
	return rc;
}

void runstate_flush(struct vcpu *v)
{
	if (!v->sched.runstate_dirty || v->mode != VCPU_MODE_KERNEL) {
		return;
	}
	v->sched.runstate_dirty = false;
	/* A guest that unmaps its area goes without; that is its affair. */
	if (v->runstate_area != 0 && runstate_write(v, v->runstate_area) != 0) {
		v->sched.runstate_dirty = true;
	}
}
