/*
 * TOUR(9) Types and references of frames: the walk that makes page tables out of
 * frames and frames out of page tables.
 *
 * A walk keeps its own stack of at most four tables in mm_owner.job (a table
 * of level n is only ever entered from one of level n + 1, so four is enough
 * and nothing recurses). A table on the stack has exactly one type use, the
 * walk's, and is not VALIDATED; its entries below .index hold their references
 * while it is being promoted or demoted alike. The entry at .index names the table
 * above it on the stack, which is the walk's until it is done. So a promotion that
 * fails half way simply becomes a demotion of what stands on the stack.
 *
 *	promote:  index runs up to 512, taking;  then VALIDATED, pop
 *	demote:   index runs down to 0, dropping; then the last use goes, pop
 *
 * Read next: ptable.c, which writes single entries; owner.c, where frames come from and go.
 */
#include "mm/types.h"

#include <parley/errno.h>
#include <seam/directmap.h>

#include "lib/log.h"
#include "mm/alloc.h"
#include "mm/group.h"
#include "mm/l1.h"
#include "mm/paging.h"

static bool type_is_table(u8 type)
{
	return type >= FRAME_L1 && type <= FRAME_L4;
}

void frame_free(struct mm_owner *o, struct frame *f)
{
	mfn_t m = frame_mfn(f);

	o->stats[PV_STATS_WORK_flush_all] += tlb_flush_filtered(mm_tlb_cpus(o), f->tlb_stamp);
	frame_list_remove(&o->frames, f);
	m2p_array()[m.v] = M2P_INVALID;
	f->owner = FRAME_OWNER_HV;
	f->type = FRAME_NONE;
	f->flags = 0;
	alloc_free_frames(m, 0);
}

int frame_get(struct mm_owner *o, mfn_t m)
{
	struct frame *f = frame_owned(o, m.v);

	if (f == NULL) {
		return -PV_EINVAL;
	}
	f->refs++;
	return 0;
}

static void frame_put_ref(struct mm_owner *o, struct frame *f)
{
	if (--f->refs == 0) {
		frame_free(o, f);
	}
}

void frame_put(struct mm_owner *o, mfn_t m)
{
	frame_put_ref(o, frame_at(m));
}

void frame_change_type(struct mm_owner *o, struct frame *f, u8 type)
{
	bool flush = f->type != FRAME_NONE && f->type != type;

	f->type = type;
	f->flags &= (u8)~FRAME_VALIDATED;
	if (flush) {
		o->stats[PV_STATS_WORK_flush_all] +=
			tlb_flush_filtered(mm_tlb_cpus(o), f->tlb_stamp);
	}
}

/* Give a frame without uses its first use as `type`. */
static void type_set(struct mm_owner *o, struct frame *f, u8 type)
{
	f->type_refs = 1;
	f->refs++;
	frame_change_type(o, f, type);
}

static void job_push(struct mm_job *job, struct frame *f, u16 index)
{
	job->stack[job->depth].mfn = (u32)frame_mfn(f).v;
	job->stack[job->depth].index = index;
	job->stack[job->depth].level = f->type;
	job->depth++;
}

/*
 * Take the child that a level 2..4 entry names. 0: done; 1: its own entries
 * must be looked at first and it was pushed; else -PV_EINVAL.
 */
static int entry_take(struct mm_owner *o, u64 e, u32 level)
{
	struct frame *child = frame_owned(o, pte_mfn(e).v);
	u8 type = (u8)(level - 1);

	if ((e & PTE_LX_REFUSED) || child == NULL) {
		return -PV_EINVAL;
	}
	if (child->type_refs != 0) {
		if (child->type != type || !(child->flags & FRAME_VALIDATED)) {
			return -PV_EINVAL;
		}
		child->type_refs++;
		child->refs++;
		return 0;
	}
	type_set(o, child, type);
	job_push(&o->job, child, 0);
	return 1;
}

