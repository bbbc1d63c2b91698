/*
 * The small machine's CPUs: who runs on them, CR3 and the descriptor windows, calls between them and
 * hypercalls. The parts that stand in for cpu/switch.c keep its order (tick, load, flush, publish),
 * since tests depend on it. See machine.h.
 */
#include "machine.h"

#include <string.h>

#include <parley/types.h>
#include <seam/cpu.h>

#include "channel/evtchn.h"
#include "channel/gnttab_types.h"
#include "cpu/ipi.h"
#include "cpu/switch.h"
#include "domain/console.h"
#include "fake_tlb.h"
#include "machine_parts.h"
#include "mm/tlb.h"

static struct {
	struct vcpu *current;
	mfn_t gdt[GDT_GUEST_PAGES];
	mfn_t ldt[LDT_MAX_PAGES];
} cpus[MACHINE_CPUS];

u64 machine_restarts;

/* ---- CPUs ---- */

void machine_init_cpus(void)
{
	for (u32 i = 0; i < MACHINE_CPUS; i++) {
		memset(cpus[i].gdt, 0xff, sizeof(cpus[i].gdt));
		memset(cpus[i].ldt, 0xff, sizeof(cpus[i].ldt));
	}
	machine_be(0);
}

void machine_be(u32 cpu)
{
	fake_cpu_info.cpu = cpu;
	fake_cpu_info.current = cpus[cpu].current;
}

struct vcpu *machine_running(u32 cpu)
{
	return cpus[cpu].current;
}

u64 machine_cr3(u32 cpu)
{
	return fake_tlb_cr3[cpu];
}

mfn_t machine_window_gdt(u32 cpu, u32 page)
{
	return cpus[cpu].gdt[page];
}

mfn_t machine_window_ldt(u32 cpu, u32 page)
{
	return cpus[cpu].ldt[page];
}

static void load_window(mfn_t *window, u32 pages, const mfn_t *frames, u32 entries)
{
	for (u32 i = 0; i < pages; i++) {
		window[i] = frames != NULL && i < (entries + 511) / 512 ? frames[i] : MFN_INVALID;
	}
}

void vcpu_load_gdt_window(struct vcpu *v)
{
	load_window(cpus[cpu_id()].gdt, GDT_GUEST_PAGES, v->gdt_frames, v->gdt_entries);
}

void vcpu_load_ldt_window(struct vcpu *v)
{
	load_window(cpus[cpu_id()].ldt, LDT_MAX_PAGES, v->ldt_frames, v->ldt_entries);
}

void machine_run(u32 cpu, struct vcpu *v)
{
	u32 was = cpu_id();
	struct vcpu *prev = cpus[cpu].current;

	machine_be(cpu);
	if (prev != NULL) {
		prev->sched.state = VCPU_RUNNABLE;
	}
	cpus[cpu].current = v;
	fake_cpu_info.current = v;
	if (v == NULL) {
		tlb_load_root(0);
		load_window(cpus[cpu].gdt, GDT_GUEST_PAGES, NULL, 0);
		load_window(cpus[cpu].ldt, LDT_MAX_PAGES, NULL, 0);
	} else {
		v->mode = VCPU_MODE_KERNEL;
		v->sched.cpu = cpu;
		v->sched.state = VCPU_RUNNING;
		__atomic_store_n(&v->sched.loaded, true, __ATOMIC_SEQ_CST);
		__atomic_fetch_or(&v->domain->mm.tlb_cpus, 1UL << cpu, __ATOMIC_SEQ_CST);
		tlb_load_root(v->kernel_load);
		vcpu_load_gdt_window(v);
		vcpu_load_ldt_window(v);
	}
	if (prev != NULL && (v == NULL || v->domain != prev->domain)) {
		__atomic_fetch_and(&prev->domain->mm.tlb_cpus, ~(1UL << cpu), __ATOMIC_SEQ_CST);
	}
	if (prev != NULL && prev != v) {
		__atomic_store_n(&prev->sched.loaded, false, __ATOMIC_SEQ_CST);
	}
	machine_be(was);
}

void machine_enter(u32 cpu, u8 mode)
{
	struct vcpu *v = cpus[cpu].current;
	u32 was = cpu_id();

	machine_be(cpu);
	fake_tlb_set_cr3(mode == VCPU_MODE_KERNEL ? v->kernel_load : v->user_load);
	v->mode = mode;
	machine_be(was);
}

/* What the CPU's CR3 must be: the root of the half that runs, and where PCIDs are used its tag. */
static u64 wanted_cr3(const struct vcpu *v)
{
	bool tagged = pcid_tags.kernel != 0;

	if (v == NULL) {
		return 0;
	}
	if (v->mode == VCPU_MODE_KERNEL) {
		return v->kernel_cr3 | (tagged ? PCID_KERNEL : 0);
	}
	return v->user_cr3 | (tagged ? PCID_USER : 0);
}

static bool window_is(const mfn_t *window, u32 pages, const mfn_t *frames, u32 entries)
{
	for (u32 i = 0; i < pages; i++) {
		mfn_t want = i < (entries + 511) / 512 ? frames[i] : MFN_INVALID;

		if (!mfn_equal(window[i], want)) {
			return false;
		}
	}
	return true;
}

const char *machine_check_cpus(void)
{
	for (u32 i = 0; i < MACHINE_CPUS; i++) {
		const struct vcpu *v = cpus[i].current;

		if (machine_cr3(i) != wanted_cr3(v)) {
			return "a CPU's CR3 is not its vCPU's root";
		}
		if (v != NULL &&
		    (!window_is(cpus[i].gdt, GDT_GUEST_PAGES, v->gdt_frames, v->gdt_entries) ||
		     !window_is(cpus[i].ldt, LDT_MAX_PAGES, v->ldt_frames, v->ldt_entries))) {
			return "a CPU's descriptor window is not its vCPU's";
		}
	}
	return NULL;
}

static void call_in_turn(u64 mask, void (*fn)(void *arg), void *arg)
{
	u32 was = cpu_id();

	for (u32 cpu = 0; cpu < MACHINE_CPUS; cpu++) {
		if ((mask & (1UL << cpu)) && cpu != was) {
			machine_be(cpu);
			fn(arg);
		}
	}
	machine_be(was);
}

void (*machine_ipi)(u64 mask, void (*fn)(void *arg), void *arg) = call_in_turn;

void ipi_call_cpus(u64 mask, void (*fn)(void *arg), void *arg)
{
	machine_ipi(mask, fn, arg);
}

/* ---- other rooms ---- */

void vcpu_update_path(struct vcpu *v)
{
}

void evtchn_rescan(struct vcpu *v)
{
}

mfn_t console_ring(const struct domain *d)
{
	return MFN_INVALID;
}

mfn_t store_ring(const struct domain *d)
{
	return MFN_INVALID;
}

/* ---- hypercalls ---- */

bool machine_call_once(u32 nr, u64 a[4], long *result)
{
	struct cpu_regs *regs = &cpu_info()->regs;

	regs->rip = 1000;
	*result = hypercall_table[nr](a[0], a[1], a[2], a[3], 0, 0);
	if (regs->rip == 1000) {
		return false;
	}
	a[0] = regs->rdi;
	a[1] = regs->rsi;
	a[2] = regs->rdx;
	a[3] = regs->r10;
	return true;
}

long machine_call(u32 nr, u64 a1, u64 a2, u64 a3, u64 a4)
{
	u64 a[4] = { a1, a2, a3, a4 };
	long result;

	while (machine_call_once(nr, a, &result)) {
		machine_restarts++;
	}
	return result;
}
