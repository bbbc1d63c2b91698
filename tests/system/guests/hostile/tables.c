/*
 * Whole tables: pinning and unpinning, top-level tables of the kernel and of
 * user mode, page types that must not mix, and stale translations.
 * Read next: frames.c.
 */
#include "groups.h"

#include <stdint.h>

#include "check.h"
#include "cpu.h"
#include "hypercall.h"
#include "mmu.h"
#include "page.h"
#include "probe.h"
#include "scratch.h"
#include "start.h"

#define MAPPED MMU_PTE_DATA

/* A fresh page made read-only, ready to be a table. */
static uint64_t *table_new(void)
{
	uint64_t *table = page_alloc();

	mmu_make_readonly(table);
	return table;
}

static void table_drop(uint64_t *table)
{
	mmu_make_writable(table);
	page_free(table);
}

static void check_pins(void)
{
	uint64_t *table = table_new();
	uint64_t *data = page_alloc();
	unsigned long mfn = mmu_page_mfn(table);
	unsigned long max = (unsigned long)hypercall_memory_op(PV_MEMORY_maximum_ram_page, NULL);

	check_result("tables: unpin what is not pinned", mmu_unpin(mfn), -PV_EINVAL);
	check_result("tables: pin", mmu_pin(1, mfn), 0);
	check_result("tables: pin twice", mmu_pin(1, mfn), -PV_EINVAL);
	check_refused("tables: pin at another level", mmu_pin(2, mfn));
	check_refused("tables: pinned table writable", mmu_make_writable(table));
	check_result("tables: unpin", mmu_unpin(mfn), 0);
	check_result("tables: unpin twice", mmu_unpin(mfn), -PV_EINVAL);
	for (int level = 1; level <= 4; level++) {
		check_refused("tables: pin with a writable mapping left",
			      mmu_pin(level, mmu_page_mfn(data)));
	}
	check_result("tables: writable again after unpin", mmu_make_writable(table), 0);
	check_refused("tables: pin beyond memory", mmu_pin(1, max + 1));
	check_refused("tables: pin at 2^40", mmu_pin(1, 1ul << 40));
	check_refused("tables: pin at 2^52", mmu_pin(4, 1ul << 52));
	check_refused("tables: pin at 2^64-1", mmu_pin(4, ~0ul));
	check_refused("tables: unpin beyond memory", mmu_unpin(max + 1));
	check_refused("tables: unpin at 2^64-1", mmu_unpin(~0ul));
	page_free(data);
	page_free(table);
}

/* A table with one bad entry, at each position in turn; nothing stays behind. */
static void check_bad_contents(void)
{
	static const unsigned positions[] = { 0, 1, 100, 510, 511 };
	unsigned long bad = 0, first = 0;
	long got = 0;

	for (int level = 1; level <= 4; level++) {
		for (unsigned i = 0; i < 5; i++) {
			uint64_t *table = page_alloc();
			long rc;

			/* Beyond any memory: no level may have it. */
			table[positions[i]] = mmu_pte(1ul << 36, MAPPED);
			mmu_make_readonly(table);
			rc = mmu_pin(level, mmu_page_mfn(table));
			if (rc >= 0 && bad++ == 0) {
				first = (unsigned long)level << 16 | positions[i];
				got = rc;
			}
			/* The failed pin must not hold the page. */
			rc = mmu_make_writable(table);
			if (rc != 0 && bad++ == 0) {
				first = (unsigned long)level << 16 | positions[i] | 1 << 24;
				got = rc;
			}
			page_free(table);
		}
	}
	check_sweep("tables: pin with one bad entry", bad, first, got);
}

/* The table maps itself writable: the one moment when both counts are wanted. */
static void check_self_reference(void)
{
	for (int level = 1; level <= 4; level++) {
		uint64_t *table = page_alloc();

		table[7] = mmu_pte(mmu_page_mfn(table), MAPPED);
		mmu_make_readonly(table);
		check_refused("tables: pin a table that maps itself",
			      mmu_pin(level, mmu_page_mfn(table)));
		check_result("tables: and it is an ordinary page still", mmu_make_writable(table),
			     0);
		page_free(table);
	}
}