/* Drop a use of a table. True if it was the last and the table was pushed to be demoted. */
static bool table_drop(struct mm_owner *o, struct frame *f, u64 stamp)
{
	f->tlb_stamp = stamp;
	if (f->type_refs > 1) {
		f->type_refs--;
		frame_put_ref(o, f);
		return false;
	}
	f->flags &= (u8)~FRAME_VALIDATED;
	job_push(&o->job, f, PTE_TABLE_ENTRIES);
	return true;
}

/* A table whose turn begins: where does it have entries to look at? */
static void promote_begin(struct mm_owner *o, struct frame *f, const u64 *table)
{
	o->work += PTE_TABLE_ENTRIES;
	f->groups = group_find_all(table);
	if (f->type == FRAME_L4) {
		f->groups &= ~GROUP_OF_HV_SLOTS;
	}
}

/*
 * Promote the level 2..4 table on top until it is done (0), a child was pushed
 * (1) or the budget ends, but at least by one entry.
 */
static int promote_upper(struct mm_owner *o, u32 top, u32 groups, u64 *table)
{
	struct mm_job *job = &o->job;
	u32 level = job->stack[top].level;
	u32 i = job->stack[top].index;
	int rc = 0;

	while (rc == 0) {
		i = group_entry_from(table, groups, i);
		if (i == PTE_TABLE_ENTRIES) {
			break;
		}
		rc = entry_take(o, table[i], level);
		if (rc < 0) {
			break;
		}
		table[i] = pte_lx_for_hardware(table[i]);
		o->work++;
		if (rc == 0) {
			i++;
			rc = o->work >= o->work_limit ? MM_RESTART : 0;
		}
	}
	job->stack[top].index = (u16)i;
	return rc;
}

/* The table on top is one now. The entry that named it holds its use from here on. */
static void promote_finish(struct mm_owner *o, struct frame *f)
{
	struct mm_job *job = &o->job;

	if (f->type == FRAME_L4) {
		paging_install_hv_slots(mfn_to_virt(frame_mfn(f)));
	}
	f->flags |= FRAME_VALIDATED;
	o->stats[PV_STATS_WORK_validation]++;
	job->depth--;
	if (job->depth > 0) {
		job->stack[job->depth - 1].index++;
	}
}

static int promote_top(struct mm_owner *o)
{
	struct mm_job *job = &o->job;
	u32 top = job->depth - 1;
	struct frame *f = frame_at(mfn(job->stack[top].mfn));
	u64 *table = mfn_to_virt(frame_mfn(f));
	int rc;

	if (o->work >= o->work_limit) {
		return MM_RESTART;
	}
	if (job->stack[top].index == 0) {
		promote_begin(o, f, table);
	}
	if (job->stack[top].level == FRAME_L1) {
		u32 done = 0;

		rc = l1_take_all(o, table, f->groups, &done);
		job->stack[top].index = (u16)done;
	} else {
		rc = promote_upper(o, top, f->groups, table);
	}
	if (rc == 0) {
		promote_finish(o, f);
	}
	return rc;
}

/* The table on top has dropped all: its last use goes. */
static void demote_finish(struct mm_owner *o, struct frame *f)
{
	o->job.depth--;
	f->type_refs = 0;
	o->stats[PV_STATS_WORK_devalidation]++;
	frame_put_ref(o, f);
}

/* Drop the entries of the level 2..4 table on top until it is done or a child was pushed (0), or budget ends. */
static int demote_upper(struct mm_owner *o, u32 top, struct frame *f, const u64 *table)
{
	struct mm_job *job = &o->job;
	u32 i = job->stack[top].index;
	/* As in l1_drop_all(): who flushes from now on cannot walk to this table. */
	u64 stamp = tlb_stamp();

	for (;;) {
		i = group_end_below(table, f->groups, i);
		job->stack[top].index = (u16)i;
		if (i == 0) {
			demote_finish(o, f);
			return 0;
		}
		if (o->work >= o->work_limit) {
			return MM_RESTART;
		}
		i--;
		job->stack[top].index = (u16)i;
		o->work++;
		if (table_drop(o, frame_at(pte_mfn(table[i])), stamp)) {
			return 0;
		}
	}
}

