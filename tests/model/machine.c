/*
 * The small machine: see machine.h. The parts that stand in for cpu/switch.c
 * keep its order (tick, load, flush, publish), since tests depend on it.
 */
#include "machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <parley/errno.h>
#include <parley/types.h>
#include <seam/cpu.h>
#include <seam/directmap.h>

#include "channel/evtchn.h"
#include "channel/gnttab_types.h"
#include "cpu/ipi.h"
#include "cpu/switch.h"
#include "domain/audit.h"
#include "domain/console.h"
#include "domain/vcpu_context.h"
#include "fake_memory.h"
#include "fake_points.h"
#include "fake_tlb.h"
#include "lib/log.h"
#include "mm/paging.h"
#include "mm/tlb.h"

#define HV_FLAGS (PTE_PRESENT | PTE_WRITE | PTE_ACCESSED | PTE_DIRTY)

static struct {
	u32 cpu;
	struct vcpu *current;
	mfn_t gdt[GDT_GUEST_PAGES];
	mfn_t ldt[LDT_MAX_PAGES];
} cpus[MACHINE_CPUS];

static struct domain *domains[MACHINE_DOMAINS];
static u64 hv_slots[HV_L4_SLOTS];
static mfn_t hv_frames[3 + MACHINE_HV_PAGES]; /* L3, L2, L1, pages */
static u8 hv_copy[3 + MACHINE_HV_PAGES][PAGE_SIZE];
static u8 *frames_array;

u64 machine_restarts;
bool machine_is_quiet;

/* ---- memory ---- */

static void log_to_stderr(const char *text, size_t size)
{
	if (!machine_is_quiet) {
		fwrite(text, 1, size, stderr);
	}
}

/* One table of each level, all entries the same, so that every address in the slots leads somewhere. */
static void make_hypervisor(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(hv_frames); i++) {
		hv_frames[i] = alloc_frames(0);
		memset(mfn_to_virt(hv_frames[i]), 0x5a, PAGE_SIZE);
	}
	for (u32 level = 0; level < 3; level++) {
		u64 *table = mfn_to_virt(hv_frames[level]);

		for (u32 i = 0; i < PTE_TABLE_ENTRIES; i++) {
			u32 below = level < 2 ? level + 1 : 3 + i % MACHINE_HV_PAGES;

			table[i] = pte_make(hv_frames[below], HV_FLAGS);
		}
	}
	for (u32 i = 0; i < HV_L4_SLOTS; i++) {
		hv_slots[i] = pte_make(hv_frames[0], HV_FLAGS | (i == 0 ? PTE_USER : 0));
	}
	for (u32 i = 0; i < ARRAY_SIZE(hv_frames); i++) {
		memcpy(hv_copy[i], mfn_to_virt(hv_frames[i]), PAGE_SIZE);
	}
}

void machine_init(u64 frames)
{
	if (frames_array != NULL) {
		return; /* the allocator's lists are in use; all domains are gone */
	}
	fake_memory_init(frames);
	frame_count = frames;
	frames_array = calloc(frames, sizeof(struct frame));
	frame_table = (struct frame *)(void *)frames_array;
	for (u64 i = 0; i < frames; i++) {
		frame_table[i].owner = FRAME_OWNER_HV;
	}
	/* The last frame is no RAM, as holes are. */
	alloc_add_range(maddr(MACHINE_LOW << PAGE_SHIFT), maddr((frames - 1) << PAGE_SHIFT));
	make_hypervisor();
	log_add_sink(log_to_stderr);
	for (u32 i = 0; i < MACHINE_CPUS; i++) {
		cpus[i].cpu = i;
		memset(cpus[i].gdt, 0xff, sizeof(cpus[i].gdt));
		memset(cpus[i].ldt, 0xff, sizeof(cpus[i].ldt));
	}
	machine_be(0);
}

void paging_install_hv_slots(u64 *l4)
{
	memcpy(l4 + HV_L4_FIRST_SLOT, hv_slots, sizeof(hv_slots));
}

bool paging_is_hv_slot(u32 slot, u64 entry)
{
	return slot >= HV_L4_FIRST_SLOT && slot <= HV_L4_LAST_SLOT &&
	       ((entry ^ hv_slots[slot - HV_L4_FIRST_SLOT]) & ~(PTE_ACCESSED | PTE_DIRTY)) == 0;
}

mfn_t paging_idle_root(void)
{
	return hv_frames[0];
}

void machine_poke(mfn_t m, u32 index, u64 value)
{
	((u64 *)mfn_to_virt(m))[index] = value;
}

u64 machine_peek(mfn_t m, u32 index)
{
	return ((u64 *)mfn_to_virt(m))[index];
}

/* ---- domains ---- */

