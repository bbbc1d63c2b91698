/*
 * Pages that change what they are while the other vCPU has them mapped: the
 * order must be type first, flush next, validate last, and no store may slip
 * in between.
 * Read next: arguments.c.
 */
#include "race.h"

#include <stddef.h>

#include "cpu.h"
#include "hypercall.h"
#include "mmu.h"
#include "page.h"
#include "probe.h"
#include "start.h"

static uint64_t *page, *other_page;
static unsigned long page_mfn;

static bool pages_new(void)
{
	page = page_alloc();
	other_page = page_alloc();
	page_mfn = mmu_page_mfn(page);
	return true;
}

static bool pages_end(void)
{
	bool ok = race_page_is_free(page) && race_page_is_free(other_page);

	page_free(page);
	page_free(other_page);
	return ok;
}

static bool holds_forbidden(const volatile uint64_t *table)
{
	for (unsigned i = 0; i < PV_PT_ENTRIES; i++) {
		if ((table[i] & PV_PTE_PRESENT) != 0 && mmu_pte_mfn(table[i]) == mmu_root_mfn() &&
		    (table[i] & PV_PTE_WRITE) != 0) {
			return true;
		}
	}
	return false;
}

/* Stores to a page of the linear map at the very time it becomes a table. */
static void store_forbidden(void)
{
	for (unsigned i = 0; i < 64; i++) {
		probe_write((uintptr_t)&page[i * 8], race_forbidden());
		probe_write((uintptr_t)&page[i * 8], 0);
	}
}

static bool pin_against_stores(unsigned round)
{
	bool bad = false;

	/* No flush is asked for: that is the hypervisor's duty. */
	hypercall_update_va_mapping((uintptr_t)page, mmu_pte(page_mfn, MMU_PTE_READ_ONLY),
				    PV_UVMF_NONE);
	if (mmu_pin(1, page_mfn) == 0) {
		for (unsigned i = 0; i < 4 && !bad; i++) {
			bad = holds_forbidden(page);
		}
		bad = mmu_unpin(page_mfn) != 0 || bad;
	}
	return mmu_make_writable(page) == 0 && !bad;
}

/* The same by linking it into a live tree, where it is used at once. */
static bool link_against_stores(unsigned round)
{
	unsigned long va = RACE_VA + (2ul << 21);
	uint64_t entry, maddr = mmu_walk(va, 2, &entry);
	bool bad = false;

	hypercall_update_va_mapping((uintptr_t)page, mmu_pte(page_mfn, MMU_PTE_READ_ONLY),
				    PV_UVMF_NONE);
	if (mmu_write_entry(maddr, mmu_pte(page_mfn, MMU_PTE_TABLE)) == 0) {
		bad = holds_forbidden(page);
		bad = mmu_write_entry(maddr, 0) != 0 || bad;
	}
	return mmu_make_writable(page) == 0 && !bad;
}

static bool link_begin(void)
{
	race_entry(RACE_VA);
	return pages_new();
}

/* A second mapping of the page, through which the other vCPU stores. */
static void store_through_alias(void)
{
	for (unsigned i = 0; i < 16; i++) {
		probe_write(RACE_VA + i * 64, race_forbidden());
	}
}

static bool alias_begin(void)
{
	race_entry(RACE_VA);
	return pages_new();
}

/* Mapped and unmapped for the other, then a table: no stale entry may be left. */
static bool alias_then_pin(unsigned round)
{
	uint64_t maddr = race_entry(RACE_VA);
	bool bad = false;

	if (mmu_write_entry(maddr, mmu_pte(page_mfn, MMU_PTE_DATA)) != 0) {
		return false;
	}
	for (unsigned i = 0; i < round % 64; i++) {
		cpu_pause();
	}
	/* The mapping goes without a word about other CPUs' translations. */
	if (hypercall_update_va_mapping(RACE_VA, 0, PV_UVMF_NONE) != 0 ||
	    hypercall_update_va_mapping((uintptr_t)page, mmu_pte(page_mfn, MMU_PTE_READ_ONLY),
					PV_UVMF_NONE) != 0) {
		return false;
	}
	if (mmu_pin(1, page_mfn) == 0) {
		bad = holds_forbidden(page);
		bad = mmu_unpin(page_mfn) != 0 || bad;
	}
	if (mmu_make_writable(page) != 0) {
		return false;
	}
	for (unsigned i = 0; i < PV_PT_ENTRIES; i++) {
		page[i] = 0;
	}
	return !bad;
}

