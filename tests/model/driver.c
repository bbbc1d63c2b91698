/*
 * The driver's frame: beginning, steps, end. The calls themselves are in
 * driver_calls.c, their counterpart on the model in driver_model.c.
 */
#include "driver.h"

#include <stdio.h>
#include <string.h>

#include <parley/vm_assist.h>
#include <seam/directmap.h>

#include "channel/gnttab.h"
#include "fake_guest.h"
#include "fake_tlb.h"
#include "mm/paging.h"
#include "simtlb.h"

static const u32 frame_counts[MODEL_DOMAINS] = { OP_OWN_FRAMES, OP_OTHER_FRAMES };
static const u32 vcpu_counts[MODEL_DOMAINS] = { 3, 2 };

static const char *fail(struct driver *w, const char *why)
{
	snprintf(w->why, sizeof(w->why), "%s", why);
	return w->why;
}

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

/* ---- attacks ---- */

static struct driver *attacked;

/* What another vCPU stores while it still can: entries that would be worth having. */
static bool choose_attack(u64 frame, u32 *index, u64 *value)
{
	struct driver *w = attacked;
	u64 dice;

	if (w == NULL || w->attack_count == DRIVER_ATTACKS) {
		return false;
	}
	w->attack_seed = w->attack_seed * 6364136223846793005UL + 1442695040888963407UL;
	dice = w->attack_seed >> 33;
	*index = (dice & 7) == 0 ? 511 : dice % 8;
	switch ((dice >> 3) % 4) {
	case 0:
		*value = (MACHINE_LOW + 1) << PAGE_SHIFT | 7; /* the hypervisor's */
		break;
	case 1:
		*value = frame << PAGE_SHIFT | 7; /* the table itself */
		break;
	case 2:
		*value = w->slot[0][dice % OP_OWN_FRAMES] << PAGE_SHIFT | 7;
		break;
	default:
		*value = 0x0000ec0000000000UL; /* a call gate */
		break;
	}
	w->attacks[w->attack_count].frame = frame;
	w->attacks[w->attack_count].index = *index;
	w->attacks[w->attack_count].value = *value;
	w->attack_count++;
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
	simtlb_attack = choose_attack;
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
	return alloc_free_count() == w->free_at_start ? machine_check() :
							fail(w, "frames were lost");
}

/* ---- steps ---- */

u32 driver_group(const struct op *ops, u32 n)
{
	u32 i;

	for (i = 1; i < n && i < DRIVER_GROUP; i++) {
		bool batch = ops[i].join == OP_BATCH && driver_is_batch(ops[0].kind, ops[i].kind);
		bool multi = ops[i].join == OP_MULTI && driver_is_call(ops[0].kind) &&
			     driver_is_call(ops[i].kind);

		if (ops[i].join != ops[1].join || (!batch && !multi)) {
			break;
		}
	}
	return i;
}

/* True if the vCPU may run there. */
static bool can_run(const struct driver *w, u32 cpu, u32 domain, u32 vcpu)
{
	const struct vcpu *v;

	if (domain >= MODEL_DOMAINS || w->domain[domain] == NULL || vcpu >= vcpu_counts[domain]) {
		return false;
	}
	v = w->domain[domain]->vcpus[vcpu];
	return v->initialised && machine_running(!cpu) != v;
}

static void run(struct driver *w, const struct op *op)
{
	u32 cpu = op->cpu % MACHINE_CPUS;

	if (op->sub == 0xff) {
		machine_run(cpu, NULL);
	} else if (can_run(w, cpu, op->sub / 16, op->sub % 16)) {
		machine_run(cpu, w->domain[op->sub / 16]->vcpus[op->sub % 16]);
	}
}

/* Which frames the hypervisor has for itself the model need not foresee, between calls. */
static void adopt_free(struct driver *w)
{
	for (u64 f = 0; f < MODEL_FRAMES; f++) {
		if (w->model.frame[f].owner >= MODEL_NOBODY &&
		    frame_at(mfn(f))->owner >= MODEL_NOBODY) {
			w->model.frame[f].owner = frame_at(mfn(f))->owner;
		}
	}
}

static const char *kill(struct driver *w, const struct op *op)
{
	u32 i = op->sub % MODEL_DOMAINS;
	const char *why = NULL;

	if (w->domain[i] == NULL) {
		return NULL;
	}
	if (op->budget != 0) {
		fake_mm_budget = op->budget;
	}
	while (why == NULL && !machine_kill_step(w->domain[i])) {
		why = machine_check();
	}
	fake_mm_budget = MM_BUDGET_DEFAULT;
	w->domain[i] = NULL;
	model_kill(&w->model, i);
	machine_reap();
	adopt_free(w);
	return why;
}

