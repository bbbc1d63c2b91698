/*
 * vcpu_op(cmd, vcpu, arg): vCPUs of the caller's own domain come up and go
 * down, have timers, and get areas that tell them about themselves.
 */
#include "hypercall/hypercall.h"

#include <parley/sched.h>
#include <parley/vcpu.h>
#include <seam/cpu.h>

#include "domain/pvclock.h"
#include "domain/runstate.h"
#include "domain/sched.h"
#include "domain/timer.h"
#include "domain/vcpu_context.h"
#include "domain/vcpu_timer.h"
#include "hypercall/handlers.h"
#include "mm/alloc.h"
#include "mm/guest.h"
#include "mm/types.h"

#define CONTEXT_WORK 256U /* of reading and checking one, in entries (mm/types.h) */

/* A result of mm/: the whole call again, or the result. */
static long result_of(int rc, u64 cmd, const struct vcpu *v, u64 arg)
{
	return rc == MM_RESTART ? hypercall_restart(PV_HYPERCALL_vcpu_op, cmd, v->id, arg, 0) : rc;
}

static long op_initialise(struct vcpu *v, u64 arg)
{
	struct pv_vcpu_guest_context *context;
	int rc;

	if (READ_ONCE(v->initialised)) {
		return -PV_EEXIST;
	}
	context = heap_alloc(sizeof(*context));
	if (context == NULL) {
		return -PV_ENOMEM;
	}
	mm_count_work(&v->domain->mm, CONTEXT_WORK);
	rc = guest_read(context, arg, sizeof(*context));
	if (rc == 0) {
		rc = vcpu_set_context(v, context);
	}
	heap_free(context, sizeof(*context));
	return result_of(rc, PV_VCPUOP_initialise, v, arg);
}

static bool is_up(const struct vcpu *v)
{
	return READ_ONCE(v->sched.state) != VCPU_OFFLINE;
}

static long op_up(struct vcpu *v)
{
	if (!__atomic_load_n(&v->initialised, __ATOMIC_ACQUIRE)) {
		return -PV_EINVAL;
	}
	sched_online(v);
	return 0;
}

/* The last vCPU to go down takes the domain with it. */
static long op_down(struct vcpu *v)
{
	struct domain *d = v->domain;

	sched_offline(v);
	for (u32 i = 0; i < d->vcpu_count; i++) {
		if (is_up(d->vcpus[i])) {
			return 0;
		}
	}
	domain_shutdown(d, PV_SHUTDOWN_poweroff);
	return 0;
}

static long op_get_runstate(struct vcpu *v, u64 arg)
{
	struct pv_vcpu_runstate_info info;

	runstate_read(v, &info);
	return guest_write(arg, &info, sizeof(info));
}

/* Both kinds of area are registered by a structure that is nothing but an address. */
static long op_register_area(struct vcpu *v, u64 cmd, u64 arg)
{
	u64 gva;

	if (guest_read(&gva, arg, sizeof(gva)) != 0) {
		return -PV_EFAULT;
	}
	if (cmd == PV_VCPUOP_register_runstate_memory_area) {
		return runstate_register(v, gva);
	}
	return pvclock_register_area(v, gva);
}

static long op_register_info(struct vcpu *v, u64 arg)
{
	struct pv_vcpu_register_vcpu_info op;

	if (guest_read(&op, arg, sizeof(op)) != 0) {
		return -PV_EFAULT;
	}
	return result_of(vcpu_map_info(v, mfn(op.mfn), op.offset), PV_VCPUOP_register_vcpu_info, v,
			 arg);
}

static long op_set_periodic(struct vcpu *v, u64 arg)
{
	struct pv_vcpu_set_periodic_timer op;

	if (guest_read(&op, arg, sizeof(op)) != 0) {
		return -PV_EFAULT;
	}
	if (op.period_ns == 0) {
		return -PV_EINVAL;
	}
	return vcpu_timer_set_period(v, op.period_ns);
}

static long op_set_singleshot(struct vcpu *v, u64 arg)
{
	struct pv_vcpu_set_singleshot_timer op;

	if (v != current_vcpu()) {
		return -PV_EINVAL;
	}
	if (guest_read(&op, arg, sizeof(op)) != 0) {
		return -PV_EFAULT;
	}
	if ((op.flags & PV_VCPU_SSHOTTMR_future) && op.timeout_abs_ns < time_now_ns()) {
		return -PV_ETIME;
	}
	vcpu_timer_set(v, op.timeout_abs_ns);
	return 0;
}

static long op_stop_singleshot(struct vcpu *v)
{
	if (v != current_vcpu()) {
		return -PV_EINVAL;
	}
	vcpu_timer_stop(v);
	return 0;
}

static long op_send_nmi(struct vcpu *v)
{
	if (__atomic_exchange_n(&v->nmi_pending, 1, __ATOMIC_SEQ_CST) == 0) {
		sched_wake_anyhow(v);
	}
	if (v == current_vcpu()) {
		cpu_info()->work |= CPU_WORK_RESCHED; /* so that the exit looks */
	}
	return 0;
}

long hypercall_vcpu_op(u64 cmd, u64 id, u64 arg, u64 a4, u64 a5, u64 a6)
{
	struct vcpu *v = domain_vcpu(current_vcpu()->domain, id);

	if (v == NULL) {
		return -PV_ENOENT;
	}
	switch (cmd) {
	case PV_VCPUOP_initialise:
		return op_initialise(v, arg);
	case PV_VCPUOP_up:
		return op_up(v);
	case PV_VCPUOP_down:
		return op_down(v);
	case PV_VCPUOP_is_up:
		return is_up(v);
	case PV_VCPUOP_get_runstate_info:
		return op_get_runstate(v, arg);
	case PV_VCPUOP_register_runstate_memory_area:
	case PV_VCPUOP_register_vcpu_time_memory_area:
		return op_register_area(v, cmd, arg);
	case PV_VCPUOP_set_periodic_timer:
		return op_set_periodic(v, arg);
	case PV_VCPUOP_stop_periodic_timer:
		return vcpu_timer_set_period(v, 0);
	case PV_VCPUOP_set_singleshot_timer:
		return op_set_singleshot(v, arg);
	case PV_VCPUOP_stop_singleshot_timer:
		return op_stop_singleshot(v);
	case PV_VCPUOP_register_vcpu_info:
		return op_register_info(v, arg);
	case PV_VCPUOP_send_nmi:
		return op_send_nmi(v);
	default:
		return -PV_ENOSYS;
	}
}
