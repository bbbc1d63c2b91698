/* mmu_update, update_va_mapping, mmuext_op. Read next: memory_calls.c. */
#include "groups.h"

#include <stdint.h>

#include "calls.h"
#include "cpu.h"
#include "hypercall.h"
#include "mmu.h"
#include "page.h"
#include "probe.h"
#include "user.h"

#define VA   0x14000000000ul
#define VA_B (VA + (1ul << 21)) /* by the next level-1 table */
#define DATA MMU_PTE_DATA

static uint64_t *page, *other;

static uint64_t pte_of(const void *p, uint64_t flags)
{
	return mmu_pte(mmu_page_mfn(p), flags);
}

static long update(uint64_t ptr, uint64_t value, unsigned domid)
{
	struct pv_mmu_update request = { .ptr = ptr, .val = value };

	return hypercall_mmu_update(&request, 1, NULL, domid);
}

static void check_updates(void)
{
	struct pv_mmu_update twice[2];
	uint64_t entry, maddr = mmu_walk(VA, 1, &entry);
	unsigned done = 77;

	DOES("mmu_update.NORMAL_PT_UPDATE", "an entry",
	     update(maddr, pte_of(page, DATA), PV_DOMID_SELF), 0);
	DOES("mmu_update.PT_UPDATE_PRESERVE_AD", "an entry",
	     update(maddr | PV_MMU_PT_UPDATE_PRESERVE_AD, pte_of(page, DATA), PV_DOMID_SELF), 0);
	DOES("mmu_update.MACHPHYS_UPDATE", "our frame's own number",
	     update(mmu_page_mfn(page) << 12 | PV_MMU_MACHPHYS_UPDATE,
		    ((uintptr_t)page - MMU_VIRT_BASE) / KIT_PAGE_SIZE, PV_DOMID_SELF),
	     0);
	if (calls_on_parley()) {
		REFUSES("mmu_update.NORMAL_PT_UPDATE", PV_EINVAL, "between two entries",
			update(maddr + 4, 0, PV_DOMID_SELF));
	}
	REFUSES("mmu_update.NORMAL_PT_UPDATE", PV_EINVAL, "a frame beyond memory",
		update(ODD_FRAME << 12, 0, PV_DOMID_SELF));
	if (calls_on_parley()) {
		REFUSES("mmu_update.NORMAL_PT_UPDATE", PV_EINVAL, "to a frame beyond memory",
			update(maddr, mmu_pte(ODD_FRAME >> 1, DATA), PV_DOMID_SELF));
	}
	if (calls_on_parley()) {
		REFUSES("mmu_update.NORMAL_PT_UPDATE", PV_EINVAL, "a table, writable",
			update(maddr, mmu_pte(mmu_root_mfn(), DATA), PV_DOMID_SELF));
	}
	REFUSES("mmu_update", PV_EINVAL, "a number of our frames' beyond memory",
		update(ODD_FRAME << 12 | PV_MMU_MACHPHYS_UPDATE, 1, PV_DOMID_SELF));
	if (calls_on_parley()) {
		REFUSES("mmu_update", PV_EPERM, "another domain", update(maddr, 0, 100));
	}
	REFUSES("mmu_update", PV_EFAULT, "requests from nowhere",
		hypercall_mmu_update((void *)NOWHERE, 1, NULL, PV_DOMID_SELF));
	twice[0] = (struct pv_mmu_update){ .ptr = maddr, .val = pte_of(page, DATA) };
	twice[1] = (struct pv_mmu_update){ .ptr = maddr + 1, .val = 0 };
	twice[1].ptr = maddr + 4;
	if (calls_on_parley()) {
		REFUSES("mmu_update", PV_EINVAL, "the second of two",
			hypercall_mmu_update(twice, 2, &done, PV_DOMID_SELF));
	}
	check_true("mmu_update: one was done", calls_on_parley() ? done == 1 : true);
	DOES("mmu_update", "none", hypercall_mmu_update(NULL, 0, NULL, PV_DOMID_SELF), 0);
}

