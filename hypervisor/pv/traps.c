/*
 * TOUR(4) Traps: of a guest, which are emulated or given to its kernel, and of ring 0,
 * which are expected (guest memory) or fatal.
 *
 * Read next: bounce.c, emulate.c, ptwr.c.
 */
#include "pv/traps.h"

#include <parley/stats.h>
#include <seam/cpu.h>

#include "channel/evtchn.h"
#include "cpu/extable.h"
#include "cpu/insn.h"
#include "cpu/interrupt.h"
#include "cpu/oops.h"
#include "domain/console.h"
#include "domain/lifecycle.h"
#include "domain/sched.h"
#include "domain/timer.h"
#include "domain/trace.h"
#include "mm/tlb.h"
#include "pv/bounce.h"
#include "pv/debugreg.h"
#include "pv/emulate.h"
#include "pv/iret.h"
#include "pv/ptwr.h"
#include "pv/traced.h"
#include "pv/retry.h"

#define VECTOR_DB        1
#define VECTOR_NMI       2
#define VECTOR_UD        6
#define VECTOR_NM        7
#define VECTOR_DF        8
#define VECTOR_GP        13
#define VECTOR_PF        14
#define VECTOR_MC        18
#define VECTOR_IRQ_FIRST 32

#define PF_PRESENT  (1U << 0)
#define PF_WRITE    (1U << 1)
#define PF_USER     (1U << 2)
#define PF_RESERVED (1U << 3)

extern const char exit_iret_insn[]; /* entry.S */

static bool in_hypervisor_range(u64 gva)
{
	return gva >= HV_VIRT_START && gva < HV_VIRT_END;
}

static void count(struct vcpu *v, u32 entry)
{
	v->stats_entries[entry]++;
}

static enum ptwr_result pt_write(struct vcpu *v, struct cpu_regs *regs, u64 gva)
{
	return trace_wants(v, emulation) ? pv_traced_pt_write(v, regs, gva) :
					   pv_emulate_pt_write(v, regs, gva);
}

static enum emulate_result emulate(struct vcpu *v, struct cpu_regs *regs)
{
	return trace_wants(v, emulation) ? pv_traced_privileged(v, regs) :
					   pv_emulate_privileged(v, regs);
}

static bool forced_cpuid(struct vcpu *v, struct cpu_regs *regs)
{
	return trace_wants(v, emulation) ? pv_traced_forced_cpuid(v, regs) :
					   pv_emulate_forced_cpuid(v, regs);
}

/* An exception that is the guest's own affair. */
static void give_trap(struct vcpu *v, struct cpu_regs *regs, u32 vector, u32 error_code)
{
	count(v, PV_STATS_ENTRY_trap);
	pv_inject_trap(v, regs, vector, error_code);
}

/*
 * An instruction was carried out for the guest: a single step ends behind it as
 * behind others. breaks: a breakpoint does, too, and DR6 has it already.
 */
static void emulated(struct vcpu *v, struct cpu_regs *regs, u32 entry, bool breaks)
{
	count(v, entry);
	if (unlikely(regs->rflags & RFLAGS_TF)) {
		debugreg_met(v, DR6_BS);
		breaks = true;
	}
	if (unlikely(breaks)) {
		give_trap(v, regs, VECTOR_DB, 0);
	}
}

/* A page fault that is the guest's own affair. Both halves run in ring 3: say "user" only of what the guest calls so. */
static __attribute__((noinline)) void give_page_fault(struct cpu_regs *regs, u64 gva)
{
	struct vcpu *v = current_vcpu();
	u32 code = regs->error_code;

	if (in_hypervisor_range(gva)) {
		code &= ~PF_PRESENT; /* our layout is not for guests to probe */
	}
	if (v->mode == VCPU_MODE_KERNEL) {
		code &= ~PF_USER;
	}
	count(v, PV_STATS_ENTRY_page_fault);
	pv_inject_page_fault(v, regs, gva, code);
}