struct domain *domain_find(u16 domid)
{
	if (domid == PV_DOMID_SELF) {
		return current_vcpu()->domain;
	}
	for (u32 i = 0; i < MACHINE_DOMAINS; i++) {
		if (domains[i] != NULL && domains[i]->id == domid &&
		    domains[i]->life == DOMAIN_ALIVE) {
			return domains[i];
		}
	}
	return NULL;
}

static struct vcpu *make_vcpu(struct domain *d, u32 id)
{
	struct vcpu *v = calloc(1, sizeof(*v));

	v->domain = d;
	v->id = id;
	v->global_id = d->id * 32U + id;
	v->info = &d->shared->vcpu_info[id];
	v->info_mfn = MFN_INVALID;
	v->mode = VCPU_MODE_KERNEL;
	v->traps = calloc(PV_TRAP_VECTORS, sizeof(*v->traps));
	memset(v->gdt_frames, 0xff, sizeof(v->gdt_frames));
	memset(v->ldt_frames, 0xff, sizeof(v->ldt_frames));
	return v;
}

static struct domain **free_place(void)
{
	for (u32 i = 0; i < MACHINE_DOMAINS; i++) {
		if (domains[i] == NULL) {
			return &domains[i];
		}
	}
	abort();
}

struct domain *machine_domain(u16 id, u32 vcpus, u64 max_frames)
{
	struct domain *d = calloc(1, sizeof(*d));

	d->id = id;
	d->mm.id = id;
	d->mm.max_frames = max_frames;
	d->max_gfn = gfn(max_frames - 1);
	d->mm.frames = FRAME_LIST_INIT;
	d->life = DOMAIN_ALIVE;
	d->shared = alloc_page();
	if (d->shared == NULL || gnttab_init(d) != 0) {
		alloc_free_page(d->shared);
		free(d);
		return NULL;
	}
	d->shared_mfn = virt_to_mfn(d->shared);
	frame_share(&d->mm, d->shared_mfn);
	d->vcpu_count = vcpus;
	for (u32 i = 0; i < vcpus; i++) {
		d->vcpus[i] = make_vcpu(d, i);
	}
	*free_place() = d;
	return d;
}

static void forget(struct domain *d)
{
	for (u32 i = 0; i < MACHINE_DOMAINS; i++) {
		if (domains[i] == d) {
			domains[i] = NULL;
		}
	}
	gnttab_fini(d);
	frame_unshare(&d->mm, d->shared_mfn);
	alloc_free_page(d->shared);
	for (u32 i = 0; i < d->vcpu_count; i++) {
		free(d->vcpus[i]->traps);
		free(d->vcpus[i]);
	}
	free(d);
}

static int drop_vcpus(struct domain *d)
{
	int rc = 0;

	for (u32 i = 0; rc == 0 && i < d->vcpu_count; i++) {
		rc = vcpu_drop_memory(d->vcpus[i]);
	}
	return rc;
}

/* Frames, and what it has mapped of others. 0, or MM_RESTART; -PV_EBUSY: others have of its. */
static int take_apart(struct domain *d)
{
	int rc = mm_begin(&d->mm);

	if (rc == 0) {
		rc = drop_vcpus(d);
		if (rc == 0) {
			rc = mm_teardown(&d->mm);
		}
		mm_end(&d->mm);
	}
	if (rc == 0 || rc == -PV_EBUSY) {
		if (gnttab_release_step(d)) {
			return MM_RESTART;
		}
		rc = gnttab_is_held(d) ? -PV_EBUSY : 0;
	}
	return rc;
}

bool machine_kill_step(struct domain *d)
{
	int rc;

	d->life = DOMAIN_DYING;
	for (u32 i = 0; i < MACHINE_CPUS; i++) {
		if (cpus[i].current != NULL && cpus[i].current->domain == d) {
			machine_run(i, NULL);
		}
	}
	rc = take_apart(d);
	if (rc == MM_RESTART) {
		return false;
	}
	if (rc == -PV_EBUSY) {
		return true; /* machine_reap() */
	}
	if (rc != 0 || d->mm.frames.count != 0) {
		fprintf(stderr, "machine: end of domain %u: %d, %lu frames left\n", d->id, rc,
			d->mm.frames.count);
		abort();
	}
	forget(d);
	return true;
}

void machine_reap(void)
{
	if ((fake_cpu_info.work & CPU_WORK_REAP) == 0) {
		return;
	}
	fake_cpu_info.work &= ~(u32)CPU_WORK_REAP;
	for (u32 i = 0; i < MACHINE_DOMAINS; i++) {
		if (domains[i] != NULL && domains[i]->life == DOMAIN_DYING &&
		    !gnttab_is_held(domains[i])) {
			machine_kill(domains[i]);
		}
	}
}