/* The three addresses between a canonical address's edges, and what has no table. */
static void check_va_mapping(void)
{
	static const unsigned long bad[] = { 0x0000800000000000ul, 0x8000000000000000ul,
					     0xffff7ffffffff000ul, 0x7ffffffffffff000ul };
	unsigned long wrong = 0, first = 0, flags = PV_UVMF_INVLPG | PV_UVMF_ALL;
	long got = 0;

	DOES("update_va_mapping", "an entry",
	     hypercall_update_va_mapping(VA, pte_of(page, DATA), flags), 0);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		/* The same bits 12 to 47 as VA in the last round. */
		unsigned long va = i < 3 ? bad[i] : (VA | 1ul << 63);
		long rc = hypercall_update_va_mapping(va, 0, flags);

		if (rc >= 0 && wrong++ == 0) {
			first = va;
			got = rc;
		}
	}
	check_sweep("update_va_mapping: not canonical", wrong, first, got);
	REFUSES("update_va_mapping", PV_EINVAL, "no table",
		hypercall_update_va_mapping(NOWHERE, 0, 0));
	REFUSES("update_va_mapping", PV_EINVAL, "the hypervisor's",
		hypercall_update_va_mapping(HYPERVISOR, 0, flags));
	if (calls_on_parley()) {
		REFUSES("update_va_mapping", PV_EINVAL, "a table, writable",
			hypercall_update_va_mapping(VA, mmu_pte(mmu_root_mfn(), DATA), flags));
	}
	if (calls_on_parley()) {
		REFUSES("update_va_mapping", PV_EFAULT, "a bitmap from nowhere",
			hypercall_update_va_mapping(VA, pte_of(page, DATA),
						    PV_UVMF_INVLPG | NOWHERE));
		REFUSES("update_va_mapping", PV_EINVAL, "both kinds of flush",
			hypercall_update_va_mapping(VA, pte_of(page, DATA),
						    PV_UVMF_INVLPG | PV_UVMF_TLB_FLUSH));
	}
	check_true("update_va_mapping: the page is there", *(volatile uint64_t *)VA == page[0]);
}

/* Between two writes at one address an entry above changes: the second goes where it leads then. */
static void check_upper_entry_in_batch(void)
{
	uint64_t from, to, l1_before = 0, l1_after = 0;
	uint64_t l2 = mmu_walk(VA, 2, &from), maddr_a = mmu_walk(VA, 1, &l1_before), maddr_b;
	struct pv_mmu_update switch_l2 = { .ptr = l2 };
	struct pv_multicall_entry calls[3] = {
		{ .op = PV_HYPERCALL_update_va_mapping, .args = { VA, 0, PV_UVMF_INVLPG } },
		{ .op = PV_HYPERCALL_mmu_update,
		  .args = { (uintptr_t)&switch_l2, 1, 0, PV_DOMID_SELF } },
		{ .op = PV_HYPERCALL_update_va_mapping,
		  .args = { VA, pte_of(other, DATA), PV_UVMF_INVLPG } },
	};

	(void)mmu_walk(VA_B, 2, &to);
	maddr_b = mmu_walk(VA_B, 1, &l1_after);
	calls[0].args[1] = pte_of(page, DATA);
	switch_l2.val = to;
	DOES("multicall.update_va_mapping", "across a change above", hypercall_multicall(calls, 3),
	     0);
	check_true("multicall.update_va_mapping: each did",
		   calls[0].result == 0 && calls[1].result == 0 && calls[2].result == 0);
	l1_after = ((const volatile uint64_t *)mmu_pfn_to_va(
		mmu_mfn_to_pfn(maddr_b >> 12)))[mmu_index(VA, 1)];
	l1_before = ((const volatile uint64_t *)mmu_pfn_to_va(
		mmu_mfn_to_pfn(maddr_a >> 12)))[mmu_index(VA, 1)];
	check_true("multicall.update_va_mapping: the new table has the second",
		   mmu_pte_mfn(l1_after) == mmu_page_mfn(other));
	check_true("multicall.update_va_mapping: the old one the first",
		   mmu_pte_mfn(l1_before) == mmu_page_mfn(page));
	check_result("multicall.update_va_mapping: put back", mmu_write_entry(l2, from), 0);
	mmu_ext(PV_MMUEXT_TLB_FLUSH_LOCAL, 0, 0);
}