/* A store of a kernel to what is present is one to a page table, most likely. */
static bool may_be_table_store(const struct vcpu *v, u32 code, u64 gva)
{
	return v->mode == VCPU_MODE_KERNEL && !in_hypervisor_range(gva) &&
	       (code & (PF_PRESENT | PF_WRITE)) == (PF_PRESENT | PF_WRITE);
}

void pv_page_fault(struct cpu_regs *regs)
{
	struct vcpu *v = current_vcpu();
	u64 gva = cr2_read();
	u32 code = regs->error_code;

	if (unlikely(code & PF_RESERVED)) {
		/* We never write such an entry. */
		domain_crash(v->domain, "reserved bits in a page table at %lx", gva);
		return;
	}
	if (may_be_table_store(v, code, gva) && pt_write(v, regs, gva) == PTWR_DONE) {
		emulated(v, regs, PV_STATS_ENTRY_table_write, false);
		return;
	}
	give_page_fault(regs, gva);
}

/*
 * INT n by a gate that ring 3 may not use: the guest's own table says who may.
 * The instruction bytes are the witness, for emulators differ in the code.
 */
static bool trap_software_interrupt(struct vcpu *v, struct cpu_regs *regs)
{
	const struct pv_trap_info *ti;
	int n = pv_decode_int_n(v, regs);

	if (n < 0) {
		return false;
	}
	ti = &v->traps[n];
	if ((ti->flags & PV_TRAP_DPL_MASK) < (v->mode == VCPU_MODE_KERNEL ? 1 : 3)) {
		give_trap(v, regs, VECTOR_GP, (u32)n << 3 | 2);
		return true;
	}
	regs->rip += 2;
	count(v, PV_STATS_ENTRY_trap);
	pv_inject_interrupt(v, regs, (u32)n);
	return true;
}

#define GP_CODE_IDT 2U

static void trap_general_protection(struct vcpu *v, struct cpu_regs *regs)
{
	if ((regs->error_code & GP_CODE_IDT) && trap_software_interrupt(v, regs)) {
		return;
	}
	if (regs->error_code == 0) {
		enum emulate_result result = emulate(v, regs);

		if (result != EMULATE_FAULT) {
			emulated(v, regs, PV_STATS_ENTRY_emulation, result == EMULATE_BREAK);
			return;
		}
	}
	give_trap(v, regs, VECTOR_GP, regs->error_code);
}

static void trap_debug(struct vcpu *v, struct cpu_regs *regs)
{
	debugreg_met(v, dr_read(6));
	dr_write(6, PV_DR6_DEFAULT);
	give_trap(v, regs, VECTOR_DB, 0);
}

void pv_trap(struct cpu_regs *regs)
{
	struct vcpu *v = current_vcpu();

	if (regs->vector >= VECTOR_IRQ_FIRST) {
		count(v, PV_STATS_ENTRY_interrupt);
		interrupt_handle(regs);
		return;
	}
	switch (regs->vector) {
	case VECTOR_GP:
		trap_general_protection(v, regs);
		break;
	case VECTOR_UD:
		if (forced_cpuid(v, regs)) {
			emulated(v, regs, PV_STATS_ENTRY_emulation, false);
		} else {
			give_trap(v, regs, VECTOR_UD, 0);
		}
		break;
	case VECTOR_NM:
		cpu_clts();
		v->ts = 0;
		give_trap(v, regs, VECTOR_NM, 0);
		break;
	case VECTOR_DB:
		trap_debug(v, regs);
		break;
	default:
		give_trap(v, regs, regs->vector, regs->error_code);
		break;
	}
}

/*
 * The exit's IRETQ faulted. The fault's frame lies over the guest's general
 * registers, which it holds: move them to where they belong.
 */
static struct cpu_regs *iret_fault_to_guest(const struct cpu_regs *fault)
{
	struct cpu_regs *guest = &cpu_info()->regs;
	struct cpu_regs copy = *fault;

