/*
 * Segment descriptors and the tables that a guest makes of them. A frame that
 * holds them has type FRAME_SEGDESC: no writable mapping, every descriptor
 * checked and given privilege level 3, so whatever the guest loads, it stays
 * in ring 3.
 *
 * A vCPU holds one type use of each frame of its GDT and LDT.
 */
#ifndef PV_DESCRIPTOR_H
#define PV_DESCRIPTOR_H

#include "domain/domain.h"
#include "mm/types.h"

#define GDT_ENTRIES_MAX (GDT_GUEST_PAGES * 512)
#define LDT_ENTRIES_MAX (LDT_MAX_PAGES * 512)

/*
 * Make a descriptor fit for a guest: privilege level 3 and accessed (the
 * processor may not write to the table). False if it cannot be: a gate, a
 * system segment, or 64-bit and 32-bit at once.
 */
bool descriptor_fix(u64 *descriptor);

/*
 * Replace v's GDT by `count` frames with `entries` descriptors, 0: none. All
 * are checked before any is given up. 0; -PV_EINVAL: nothing changed;
 * MM_RESTART. Under domain.mm.lock after mm_settle(). If v runs here its
 * window is refreshed.
 */
int gdt_set(struct vcpu *v, const u64 *frames, u32 entries) must_check;

/* The same for its LDT, at a page-aligned guest address of v's kernel half. */
int ldt_set(struct vcpu *v, u64 base, u32 entries) must_check;

/* End of a vCPU: give up both. Under the lock; v does not run. */
void descriptor_tables_drop(struct vcpu *v);

#endif