static void store(struct driver *w, struct model_who who, const struct op *op)
{
	u64 frame = driver_frame(w, who, op->frame);
	u64 value = driver_entry(w, who, op);

	struct mm_owner *o = &w->domain[who.domain]->mm;

	if (!w->is_unchecked && !model_may_store(&w->model, who, frame)) {
		return;
	}
	/* As if it had mapped the frame writable, and not any more. */
	if (mm_begin(o) == 0) {
		if (frame_get_type(o, mfn(frame), FRAME_WRITABLE) == 0) {
			machine_poke(mfn(frame), op->index % 512, value);
			w->model.word[frame][op->index % 512] = value;
			frame_put_type(o, mfn(frame));
		}
		mm_end(o);
	}
}

static const char *call(struct driver *w, const struct op *ops, u32 n)
{
	struct driver_result r = { 0 };
	struct model_who who;
	const char *why;
	bool refused;

	if (!driver_who(w, ops[0].cpu % MACHINE_CPUS, &who)) {
		return NULL;
	}
	if (ops[0].kind == OP_STORE) {
		store(w, who, ops);
		return NULL;
	}
	if (ops[0].kind == OP_GIVE) {
		driver_give(w, who, ops);
		return NULL;
	}
	for (u32 i = 0; i < n; i++) {
		w->at[i].frame = driver_frame(w, who, ops[i].frame);
		w->at[i].to = driver_frame(w, who, ops[i].to);
		w->at[i].entry = driver_entry(w, who, &ops[i]);
	}
	machine_be(ops[0].cpu % MACHINE_CPUS);
	if (ops[0].budget != 0) {
		fake_mm_budget = ops[0].budget;
	}
	attacked = n == 1 && !w->is_unchecked ? w : NULL;
	w->attack_count = 0;
	driver_call(w, ops, n, &r);
	machine_reap();
	attacked = NULL;
	fake_mm_budget = MM_BUDGET_DEFAULT;
	if (w->is_unchecked) {
		return r.stopped_wrong;
	}
	/* Whoever stored before the flush stored before the call. */
	for (u32 i = 0; i < w->attack_count; i++) {
		w->model.word[w->attacks[i].frame][w->attacks[i].index] = w->attacks[i].value;
	}
	why = driver_model(w, who, ops, n, &r);
	adopt_free(w);
	refused = false;
	for (u32 i = 0; i < n; i++) {
		refused |= r.rc[i] < 0;
	}
	if (why != NULL) {
		return why;
	}
	return driver_compare(w, !refused ? DRIVER_ADOPT_NOTHING :
				 n == 1   ? DRIVER_ADOPT_UNUSED :
					    DRIVER_ADOPT_ALL);
}

const char *driver_resume(struct driver *w)
{
	long rc;

	if (!w->stopped.is_there) {
		return NULL;
	}
	w->stopped.is_there = false;
	if (machine_running(w->stopped.cpu) == NULL) {
		return NULL;
	}
	machine_be(w->stopped.cpu);
	while (machine_call_once(w->stopped.nr, w->stopped.a, &rc)) {
	}
	machine_reap();
	return machine_check();
}

const char *driver_step_failing(struct driver *w, const struct op *ops, u32 n, u32 fail_copy)
{
	struct model_who who;
	const char *why;

	if (!driver_who(w, ops[0].cpu % MACHINE_CPUS, &who) || !driver_is_call(ops[0].kind)) {
		return driver_step(w, ops, n);
	}
	w->is_unchecked = true;
	fake_guest_fail_at = fake_guest_copies + fail_copy;
	why = driver_step(w, ops, n);
	fake_guest_fail_at = 0;
	w->is_unchecked = false;
	/* What could not tell that it was done may leave the rest to whoever comes next. */
	while (mm_has_debt(&w->domain[who.domain]->mm)) {
		if (mm_begin(&w->domain[who.domain]->mm) == 0) {
			mm_end(&w->domain[who.domain]->mm);
		}
	}
	return why != NULL ? why : driver_prefix(w, who, ops, n);
}

const char *driver_step(struct driver *w, const struct op *ops, u32 n)
{
	const char *why = NULL;

	w->steps++;
	if (ops[0].kind == OP_RUN) {
		run(w, ops);
	} else if (ops[0].kind == OP_KILL) {
		why = kill(w, ops);
	} else if (ops[0].kind != OP_NONE && ops[0].kind < OP_KINDS) {
		why = call(w, ops, n);
	}
	if (why == NULL) {
		why = machine_check();
	}
	if (why == NULL) {
		why = simtlb_check();
	}
	return why != NULL && why != w->why ? fail(w, why) : why;
}

const char *driver_run(struct driver *w, const struct op *ops, u32 n, u32 *at)
{
	const char *why = NULL;
	u32 i = 0;

	driver_begin(w);
	while (why == NULL && i < n) {
		u32 group = driver_group(ops + i, n - i);

		*at = i;
		why = driver_step(w, ops + i, group);
		i += group;
	}
	if (why == NULL) {
		*at = n;
		why = driver_end(w);
	}
	return why;
}