/* Given back while the other vCPU stores to it, and another page taken. */
static bool give_back(unsigned round)
{
	uint64_t maddr = race_entry(RACE_VA);
	uint64_t frame = page_mfn;
	unsigned long pfn = mmu_mfn_to_pfn(frame);

	if (mmu_write_entry(maddr, mmu_pte(frame, MMU_PTE_DATA)) != 0 ||
	    mmu_set_mapping((uintptr_t)page, 0) != 0 ||
	    hypercall_update_va_mapping(RACE_VA, 0, PV_UVMF_NONE) != 0 ||
	    hypercall_reservation(PV_MEMORY_decrease_reservation, &frame, 1, 0, 0, PV_DOMID_SELF) !=
		    1) {
		return false;
	}
	frame = pfn;
	if (hypercall_reservation(PV_MEMORY_populate_physmap, &frame, 1, 0, 0, PV_DOMID_SELF) !=
	    1) {
		return false;
	}
	((uint64_t *)start_info->mfn_list)[pfn] = frame;
	page_mfn = frame;
	if (mmu_make_writable(page) != 0) {
		return false;
	}
	/* Nothing of the other's stores may reach what was taken afterwards. */
	page[0] = 0;
	for (unsigned i = 0; i < 100; i++) {
		if (((volatile uint64_t *)page)[0] != 0) {
			return false;
		}
	}
	return true;
}

/* Both pin, unpin and use the same table. */
static void pin_unpin(void)
{
	mmu_pin(1, page_mfn);
	mmu_unpin(page_mfn);
}

static bool both_pin(unsigned round)
{
	pin_unpin();
	return true;
}

static bool both_pin_begin(void)
{
	return pages_new() && mmu_make_readonly(page) == 0;
}

static bool both_pin_end(void)
{
	mmu_unpin(page_mfn);
	return mmu_make_writable(page) == 0 && pages_end();
}

/* Both write the same entry, by every way there is. */
static uint64_t shared_entry;

static void write_entry(unsigned way)
{
	uint64_t a = mmu_pte(page_mfn, MMU_PTE_DATA);
	uint64_t b = mmu_pte(mmu_page_mfn(other_page), way & 1 ? MMU_PTE_DATA : MMU_PTE_READ_ONLY);

	switch (way % 5) {
	case 0:
		mmu_write_entry(shared_entry, a);
		break;
	case 1:
		mmu_write_entry(shared_entry | PV_MMU_PT_UPDATE_PRESERVE_AD, b);
		break;
	case 2:
		hypercall_update_va_mapping(RACE_VA, 0, PV_UVMF_INVLPG | PV_UVMF_ALL);
		break;
	case 3:
		hypercall_update_va_mapping(RACE_VA, b, PV_UVMF_TLB_FLUSH);
		break;
	default:
		probe_write((uintptr_t)mmu_pfn_to_va(mmu_mfn_to_pfn(mmu_pte_mfn(shared_entry))) +
				    (shared_entry & (KIT_PAGE_SIZE - 1)),
			    a);
		break;
	}
}

static void write_entries(void)
{
	for (unsigned way = 0; way < 5; way++) {
		write_entry(way);
	}
}

static bool both_write(unsigned round)
{
	write_entry(round);
	probe_write(RACE_VA, round);
	return true;
}

static bool both_write_begin(void)
{
	hypercall_vm_assist(PV_VM_ASSIST_CMD_enable, PV_VM_ASSIST_writable_pagetables);
	shared_entry = race_entry(RACE_VA);
	return pages_new();
}

static bool both_write_end(void)
{
	return mmu_write_entry(shared_entry, 0) == 0 && pages_end();
}

/* Roots change under one vCPU while the other unpins and pins them. */
static unsigned long second_root;

static void switch_roots(void)
{
	mmu_ext(PV_MMUEXT_NEW_BASEPTR, second_root, 0);
	mmu_ext(PV_MMUEXT_NEW_BASEPTR, mmu_root_mfn(), 0);
}

static bool roots_begin(void)
{
	const uint64_t *old = (const uint64_t *)start_info->pt_base;

	pages_new();
	for (unsigned i = 0; i < PV_PT_ENTRIES; i++) {
		page[i] = old[i];
	}
	second_root = page_mfn;
	return mmu_make_readonly(page) == 0 && mmu_pin(4, page_mfn) == 0;
}

static bool root_unpin(unsigned round)
{
	/* It may be in use: then it stays a table all the same. */
	mmu_unpin(page_mfn);
	mmu_make_writable(page);
	mmu_make_readonly(page);
	mmu_pin(4, page_mfn);
	return true;
}

static bool roots_end(void)
{
	mmu_unpin(page_mfn);
	return mmu_make_writable(page) == 0 && pages_end();
}

const struct contest race_tables[] = {
	{ "pin-against-stores", pages_new, pages_end, pin_against_stores, store_forbidden },
	{ "link-against-stores", link_begin, pages_end, link_against_stores, store_forbidden },
	{ "pin-against-alias", alias_begin, pages_end, alias_then_pin, store_through_alias },
	{ "give-back", alias_begin, pages_end, give_back, store_through_alias },
	{ "both-pin", both_pin_begin, both_pin_end, both_pin, pin_unpin },
	{ "both-write", both_write_begin, both_write_end, both_write, write_entries },
	{ "roots", roots_begin, roots_end, root_unpin, switch_roots },
	{ NULL, NULL, NULL, NULL, NULL },
};