	copy.rip = guest->rip;
	copy.cs = guest->cs;
	copy.rflags = guest->rflags;
	copy.rsp = guest->rsp;
	copy.ss = guest->ss;
	*guest = copy;
	return guest;
}

/* The instruction meets the tables as they are now, if it has not done so already. */
static bool try_again(const struct cpu_regs *regs)
{
	u64 gva;

	if (regs->vector != VECTOR_PF) {
		return false;
	}
	gva = cr2_read();
	if (!retry_access(cpu_info(), regs->rip, gva, regs->error_code)) {
		return false;
	}
	tlb_flush_page_local(gva);
	return true;
}

struct cpu_regs *hv_trap(struct cpu_regs *regs)
{
	u64 fixup;

	if (regs->vector >= VECTOR_IRQ_FIRST) {
		interrupt_handle(regs);
		return NULL;
	}
	if (regs->rip == (u64)exit_iret_insn) {
		return iret_fault_to_guest(regs);
	}
	fixup = extable_find(regs->rip);
	if (fixup != 0) {
		if (!try_again(regs)) {
			regs->rip = fixup;
		}
		return NULL;
	}
	oops_fatal(regs, "unexpected exception in the hypervisor");
}

void hv_ist_trap(struct cpu_regs *regs)
{
	switch (regs->vector) {
	case VECTOR_NMI:
		oops_nmi(regs);
		break;
	case VECTOR_DB:
		/* A guest's breakpoint that MOV SS carried into our entry: not for us. */
		dr_write(6, PV_DR6_DEFAULT);
		break;
	case VECTOR_MC:
		oops_fatal(regs, "machine check");
	default:
		oops_fatal(regs, "double fault");
	}
}

/* Work for others than who runs here, which may be long. */
static void do_for_others(void (*work)(void))
{
	u64 before = time_now_ns();

	work();
	sched_discount(time_now_ns() - before);
}

/* One piece of work; each clears what made it necessary. */
static void exit_do_work(struct cpu_info *info, struct cpu_regs *regs)
{
	/* First, while who asked for it is still current; alone, for it can end the domain. */
	if (info->work & CPU_WORK_IRET) {
		info->work &= ~CPU_WORK_IRET;
		pv_iret(regs);
		return;
	}
	if (info->work & CPU_WORK_TIMER) {
		timer_run();
	}
	if (info->work & CPU_WORK_CONSOLE) {
		info->work &= ~CPU_WORK_CONSOLE;
		do_for_others(console_poll);
	}
	if (info->work & CPU_WORK_REAP) {
		info->work &= ~CPU_WORK_REAP;
		do_for_others(domain_reap);
	}
	if (info->work & CPU_WORK_TRACE) {
		info->work &= ~CPU_WORK_TRACE;
		do_for_others(trace_drain);
	}
	if (info->work & CPU_WORK_RETRIED) {
		access_retries_forget(info);
	}
	if (info->work & CPU_WORK_RESCHED) {
		schedule();
	}
}

void pv_exit_work(struct cpu_regs *regs)
{
	struct cpu_info *info = cpu_info();

	for (;;) {
		struct vcpu *v;

		/* At each turn: who was just loaded may have ended by that, and is not loaded again. */
		if (unlikely(info->current->crash_report)) {
			domain_report_crash(info->current, regs);
		}
		if (info->work != 0) {
			exit_do_work(info, regs);
			continue;
		}
		v = info->current;
		if (__atomic_load_n(&v->nmi_pending, __ATOMIC_RELAXED) &&
		    __atomic_exchange_n(&v->nmi_pending, 0, __ATOMIC_ACQ_REL)) {
			give_trap(v, regs, VECTOR_NMI, 0);
			continue;
		}
		if (evtchn_upcall_due(v) && v->event_entry != 0) {
			count(v, PV_STATS_ENTRY_upcall);
			pv_inject_event(v, regs);
			continue;
		}
		return;
	}
}
