/*
 * Setting a vCPU's first state from what its guest asks for. The dangerous
 * parts are those that the processor will believe: selectors, flags, roots,
 * descriptor tables, bases.
 *
 * Read next: ../hypercall/vcpu_op.c.
 */
#include "domain/vcpu_context.h"

#include <parley/errno.h>

#include "lib/string.h"
#include "mm/guest.h"
#include "mm/ptable.h"
#include "pv/debugreg.h"
#include "pv/descriptor.h"

/* A base may be the hypervisor's to hold but must be canonical. */
static bool is_canonical(u64 va)
{
	return (u64)((s64)(va << 16) >> 16) == va;
}

static bool traps_are_valid(const struct pv_vcpu_guest_context *c)
{
	u32 i;

	for (i = 0; i < PV_TRAP_VECTORS; i++) {
		if (!guest_range_ok(c->trap_ctxt[i].address, 1)) {
			return false;
		}
	}
	return true;
}

/* A vCPU's CR4 when it starts, whatever the context says: it has no bits that are the guest's. */
#define FIRST_CR4 0

static bool debugregs_are_valid(const struct pv_vcpu_guest_context *c)
{
	u32 i;

	for (i = 0; i < PV_DEBUGREG_COUNT; i++) {
		u64 value = c->debugreg[i];

		if (value != 0 && !debugreg_check(FIRST_CR4, i, &value)) {
			return false;
		}
	}
	return true;
}

static int check(const struct pv_vcpu_guest_context *c)
{
	/* LIMIT: a vCPU starts in its guest kernel; user mode is reached by iret. */
	if (!(c->flags & PV_VGCF_in_kernel)) {
		return -PV_EINVAL;
	}
	/* LIMIT: a user root and an LDT are set by the vCPU itself, by mmuext_op. */
	if (c->ctrlreg[1] != 0 || c->ldt_ents != 0) {
		return -PV_EINVAL;
	}
	if (!guest_range_ok(c->event_callback_eip, 1) ||
	    !guest_range_ok(c->failsafe_callback_eip, 1) ||
	    !guest_range_ok(c->syscall_callback_eip, 1)) {
		return -PV_EINVAL;
	}
	if (!is_canonical(c->fs_base) || !is_canonical(c->gs_base_kernel) ||
	    !is_canonical(c->gs_base_user)) {
		return -PV_EINVAL;
	}
	if (c->gdt_ents > GDT_ENTRIES_MAX) {
		return -PV_EINVAL;
	}
	return traps_are_valid(c) && debugregs_are_valid(c) ? 0 : -PV_EINVAL;
}

/* Everything that refers to memory, under the lock: all or nothing. */
static int take_memory(struct vcpu *v, const struct pv_vcpu_guest_context *c)
{
	struct mm_owner *o = &v->domain->mm;
	mfn_t root = maddr_to_mfn(maddr(c->ctrlreg[3]));
	int rc = mm_reserve(o, root);

	if (rc == 0) {
		rc = frame_get_type(o, root, FRAME_L4);
	}
	if (rc != 0) {
		return rc;
	}
	rc = gdt_set(v, c->gdt_frames, (u32)c->gdt_ents);
	if (rc != 0) {
		frame_put_type(o, root);
		return rc;
	}
	vcpu_set_kernel_root(v, mfn_to_maddr(root).v);
	return 0;
}

static void set_registers(struct vcpu *v, const struct pv_user_regs *u)
{
	memcpy(&v->regs, u, offsetof(struct cpu_regs, error_code));
	v->regs.rip = u->rip;
	v->regs.cs = u->cs | 3;
	v->regs.rflags = (u->rflags & ~(RFLAGS_IOPL | RFLAGS_NT | RFLAGS_VM)) | RFLAGS_IF |
			 RFLAGS_FIXED;
	v->regs.rsp = u->rsp;
	v->regs.ss = u->ss | 3;
	v->sel_ds = u->ds;
	v->sel_es = u->es;
	v->sel_fs = u->fs;
	v->sel_gs = u->gs;
	v->iopl = (u->rflags & RFLAGS_IOPL) >> RFLAGS_IOPL_SHIFT;
}

static void set_callbacks(struct vcpu *v, const struct pv_vcpu_guest_context *c)
{
	u32 i;

	for (i = 0; i < PV_TRAP_VECTORS; i++) {
		v->traps[i] = c->trap_ctxt[i];
		v->traps[i].vector = (u8)i;
	}
	v->event_entry = c->event_callback_eip;
	v->failsafe_entry = c->failsafe_callback_eip;
	v->syscall_entry = c->syscall_callback_eip;
	v->failsafe_masks = (c->flags & PV_VGCF_failsafe_disables_events) != 0;
	v->syscall_masks = (c->flags & PV_VGCF_syscall_disables_events) != 0;
}

static void set_debugregs(struct vcpu *v, const struct pv_vcpu_guest_context *c)
{
	u32 i;

	for (i = 0; i < PV_DEBUGREG_COUNT; i++) {
		u64 value = c->debugreg[i];

		if (value != 0 && debugreg_check(FIRST_CR4, i, &value)) {
			v->debugreg[i] = value;
		}
	}
}

/* All that is checked and holds no reference. The vCPU cannot run yet. */
static void set_state(struct vcpu *v, const struct pv_vcpu_guest_context *c)
{
	set_registers(v, &c->user_regs);
	set_callbacks(v, c);
	set_debugregs(v, c);
	v->kernel_ss = c->kernel_ss | 3;
	v->kernel_sp = c->kernel_sp;
	vcpu_update_path(v);
	v->fs_base = c->fs_base;
	v->gs_base_kernel = c->gs_base_kernel;
	v->gs_base_user = c->gs_base_user;
}

int vcpu_set_context(struct vcpu *v, const struct pv_vcpu_guest_context *c)
{
	struct mm_owner *o = &v->domain->mm;
	int rc = check(c);

	if (rc == 0) {
		rc = mm_begin(o);
	}
	if (rc != 0) {
		return rc;
	}
	rc = v->initialised ? -PV_EEXIST : take_memory(v, c);
	if (rc == 0) {
		set_state(v, c);
		/* Partner: op_up(), which lets it run as soon as it sees this. */
		__atomic_store_n(&v->initialised, true, __ATOMIC_RELEASE);
	}
	mm_end(o);
	return rc;
}

int vcpu_drop_memory(struct vcpu *v)
{
	struct mm_owner *o = &v->domain->mm;

	if (mm_has_debt(o) || mm_reserve(o, MFN_INVALID) != 0) {
		return MM_RESTART;
	}
	descriptor_tables_drop(v);
	if (v->kernel_cr3 != 0) {
		u64 root = v->kernel_cr3;

		vcpu_set_kernel_root(v, 0);
		frame_put_type(o, maddr_to_mfn(maddr(root)));
		return MM_RESTART;
	}
	if (v->user_cr3 != 0) {
		u64 root = v->user_cr3;

		vcpu_set_user_root(v, 0);
		frame_put_type(o, maddr_to_mfn(maddr(root)));
		return MM_RESTART;
	}
	vcpu_unmap_info(v);
	return 0;
}
