/*
 * Bounce frames. From low to high on the guest's kernel stack, which is first
 * aligned down to 16:
 *
 *	RCX, R11, [error code], RIP, CS | upcall mask << 32, RFLAGS, RSP, SS
 *
 * The failsafe frame has DS, ES, FS, GS between R11 and RIP. CS keeps RPL 3 if
 * user mode was interrupted and gets RPL 0 if it was the guest kernel. The IF
 * in RFLAGS is the virtual one: upcalls were not masked. The real IF is always
 * on in a guest. The IOPL is 0, or with vm_assist architectural_iopl the virtual one.
 *
 * Read next: iret.c, the way back.
 */
#include "pv/bounce.h"

#include <parley/stats.h>
#include <seam/cpu.h>

#include "cpu/insn.h"
#include "domain/trace.h"
#include "mm/guest.h"
#include "pv/selectors.h"

#define FRAME_WORDS_MAX 12

void pv_enter_kernel(struct vcpu *v)
{
	__asm__ volatile("swapgs" ::: "memory");
	cr3_write(v->kernel_load);
	v->mode = VCPU_MODE_KERNEL;
	vcpu_update_path(v);
}

void pv_enter_user(struct vcpu *v)
{
	__asm__ volatile("swapgs" ::: "memory");
	cr3_write(v->user_load);
	v->mode = VCPU_MODE_USER;
	vcpu_update_path(v);
}

/* What a bounce shall do, beside the frame's first words. */
struct target {
	u64 entry;
	bool masks;      /* upcalls are masked on entry */
	u64 clear_flags; /* of RFLAGS, beyond the usual */
};

/*
 * Lay the frame of `head_words` words and the five of the interrupted context
 * on the guest's kernel stack and go to the handler.
 */
static void bounce(struct vcpu *v, struct cpu_regs *regs, const u64 *head, u32 head_words,
		   struct target to)
{
	u8 mask = READ_ONCE(v->info->evtchn_upcall_mask);
	bool from_user = v->mode == VCPU_MODE_USER;
	u64 frame[FRAME_WORDS_MAX];
	u64 sp;
	u32 n;

	if (to.entry == 0) {
		domain_crash(v->domain, "no handler for a trap, callback or event");
		return;
	}
	for (n = 0; n < head_words; n++) {
		frame[n] = head[n];
	}
	frame[n++] = regs->rip;
	frame[n++] = (from_user ? (regs->cs & 0xffff) : (regs->cs & 0xfffc)) | (u64)mask << 32;
	frame[n++] = (regs->rflags & ~(RFLAGS_IF | RFLAGS_IOPL)) | (mask ? 0 : RFLAGS_IF) |
		     (v->shows_iopl ? (u64)v->iopl << RFLAGS_IOPL_SHIFT : 0);
	frame[n++] = regs->rsp;
	frame[n++] = regs->ss & 0xffff;
	sp = regs->rsp;
	if (from_user) {
		sp = v->kernel_sp;
		pv_enter_kernel(v);
	}
	sp = (sp & ~15UL) - 8 * n;
	if (guest_write(sp, frame, 8 * n) != 0) {
		domain_crash(v->domain, "kernel stack at %lx cannot take a frame", sp);
		return;
	}
	if (to.masks) {
		WRITE_ONCE(v->info->evtchn_upcall_mask, 1);
	}
	regs->rip = to.entry;
	regs->cs = PV_FLAT_RING3_CS64;
	regs->ss = PV_FLAT_RING3_SS64;
	regs->rsp = sp;
	regs->rflags &= ~(RFLAGS_AC | RFLAGS_VM | RFLAGS_RF | RFLAGS_NT | RFLAGS_TF | RFLAGS_IOPL |
			  to.clear_flags);
	regs->rflags |= RFLAGS_IF | RFLAGS_FIXED;
}

/* The same, recorded. Apart, so that who is not traced pays for nothing. */
static __attribute__((noinline)) void bounce_recorded(struct vcpu *v, struct cpu_regs *regs,
						      const u64 *head, u32 head_words,
						      struct target to, struct pv_trace_record r)
{
	struct trace_begin began = trace_begin();

	bounce(v, regs, head, head_words, to);
	trace_end(&r, began);
	trace_record(&r, v, NULL);
}

