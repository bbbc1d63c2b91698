/*
 * Level-1 entries: what taking and dropping one does to the frame it maps.
 * Inline, since a guest does this more often than anything else. Internal to
 * mm/. Under the owner's lock.
 *
 * Read next: ptable.c.
 */
#ifndef MM_L1_H
#define MM_L1_H

#include <parley/errno.h>

#include "mm/pte.h"
#include "mm/tlb.h"
#include "mm/types.h"

/* Make a frame without uses one of the type, contents not yet looked at, and flush if it must be. */
void frame_change_type(struct mm_owner *o, struct frame *f, u8 type);

/* The last reference of f went: give it back to the allocator. */
void frame_free(struct mm_owner *o, struct frame *f);

/*
 * A writable mapping of a frame that is not WRITABLE yet: make it so, as yet without
 * uses. 0, or -PV_EINVAL: it has uses as something else.
 */
int l1_make_writable(struct mm_owner *o, u64 e) must_check;

/* l1_entry_take_fast() has taken nothing: l1_make_writable() comes first. */
#define L1_NOT_WRITABLE_YET 1

/*
 * Take the references of a present entry: 0, -PV_EINVAL or L1_NOT_WRITABLE_YET. It
 * calls nothing, so that who uses it for single entries need save no registers.
 */
static inline int must_check l1_entry_take_fast(struct mm_owner *o, u64 e)
{
	struct frame *f = frame_owned(o, pte_mfn(e).v);

	if (unlikely((e & PTE_L1_REFUSED) || f == NULL)) {
		return -PV_EINVAL;
	}
	if (e & PTE_WRITE) {
		if (unlikely(f->type != FRAME_WRITABLE)) {
			return L1_NOT_WRITABLE_YET;
		}
		f->type_refs++;
	}
	f->refs++;
	return 0;
}

/* All of it: 0 or -PV_EINVAL. */
static inline int must_check l1_entry_take(struct mm_owner *o, u64 e)
{
	int rc = l1_entry_take_fast(o, e);

	if (unlikely(rc == L1_NOT_WRITABLE_YET)) {
		rc = l1_make_writable(o, e);
		if (rc == 0) {
			rc = l1_entry_take_fast(o, e);
		}
	}
	return rc;
}

/*
 * Drop those of a present entry of a validated table. True if it was the last
 * mapping, or the last writable one: then the caller stamps the frame
 * (tlb_stamp()) and frees it if no reference is left, by l1_frame_unmapped().
 */
static inline bool l1_entry_put(struct mm_owner *o, u64 e, struct frame **frame)
{
	struct frame *f = frame_at(pte_mfn(e));
	bool last = false;

	*frame = f;
	if (unlikely(f->owner != o->id)) {
		return false; /* a grant's mapping: its pin holds the references (foreign.h) */
	}
	if (e & PTE_WRITE) {
		last = --f->type_refs == 0;
	}
	return --f->refs <= 1 || last;
}

/* After l1_entry_put() said true: stamp the frame, and free it if that was the last reference. */
static inline void l1_frame_unmapped(struct mm_owner *o, struct frame *f, u64 stamp)
{
	f->tlb_stamp = stamp;
	if (unlikely(f->refs == 0)) {
		frame_free(o, f);
	}
}

/* All of it, for an entry that was just replaced. */
static inline void l1_entry_drop(struct mm_owner *o, u64 e)
{
	struct frame *f;

	if (l1_entry_put(o, e, &f)) {
		l1_frame_unmapped(o, f, tlb_stamp());
	}
}

/*
 * Take all entries of a table, which are in those groups, and give them their hardware form: 0, or
 * -PV_EINVAL with *done the number of entries taken, which the caller drops.
 */
int l1_take_all(struct mm_owner *o, u64 *table, u32 groups, u32 *done) must_check;

/* Drop the entries [0, count). */
void l1_drop_all(struct mm_owner *o, const u64 *table, u32 groups, u32 count);

#endif