/* The same table below two levels at once. */
static void check_mixed_levels(void)
{
	uint64_t *leaf = table_new(), *upper = page_alloc();
	unsigned long leaf_mfn = mmu_page_mfn(leaf);

	upper[0] = mmu_pte(leaf_mfn, MAPPED);
	mmu_make_readonly(upper);
	check_result("tables: leaf pinned as L1", mmu_pin(1, leaf_mfn), 0);
	check_refused("tables: L1 as L2 below a new L3", mmu_pin(3, mmu_page_mfn(upper)));
	check_result("tables: L1 below a new L2", mmu_pin(2, mmu_page_mfn(upper)), 0);
	check_result("tables: leaf unpinned, still in use", mmu_unpin(leaf_mfn), 0);
	check_refused("tables: leaf in use writable", mmu_make_writable(leaf));
	check_result("tables: upper unpinned", mmu_unpin(mmu_page_mfn(upper)), 0);
	check_result("tables: leaf free", mmu_make_writable(leaf), 0);
	check_result("tables: upper free", mmu_make_writable(upper), 0);
	page_free(leaf);
	page_free(upper);
}

static void check_roots(void)
{
	static const unsigned commands[] = { PV_MMUEXT_NEW_BASEPTR, PV_MMUEXT_NEW_USER_BASEPTR };
	uint64_t *data = page_alloc();
	unsigned long max = (unsigned long)hypercall_memory_op(PV_MEMORY_maximum_ram_page, NULL);

	for (unsigned i = 0; i < 2; i++) {
		check_refused("tables: root an ordinary page",
			      mmu_ext(commands[i], mmu_page_mfn(data), 0));
		check_refused("tables: root an L1", mmu_ext(commands[i], scratch_table(1), 0));
		check_refused("tables: root an L3", mmu_ext(commands[i], scratch_table(3), 0));
		check_refused("tables: root beyond memory", mmu_ext(commands[i], max + 1, 0));
		check_refused("tables: root at 2^40", mmu_ext(commands[i], 1ul << 40, 0));
		check_refused("tables: root at 2^52", mmu_ext(commands[i], 1ul << 52, 0));
		check_refused("tables: root at 2^64-1", mmu_ext(commands[i], ~0ul, 0));
	}
	check_refused("tables: kernel root 0", mmu_ext(PV_MMUEXT_NEW_BASEPTR, 0, 0));
	check_result("tables: no user root", mmu_ext(PV_MMUEXT_NEW_USER_BASEPTR, 0, 0), 0);
	check_result("tables: the same root again",
		     mmu_ext(PV_MMUEXT_NEW_BASEPTR, mmu_root_mfn(), 0), 0);
	page_free(data);
}

/* A copy of the top-level table is a root as good as the first, and droppable. */
static void check_second_root(void)
{
	const uint64_t *old = (const uint64_t *)start_info->pt_base;
	uint64_t *root = page_alloc();
	unsigned long mfn = mmu_page_mfn(root);
	unsigned long wrong = 0;

	for (unsigned i = 0; i < PV_PT_ENTRIES; i++) {
		root[i] = old[i];
	}
	mmu_make_readonly(root);
	check_result("tables: second root pinned", mmu_pin(4, mfn), 0);
	check_result("tables: second root in use", mmu_ext(PV_MMUEXT_NEW_BASEPTR, mfn, 0), 0);
	check_result("tables: unpinned in use", mmu_unpin(mfn), 0);
	check_refused("tables: writable in use", mmu_make_writable(root));
	check_result("tables: first root back", mmu_ext(PV_MMUEXT_NEW_BASEPTR, mmu_root_mfn(), 0),
		     0);
	check_result("tables: second root free", mmu_make_writable(root), 0);
	for (unsigned i = 0; i < 256; i++) {
		wrong += root[i] != old[i];
	}
	check_result("tables: its entries as they were", (long)wrong, 0);
	page_free(root);
}

/*
 * A page is written through one mapping, made read-only there without asking
 * for a flush, and pinned. The old translation must be gone by then.
 */
static void check_stale_translation(void)
{
	uint64_t *page = page_alloc();
	unsigned long fault;

	page[0] = 0;
	hypercall_update_va_mapping((uintptr_t)page, mmu_pte(mmu_page_mfn(page), MMU_PTE_READ_ONLY),
				    PV_UVMF_NONE);
	check_result("tables: pin after no flush", mmu_pin(1, mmu_page_mfn(page)), 0);
	fault = probe_write((uintptr_t)page, mmu_pte(mmu_root_mfn(), MAPPED));
	/* With emulation on, the store is checked and refused in the same way. */
	check_result("tables: store through a stale translation", (long)fault, PROBE_FAULT(14));
	check_result("tables: and nothing is stored", (long)page[0], 0);
	mmu_unpin(mmu_page_mfn(page));
	table_drop(page);
}