static void check_pins(void)
{
	void *table = page_alloc();
	unsigned long mfn = mmu_page_mfn(table);

	REFUSES("mmuext_op.PIN_L1_TABLE", PV_EINVAL, "mapped writable", mmu_pin(1, mfn));
	mmu_make_readonly(table);
	DOES("mmuext_op.PIN_L1_TABLE", "an empty one", mmu_pin(1, mfn), 0);
	REFUSES("mmuext_op.PIN_L1_TABLE", PV_EINVAL, "pinned already", mmu_pin(1, mfn));
	REFUSES("mmuext_op.PIN_L2_TABLE", PV_EINVAL, "of another level", mmu_pin(2, mfn));
	REFUSES("mmuext_op.PIN_L3_TABLE", PV_EINVAL, "of another level", mmu_pin(3, mfn));
	REFUSES("mmuext_op.PIN_L4_TABLE", PV_EINVAL, "of another level", mmu_pin(4, mfn));
	DOES("mmuext_op.UNPIN_TABLE", "it", mmu_unpin(mfn), 0);
	REFUSES("mmuext_op.UNPIN_TABLE", PV_EINVAL, "not pinned", mmu_unpin(mfn));
	REFUSES("mmuext_op.UNPIN_TABLE", PV_EINVAL, "beyond memory", mmu_unpin(ODD_FRAME));
	for (int level = 2; level <= 4; level++) {
		check_result("mmuext_op: an empty table pinned", mmu_pin(level, mfn), 0);
		check_result("mmuext_op: and unpinned", mmu_unpin(mfn), 0);
	}
	check_result("mmuext_op: a page again", mmu_make_writable(table), 0);
	page_free(table);
}

static void check_roots(void)
{
	struct user_space space;

	DOES("mmuext_op.NEW_BASEPTR", "the same", mmu_ext(PV_MMUEXT_NEW_BASEPTR, mmu_root_mfn(), 0),
	     0);
	REFUSES("mmuext_op.NEW_BASEPTR", PV_EINVAL, "a page",
		mmu_ext(PV_MMUEXT_NEW_BASEPTR, mmu_page_mfn(page), 0));
	REFUSES("mmuext_op.NEW_BASEPTR", PV_EINVAL, "beyond memory",
		mmu_ext(PV_MMUEXT_NEW_BASEPTR, ODD_FRAME, 0));
	check_result("mmuext_op: a root for programs", user_space_init(&space), 0);
	DOES("mmuext_op.NEW_USER_BASEPTR", "one of its own",
	     mmu_ext(PV_MMUEXT_NEW_USER_BASEPTR, space.l4_mfn, 0), 0);
	DOES("mmuext_op.NEW_USER_BASEPTR", "the kernel's",
	     mmu_ext(PV_MMUEXT_NEW_USER_BASEPTR, mmu_root_mfn(), 0), 0);
	DOES("mmuext_op.NEW_USER_BASEPTR", "none", mmu_ext(PV_MMUEXT_NEW_USER_BASEPTR, 0, 0), 0);
	cpu_current()->user = NULL; /* so that the kit loads what it needs */
	REFUSES("mmuext_op.NEW_USER_BASEPTR", PV_EINVAL, "a page",
		mmu_ext(PV_MMUEXT_NEW_USER_BASEPTR, mmu_page_mfn(page), 0));
	check_result("mmuext_op: unpinned", mmu_unpin(space.l4_mfn), 0);
}

static void check_flushes(void)
{
	uint64_t vcpus = 1;

	DOES("mmuext_op.TLB_FLUSH_LOCAL", "all", mmu_ext(PV_MMUEXT_TLB_FLUSH_LOCAL, 0, 0), 0);
	DOES("mmuext_op.INVLPG_LOCAL", "a page", mmu_ext(PV_MMUEXT_INVLPG_LOCAL, VA, 0), 0);
	DOES("mmuext_op.INVLPG_LOCAL", "not canonical",
	     mmu_ext(PV_MMUEXT_INVLPG_LOCAL, 1ul << 63, 0), 0);
	DOES("mmuext_op.TLB_FLUSH_ALL", "all", mmu_ext(PV_MMUEXT_TLB_FLUSH_ALL, 0, 0), 0);
	DOES("mmuext_op.INVLPG_ALL", "a page", mmu_ext(PV_MMUEXT_INVLPG_ALL, VA, 0), 0);
	DOES("mmuext_op.TLB_FLUSH_MULTI", "ourselves",
	     mmu_ext(PV_MMUEXT_TLB_FLUSH_MULTI, 0, (uintptr_t)&vcpus), 0);
	DOES("mmuext_op.INVLPG_MULTI", "ourselves",
	     mmu_ext(PV_MMUEXT_INVLPG_MULTI, VA, (uintptr_t)&vcpus), 0);
	if (calls_on_parley()) {
		REFUSES("mmuext_op.TLB_FLUSH_MULTI", PV_EFAULT, "a bitmap from nowhere",
			mmu_ext(PV_MMUEXT_TLB_FLUSH_MULTI, 0, NOWHERE));
	}
	if (calls_on_parley()) {
		REFUSES("mmuext_op.INVLPG_MULTI", PV_EFAULT, "a bitmap from nowhere",
			mmu_ext(PV_MMUEXT_INVLPG_MULTI, VA, NOWHERE));
	}
	if (calls_on_parley()) {
		REFUSES("mmuext_op.FLUSH_CACHE", PV_EPERM, "no devices",
			mmu_ext(PV_MMUEXT_FLUSH_CACHE, 0, 0));
		REFUSES("mmuext_op.FLUSH_CACHE_GLOBAL", PV_EPERM, "no devices",
			mmu_ext(PV_MMUEXT_FLUSH_CACHE_GLOBAL, 0, 0));
	}
}

