/*
 * The audit. Three steps: the holds that are facts of a frame itself or of the
 * job, those of tables' entries, those of the domain room; then the comparison.
 *
 * The counts have their own memory, a page for each 128 frames that are referred
 * to, so that a machine of any size can be audited.
 */
#include "mm/audit.h"

#include <parley/errno.h>
#include <seam/directmap.h>

#include "lib/log.h"
#include "lib/string.h"
#include "mm/alloc.h"
#include "mm/group.h"
#include "mm/paging.h"
#include "mm/pte.h"
#include "mm/types.h"

#define COMPLAINTS_LOGGED 8

struct count {
	u32 refs;
	u32 type_refs;
	u8 type;        /* of the uses found; FRAME_NONE: none */
	bool is_mixed;  /* uses of different types */
	bool is_shared; /* not in the owner's list */
	bool is_listed;
	/* of a frame of another owner: entries that name it, less those that may; [writable] */
	s32 foreign[2];
	u32 pad[3];
};

#define COUNTS_PER_PAGE (PAGE_SIZE / sizeof(struct count))

_Static_assert(sizeof(struct count) == 32, "whole pages of them");

struct mm_audit {
	const struct mm_owner *owner;
	struct count **pages; /* NULL: nothing refers to these frames */
	u64 page_count;
	u64 wrong;
	bool out_of_memory;
	u64 *scratch; /* a page */
};

void mm_audit_complain(struct mm_audit *a, mfn_t m, const char *what)
{
	const struct frame *f;

	if (a->wrong++ >= COMPLAINTS_LOGGED) {
		return;
	}
	if (m.v >= frame_count) {
		log_error("audit d%u: frame %#lx: %s", a->owner->id, (unsigned long)m.v, what);
		return;
	}
	f = frame_at(m);
	log_error("audit d%u: frame %#lx: %s (owner %u type %u flags %u refs %u type_refs %u)",
		  a->owner->id, (unsigned long)m.v, what, f->owner, f->type, f->flags, f->refs,
		  f->type_refs);
}

/* The count of a frame below frame_count, or NULL without memory. */
static struct count *count_of(struct mm_audit *a, mfn_t m)
{
	struct count **page = &a->pages[m.v / COUNTS_PER_PAGE];

	if (*page == NULL) {
		*page = alloc_page();
	}
	if (*page == NULL) {
		a->out_of_memory = true;
		return NULL;
	}
	return &(*page)[m.v % COUNTS_PER_PAGE];
}

void mm_audit_hold(struct mm_audit *a, mfn_t m, enum frame_type type)
{
	struct count *c;

	if (m.v >= frame_count || frame_at(m)->owner != a->owner->id) {
		mm_audit_complain(a, m, "held, but not the domain's");
		return;
	}
	c = count_of(a, m);
	if (c == NULL) {
		return;
	}
	c->refs++;
	if (type != FRAME_NONE) {
		c->is_mixed |= c->type_refs != 0 && c->type != (u8)type;
		c->type = (u8)type;
		c->type_refs++;
	}
}

/* A frame of another's, below frame_count and in use by somebody. */
static bool is_foreign(const struct mm_audit *a, mfn_t m)
{
	return m.v < frame_count && frame_at(m)->owner != a->owner->id &&
	       frame_at(m)->owner < FRAME_OWNER_FREE;
}

void mm_audit_foreign(struct mm_audit *a, mfn_t m, bool writable)
{
	struct count *c = is_foreign(a, m) ? count_of(a, m) : NULL;

	if (c != NULL) {
		c->foreign[writable]--;
	} else {
		mm_audit_complain(a, m, "mapped by a grant, but nobody else's");
	}
}

void mm_audit_shared(struct mm_audit *a, mfn_t m)
{
	struct count *c = m.v < frame_count ? count_of(a, m) : NULL;

	if (c != NULL) {
		c->is_shared = true;
	}
	mm_audit_hold(a, m, FRAME_WRITABLE);
}

/* ---- the frames' own facts ---- */

static void hold_flags(struct mm_audit *a, const struct frame *f)
{
	if (f->flags & FRAME_ALLOCATED) {
		mm_audit_hold(a, frame_mfn(f), FRAME_NONE);
	}
	if (f->flags & FRAME_PINNED) {
		mm_audit_hold(a, frame_mfn(f), (enum frame_type)f->type);
	}
}

