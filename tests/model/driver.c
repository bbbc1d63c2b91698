/*
 * The driver's steps: a group of operations on the machine and on the model, while others attack. The
 * calls themselves are in driver_calls.c, their counterpart on the model in driver_model.c.
 */
#include "driver.h"

#include <stdio.h>

#include "fake_guest.h"
#include "simtlb.h"

/* What is wrong, where it stays. */
static const char *keep(struct driver *w, const char *why)
{
	snprintf(w->why, sizeof(w->why), "%s", why);
	return w->why;
}

/* ---- attacks ---- */

/* Who works, while others store. */
static struct driver *attacked;

bool driver_attack(u64 frame, u32 *index, u64 *value)
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

	if (domain >= MODEL_DOMAINS || w->domain[domain] == NULL ||
	    vcpu >= w->domain[domain]->vcpu_count) {
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

/* What the group's symbols mean, before it changes that. */
static void resolve(struct driver *w, struct model_who who, const struct op *ops, u32 n)
{
	for (u32 i = 0; i < n; i++) {
		w->at[i].frame = driver_frame(w, who, ops[i].frame);
		w->at[i].to = driver_frame(w, who, ops[i].to);
		w->at[i].entry = driver_entry(w, who, &ops[i]);
	}
}

/* On the machine, while another vCPU stores through what it still has. */
static void call_machine(struct driver *w, const struct op *ops, u32 n, struct driver_result *r)
{
	machine_be(ops[0].cpu % MACHINE_CPUS);
	if (ops[0].budget != 0) {
		fake_mm_budget = ops[0].budget;
	}
	attacked = n == 1 && !w->is_unchecked ? w : NULL;
	w->attack_count = 0;
	driver_call(w, ops, n, r);
	machine_reap();
	attacked = NULL;
	fake_mm_budget = MM_BUDGET_DEFAULT;
}

static bool is_any_refused(const struct driver_result *r, u32 n)
{
	bool refused = false;

	for (u32 i = 0; i < n; i++) {
		refused |= r->rc[i] < 0;
	}
	return refused;
}

/* The same on the model, and what it has become. */
static const char *call_model(struct driver *w, struct model_who who, const struct op *ops, u32 n,
			      const struct driver_result *r)
{
	const char *why;

	/* Whoever stored before the flush stored before the call. */
	for (u32 i = 0; i < w->attack_count; i++) {
		w->model.word[w->attacks[i].frame][w->attacks[i].index] = w->attacks[i].value;
	}
	why = driver_model(w, who, ops, n, r);
	adopt_free(w);
	if (why != NULL) {
		return why;
	}
	return driver_compare(w, !is_any_refused(r, n) ? DRIVER_ADOPT_NOTHING :
				 n == 1                ? DRIVER_ADOPT_UNUSED :
							 DRIVER_ADOPT_ALL);
}

static const char *call(struct driver *w, const struct op *ops, u32 n)
{
	struct driver_result r = { 0 };
	struct model_who who;

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
	resolve(w, who, ops, n);
	call_machine(w, ops, n, &r);
	return w->is_unchecked ? r.stopped_wrong : call_model(w, who, ops, n, &r);
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
	return why != NULL && why != w->why ? keep(w, why) : why;
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