static int demote_top(struct mm_owner *o)
{
	struct mm_job *job = &o->job;
	u32 top = job->depth - 1;
	struct frame *f = frame_at(mfn(job->stack[top].mfn));
	const u64 *table = mfn_to_virt(frame_mfn(f));

	if (o->work >= o->work_limit) {
		return MM_RESTART;
	}
	if (job->stack[top].level == FRAME_L1) {
		o->work += PTE_TABLE_ENTRIES;
		l1_drop_all(o, table, f->groups, job->stack[top].index);
		demote_finish(o, f);
		return 0;
	}
	return demote_upper(o, top, f, table);
}

/*
 * Run the job until its stack is empty or the budget ends (MM_RESTART). 0 with
 * job.result telling how a promotion went.
 */
static int job_run(struct mm_owner *o)
{
	struct mm_job *job = &o->job;

	while (job->depth > 0) {
		int rc = job->state == MM_JOB_PROMOTE ? promote_top(o) : demote_top(o);

		if (rc == MM_RESTART) {
			return MM_RESTART;
		}
		if (rc < 0) {
			job->result = rc;
			job->state = MM_JOB_DEMOTE;
		}
	}
	return 0;
}

static void job_begin(struct mm_owner *o, enum mm_job_state state)
{
	o->job.state = state;
	o->job.depth = 0;
	o->job.result = 0;
}

/* A promotion that was resumed is over: keep its outcome for its operation. */
static void job_keep_outcome(struct mm_owner *o)
{
	struct mm_job *job = &o->job;

	if (job->root == FRAME_LIST_END) {
		job->state = MM_JOB_IDLE; /* a plain demotion: nobody waits */
		return;
	}
	job->state = job->result == 0 ? MM_JOB_HELD : MM_JOB_FAILED;
	job->patience = MM_HOLD_PATIENCE;
}

int mm_settle_slow(struct mm_owner *o)
{
	if (mm_has_debt(o)) {
		if (job_run(o) == MM_RESTART) {
			return MM_RESTART;
		}
		job_keep_outcome(o);
	}
	return 0;
}

/* Demote f, whose last use is the caller's. May leave the rest as debt. */
static void job_demote(struct mm_owner *o, struct frame *f)
{
	job_begin(o, MM_JOB_DEMOTE);
	o->job.root = FRAME_LIST_END;
	table_drop(o, f, tlb_stamp());
	if (job_run(o) == 0) {
		o->job.state = MM_JOB_IDLE;
	}
}

/*
 * The job's slot is wanted. An outcome that waits for its operation is given
 * some time, then dropped. 0: the slot is free. MM_RESTART, too, when a tree was
 * dropped: frames that the caller has looked at may be no tables any more, or gone.
 */
static int job_claim(struct mm_owner *o)
{
	struct mm_job *job = &o->job;
	struct frame *f;

	if (job->state == MM_JOB_IDLE) {
		return 0;
	}
	if (job->patience > 0) {
		job->patience--;
		return MM_RESTART;
	}
	if (job->state == MM_JOB_FAILED) {
		job->state = MM_JOB_IDLE;
		return 0;
	}
	f = frame_at(mfn(job->root));
	if (f->type_refs > 1) {
		job->state = MM_JOB_IDLE;
		table_drop(o, f, tlb_stamp());
		return 0;
	}
	job_demote(o, f);
	return MM_RESTART;
}

int mm_reserve_slow(struct mm_owner *o, mfn_t m)
{
	if (o->job.state >= MM_JOB_HELD && o->job.root == (u32)m.v) {
		return 0;
	}
	return job_claim(o);
}

