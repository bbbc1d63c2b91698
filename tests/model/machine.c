/*
 * The small machine's memory and domains: see machine.h. Its CPUs: machine_cpu.c; what must be right:
 * machine_check.c.
 */
#include "machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <parley/errno.h>
#include <parley/types.h>
#include <seam/cpu.h>
#include <seam/directmap.h>

#include "channel/gnttab_types.h"
#include "domain/vcpu_context.h"
#include "fake_frames.h"
#include "lib/log.h"
#include "machine_parts.h"
#include "mm/paging.h"

#define HV_FLAGS (PTE_PRESENT | PTE_WRITE | PTE_ACCESSED | PTE_DIRTY)

struct domain *machine_domains[MACHINE_DOMAINS];
static u64 hv_slots[HV_L4_SLOTS];
static mfn_t hv_frames[3 + MACHINE_HV_PAGES]; /* L3, L2, L1, pages */
static u8 hv_copy[3 + MACHINE_HV_PAGES][PAGE_SIZE];

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
	if (frame_table != NULL) {
		return; /* the allocator's lists are in use; all domains are gone */
	}
	/* The last frame is no RAM, as holes are. */
	fake_frames_init(frames, MACHINE_LOW, frames - 1);
	make_hypervisor();
	log_add_sink(log_to_stderr);
	machine_init_cpus();
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

const char *machine_check_hypervisor(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(hv_frames); i++) {
		if (memcmp(hv_copy[i], mfn_to_virt(hv_frames[i]), PAGE_SIZE) != 0) {
			return "the hypervisor's memory was changed";
		}
		if (frame_at(hv_frames[i])->owner != FRAME_OWNER_HV) {
			return "a frame of the hypervisor's has another owner";
		}
	}
	return NULL;
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
		if (machine_domains[i] != NULL && machine_domains[i]->id == domid &&
		    machine_domains[i]->life == DOMAIN_ALIVE) {
			return machine_domains[i];
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
		if (machine_domains[i] == NULL) {
			return &machine_domains[i];
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
		if (machine_domains[i] == d) {
			machine_domains[i] = NULL;
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
		const struct vcpu *v = machine_running(i);

		if (v != NULL && v->domain == d) {
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
		if (machine_domains[i] != NULL && machine_domains[i]->life == DOMAIN_DYING &&
		    !gnttab_is_held(machine_domains[i])) {
			machine_kill(machine_domains[i]);
		}
	}
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
