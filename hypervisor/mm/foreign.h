/*
 * Frames in another domain's hands: what a grant adds to the rules of frame.h.
 *
 *  - Each pin of a grant (channel/gnttab_pin.h) holds one reference of the
 *    granted frame, and one use as WRITABLE if it may be written to. So a frame
 *    that someone may write to cannot become a page table, and one that its
 *    owner has given back waits for the last pin.
 *  - A level-1 entry that names a frame of another owner holds nothing: the pin
 *    behind it does. Such entries are written by foreign_entry_write() alone;
 *    all other writes refuse to name a foreign frame, so a table that has one and
 *    stops being a table cannot become one again with it. Entries may go in any
 *    way: what goes is not counted.
 *  - An entry that names a frame of its own table's owner counts as any other
 *    does, also if it was made by a grant of the domain's to itself.
 *
 * Whoever takes a pin away has seen to it before that no CPU can use the
 * mapping any more: frame.tlb_stamp knows of the owner's CPUs only.
 *
 * Read next: ../channel/gnttab_pin.h.
 */
#ifndef MM_FOREIGN_H
#define MM_FOREIGN_H

#include <parley/errno.h>
#include <seam/directmap.h>

#include "lib/log.h"
#include "mm/group.h"
#include "mm/l1.h"
#include "mm/ptable.h"

/*
 * For a pin, under o->lock: a reference to frame m of o's, and a use as WRITABLE.
 * 0; -PV_EINVAL: no frame of o's; -PV_EBUSY: it is in use as something else.
 */
static inline int must_check frame_get_foreign(struct mm_owner *o, u64 m, bool writable)
{
	struct frame *f = frame_owned(o, m);

	if (unlikely(f == NULL)) {
		return -PV_EINVAL;
	}
	if (writable) {
		if (unlikely(f->type != FRAME_WRITABLE)) {
			return frame_get_writable(o, f);
		}
		f->type_refs++;
	}
	f->refs++;
	return 0;
}

/*
 * Drop it, under o->lock. A frame without mappings is stamped here as well: when
 * the owner's own last mapping went, this reference hid that it was the last.
 */
static inline void frame_put_foreign(struct mm_owner *o, u64 m, bool writable)
{
	struct frame *f = frame_at(mfn(m));

	f->type_refs -= writable;
	f->refs--;
	if (f->refs <= 1 || (writable && f->type_refs == 0)) {
		l1_frame_unmapped(o, f, tlb_stamp());
	}
}

/*
 * Write a present level-1 entry that names a frame of which a pin is held with the
 * entry's rights, and drop what stood there. Under the lock of o, the table's owner.
 */
static inline void foreign_entry_write(struct mm_owner *o, u64 *p, u64 entry)
{
	struct frame *f = frame_at(pte_mfn(entry));
	u64 old = READ_ONCE(*p);

	if (f->owner == o->id) {
		f->refs++; /* it is as it must be: the pin sees to that */
		f->type_refs += (entry & PTE_WRITE) != 0;
	}
	group_note(frame_at(virt_to_mfn(p)), (u64)p % PAGE_SIZE / sizeof(*p));
	__atomic_store_n(p, pte_l1_for_hardware(entry), __ATOMIC_RELAXED);
	if (old & PTE_PRESENT) {
		l1_entry_drop(o, old);
	}
}

/* Is it an entry that such a write has made? */
static inline bool foreign_entry_is(u64 e, u64 m, bool writable)
{
	u64 want = PTE_PRESENT | (writable ? PTE_WRITE : 0);

	return (e & (PTE_PRESENT | PTE_WRITE)) == want && pte_mfn(e).v == m;
}

/*
 * Clear an entry that is present, names m and is writable or not as said: 0, or
 * -PV_EINVAL if it is not so. The caller flushes. Under the lock of o.
 */
static inline int must_check foreign_entry_clear(struct mm_owner *o, u64 *p, u64 m, bool writable)
{
	u64 old = READ_ONCE(*p);

	if (!foreign_entry_is(old, m, writable)) {
		return -PV_EINVAL;
	}
	__atomic_store_n(p, 0, __ATOMIC_RELAXED);
	l1_entry_drop(o, old);
	return 0;
}

/* The same, and then the entry *from moves there, whatever it is; -PV_EINVAL also if both are one. */
static inline int must_check foreign_entry_replace(struct mm_owner *o, u64 *p, u64 m, bool writable,
						   u64 *from)
{
	u64 old = READ_ONCE(*p);

	if (p == from || !foreign_entry_is(old, m, writable)) {
		return -PV_EINVAL;
	}
	__atomic_store_n(p, *from, __ATOMIC_RELAXED);
	__atomic_store_n(from, 0, __ATOMIC_RELAXED);
	l1_entry_drop(o, old);
	return 0;
}

#endif