/* An earlier, preempted attempt at this very promotion has ended: take its outcome. */
static bool job_take_outcome(struct mm_owner *o, struct frame *f, u8 type, int *rc)
{
	struct mm_job *job = &o->job;

	if (job->state < MM_JOB_HELD || job->root != (u32)frame_mfn(f).v) {
		return false;
	}
	if (job->state == MM_JOB_HELD && f->type != type) {
		return false;
	}
	*rc = job->result;
	job->state = MM_JOB_IDLE;
	return true;
}

/* First use of f as a page table: walk it. */
static int table_promote(struct mm_owner *o, struct frame *f, u8 type)
{
	struct mm_job *job = &o->job;
	int rc = job_claim(o);

	if (rc != 0) {
		return rc;
	}
	job_begin(o, MM_JOB_PROMOTE);
	job->root = (u32)frame_mfn(f).v;
	type_set(o, f, type);
	job_push(job, f, 0);
	rc = job_run(o);
	if (rc == 0) {
		rc = job->result;
		job->state = MM_JOB_IDLE;
	}
	return rc;
}

static int segdesc_promote(struct mm_owner *o, struct frame *f)
{
	o->work += PTE_TABLE_ENTRIES; /* as many descriptors */
	type_set(o, f, FRAME_SEGDESC);
	if (!descriptor_validate_page(mfn_to_virt(frame_mfn(f)))) {
		f->type_refs = 0;
		frame_put_ref(o, f);
		return -PV_EINVAL;
	}
	f->flags |= FRAME_VALIDATED;
	return 0;
}

int frame_get_type(struct mm_owner *o, mfn_t m, enum frame_type type)
{
	struct frame *f = frame_owned(o, m.v);
	int rc;

	if (f == NULL) {
		return -PV_EINVAL;
	}
	if (unlikely(o->job.state >= MM_JOB_HELD) && job_take_outcome(o, f, (u8)type, &rc)) {
		return rc;
	}
	if (f->type_refs != 0) {
		if (f->type != (u8)type) {
			return -PV_EINVAL;
		}
		f->type_refs++;
		f->refs++;
		return 0;
	}
	if (type_is_table((u8)type)) {
		return table_promote(o, f, (u8)type);
	}
	if (type == FRAME_SEGDESC) {
		return segdesc_promote(o, f);
	}
	type_set(o, f, (u8)type);
	return 0;
}

int frame_get_table_slow(struct mm_owner *o, mfn_t m, enum frame_type type)
{
	int rc = mm_reserve(o, m);

	return rc != 0 ? rc : frame_get_type(o, m, type);
}

int frame_get_writable(struct mm_owner *o, struct frame *f)
{
	if (f->type_refs == 0) {
		type_set(o, f, FRAME_WRITABLE);
		return 0;
	}
	if (f->type != FRAME_WRITABLE) {
		return -PV_EBUSY;
	}
	f->type_refs++;
	f->refs++;
	return 0;
}

void frame_put_type(struct mm_owner *o, mfn_t m)
{
	struct frame *f = frame_at(m);

	if (type_is_table(f->type)) {
		if (f->type_refs > 1) {
			table_drop(o, f, tlb_stamp());
			return;
		}
		invariant(o->job.state == MM_JOB_IDLE); /* mm_reserve() saw to it */
		job_demote(o, f);
		return;
	}
	if (--f->type_refs == 0) {
		f->tlb_stamp = tlb_stamp();
	}
	frame_put_ref(o, f);
}

int frame_pin(struct mm_owner *o, mfn_t m, enum frame_type type)
{
	struct frame *f = frame_owned(o, m.v);
	int rc;

	if (f == NULL || (f->flags & FRAME_PINNED)) {
		return -PV_EINVAL;
	}
	rc = frame_get_type(o, m, type);
	if (rc == 0) {
		f->flags |= FRAME_PINNED;
	}
	return rc;
}

int frame_unpin(struct mm_owner *o, mfn_t m)
{
	struct frame *f = frame_owned(o, m.v);

	if (f == NULL || !(f->flags & FRAME_PINNED)) {
		return -PV_EINVAL;
	}
	f->flags &= (u8)~FRAME_PINNED;
	frame_put_type(o, m);
	return 0;
}
