/*
 * The switch of a CPU from one vCPU to another, or to idle. A full TLB flush
 * goes with every switch, so that a CPU holds translations of one vCPU only
 * and mm_owner.tlb_cpus is exact.
 *
 * Read next: ../domain/sched_queue.h.
 */
#include "cpu/switch.h"

#include <seam/cpu.h>

#include "cpu/features.h"
#include "cpu/fpu.h"
#include "cpu/insn.h"
#include "cpu/percpu.h"
#include "cpu/tables.h"
#include "mm/paging.h"
#include "mm/tlb.h"
#include "pv/bounce.h"
#include "pv/debugreg.h"
#include "pv/emulate.h"
#include "pv/selectors.h"

static u32 loaded_gdt_pages[HV_MAX_CPUS]; /* guest pages in the CPU's window */
static u32 loaded_ldt_pages[HV_MAX_CPUS];

/*
 * Load a root and drop every translation, of all PCIDs and global ones too, which
 * the changes of CR4.PGE do; guest_cr4 are the bits that the guest chooses.
 */
static void load_root(u64 cr3, u64 guest_cr4)
{
	u64 cr4 = (cr4_read() & ~PV_CR4_LIVE) | (guest_cr4 & PV_CR4_LIVE);
	u64 tick = tlb_tick_begin();

	cr4_write(cr4 & ~CR4_PGE);
	cr3_write(cr3);
	cr4_write(cr4);
	tlb_tick_end(tick);
}

static void window_set(u64 base, u32 *loaded, const mfn_t *frames, u32 pages)
{
	u32 i;

	for (i = 0; i < pages; i++) {
		paging_set_window(base + i * PAGE_SIZE, frames[i], true);
		tlb_flush_own_page_local(base + i * PAGE_SIZE);
	}
	for (; i < *loaded; i++) {
		paging_clear_window(base + i * PAGE_SIZE);
		tlb_flush_own_page_local(base + i * PAGE_SIZE);
	}
	*loaded = pages;
}

static u32 pages_of_entries(u32 entries)
{
	return (entries + 511) / 512;
}

void vcpu_load_gdt_window(struct vcpu *v)
{
	u32 cpu = cpu_id();

	window_set(percpu_window(cpu) + PERCPU_GDT_OFFSET, &loaded_gdt_pages[cpu], v->gdt_frames,
		   pages_of_entries(v->gdt_entries));
}

void vcpu_load_ldt_window(struct vcpu *v)
{
	u32 cpu = cpu_id();

	window_set(percpu_window(cpu) + PERCPU_LDT_OFFSET, &loaded_ldt_pages[cpu], v->ldt_frames,
		   pages_of_entries(v->ldt_entries));
	tables_load_ldt(v->ldt_entries);
}

/* Nobody runs here: the frames may be given to others. */
static void windows_clear(void)
{
	u32 cpu = cpu_id();

	window_set(percpu_window(cpu) + PERCPU_GDT_OFFSET, &loaded_gdt_pages[cpu], NULL, 0);
	if (loaded_ldt_pages[cpu] != 0) {
		window_set(percpu_window(cpu) + PERCPU_LDT_OFFSET, &loaded_ldt_pages[cpu], NULL, 0);
		tables_load_ldt(0);
	}
}

static void save(struct vcpu *v)
{
	struct selectors s = selectors_read();
	u64 gs = msr_read(MSR_GS_BASE);
	u64 gs_inactive = msr_read(MSR_KERNEL_GS_BASE);
	bool kernel = v->mode == VCPU_MODE_KERNEL;

	v->regs = cpu_info()->regs;
	v->sel_ds = s.ds;
	v->sel_es = s.es;
	v->sel_fs = s.fs;
	v->sel_gs = s.gs;
	v->fs_base = msr_read(MSR_FS_BASE);
	v->gs_base_kernel = kernel ? gs : gs_inactive;
	v->gs_base_user = kernel ? gs_inactive : gs;
	fpu_save(v->fpu, v->xcr0);
}

/* Selectors first: loading FS and GS changes their bases. True if all could be loaded. */
static bool load_segments(const struct vcpu *v)
{
	bool kernel = v->mode == VCPU_MODE_KERNEL;
	bool ok = selector_load_ds(v->sel_ds);

	ok &= selector_load_es(v->sel_es);
	ok &= selector_load_fs(v->sel_fs);
	ok &= selector_load_gs(v->sel_gs);
	msr_write(MSR_FS_BASE, v->fs_base);
	msr_write(MSR_GS_BASE, kernel ? v->gs_base_kernel : v->gs_base_user);
	msr_write(MSR_KERNEL_GS_BASE, kernel ? v->gs_base_user : v->gs_base_kernel);
	return ok;
}

static void load(struct vcpu *v)
{
	struct cpu_info *info = cpu_info();

	__atomic_fetch_or(&v->domain->mm.tlb_cpus, 1UL << info->cpu, __ATOMIC_SEQ_CST);
	load_root(v->mode == VCPU_MODE_KERNEL ? v->kernel_load : v->user_load, v->cr4);
	vcpu_load_gdt_window(v);
	if (v->ldt_entries != 0 || loaded_ldt_pages[info->cpu] != 0) {
		vcpu_load_ldt_window(v);
	}
	info->regs = v->regs;
	fpu_restore(v->fpu, v->xcr0);
	if (cpu_features.rdtscp) {
		msr_write(MSR_TSC_AUX, v->tsc_aux);
	}
	if (v->ts) {
		cpu_stts();
	}
	if (!load_segments(v) && v->failsafe_entry != 0) {
		pv_inject_failsafe(v, &info->regs);
	}
}

void vcpu_switch(struct vcpu *prev, struct vcpu *next)
{
	struct cpu_info *info = cpu_info();

	if (prev != NULL) {
		save(prev);
	}
	info->current = next;
	debugreg_switch(prev, next);
	if (next == NULL) {
		load_root(mfn_to_maddr(paging_idle_root()).v, 0);
		windows_clear();
	} else {
		load(next);
	}
	if (prev != NULL && (next == NULL || next->domain != prev->domain)) {
		__atomic_fetch_and(&prev->domain->mm.tlb_cpus, ~(1UL << info->cpu),
				   __ATOMIC_SEQ_CST);
	}
}