/* An unmapped page is out of reach at once. */
static void check_unmapped(void)
{
	uint64_t *page = page_alloc();
	uint64_t value;

	page[0] = 1;
	hypercall_update_va_mapping((uintptr_t)page, 0, PV_UVMF_INVLPG);
	check_result("tables: read of an unmapped page", (long)probe_read((uintptr_t)page, &value),
		     PROBE_FAULT(14));
	mmu_make_writable(page);
	page_free(page);
}

static void check_other_operations(void)
{
	uint64_t *data = page_alloc();
	unsigned long mfn = mmu_page_mfn(data);

	check_refused("tables: clear a table", mmu_ext(PV_MMUEXT_CLEAR_PAGE, scratch_table(1), 0));
	check_refused("tables: clear the root", mmu_ext(PV_MMUEXT_CLEAR_PAGE, mmu_root_mfn(), 0));
	check_refused("tables: clear beyond memory", mmu_ext(PV_MMUEXT_CLEAR_PAGE, 1ul << 40, 0));
	check_refused("tables: copy over a table",
		      mmu_ext(PV_MMUEXT_COPY_PAGE, scratch_table(1), mfn));
	check_refused("tables: copy from beyond memory",
		      mmu_ext(PV_MMUEXT_COPY_PAGE, mfn, 1ul << 40));
	check_refused("tables: unknown operation 14", mmu_ext(14, 0, 0));
	check_refused("tables: superpage mark", mmu_ext(PV_MMUEXT_MARK_SUPER, mfn, 0));
	check_refused("tables: unknown operation 100", mmu_ext(100, mfn, 0));
	check_refused("tables: unknown operation 2^32-1", mmu_ext(~0u, mfn, 0));
	check_result("tables: flush of a non-canonical address",
		     mmu_ext(PV_MMUEXT_INVLPG_LOCAL, 0x8000000000000000ul, 0), 0);
	check_result("tables: flush of the hypervisor's address",
		     mmu_ext(PV_MMUEXT_INVLPG_ALL, PV_HYPERVISOR_VIRT_START, 0), 0);
	page_free(data);
}

/* Counts that are wrong, and batches that run off the end of mapped memory. */
static void check_counts(void)
{
	struct pv_mmu_update *update;
	struct pv_mmuext_op *op;
	uint64_t *page = page_alloc();
	unsigned long last = SCRATCH_VA + KIT_PAGE_SIZE;
	unsigned done = 77;

	/* SCRATCH_VA's page is the last one mapped there. */
	update = (struct pv_mmu_update *)(last - sizeof(*update));
	*update = (struct pv_mmu_update){ .ptr = mmu_page_mfn(page) << 12, .val = 5 };
	check_result("tables: no updates", hypercall_mmu_update(update, 0, &done, PV_DOMID_SELF),
		     0);
	check_result("tables: batch that ends in a fault",
		     hypercall_mmu_update(update, 2, &done, PV_DOMID_SELF), -PV_EFAULT);
	check_result("tables: one was done", done, 1);
	check_result("tables: 2^31-1 updates",
		     hypercall_mmu_update(update, 0x7fffffff, &done, PV_DOMID_SELF), -PV_EFAULT);
	check_result("tables: one was done", done, 1);
	op = (struct pv_mmuext_op *)(last - sizeof(*op));
	*op = (struct pv_mmuext_op){ .cmd = PV_MMUEXT_TLB_FLUSH_LOCAL };
	done = 77;
	check_result("tables: operations that end in a fault",
		     hypercall_mmuext_op(op, 2, &done, PV_DOMID_SELF), -PV_EFAULT);
	check_result("tables: one was done", done, 1);
	check_result("tables: 2^31-1 operations",
		     hypercall_mmuext_op(op, 0x7fffffff, &done, PV_DOMID_SELF), -PV_EFAULT);
	check_result("tables: one was done", done, 1);
	check_result("tables: and the store happened", (long)page[0], 5);
	page_free(page);
}

void tables_check(void)
{
	scratch_init();
	check_pins();
	check_bad_contents();
	check_self_reference();
	check_mixed_levels();
	check_roots();
	check_second_root();
	check_stale_translation();
	check_unmapped();
	check_other_operations();
	check_counts();
}