/* The owner's list: well linked, of its frames only, each once. */
static void walk_list(struct mm_audit *a)
{
	const struct frame_list *list = &a->owner->frames;
	u32 prev = FRAME_LIST_END;
	u64 n = 0;

	for (u32 m = list->head; m != FRAME_LIST_END; m = frame_table[m].next) {
		struct count *c = m < frame_count ? count_of(a, mfn(m)) : NULL;

		if (a->out_of_memory) {
			return;
		}
		if (c == NULL || c->is_listed || frame_table[m].prev != prev ||
		    frame_table[m].owner != a->owner->id) {
			mm_audit_complain(a, mfn(m), "the domain's list is broken here");
			return;
		}
		c->is_listed = true;
		prev = m;
		n++;
	}
	if (list->tail != prev || list->count != n) {
		mm_audit_complain(a, mfn(list->tail),
				  "the domain's list has another end or length");
	}
	if (n > mm_top_frames(a->owner)) {
		mm_audit_complain(a, mfn(list->head), "more frames than the domain may have");
	}
}

/* ---- entries ---- */

static void check_entry(struct mm_audit *a, mfn_t table, u32 level, u64 e)
{
	u64 refused = level == FRAME_L1 ? PTE_L1_REFUSED : PTE_LX_REFUSED;
	u64 hardware = level == FRAME_L1 ? pte_l1_for_hardware(e) : pte_lx_for_hardware(e);

	if ((e & refused) != 0 || e != hardware) {
		mm_audit_complain(a, table, "a table with an entry that no guest may have");
	}
}

static void hold_entry(struct mm_audit *a, u32 level, u64 e)
{
	enum frame_type type = FRAME_NONE;

	if (level == FRAME_L1 && is_foreign(a, pte_mfn(e))) {
		struct count *c = count_of(a, pte_mfn(e));

		if (c != NULL) {
			c->foreign[(e & PTE_WRITE) != 0]++;
		}
		return;
	}
	if (level > FRAME_L1) {
		type = (enum frame_type)(level - 1);
	} else if (e & PTE_WRITE) {
		type = FRAME_WRITABLE;
	}
	mm_audit_hold(a, pte_mfn(e), type);
}

/* The entries [0, count) of a table. */
static void walk_table(struct mm_audit *a, mfn_t m, u32 level, u32 count)
{
	const u64 *table = mfn_to_virt(m);

	for (u32 i = 0; i < count; i++) {
		u64 e = READ_ONCE(table[i]);

		if (level == FRAME_L4 && i >= HV_L4_FIRST_SLOT && i <= HV_L4_LAST_SLOT) {
			if (count == PTE_TABLE_ENTRIES && (frame_at(m)->flags & FRAME_VALIDATED) &&
			    !paging_is_hv_slot(i, e)) {
				mm_audit_complain(a, m, "a root without the hypervisor's slots");
			}
		} else if (e & PTE_PRESENT) {
			if (!(frame_at(m)->groups & (1U << (i / PTE_GROUP)))) {
				mm_audit_complain(a, m, "an entry in a group that counts as empty");
			}
			check_entry(a, m, level, e);
			hold_entry(a, level, e);
		}
	}
}

static void check_descriptors(struct mm_audit *a, mfn_t m)
{
	memcpy(a->scratch, mfn_to_virt(m), PAGE_SIZE);
	if (!descriptor_validate_page(a->scratch) ||
	    memcmp(a->scratch, mfn_to_virt(m), PAGE_SIZE) != 0) {
		mm_audit_complain(a, m, "descriptors that no guest may have");
	}
}

static bool is_on_stack(const struct mm_owner *o, mfn_t m)
{
	for (u32 i = 0; mm_has_debt(o) && i < o->job.depth; i++) {
		if (o->job.stack[i].mfn == m.v) {
			return true;
		}
	}
	return false;
}

