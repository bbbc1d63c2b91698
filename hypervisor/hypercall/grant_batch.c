/*
 * Lists of grant operations. Each element is read once, done, and its status
 * written. A run does at least one element, and stops when MM_BUDGET is spent; the
 * call is restarted with the elements that are left, so nothing of its progress is
 * kept anywhere. An element whose result cannot be written is done nevertheless.
 *
 * Read next: ../channel/gnttab_map.c.
 */
#include "hypercall/grant_batch.h"

#include <parley/errno.h>
#include <parley/grant_table.h>
#include <parley/hypercall.h>
#include <seam/cpu.h>

#include "channel/gnttab_map.h"
#include "hypercall/hypercall.h"
#include "mm/guest.h"
#include "mm/types.h"

/* Unmaps share a flush. */
#define UNMAP_GROUP 16U

/* A run: what it has to do and has done, in elements and in its budget's units. */
struct run {
	struct vcpu *v;
	u64 list;
	u32 left;
	u32 work;
};

/*
 * A step, for each kind of operation: does one element or more at r->list. How many, which are
 * counted off by the caller; or negative: an errno, or MM_RESTART before any.
 */

static int map_step(struct run *r)
{
	union {
		struct pv_gnttab_map_grant_ref op;
		u64 words[4];
	} e;
	u64 list = r->list;

	if (guest_read_words(e.words, list, 4) != 0) {
		return -PV_EFAULT;
	}
	if (unlikely(gnttab_map(r->v, &e.op) != 0)) {
		return MM_RESTART;
	}
	r->work += GNTTAB_WORK;
	/* dom, status, handle; dev_bus_addr */
	return guest_write_back(list, e.words, 2, 2) != 0 ? -PV_EFAULT : 1;
}

_Static_assert(offsetof(struct pv_gnttab_map_grant_ref, dom) == 16 &&
		       offsetof(struct pv_gnttab_map_grant_ref, status) == 18 &&
		       offsetof(struct pv_gnttab_map_grant_ref, handle) == 20,
	       "map_step() writes these as one word");

union unmap_element {
	struct pv_gnttab_unmap_grant_ref unmap;
	struct pv_gnttab_unmap_and_replace replace;
	u64 words[3];
};

_Static_assert(sizeof(union unmap_element) == 24 &&
		       offsetof(struct pv_gnttab_unmap_grant_ref, status) == 20 &&
		       offsetof(struct pv_gnttab_unmap_and_replace, status) == 20,
	       "unmap_group() writes the last word");

/* With the lock held: how many could be read and were done, and what is gone in all. */
static inline __attribute__((always_inline)) u32 unmap_some(struct run *r, u32 n, bool replace,
							    union unmap_element *e,
							    struct gnttab_undone *undone, u32 *gone)
{
	for (u32 i = 0; i < n; i++) {
		if (unlikely(guest_read_words(e[i].words, r->list + i * sizeof(*e), 3) != 0)) {
			return i;
		}
		e[i].unmap.status = gnttab_unmap(r->v, e[i].unmap.handle, e[i].unmap.host_addr,
						 replace ? 0 : e[i].unmap.dev_bus_addr,
						 replace ? e[i].replace.new_addr : 0, &undone[i]);
		*gone |= undone[i].flags;
	}
	return n;
}

/* n that share a flush; the budget may be exceeded by them. Made twice, for one alone is the usual. */
static inline __attribute__((always_inline)) int unmap_group(struct run *r, u32 want, bool replace)
{
	union unmap_element e[UNMAP_GROUP];
	struct gnttab_undone undone[UNMAP_GROUP];
	struct mm_owner *mm = &r->v->domain->mm;
	bool failed = false;
	u32 gone = 0, n;

	undone[0].flags = 0;
	if (unlikely(mm_begin(mm) != 0)) {
		return MM_RESTART;
	}
	n = unmap_some(r, want, replace, e, undone, &gone);
	mm->work += n * GNTTAB_WORK;
	gnttab_unmap_end(mm, undone, n, gone);
	r->work += n * GNTTAB_WORK;
	for (u32 i = 0; i < n; i++) {
		failed |= guest_write_back(r->list + i * sizeof(*e), e[i].words, 2, 1) != 0;
	}
	return n != want || failed ? -PV_EFAULT : (int)n;
}

static __attribute__((noinline)) int unmap_many(struct run *r, bool replace)
{
	return unmap_group(r, MIN(r->left, UNMAP_GROUP), replace);
}

static inline int unmap_step(struct run *r)
{
	return r->left == 1 ? unmap_group(r, 1, false) : unmap_many(r, false);
}

static int replace_step(struct run *r)
{
	return unmap_many(r, true);
}