bool machine_is_pinned(u64 m, u16 by, bool writable)
{
	for (u32 i = 0; i < MACHINE_DOMAINS; i++) {
		struct grant_table *t = domains[i] == NULL ? NULL : domains[i]->grants;

		for (u32 ref = 0; t != NULL && ref < t->count * GNTTAB_FRAME_REFS; ref++) {
			const struct grant_active *a = gnttab_active(t, ref);

			if (a->pins != 0 && a->mfn == m && a->domid == by &&
			    (a->writers != 0 || !writable)) {
				return true;
			}
		}
	}
	return false;
}

void machine_kill(struct domain *d)
{
	while (!machine_kill_step(d)) {
	}
}

mfn_t machine_frame(struct domain *d)
{
	mfn_t m;

	spin_lock(&d->mm.lock);
	m = frame_alloc(&d->mm);
	spin_unlock(&d->mm.lock);
	if (!mfn_equal(m, MFN_INVALID)) {
		m2p_array()[m.v] = m.v;
	}
	return m;
}

struct machine_space machine_space(struct domain *d)
{
	struct machine_space s;

	for (u32 level = 1; level <= 4; level++) {
		s.table[level] = machine_frame(d);
		if (level > 1) {
			machine_poke(s.table[level], 0, pte_make(s.table[level - 1], PAGE_RW));
		}
	}
	s.table[0] = MFN_INVALID;
	return s;
}

/* ---- CPUs ---- */

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

/* ---- checks ---- */

bool machine_is_domain_lock(const void *lock)
{
	for (u32 i = 0; i < MACHINE_DOMAINS; i++) {
		if (domains[i] != NULL && (const u8 *)lock - (const u8 *)domains[i] >= 0 &&
		    (const u8 *)lock - (const u8 *)domains[i] < (long)sizeof(struct domain)) {
			return true;
		}
	}
	return false;
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

#define COUNTED_REFS (GNTTAB_FRAME_REFS * 8)

/* As many pins as handles say, of each grant and of each right. */
static const char *count_pins(void)
{
	static s32 pins[MACHINE_DOMAINS][COUNTED_REFS], writers[MACHINE_DOMAINS][COUNTED_REFS];

	memset(pins, 0, sizeof(pins));
	memset(writers, 0, sizeof(writers));
	for (u32 i = 0; i < MACHINE_DOMAINS; i++) {
		struct grant_table *t = domains[i] == NULL ? NULL : domains[i]->grants;

		for (u32 n = 0; t != NULL && n < t->handles_made; n++) {
			const struct grant_handle *h = gnttab_handle(t, n);

			for (u32 o = 0; h != NULL && o < MACHINE_DOMAINS; o++) {
				s32 held = (s32)grant_pins(h->flags);

				if (domains[o] == h->owner && h->ref < COUNTED_REFS) {
					pins[o][h->ref] -= held;
					writers[o][h->ref] -= grant_is_writable(h->flags) ? held :
											    0;
				}
			}
		}
		for (u32 ref = 0;
		     t != NULL && ref < MIN(t->count * GNTTAB_FRAME_REFS, COUNTED_REFS); ref++) {
			pins[i][ref] += (s32)gnttab_active(t, ref)->pins;
			writers[i][ref] += (s32)gnttab_active(t, ref)->writers;
		}
	}
	for (u32 i = 0; i < MACHINE_DOMAINS; i++) {
		for (u32 ref = 0; ref < ARRAY_SIZE(pins[i]); ref++) {
			if (pins[i][ref] != 0 || writers[i][ref] != 0) {
				return "a grant has other pins than handles say";
			}
		}
	}
	return NULL;
}

static const char *audit(void)
{
	u64 free_frames = 0;

	for (u32 i = 0; i < MACHINE_DOMAINS; i++) {
		s64 wrong = domains[i] == NULL ? 0 : domain_audit(domains[i]);

		/* It needs some memory itself. */
		if (wrong != 0 && !(wrong == -PV_ENOMEM && alloc_free_count() < 16)) {
			return "the audit finds wrong counts";
		}
	}
	for (u64 i = 0; i < frame_count; i++) {
		free_frames += frame_table[i].owner == FRAME_OWNER_FREE;
	}
	return free_frames == alloc_free_count() ? NULL : "the allocator lost frames";
}

const char *machine_check(void)
{
	const char *why;

	for (u32 i = 0; i < ARRAY_SIZE(hv_frames); i++) {
		if (memcmp(hv_copy[i], mfn_to_virt(hv_frames[i]), PAGE_SIZE) != 0) {
			return "the hypervisor's memory was changed";
		}
		if (frame_at(hv_frames[i])->owner != FRAME_OWNER_HV) {
			return "a frame of the hypervisor's has another owner";
		}
	}
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
	if (fake_locks_held != 0) {
		return "a lock is held";
	}
	why = audit();
	return why != NULL ? why : count_pins();
}
