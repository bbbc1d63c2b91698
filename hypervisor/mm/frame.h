/*
 * TOUR(8) The frame table: for every machine frame its owner, its one current type,
 * how many uses it has as that type, and how many references at all.
 *
 * The rules (proved by the audit, mm/audit.h):
 *  - A frame owned by a domain holds one reference for being allocated
 *    (FRAME_ALLOCATED). Each present L1 entry of a validated table holds one,
 *    each writable one a type use FRAME_WRITABLE as well. Each present L2..L4
 *    entry of a validated table holds one reference and one type use of the
 *    level below. A pin, a CR3 of a vCPU, a descriptor-table slot likewise.
 *    What other domains hold by grants, and their entries: mm/foreign.h.
 *  - The type changes only while type_refs is 0, and a frame that could have
 *    been written through a stale TLB entry is flushed first (mm/tlb.h).
 *  - A frame is freed when its last reference goes.
 *
 * Locks: every field of a frame that a domain owns is protected by that
 * domain's mm.lock; those of free and hypervisor frames by the allocator lock.
 *
 * Read next: pte.h (the entries), types.h (changing types).
 */
#ifndef MM_FRAME_H
#define MM_FRAME_H

#include "mm/addr.h"

enum frame_type {
	FRAME_NONE = 0,
	FRAME_L1 = 1, /* page tables: the numbers are the levels */
	FRAME_L2 = 2,
	FRAME_L3 = 3,
	FRAME_L4 = 4,
	FRAME_SEGDESC = 5,  /* GDT or LDT page, every descriptor checked */
	FRAME_WRITABLE = 6, /* may be mapped writable */
};

/* frame.flags */
#define FRAME_ALLOCATED (1U << 0) /* owner holds its allocation reference */
#define FRAME_VALIDATED (1U << 1) /* contents obey the type's rules */
#define FRAME_PINNED    (1U << 2) /* owner holds a pin: 1 reference, 1 type use */
#define FRAME_DYING     (1U << 3) /* the owner's end has dropped both */

/* frame.owner, where no domain: above every domid */
#define FRAME_OWNER_FREE 0xfffeU /* in the allocator */
#define FRAME_OWNER_HV   0xffffU /* hypervisor's own, or no RAM */

struct frame {
	u32 refs;      /* all references */
	u32 type_refs; /* uses as .type */
	u16 owner;     /* domid, or FRAME_OWNER_* */
	u8 type;       /* enum frame_type */
	u8 flags;      /* FRAME_* */
	union {
		u32 order;  /* of a free block: log2 of its size */
		u32 groups; /* of a table in use: where entries may be present (mm/group.h) */
	};
	u64 tlb_stamp;  /* flush clock when the last use or mapping went */
	u32 next, prev; /* owner's list or free list: mfns, FRAME_LIST_END */
};

_Static_assert(sizeof(struct frame) == 32, "indexing is a shift");

#define FRAME_LIST_END 0xffffffffU

extern struct frame *frame_table; /* frame_count entries */
extern u64 frame_count;           /* highest RAM mfn + 1 */
extern u64 frame_ram_count;       /* how many of these are RAM */

/* A doubly linked list of frames through .next/.prev. */
struct frame_list {
	u32 head, tail;
	u64 count;
};

/* The frame of a number that is known to be below frame_count. */
static inline struct frame *frame_at(mfn_t m)
{
	return &frame_table[m.v];
}

static inline mfn_t frame_mfn(const struct frame *f)
{
	return mfn((u64)(f - frame_table));
}

#define FRAME_LIST_INIT ((struct frame_list){ FRAME_LIST_END, FRAME_LIST_END, 0 })

/* The lists' locks are their owners'. A frame is on one list at most. */
void frame_list_init(struct frame_list *list);
void frame_list_add(struct frame_list *list, struct frame *f);
void frame_list_remove(struct frame_list *list, struct frame *f);

#endif