static int copy_step(struct run *r)
{
	union {
		struct pv_gnttab_copy op;
		u64 words[5];
	} e;
	u64 list = r->list;

	if (guest_read_words(e.words, list, 5) != 0) {
		return -PV_EFAULT;
	}
	e.op.status = gnttab_copy(r->v->domain, &e.op);
	r->work += GNTTAB_WORK + e.op.len / 8U;
	return guest_write_back(list, e.words, 4, 1) != 0 ? -PV_EFAULT : 1;
}

_Static_assert(offsetof(struct pv_gnttab_copy, len) == 32, "copy_step() writes the last word");

static int swap_step(struct run *r)
{
	struct pv_gnttab_swap_grant_ref op;

	if (guest_read(&op, r->list, sizeof(op)) != 0) {
		return -PV_EFAULT;
	}
	op.status = gnttab_swap(r->v->domain, op.ref_a, op.ref_b);
	r->work += GNTTAB_WORK;
	return guest_write(r->list + offsetof(struct pv_gnttab_swap_grant_ref, status), &op.status,
			   sizeof(op.status)) != 0 ?
		       -PV_EFAULT :
		       1;
}

/* Pages do not change hands here: each is told so. */
static int transfer_step(struct run *r)
{
	s16 status = PV_GNTST_general_error;

	r->work += GNTTAB_WORK;
	return guest_write(r->list + offsetof(struct pv_gnttab_transfer, status), &status,
			   sizeof(status)) != 0 ?
		       -PV_EFAULT :
		       1;
}

/* Caches are coherent here and no domain has devices, so a sound request is done as it comes. */
static int cache_flush_step(struct run *r)
{
	struct pv_gnttab_cache_flush op;
	u32 known = PV_GNTTAB_CACHE_CLEAN | PV_GNTTAB_CACHE_INVAL;

	if (guest_read(&op, r->list, sizeof(op)) != 0) {
		return -PV_EFAULT;
	}
	r->work += GNTTAB_WORK;
	if (op.op & PV_GNTTAB_CACHE_SOURCE_GREF) {
		return -PV_EOPNOTSUPP;
	}
	if (op.length > PAGE_SIZE || op.offset > PAGE_SIZE - op.length || (op.op & ~known)) {
		return -PV_EINVAL;
	}
	return 1;
}

/* Do elements until all are done (0), one's memory is not there, or the budget ends (MM_RESTART). */
static inline int run_list(struct run *r, int (*step)(struct run *r), u32 size)
{
	while (r->left != 0) {
		int did = step(r);

		if (unlikely(did < 0)) {
			return did;
		}
		r->list += (u64)(u32)did * size;
		r->left -= (u32)did;
		if (unlikely(r->work >= MM_BUDGET) && r->left != 0) {
			return MM_RESTART;
		}
	}
	return 0;
}

/* A multicall's budget counts these, too; map and unmap do so where they have the lock. */
static int run_counted(struct run *r, int (*step)(struct run *r), u32 size)
{
	struct mm_owner *mm = &r->v->domain->mm;
	int rc = run_list(r, step, size);

	spin_lock(&mm->lock);
	mm->work += r->work;
	spin_unlock(&mm->lock);
	return rc;
}

static int run(struct run *r, u32 cmd)
{
	if (cmd == PV_GNTTABOP_map_grant_ref) {
		return run_list(r, map_step, sizeof(struct pv_gnttab_map_grant_ref));
	}
	if (cmd == PV_GNTTABOP_unmap_grant_ref) {
		return run_list(r, unmap_step, sizeof(struct pv_gnttab_unmap_grant_ref));
	}
	switch (cmd) {
	case PV_GNTTABOP_copy:
		return run_counted(r, copy_step, sizeof(struct pv_gnttab_copy));
	case PV_GNTTABOP_unmap_and_replace:
		return run_list(r, replace_step, sizeof(struct pv_gnttab_unmap_and_replace));
	case PV_GNTTABOP_swap_grant_ref:
		return run_counted(r, swap_step, sizeof(struct pv_gnttab_swap_grant_ref));
	case PV_GNTTABOP_cache_flush:
		return run_counted(r, cache_flush_step, sizeof(struct pv_gnttab_cache_flush));
	default:
		return run_counted(r, transfer_step, sizeof(struct pv_gnttab_transfer));
	}
}

long grant_batch(u32 cmd, u64 list, u64 count)
{
	struct run r = { .v = current_vcpu(), .list = list, .left = (u32)count };
	int rc;

	if (unlikely((s32)r.left < 0)) {
		return -PV_EINVAL;
	}
	rc = run(&r, cmd);
	if (unlikely(rc == MM_RESTART)) {
		return hypercall_restart(PV_HYPERCALL_grant_table_op, cmd, r.list, r.left, 0);
	}
	return rc;
}
