/*
 * The driver's calls on the machine: each operation becomes the hypercall that a
 * guest would make of it, alone, in a batch or in a multicall. See driver.h.
 */
#include <string.h>

#include <parley/errno.h>
#include <parley/grant_table.h>
#include <parley/types.h>
#include <seam/cpu.h>

#include "domain/vcpu_context.h"
#include "driver.h"
#include "fake_guest.h"
#include "lib/lock.h"
#include "pv/ptwr.h"
#include "simtlb.h"

#define WILD_POINTER 0x1000UL /* nothing is there */
#define RESTARTS_MAX 20000U

struct hypercall {
	u32 nr;
	u64 a[4];
};

bool driver_is_call(u8 kind)
{
	switch (kind) {
	case OP_NONE:
	case OP_RUN:
	case OP_STORE:
	case OP_PTWR:
	case OP_INFO:
	case OP_INITIALISE:
	case OP_KILL:
	case OP_GIVE:
		return false;
	default:
		return kind < OP_KINDS;
	}
}

static bool is_mmuext(u8 kind)
{
	return (kind >= OP_PIN && kind <= OP_COPY) || kind == OP_SET_LDT;
}

bool driver_is_batch(u8 first, u8 second)
{
	return (is_mmuext(first) && is_mmuext(second)) ||
	       (first == second && (first == OP_MMU_UPDATE || first == OP_RELEASE ||
				    first == OP_POPULATE || driver_is_grant(first)));
}

/* ---- elements of batches ---- */

static struct pv_mmu_update update_of(struct driver *w, const struct op *op, u32 i)
{
	return (struct pv_mmu_update){
		.ptr = (w->at[i].frame << PAGE_SHIFT) | (8UL * (op->index % 512) + op->sub % 8),
		.val = w->at[i].entry,
	};
}

/* The flushes of mmuext_op, and numbers that are no operation. */
static const struct {
	u32 cmd;
	bool is_wild;
} flushes[] = {
	{ PV_MMUEXT_TLB_FLUSH_LOCAL, false },
	{ PV_MMUEXT_INVLPG_LOCAL, false },
	{ PV_MMUEXT_TLB_FLUSH_MULTI, false },
	{ PV_MMUEXT_INVLPG_MULTI, false },
	{ PV_MMUEXT_TLB_FLUSH_ALL, false },
	{ PV_MMUEXT_INVLPG_ALL, false },
	{ PV_MMUEXT_TLB_FLUSH_MULTI, true },
	{ PV_MMUEXT_INVLPG_MULTI, true },
	{ PV_MMUEXT_FLUSH_CACHE, false },
	{ PV_MMUEXT_FLUSH_CACHE_GLOBAL, false },
	{ PV_MMUEXT_MARK_SUPER, false },
	{ PV_MMUEXT_UNMARK_SUPER, false },
	{ 14, false },
	{ 21, false },
	{ ~0U, false },
};

static struct pv_mmuext_op flush_of(struct driver *w, const struct op *op, u32 i)
{
	u32 which = op->sub % ARRAY_SIZE(flushes);
	struct pv_mmuext_op e = { .cmd = flushes[which].cmd, .arg1.linear_addr = op->va };

	w->buffer.list[i] = op->bits;
	e.arg2.vcpumask = flushes[which].is_wild ? WILD_POINTER : (u64)&w->buffer.list[i];
	return e;
}

static struct pv_mmuext_op mmuext_of(struct driver *w, const struct op *op, u32 i)
{
	struct pv_mmuext_op e = { .arg1.mfn = w->at[i].frame };