/* A frame in use as a table: all its entries, unless the job is at it. */
static void walk_frame(struct mm_audit *a, const struct frame *f)
{
	mfn_t m = frame_mfn(f);

	if (f->type_refs == 0 || f->type == FRAME_NONE || f->type == FRAME_WRITABLE ||
	    is_on_stack(a->owner, m)) {
		return;
	}
	if (!(f->flags & FRAME_VALIDATED)) {
		mm_audit_complain(a, m, "in use but not validated");
		return;
	}
	if (f->type == FRAME_SEGDESC) {
		check_descriptors(a, m);
	} else {
		walk_table(a, m, f->type, PTE_TABLE_ENTRIES);
	}
}

/* What the job holds: each table on its stack, what that has taken, and an outcome that waits. */
static void walk_job(struct mm_audit *a)
{
	const struct mm_job *job = &a->owner->job;

	if (job->state == MM_JOB_HELD && job->root < frame_count) {
		mm_audit_hold(a, mfn(job->root), (enum frame_type)frame_table[job->root].type);
	}
	for (u32 i = 0; mm_has_debt(a->owner) && i < job->depth; i++) {
		mfn_t m = mfn(job->stack[i].mfn);

		mm_audit_hold(a, m, (enum frame_type)job->stack[i].level);
		walk_table(a, m, job->stack[i].level, job->stack[i].index);
		if (frame_at(m)->flags & FRAME_VALIDATED) {
			mm_audit_complain(a, m, "half done but validated");
		}
	}
}

/* ---- the comparison ---- */

static void compare(struct mm_audit *a, const struct frame *f)
{
	static const struct count nothing;
	mfn_t m = frame_mfn(f);
	const struct count *c = a->pages[m.v / COUNTS_PER_PAGE];

	c = c == NULL ? &nothing : &c[m.v % COUNTS_PER_PAGE];
	if (f->owner != a->owner->id) {
		if (c->refs != 0 || c->is_listed || c->is_shared) {
			mm_audit_complain(a, m, "used, but not the domain's");
		}
		if (c->foreign[0] > 0 || c->foreign[1] > 0) {
			mm_audit_complain(a, m, "mapped more often than by grants");
		}
		return;
	}
	if (f->refs != c->refs || f->refs == 0) {
		log_error("audit d%u: frame %#lx: %u references found", a->owner->id,
			  (unsigned long)m.v, c->refs);
		mm_audit_complain(a, m, "wrong count of references");
	}
	if (f->type_refs != c->type_refs) {
		log_error("audit d%u: frame %#lx: %u type uses found", a->owner->id,
			  (unsigned long)m.v, c->type_refs);
		mm_audit_complain(a, m, "wrong count of type uses");
	}
	if (c->is_mixed || (c->type_refs != 0 && c->type != f->type)) {
		mm_audit_complain(a, m, "in use as two types");
	}
	if (c->is_listed == c->is_shared) {
		mm_audit_complain(a, m, "neither or both in the domain's list and shared");
	}
}

static s64 count_and_compare(struct mm_audit *a, mm_audit_holds holds, void *arg)
{
	walk_list(a);
	for (u64 i = 0; i < frame_count; i++) {
		if (frame_table[i].owner == a->owner->id) {
			hold_flags(a, &frame_table[i]);
			walk_frame(a, &frame_table[i]);
		}
	}
	walk_job(a);
	holds(a, arg);
	for (u64 i = 0; !a->out_of_memory && i < frame_count; i++) {
		compare(a, &frame_table[i]);
	}
	return a->out_of_memory ? -PV_ENOMEM : (s64)a->wrong;
}

s64 mm_audit(struct mm_owner *o, mm_audit_holds holds, void *arg)
{
	u64 page_count = (frame_count + COUNTS_PER_PAGE - 1) / COUNTS_PER_PAGE;
	struct mm_audit a = {
		.owner = o,
		.page_count = page_count,
		.pages = heap_alloc(page_count * sizeof(*a.pages)),
		.scratch = alloc_page(),
	};
	s64 rc = -PV_ENOMEM;

	if (a.pages != NULL && a.scratch != NULL) {
		rc = count_and_compare(&a, holds, arg);
		for (u64 i = 0; i < page_count; i++) {
			if (a.pages[i] != NULL) {
				alloc_free_page(a.pages[i]);
			}
		}
	}
	if (a.scratch != NULL) {
		alloc_free_page(a.scratch);
	}
	heap_free(a.pages, page_count * sizeof(*a.pages));
	return rc;
}