static bool vector_has_error_code(u32 vector)
{
	return vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21;
}

/* By the handler of the vector, with so many words of head: two, or three with an error code. */
static void inject(struct vcpu *v, struct cpu_regs *regs, u32 vector, u32 error_code, u32 words)
{
	const struct pv_trap_info *ti = &v->traps[vector & 255];
	u64 head[3] = { regs->rcx, regs->r11, error_code };
	struct target to = { ti->address, (ti->flags & PV_TRAP_MASK_EVENTS) != 0, 0 };

	if (ti->address == 0) {
		domain_crash(v->domain, "trap %u (error code %x) at %lx and no handler for it",
			     vector, error_code, regs->rip);
		return;
	}
	if (trace_wants(v, exception)) {
		bounce_recorded(v, regs, head, words, to,
				trace_exception(v, regs, vector, error_code));
		return;
	}
	bounce(v, regs, head, words, to);
}

void pv_inject_trap(struct vcpu *v, struct cpu_regs *regs, u32 vector, u32 error_code)
{
	inject(v, regs, vector, error_code, vector_has_error_code(vector) ? 3 : 2);
}

void pv_inject_interrupt(struct vcpu *v, struct cpu_regs *regs, u32 vector)
{
	inject(v, regs, vector, 0, 2);
}

void pv_inject_page_fault(struct vcpu *v, struct cpu_regs *regs, u64 gva, u32 error_code)
{
	v->cr2 = gva;
	v->info->arch.cr2 = gva;
	pv_inject_trap(v, regs, 14, error_code);
}

void pv_inject_event(struct vcpu *v, struct cpu_regs *regs)
{
	u64 head[2] = { regs->rcx, regs->r11 };
	struct target to = { v->event_entry, true, 0 };

	if (trace_wants(v, upcall)) {
		bounce_recorded(v, regs, head, 2, to, trace_upcall(v, regs));
		return;
	}
	bounce(v, regs, head, 2, to);
}

void pv_inject_failsafe(struct vcpu *v, struct cpu_regs *regs)
{
	struct selectors s = selectors_read();
	u64 head[6] = { regs->rcx, regs->r11, s.ds, s.es, s.fs, s.gs };
	struct target to = { v->failsafe_entry, v->failsafe_masks != 0, 0 };

	if (trace_wants(v, exception)) {
		bounce_recorded(v, regs, head, 6, to,
				trace_exception(v, regs, PV_TRACE_NUMBER_OTHER, 0));
		return;
	}
	bounce(v, regs, head, 6, to);
}

/* RCX and R11 hold RIP and RFLAGS already. */
void pv_syscall_from_user(struct cpu_regs *regs)
{
	struct vcpu *v = current_vcpu();
	u64 head[2] = { regs->rcx, regs->r11 };
	struct target to = { v->syscall_entry, v->syscall_masks != 0, RFLAGS_DF };

	if (to.entry == 0) {
		regs->rip -= 2;
		pv_inject_trap(v, regs, 6, 0);
		return;
	}
	v->stats_entries[PV_STATS_ENTRY_syscall]++;
	if (trace_wants(v, syscall)) {
		bounce_recorded(v, regs, head, 2, to, trace_syscall(regs));
		return;
	}
	bounce(v, regs, head, 2, to);
}

/* SYSCALL in a 32-bit code segment: never a hypercall, whichever half makes it. From entry_syscall.S. */
void pv_syscall32(struct cpu_regs *regs)
{
	struct vcpu *v = current_vcpu();
	u64 head[2] = { regs->rcx, regs->r11 };
	struct target to = { v->syscall32_entry, v->syscall32_masks != 0, RFLAGS_DF };

	regs->ss = PV_FLAT_RING3_SS32;
	if (to.entry == 0) {
		regs->rip = (u32)regs->rip - 2;
		pv_inject_trap(v, regs, 6, 0);
		return;
	}
	if (trace_wants(v, syscall)) {
		bounce_recorded(v, regs, head, 2, to, trace_syscall(regs));
		return;
	}
	bounce(v, regs, head, 2, to);
}

void pv_frame_fault(struct cpu_regs *regs)
{
	struct vcpu *v = current_vcpu();

	(void)regs;
	domain_crash(v->domain, "the frame of a bounce or iret is not on mapped memory");
}