	switch (op->kind) {
	case OP_PIN:
		e.cmd = PV_MMUEXT_PIN_L1_TABLE + op->index % 4;
		return e;
	case OP_UNPIN:
		e.cmd = PV_MMUEXT_UNPIN_TABLE;
		return e;
	case OP_KERNEL_ROOT:
		e.cmd = PV_MMUEXT_NEW_BASEPTR;
		return e;
	case OP_USER_ROOT:
		e.cmd = PV_MMUEXT_NEW_USER_BASEPTR;
		return e;
	case OP_CLEAR:
		e.cmd = PV_MMUEXT_CLEAR_PAGE;
		return e;
	case OP_COPY:
		e.cmd = PV_MMUEXT_COPY_PAGE;
		e.arg2.src_mfn = w->at[i].to;
		return e;
	case OP_SET_LDT:
		e.cmd = PV_MMUEXT_SET_LDT;
		e.arg1.linear_addr = op->va;
		e.arg2.nr_ents = op->index;
		return e;
	default:
		return flush_of(w, op, i);
	}
}

static u64 flush_flags(struct driver *w, const struct op *op, u32 i)
{
	u64 kind = op->sub & OP_FLUSH_KIND;

	w->buffer.list[i] = op->bits >> 1;
	switch (op->sub & 12) {
	case OP_FLUSH_ALL:
		return kind | PV_UVMF_ALL;
	case OP_FLUSH_MASK:
		return kind | (u64)&w->buffer.list[i];
	case OP_FLUSH_WILD:
		return kind | WILD_POINTER;
	default:
		return kind;
	}
}

static struct hypercall memory_of(struct driver *w, u32 op, u32 i, u32 n)
{
	struct pv_memory_reservation *r = &w->buffer.reservation[i];

	*r = (struct pv_memory_reservation){
		.extent_start = (u64)&w->buffer.list[i],
		.nr_extents = n,
		.domid = PV_DOMID_SELF,
	};
	return (struct hypercall){ PV_HYPERCALL_memory_op, { op, (u64)r } };
}

static struct hypercall grant_of(struct driver *w, const struct op *op, u32 i)
{
	struct pv_gnttab_setup_table *table = (void *)w->buffer.words[i];

	*table = (struct pv_gnttab_setup_table){
		.dom = PV_DOMID_SELF,
		.nr_frames = op->index,
		.status = 99,
		.frame_list = (u64)&w->buffer.words[i][4],
	};
	return (struct hypercall){ PV_HYPERCALL_grant_table_op,
				   { PV_GNTTABOP_setup_table, (u64)table, 1 } };
}

static struct hypercall granted_of(struct driver *w, const struct op *op, u32 i)
{
	struct hypercall h = { PV_HYPERCALL_grant_table_op, { 0, 0, 1 } };
	struct model_who who;
	u32 cmd = 0;

	(void)driver_who(w, cpu_id(), &who);
	driver_grant_element(w, who, op, i, &cmd, &h.a[1]);
	h.a[0] = cmd;
	return h;
}

/* One operation as a hypercall of its own; i is its place in the buffer. */
static struct hypercall hypercall_of(struct driver *w, const struct op *op, u32 i)
{
	struct driver_buffer *b = &w->buffer;

	switch (op->kind) {
	case OP_MMU_UPDATE:
		b->updates[i] = update_of(w, op, i);
		return (struct hypercall){ PV_HYPERCALL_mmu_update,
					   { (u64)&b->updates[i], 1, 0, PV_DOMID_SELF } };
	case OP_UPDATE_VA:
		return (struct hypercall){ PV_HYPERCALL_update_va_mapping,
					   { op->va, w->at[i].entry, flush_flags(w, op, i) } };
	case OP_SET_GDT:
		for (u32 p = 0; p < MODEL_GDT; p++) {
			b->words[i][p] = p % 2 ? w->at[i].to : w->at[i].frame;
		}
		return (struct hypercall){ PV_HYPERCALL_set_gdt, { (u64)b->words[i], op->index } };
	case OP_DESCRIPTOR:
		return (struct hypercall){ PV_HYPERCALL_update_descriptor,
					   { (w->at[i].frame << PAGE_SHIFT) |
						     (8UL * (op->index % 512) + op->sub % 8),
					     op->bits } };
	case OP_RELEASE:
		b->list[i] = w->at[i].frame;
		return memory_of(w, PV_MEMORY_decrease_reservation, i, 1);
	case OP_POPULATE:
		b->list[i] = op->index;
		return memory_of(w, PV_MEMORY_populate_physmap, i, 1);
	case OP_GRANT:
		return grant_of(w, op, i);
	case OP_MAP:
	case OP_UNMAP:
	case OP_REPLACE:
	case OP_GRANT_COPY:
	case OP_SWAP:
		return granted_of(w, op, i);
	default:
		b->ops[i] = mmuext_of(w, op, i);
		return (struct hypercall){ PV_HYPERCALL_mmuext_op,
					   { (u64)&b->ops[i], 1, 0, PV_DOMID_SELF } };
	}
}

