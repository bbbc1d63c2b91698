/*
 * The driver's calls on the model: their results must be the machine's. See driver.h.
 *
 * The model cannot know which free frame the allocator gives; it takes the machine's answer and
 * checks that it was possible. Read next: driver_compare.c.
 */
#include "driver.h"

#include <stdio.h>
#include <string.h>

#include <parley/errno.h>
#include <parley/grant_table.h>

#include "channel/gnttab.h"

#define UNKNOWN (-100000) /* a result that the model has already looked at */

static void replace_slot(struct driver *w, struct model_who who, u64 m)
{
	u32 n = who.domain == 0 ? OP_OWN_FRAMES : OP_OTHER_FRAMES;

	for (u32 i = 0; i < n; i++) {
		if (w->model.frame[w->slot[who.domain][i]].owner !=
		    w->model.domain[who.domain].id) {
			w->slot[who.domain][i] = m;
			return;
		}
	}
}

/* Element i of a populate: 1 if it was to work, else 0. */
static long populate(struct driver *w, struct model_who who, const struct op *op, u32 i,
		     bool worked)
{
	u64 given = w->buffer.list[i];

	if (!worked || !model_may_populate(&w->model, who)) {
		return model_may_populate(&w->model, who);
	}
	if (model_populate(&w->model, who, given, op->index) != 0) {
		return UNKNOWN;
	}
	replace_slot(w, who, given);
	return 1;
}

static long release(struct driver *w, struct model_who who, const struct op *op, u32 i)
{
	return model_release(&w->model, who, w->at[i].frame) == 0;
}

/* A frame of entries, and two for what we know of them ourselves. */
#define GRANT_FRAMES 3

/* Frames are added one by one until memory ends; the status tells. */
static long grant(struct driver *w, struct model_who who, const struct op *op, u32 i)
{
	struct domain *d = w->domain[who.domain];
	const struct pv_gnttab_setup_table *table = (void *)w->buffer.words[i];
	s16 want = PV_GNTST_okay;

	if (op->index > GNTTAB_FRAMES_MAX) {
		want = PV_GNTST_general_error;
	}
	while (want == PV_GNTST_okay && w->model.domain[who.domain].shared_count - 1 < op->index) {
		u32 n = w->model.domain[who.domain].shared_count - 1;

		if (model_count_free(&w->model) < GRANT_FRAMES &&
		    (n >= gnttab_frame_count(d) || table->status != want)) {
			want = PV_GNTST_general_error;
		} else if (n >= gnttab_frame_count(d) ||
			   model_share(&w->model, who, gnttab_frame(d, n).v) != 0) {
			return UNKNOWN;
		}
		driver_note_own(w, d);
	}
	return table->status == want ? 0 : UNKNOWN;
}

static long flush(const struct op *op)
{
	switch (op->sub % 15) {
	case 6:
	case 7:
		return -PV_EFAULT;
	case 8:
	case 9:
		return -PV_EPERM;
	default:
		return op->sub % 15 < 6 ? 0 : -PV_ENOSYS;
	}
}

/* The flush comes after the entry was written, and may be refused alone. */
static long update_va(struct driver *w, struct model_who who, const struct op *op, u32 i)
{
	int rc = model_update_va(&w->model, who, op->va, w->at[i].entry);
	u32 kind = op->sub & OP_FLUSH_KIND;

	if (rc != 0 || kind == 0) {
		return rc;
	}
	if (kind == 3) {
		return -PV_EINVAL;
	}
	return (op->sub & 12) == OP_FLUSH_WILD ? -PV_EFAULT : 0;
}

static long ptwr(struct driver *w, struct model_who who, const struct op *op, u32 i)
{
	struct model_view view;
	u64 frame, entry, root = w->model.domain[who.domain].vcpu[who.vcpu].kernel_root;
	u32 index;

	if (!model_find_l1(&w->model, root, op->va, &frame, &index)) {
		return -PV_EINVAL;
	}
	entry = w->model.word[frame][index];
	if ((entry & 3) != 1) {
		return -PV_EINVAL; /* not mapped, or writable */
	}
	frame = (entry & 0x000ffffffffff000UL) >> 12;
	(void)model_look(&w->model, &view);
	if (frame >= MODEL_FRAMES || w->model.frame[frame].owner != w->domain[who.domain]->id ||
	    model_used_as(&view, frame) != MODEL_L1) {
		return -PV_EINVAL; /* no table, or someone else's that was granted */
	}
	return model_replace_l1(&w->model, who, frame, op->index % 512, w->at[i].entry);
}

/* vcpu_info's bytes and the time in it are not the model's business. */
static long map_info(struct driver *w, struct model_who who, const struct op *op, u32 i)
{
	u64 frame = w->at[i].frame;
	int rc = model_map_info(&w->model, who, frame, op->index);

	if (rc == 0) {
		memcpy((u8 *)w->model.word[frame] + op->index,
		       (u8 *)mfn_to_virt(mfn(frame)) + op->index, 64);
	}
	return rc;
}

