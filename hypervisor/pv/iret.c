/*
 * TOUR(6) The iret hypercall: the guest kernel goes back to what it interrupted, or to
 * user mode. And what happens when the processor refuses such a return.
 *
 * Read next: traps.c.
 */
#include "pv/iret.h"

#include <parley/hypercall.h>
#include <parley/vcpu.h>
#include <seam/cpu.h>

#include "domain/trace.h"
#include "mm/guest.h"
#include "pv/bounce.h"

/* Flags that a guest may not have: the real IF stays on, IOPL 0. */
static u64 sanitise_flags(u64 flags)
{
	return (flags & ~(RFLAGS_IOPL | RFLAGS_NT | RFLAGS_VM)) | RFLAGS_IF | RFLAGS_FIXED;
}

/* False: its frame cannot be read. Then, or if the frame makes no sense, the domain ends. */
static bool go_back(struct vcpu *v, struct cpu_regs *regs, struct pv_iret_context *c)
{
	if (guest_read_words((u64 *)c, regs->rsp, sizeof(*c) / 8) != 0) {
		domain_crash(v->domain, "iret frame at %lx cannot be read", regs->rsp);
		return false;
	}
	if ((c->cs & 3) == 3) {
		if (v->user_cr3 == 0) {
			domain_crash(v->domain, "iret to user mode without a user page table");
			return true;
		}
		pv_enter_user(v);
	}
	regs->rip = c->rip;
	regs->cs = (c->cs & 0xffff) | 3;
	regs->rflags = sanitise_flags(c->rflags);
	regs->rsp = c->rsp;
	regs->ss = (c->ss & 0xffff) | 3;
	regs->rax = c->rax;
	/* In a system call the guest expects no more than SYSRET would leave. */
	regs->rcx = (c->flags & PV_VGCF_in_syscall) ? regs->rip : c->rcx;
	regs->r11 = (c->flags & PV_VGCF_in_syscall) ? regs->rflags : c->r11;
	if (v->shows_iopl) {
		v->iopl = (c->rflags & RFLAGS_IOPL) >> RFLAGS_IOPL_SHIFT;
	}
	WRITE_ONCE(v->info->evtchn_upcall_mask, (c->rflags & RFLAGS_IF) ? 0 : 1);
	return true;
}

/* The same, with a record of what the guest returns to. */
static void go_back_recorded(struct vcpu *v, struct cpu_regs *regs)
{
	struct pv_trace_record r = {
		.kind = PV_TRACE_hypercall,
		.number = PV_HYPERCALL_iret,
		.flags = PV_TRACE_FLAG_no_result,
	};
	struct trace_begin began = trace_begin();
	struct pv_iret_context c;

	if (go_back(v, regs, &c)) {
		r.extra = sizeof(c);
	}
	trace_end(&r, began);
	trace_record(&r, v, &c);
}

void pv_iret(struct cpu_regs *regs)
{
	struct vcpu *v = current_vcpu();
	struct pv_iret_context c;

	if (trace_wants(v, hypercall) && trace_wants_call(v, PV_HYPERCALL_iret)) {
		go_back_recorded(v, regs);
	} else {
		(void)go_back(v, regs, &c);
	}
}

/*
 * The IRETQ that should have entered the guest faulted: its RIP is not
 * canonical or CS or SS cannot be loaded. The guest kernel hears of it by the
 * failsafe callback, or as the general protection that it is.
 */
void pv_iret_failed(struct cpu_regs *regs)
{
	struct vcpu *v = current_vcpu();

	if (v->failsafe_entry != 0) {
		pv_inject_failsafe(v, regs);
	} else {
		pv_inject_trap(v, regs, 13, 0);
	}
}