static struct hypercall batch_of(struct driver *w, const struct op *ops, u32 n)
{
	struct driver_buffer *b = &w->buffer;
	struct hypercall h = { 0 };

	for (u32 i = n; i-- > 0;) {
		h = hypercall_of(w, &ops[i], i);
	}
	b->done = 0xdead;
	if (driver_is_grant(ops[0].kind)) {
		h.a[2] = n;
		return h;
	}
	switch (ops[0].kind) {
	case OP_MMU_UPDATE:
		return (struct hypercall){ PV_HYPERCALL_mmu_update,
					   { (u64)b->updates, n, (u64)&b->done, PV_DOMID_SELF } };
	case OP_RELEASE:
		return memory_of(w, PV_MEMORY_decrease_reservation, 0, n);
	case OP_POPULATE:
		return memory_of(w, PV_MEMORY_populate_physmap, 0, n);
	default:
		return (struct hypercall){ PV_HYPERCALL_mmuext_op,
					   { (u64)b->ops, n, (u64)&b->done, PV_DOMID_SELF } };
	}
}

static struct hypercall multi_of(struct driver *w, const struct op *ops, u32 n)
{
	struct driver_buffer *b = &w->buffer;

	for (u32 i = 0; i < n; i++) {
		struct hypercall h = hypercall_of(w, &ops[i], i);

		b->calls[i] = (struct pv_multicall_entry){ .op = h.nr, .result = 0xdead };
		memcpy(b->calls[i].args, h.a, sizeof(h.a));
	}
	return (struct hypercall){ PV_HYPERCALL_multicall, { (u64)b->calls, n } };
}

/* ---- what is no hypercall here ---- */

/* mov [rdi], rax: the store that faulted at va. */
static long store_that_faults(struct driver *w, const struct op *op)
{
	static const u8 code[] = { 0x48, 0x89, 0x07 };
	struct vcpu *v = current_vcpu();
	struct cpu_regs regs = { .rip = (u64)w->buffer.code, .rdi = op->va };

	memcpy(w->buffer.code, code, sizeof(code));
	regs.rax = w->at[0].entry;
	while (pv_emulate_pt_write(v, &regs, op->va + 8UL * (op->index % 512)) == PTWR_DONE) {
		if (regs.rip != (u64)w->buffer.code) {
			return 0;
		}
	}
	return -PV_EINVAL;
}

static long map_info(struct driver *w, const struct op *op)
{
	u64 m = w->at[0].frame;
	int rc;

	do {
		rc = vcpu_map_info(current_vcpu(), mfn(m), op->index);
	} while (rc == MM_RESTART);
	return rc;
}

static long initialise(struct driver *w, const struct op *op)
{
	static struct pv_vcpu_guest_context c;
	struct domain *d = current_vcpu()->domain;
	int rc;

	memset(&c, 0, sizeof(c));
	c.flags = PV_VGCF_in_kernel;
	c.ctrlreg[3] = w->at[0].frame << PAGE_SHIFT;
	c.gdt_ents = op->index;
	for (u32 p = 0; p < MODEL_GDT; p++) {
		c.gdt_frames[p] = w->at[0].to;
	}
	do {
		rc = vcpu_set_context(d->vcpus[d->vcpu_count - 1], &c);
	} while (rc == MM_RESTART);
	/* A refusal may leave what it gives back to whoever comes next. */
	while (mm_has_debt(&d->mm)) {
		if (mm_begin(&d->mm) == 0) {
			mm_end(&d->mm);
		}
	}
	return rc;
}

