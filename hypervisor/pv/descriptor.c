/*
 * Segment descriptors: the checks, and the vCPU's tables.
 *
 * In 64-bit mode base and limit of code and data segments mean little and
 * cannot give access to anything that page tables do not, so only the type
 * matters.
 */
#include "pv/descriptor.h"

#include <parley/errno.h>
#include <seam/cpu.h>
#include <seam/directmap.h>

#include "cpu/switch.h"
#include "mm/guest.h"
#include "mm/ptable.h"

#define DESC_ACCESSED   (1UL << 40)
#define DESC_CODE       (1UL << 43)
#define DESC_TYPE       (0xfUL << 40)
#define DESC_SEGMENT    (1UL << 44) /* clear: gate or system segment */
#define DESC_DPL        (3UL << 45)
#define DESC_PRESENT    (1UL << 47)
#define DESC_LONG       (1UL << 53)
#define DESC_DEFAULT_32 (1UL << 54)

bool descriptor_fix(u64 *descriptor)
{
	u64 d = *descriptor;

	if (!(d & DESC_PRESENT)) {
		return true; /* whoever loads it gets a fault */
	}
	if (!(d & DESC_SEGMENT)) {
		return (d & DESC_TYPE) == 0; /* reserved type: a fault, too */
	}
	if ((d & (DESC_CODE | DESC_LONG | DESC_DEFAULT_32)) ==
	    (DESC_CODE | DESC_LONG | DESC_DEFAULT_32)) {
		return false;
	}
	*descriptor = d | DESC_DPL | DESC_ACCESSED;
	return true;
}

bool descriptor_validate_page(u64 *page)
{
	for (u32 i = 0; i < PAGE_SIZE / 8; i++) {
		u64 d = page[i];

		if (!descriptor_fix(&d)) {
			return false;
		}
		if (d != page[i]) {
			WRITE_ONCE(page[i], d);
		}
	}
	return true;
}

static u32 pages_of(u32 entries)
{
	return (entries + 511) / 512;
}

/* Give up the first `count` of a table's frames. */
static void drop_frames(struct mm_owner *o, mfn_t *frames, u32 count)
{
	for (u32 i = 0; i < count; i++) {
		frame_put_type(o, frames[i]);
		frames[i] = MFN_INVALID;
	}
}

/* Take `count` frames as descriptor tables: all or, with an error, none. */
static int take_frames(struct mm_owner *o, mfn_t *frames, u32 count)
{
	for (u32 i = 0; i < count; i++) {
		int err = frame_get_type(o, frames[i], FRAME_SEGDESC);

		if (err != 0) {
			drop_frames(o, frames, i);
			return err;
		}
	}
	return 0;
}

int gdt_set(struct vcpu *v, const u64 *frames, u32 entries)
{
	struct mm_owner *o = &v->domain->mm;
	mfn_t old[GDT_GUEST_PAGES], new[GDT_GUEST_PAGES];
	u32 count = pages_of(entries), old_count = pages_of(v->gdt_entries);
	int err;

	if (entries > GDT_ENTRIES_MAX) {
		return -PV_EINVAL;
	}
	for (u32 i = 0; i < count; i++) {
		new[i] = mfn(frames[i]);
	}
	err = take_frames(o, new, count);
	if (err != 0) {
		return err;
	}
	for (u32 i = 0; i < GDT_GUEST_PAGES; i++) {
		old[i] = v->gdt_frames[i];
		v->gdt_frames[i] = i < count ? new[i] : MFN_INVALID;
	}
	v->gdt_entries = entries;
	/* Before the old frames may become anything else, the CPU must be off them. */
	if (v == current_vcpu()) {
		vcpu_load_gdt_window(v);
	}
	drop_frames(o, old, old_count);
	return 0;
}

/* The frames that v's kernel half has mapped at base. */
static int find_ldt_frames(struct vcpu *v, u64 base, mfn_t *frames, u32 count)
{
	for (u32 i = 0; i < count; i++) {
		const u64 *p = ptable_find_l1(v->kernel_cr3, base + i * PAGE_SIZE);
		u64 entry = p != NULL ? READ_ONCE(*p) : 0;

		if (!(entry & PTE_PRESENT)) {
			return -PV_EINVAL;
		}
		frames[i] = pte_mfn(entry);
	}
	return 0;
}

int ldt_set(struct vcpu *v, u64 base, u32 entries)
{
	struct mm_owner *o = &v->domain->mm;
	mfn_t old[LDT_MAX_PAGES], new[LDT_MAX_PAGES];
	u32 count = pages_of(entries), old_count = pages_of(v->ldt_entries);
	int err;

	if (entries == 0 && v->ldt_entries == 0) {
		return 0; /* most context switches */
	}
	if (entries > LDT_ENTRIES_MAX || (base & (PAGE_SIZE - 1)) != 0 ||
	    (entries != 0 && !guest_range_ok(base, 8UL * entries))) {
		return -PV_EINVAL;
	}
	err = find_ldt_frames(v, base, new, count);
	if (err == 0) {
		err = take_frames(o, new, count);
	}
	if (err != 0) {
		return err;
	}
	for (u32 i = 0; i < LDT_MAX_PAGES; i++) {
		old[i] = v->ldt_frames[i];
		v->ldt_frames[i] = i < count ? new[i] : MFN_INVALID;
	}
	v->ldt_base = entries != 0 ? base : 0;
	v->ldt_entries = entries;
	if (v == current_vcpu()) {
		vcpu_load_ldt_window(v);
	}
	drop_frames(o, old, old_count);
	return 0;
}

void descriptor_tables_drop(struct vcpu *v)
{
	struct mm_owner *o = &v->domain->mm;

	drop_frames(o, v->gdt_frames, pages_of(v->gdt_entries));
	drop_frames(o, v->ldt_frames, pages_of(v->ldt_entries));
	v->gdt_entries = 0;
	v->ldt_entries = 0;
	v->ldt_base = 0;
}