static void check_others(void)
{
	struct pv_mmuext_op op = { .cmd = PV_MMUEXT_TLB_FLUSH_LOCAL };
	unsigned long mfn = mmu_page_mfn(page);
	void *ldt = page_alloc();

	REFUSES("mmuext_op.SET_LDT", PV_EINVAL, "8193 entries",
		mmu_ext(PV_MMUEXT_SET_LDT, (uintptr_t)ldt, 8193));
	REFUSES("mmuext_op.SET_LDT", PV_EINVAL, "not page-aligned",
		mmu_ext(PV_MMUEXT_SET_LDT, (uintptr_t)ldt + 8, 1));
	mmu_make_readonly(ldt);
	DOES("mmuext_op.SET_LDT", "a page of them", mmu_ext(PV_MMUEXT_SET_LDT, (uintptr_t)ldt, 512),
	     0);
	DOES("mmuext_op.SET_LDT", "none", mmu_ext(PV_MMUEXT_SET_LDT, 0, 0), 0);
	check_result("mmuext_op: the page is free", mmu_make_writable(ldt), 0);
	DOES("mmuext_op.CLEAR_PAGE", "ours", mmu_ext(PV_MMUEXT_CLEAR_PAGE, mfn, 0), 0);
	REFUSES("mmuext_op.CLEAR_PAGE", PV_EINVAL, "a table",
		mmu_ext(PV_MMUEXT_CLEAR_PAGE, mmu_root_mfn(), 0));
	REFUSES("mmuext_op.CLEAR_PAGE", PV_EINVAL, "beyond memory",
		mmu_ext(PV_MMUEXT_CLEAR_PAGE, ODD_FRAME, 0));
	DOES("mmuext_op.COPY_PAGE", "ours", mmu_ext(PV_MMUEXT_COPY_PAGE, mfn, mmu_page_mfn(other)),
	     0);
	REFUSES("mmuext_op.COPY_PAGE", PV_EINVAL, "to a table",
		mmu_ext(PV_MMUEXT_COPY_PAGE, mmu_root_mfn(), mfn));
	REFUSES("mmuext_op.COPY_PAGE", PV_EINVAL, "from beyond memory",
		mmu_ext(PV_MMUEXT_COPY_PAGE, mfn, ODD_FRAME));
	REFUSES("mmuext_op", PV_EFAULT, "from nowhere",
		hypercall_mmuext_op((void *)NOWHERE, 1, NULL, PV_DOMID_SELF));
	if (calls_on_parley()) {
		REFUSES("mmuext_op", PV_EPERM, "another domain",
			hypercall_mmuext_op(&op, 1, NULL, 100));
	}
	op.cmd = 14;
	REFUSES("mmuext_op", PV_ENOSYS, "the gap among the numbers",
		hypercall_mmuext_op(&op, 1, NULL, PV_DOMID_SELF));
	op.cmd = 99;
	REFUSES("mmuext_op", PV_ENOSYS, "beyond the numbers",
		hypercall_mmuext_op(&op, 1, NULL, PV_DOMID_SELF));
	page_free(ldt);
}

void mmu_calls_check(void)
{
	page = page_alloc();
	other = page_alloc();
	page[0] = 0x11;
	check_result("mmu: two tables",
		     mmu_map(mmu_root_mfn(), VA, pte_of(page, DATA)) |
			     mmu_map(mmu_root_mfn(), VA_B, pte_of(page, DATA)),
		     0);
	check_updates();
	check_va_mapping();
	check_upper_entry_in_batch();
	check_pins();
	check_roots();
	check_flushes();
	check_others();
	mmu_set_mapping(VA, 0);
	mmu_set_mapping(VA_B, 0);
	page_free(page);
	page_free(other);
}