/* ---- the call ---- */

static struct driver_buffer *watched;
static u8 fetches[sizeof(struct driver_buffer)];

static void count_fetches(u8 *guest, u64 size, bool to_guest)
{
	u64 at = (u64)(guest - (u8 *)watched);

	for (u64 i = 0; !to_guest && at < sizeof(fetches) && i < size; i++) {
		fetches[at + i]++;
	}
}

static bool fetched_twice(void)
{
	for (u64 i = 0; i < sizeof(fetches); i++) {
		if (fetches[i] > 1) {
			return true;
		}
	}
	return false;
}

/*
 * One run between two chances to be preempted. What it may do beyond its budget:
 * finish the table that it is at, and all pages of one descriptor table.
 */
static bool run_once(struct driver *w, u32 nr, u64 *a, struct driver_result *r)
{
	const struct mm_owner *o = &current_vcpu()->domain->mm;
	u64 work = o->work;
	bool again;

	if (w->is_racing) {
		return machine_call_once(nr, a, &r->rc[0]);
	}
	watched = &w->buffer;
	memset(fetches, 0, sizeof(fetches));
	fake_guest_watch = count_fetches;
	again = machine_call_once(nr, a, &r->rc[0]);
	fake_guest_watch = NULL;
	if (fetched_twice()) {
		r->stopped_wrong = "a byte of the guest's was read twice";
	}
	if (o->work - work > fake_mm_budget + 512 * (MODEL_LDT + 1)) {
		r->stopped_wrong = "it did more than its budget";
	}
	return again;
}

/* What has no hypercall of its own here, or could not be in a batch: false for the others. */
static bool call_alone(struct driver *w, const struct op *op, long *rc)
{
	switch (op->kind) {
	case OP_PTWR:
		*rc = store_that_faults(w, op);
		return true;
	case OP_INFO:
		*rc = map_info(w, op);
		return true;
	case OP_INITIALISE:
		*rc = initialise(w, op);
		return true;
	default:
		return false;
	}
}

/* Leave the call where it is, for driver_resume(). */
static void stop(struct driver *w, u32 nr, const u64 *a)
{
	w->stopped.is_there = true;
	w->stopped.nr = nr;
	w->stopped.cpu = cpu_id();
	memcpy(w->stopped.a, a, sizeof(w->stopped.a));
}

/* Half way through a call: is all as it must be then? */
static void look_half_way(const struct driver *w, struct driver_result *r)
{
	if (!w->is_racing && r->stopped_wrong == NULL) {
		r->stopped_wrong = machine_check();
	}
	if (!w->is_racing && r->stopped_wrong == NULL) {
		r->stopped_wrong = simtlb_check();
	}
}

void driver_call(struct driver *w, const struct op *ops, u32 n, struct driver_result *r)
{
	struct hypercall h;
	u64 a[4];
	u32 restarts = 0;

	if (call_alone(w, ops, &r->rc[0])) {
		return;
	}
	r->is_batch = n > 1 && ops[1].join == OP_BATCH;
	r->is_multi = n > 1 && !r->is_batch;
	if (r->is_multi) {
		h = multi_of(w, ops, n);
	} else {
		h = r->is_batch ? batch_of(w, ops, n) : hypercall_of(w, ops, 0);
	}
	memcpy(a, h.a, sizeof(a));
	while (run_once(w, h.nr, a, r)) {
		machine_restarts++;
		if (++restarts == w->stop_after) {
			stop(w, h.nr, a);
			return;
		}
		if (restarts > RESTARTS_MAX) {
			r->stopped_wrong = "it restarts without end";
			break;
		}
		look_half_way(w, r);
	}
	r->done = w->buffer.done;
	r->multi_rc = r->rc[0];
	for (u32 i = 0; r->is_multi && i < n; i++) {
		r->rc[i] = (long)w->buffer.calls[i].result;
	}
}
