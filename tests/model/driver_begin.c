/*
 * The driver's two domains, on the machine and in the model: how they are made, what symbols mean in
 * them, how they end. See driver.h; steps: driver.c.
 */
#include "driver.h"

#include <string.h>

#include <parley/vm_assist.h>
#include <seam/directmap.h>

#include "fake_guest.h"
#include "fake_tlb.h"
#include "mm/paging.h"
#include "simtlb.h"

static const u32 frame_counts[MODEL_DOMAINS] = { OP_OWN_FRAMES, OP_OTHER_FRAMES };
static const u32 vcpu_counts[MODEL_DOMAINS] = { 3, 2 };

/* ---- symbols ---- */

static u64 nth_free(const struct driver *w, u32 n)
{
	for (u64 f = 0; f < MODEL_FRAMES; f++) {
		if (w->model.frame[f].owner == MODEL_NOBODY && n-- == 0) {
			return f;
		}
	}
	return MODEL_FRAMES;
}

u64 driver_frame(const struct driver *w, struct model_who who, u16 symbol)
{
	const u64 edges[OP_EDGES] = { 0,
				      1,
				      MACHINE_LOW - 1,
				      MACHINE_LOW + 1, /* the hypervisor's */
				      MODEL_FRAMES - 1,
				      MODEL_FRAMES,
				      1UL << 20,
				      w->slot[who.domain][0] | 1UL << 32,
				      (1UL << 40) - 1,
				      w->slot[who.domain][1] | 1UL << 40,
				      1UL << 63,
				      ~0UL };
	const struct model_domain *d = &w->model.domain[who.domain];
	u32 which = symbol & 0xfff;

	switch (symbol >> 12) {
	case 0:
		return w->slot[who.domain][which % frame_counts[who.domain]];
	case 1:
		return w->slot[!who.domain][which % frame_counts[!who.domain]];
	case 2:
		return d->shared_count == 0 ? 0 : d->shared[which % d->shared_count];
	case 3:
		return nth_free(w, which % 16);
	default:
		return edges[which % OP_EDGES];
	}
}

u64 driver_entry(const struct driver *w, struct model_who who, const struct op *op)
{
	if (op->to == NO_FRAME) {
		return op->bits;
	}
	return ((driver_frame(w, who, op->to) << PAGE_SHIFT) & PTE_ADDR) | (op->bits & ~PTE_ADDR);
}

bool driver_who(const struct driver *w, u32 cpu, struct model_who *who)
{
	const struct vcpu *v = machine_running(cpu);

	if (v == NULL) {
		return false;
	}
	who->domain = v->domain == w->domain[0] ? 0 : 1;
	who->vcpu = v->id;
	return true;
}

/* ---- beginning and end ---- */

/* Tables of one address space out of slots 0 to 3, level by level; slots 4 to 7 are mapped writable. */
static void make_space(struct driver *w, u32 domain)
{
	u64 *slot = w->slot[domain];
	struct model_who who = { domain, 0 };

	for (u32 i = 1; i < 4; i++) {
		u64 entry = slot[i] << PAGE_SHIFT | 7;

		machine_poke(mfn(slot[i - 1]), 0, entry);
		w->model.word[slot[i - 1]][0] = entry;
	}
	for (u32 i = 0; i < 8; i++) {
		u64 entry = slot[i] << PAGE_SHIFT | (i < 4 ? 5 : 7);

		machine_poke(mfn(slot[3]), i, entry);
		w->model.word[slot[3]][i] = entry;
	}
	(void)model_pin(&w->model, who, slot[0], 4);
	(void)model_kernel_root(&w->model, who, slot[0]);
	if (mm_begin(&w->domain[domain]->mm) == 0) {
		(void)!frame_pin(&w->domain[domain]->mm, mfn(slot[0]), FRAME_L4);
		(void)!frame_get_type(&w->domain[domain]->mm, mfn(slot[0]), FRAME_L4);
		mm_end(&w->domain[domain]->mm);
	}
}

static void make_vcpus(struct driver *w, u32 domain)
{
	u64 root = w->slot[domain][0];

	for (u32 i = 0; i < vcpu_counts[domain]; i++) {
		struct model_vcpu *v = &w->model.domain[domain].vcpu[i];

		*v = (struct model_vcpu){ .exists = true,
					  .kernel_root = MODEL_NONE,
					  .user_root = MODEL_NONE,
					  .info = MODEL_NONE };
	}
	make_space(w, domain);
	w->model.domain[domain].vcpu[0].initialised = true;
	w->domain[domain]->vcpus[0]->initialised = true;
	vcpu_set_kernel_root(w->domain[domain]->vcpus[0], root << PAGE_SHIFT);
}

static void make_domain(struct driver *w, u32 domain)
{
	struct model_domain *md = &w->model.domain[domain];
	struct domain *d =
		machine_domain((u16)(domain + 1), vcpu_counts[domain], frame_counts[domain] + 4);

	w->domain[domain] = d;
	d->vm_assist = 1UL << PV_VM_ASSIST_writable_pagetables;
	md->id = d->id;
	md->max_frames = d->mm.max_frames;
	for (u32 i = 0; i < frame_counts[domain]; i++) {
		u64 m = machine_frame(d).v;

		w->slot[domain][i] = m;
		w->model.frame[m] = (struct model_frame){ .owner = d->id, .allocated = true };
		memset(w->model.word[m], 0, PAGE_SIZE);
		w->model.m2p[m] = m2p_array()[m];
	}
	md->shared[md->shared_count++] = d->shared_mfn.v;
	w->model.frame[d->shared_mfn.v].owner = d->id;
	memcpy(w->model.word[d->shared_mfn.v], d->shared, PAGE_SIZE);
	make_vcpus(w, domain);
}

void driver_begin(struct driver *w)
{
	u64 top[512];

	memset(w, 0, sizeof(*w));
	machine_init(MODEL_FRAMES);
	pcid_use(PCID_BY_INVPCID);
	fake_tlb_has_invpcid = true;
	fake_mm_budget = MM_BUDGET_DEFAULT;
	w->free_at_start = alloc_free_count();
	fake_guest_reset();
	fake_guest_map_here(&w->buffer, sizeof(w->buffer));
	paging_install_hv_slots(top);
	memcpy(w->model.hv_slot, top + HV_L4_FIRST_SLOT, sizeof(w->model.hv_slot));
	for (u64 f = 0; f < MODEL_FRAMES; f++) {
		w->model.m2p[f] = m2p_array()[f];
		w->model.frame[f].owner = MODEL_NOBODY;
	}
	for (u32 i = 0; i < MODEL_DOMAINS; i++) {
		make_domain(w, i);
	}
	for (u64 f = 0; f < MODEL_FRAMES; f++) {
		if (frame_at(mfn(f))->owner == FRAME_OWNER_HV) {
			w->model.frame[f].owner = MODEL_HV;
		}
	}
	simtlb_begin();
	simtlb_attack = driver_attack;
	machine_run(0, w->domain[0]->vcpus[0]);
	machine_run(1, w->domain[1]->vcpus[0]);
	machine_restarts = 0;
}

const char *driver_end(struct driver *w)
{
	fake_mm_budget = MM_BUDGET_DEFAULT;
	for (u32 i = 0; i < MODEL_DOMAINS; i++) {
		if (w->domain[i] != NULL) {
			machine_kill(w->domain[i]);
			w->domain[i] = NULL;
		}
	}
	machine_reap();
	w->restarts += machine_restarts;
	return alloc_free_count() == w->free_at_start ? machine_check() : "frames were lost";
}