static long descriptors(struct driver *w, struct model_who who, const struct op *op, u32 i)
{
	struct model_who last = { who.domain, w->domain[who.domain]->vcpu_count - 1 };
	u64 gdt[MODEL_GDT], frame = w->at[i].frame;

	switch (op->kind) {
	case OP_SET_GDT:
		return model_set_gdt(&w->model, who, w->buffer.words[i], op->index);
	case OP_SET_LDT:
		return model_set_ldt(&w->model, who, op->va, op->index);
	case OP_DESCRIPTOR:
		return model_update_descriptor(
			&w->model, who, (frame << 12) | (8UL * (op->index % 512) + op->sub % 8),
			op->bits);
	default:
		for (u32 p = 0; p < MODEL_GDT; p++) {
			gdt[p] = w->at[i].to;
		}
		return model_initialise(&w->model, last, (frame << 12) >> 12, gdt, op->index);
	}
}

static long one(struct driver *w, struct model_who who, const struct op *op, u32 i, long got)
{
	struct model *m = &w->model;
	u64 frame = w->at[i].frame;

	switch (op->kind) {
	case OP_MMU_UPDATE:
		return model_mmu_update(m, who,
					(frame << 12) | (8UL * (op->index % 512) + op->sub % 8),
					w->at[i].entry);
	case OP_UPDATE_VA:
		return update_va(w, who, op, i);
	case OP_PTWR:
		return ptwr(w, who, op, i);
	case OP_PIN:
		return model_pin(m, who, frame, 1 + op->index % 4);
	case OP_UNPIN:
		return model_unpin(m, who, frame);
	case OP_KERNEL_ROOT:
		return model_kernel_root(m, who, frame);
	case OP_USER_ROOT:
		return model_user_root(m, who, frame);
	case OP_FLUSH:
		return flush(op);
	case OP_CLEAR:
		return model_clear_page(m, who, frame);
	case OP_COPY:
		return model_copy_page(m, who, frame, w->at[i].to);
	case OP_RELEASE:
		return release(w, who, op, i);
	case OP_POPULATE:
		return populate(w, who, op, i, got > 0);
	case OP_GRANT:
		return grant(w, who, op, i);
	case OP_INFO:
		return map_info(w, who, op, i);
	case OP_MAP:
	case OP_UNMAP:
	case OP_REPLACE:
	case OP_GRANT_COPY:
	case OP_SWAP:
		return driver_grant_model(w, who, op, i);
	default:
		return descriptors(w, who, op, i);
	}
}

/* A batch ends with its first refusal, and says how many were done. */
static const char *batch(struct driver *w, struct model_who who, const struct op *ops, u32 n,
			 const struct driver_result *r)
{
	bool counts = ops[0].kind == OP_RELEASE || ops[0].kind == OP_POPULATE;
	u32 done = 0;
	long rc = 0;

	for (; done < n; done++) {
		rc = one(w, who, &ops[done], done, counts ? r->rc[0] > (long)done : 0);
		if (counts ? rc != 1 : rc != 0) {
			break;
		}
	}
	if (rc == UNKNOWN) {
		return driver_fail(w, "frame given, or status", done, 0, w->buffer.list[done]);
	}
	if (driver_is_grant(ops[0].kind)) {
		return r->rc[0] == rc ?
			       NULL :
			       driver_fail(w, "result of grants", n, (u64)rc, (u64)r->rc[0]);
	}
	if (counts) {
		return r->rc[0] == done ? NULL : driver_fail(w, "extents", n, done, (u64)r->rc[0]);
	}
	if (r->rc[0] != rc) {
		return driver_fail(w, "result of batch", done, (u64)rc, (u64)r->rc[0]);
	}
	return r->done == done ? NULL : driver_fail(w, "done in batch", n, done, r->done);
}

const char *driver_model(struct driver *w, struct model_who who, const struct op *ops, u32 n,
			 const struct driver_result *r)
{
	if (r->stopped_wrong != NULL) {
		snprintf(w->why, sizeof(w->why), "half way: %s", r->stopped_wrong);
		return w->why;
	}
	if (r->is_batch) {
		return batch(w, who, ops, n, r);
	}
	if (r->is_multi && r->multi_rc != 0) {
		return driver_fail(w, "result of multicall", n, 0, (u64)r->multi_rc);
	}
	for (u32 i = 0; i < n; i++) {
		long rc = one(w, who, &ops[i], i, r->rc[i]);

		if (rc != r->rc[i]) {
			return driver_fail(w, "result of", ops[i].kind, (u64)rc, (u64)r->rc[i]);
		}
	}
	return NULL;
}

const char *driver_prefix(struct driver *w, struct model_who who, const struct op *ops, u32 n)
{
	static struct model before;
	const char *why = NULL;

	memcpy(&before, &w->model, sizeof(before));
	/* In a multicall the others go on without the one that failed: `left_out`, or none. */
	for (u32 left_out = 0; left_out <= n; left_out++) {
		for (u32 done = 0; done <= n; done++) {
			memcpy(&w->model, &before, sizeof(before));
			for (u32 i = 0; i < done; i++) {
				if (i != left_out) {
					(void)one(w, who, &ops[i], i, 1);
				}
			}
			why = driver_compare(w, DRIVER_ADOPT_ALL);
			if (why == NULL) {
				return NULL;
			}
		}
	}
	return why;
}
