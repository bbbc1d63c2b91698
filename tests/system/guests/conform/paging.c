/*
 * Page tables: the effect of every way to write them, the bits that the
 * processor and the guest see, batches that stop in the middle, and stores to
 * live tables of every width.
 * Read next: ports.c.
 */
#include "groups.h"

#include <stddef.h>
#include <stdint.h>

#include "check.h"
#include "cpu.h"
#include "hypercall.h"
#include "mmu.h"
#include "page.h"
#include "probe.h"
#include "start.h"

#define VA         0x10000000000ul
#define DATA       MMU_PTE_DATA
#define CLEAN      (PV_PTE_PRESENT | PV_PTE_WRITE | PV_PTE_USER)
#define PAGE_FAULT PROBE_FAULT(14)

static uint64_t *page_a, *page_b;
static uint64_t entry_maddr;

static uint64_t value_at(unsigned long va)
{
	uint64_t value;

	return probe_read(va, &value) == 0 ? value : ~0ul;
}

static uint64_t entry_now(void)
{
	uint64_t entry = 0;

	mmu_walk(VA, 1, &entry);
	return entry;
}

static uint64_t pte_of(const void *page, uint64_t flags)
{
	return mmu_pte(mmu_page_mfn(page), flags);
}

static void set_up(void)
{
	uint64_t entry;

	page_a = page_alloc();
	page_b = page_alloc();
	page_a[0] = 0xa;
	page_b[0] = 0xb;
	check_result("paging: a new tree", mmu_map(mmu_root_mfn(), VA, pte_of(page_a, DATA)), 0);
	entry_maddr = mmu_walk(VA, 1, &entry);
	check_result("paging: mapped", (long)value_at(VA), 0xa);
}

static void check_updates(void)
{
	uint64_t value;

	check_result("paging: by address and flush",
		     hypercall_update_va_mapping(VA, pte_of(page_b, DATA), PV_UVMF_INVLPG), 0);
	check_result("paging: seen", (long)value_at(VA), 0xb);
	check_result("paging: by address and full flush",
		     hypercall_update_va_mapping(VA, pte_of(page_a, DATA), PV_UVMF_TLB_FLUSH), 0);
	check_result("paging: seen", (long)value_at(VA), 0xa);
	check_result("paging: for all vCPUs",
		     hypercall_update_va_mapping(VA, pte_of(page_b, DATA),
						 PV_UVMF_INVLPG | PV_UVMF_ALL),
		     0);
	check_result("paging: seen", (long)value_at(VA), 0xb);
	check_result("paging: read-only", mmu_set_mapping(VA, pte_of(page_b, MMU_PTE_READ_ONLY)),
		     0);
	check_true("paging: a store faults", probe_write(VA, 1) == PAGE_FAULT &&
						     probe_last_error() == 3 &&
						     probe_last_address() == VA);
	check_result("paging: nothing stored", (long)page_b[0], 0xb);
	check_result("paging: absent", mmu_set_mapping(VA, 0), 0);
	check_true("paging: a load faults",
		   probe_read(VA, &value) == PAGE_FAULT && probe_last_error() == 0);
	check_result("paging: a value that is not present",
		     mmu_set_mapping(VA, 0x123456789abcdef0ul), 0);
	check_true("paging: is kept as it is", entry_now() == 0x123456789abcdef0ul);
	mmu_set_mapping(VA, 0);
}

/* The guest reads its own bits back, with those that the hypervisor adds. */
static void check_bits(void)
{
	uint64_t available = PV_PTE_AVAIL_LOW | (PV_PTE_AVAIL_HIGH & ~(15ul << 59));

	mmu_write_entry(entry_maddr, pte_of(page_a, CLEAN | available));
	check_true("paging: available bits are kept", (entry_now() & available) == available);
	mmu_write_entry(entry_maddr, pte_of(page_a, CLEAN));
	check_result("paging: not accessed at first", (long)(entry_now() & PV_PTE_ACCESSED), 0);
	value_at(VA);
	check_true("paging: accessed by a load",
		   (entry_now() & PV_PTE_ACCESSED) != 0 && (entry_now() & PV_PTE_DIRTY) == 0);
	probe_write(VA, 0xa);
	check_true("paging: dirty by a store", (entry_now() & PV_PTE_DIRTY) != 0);
	check_result("paging: update that preserves them",
		     mmu_write_entry(entry_maddr | PV_MMU_PT_UPDATE_PRESERVE_AD,
				     pte_of(page_a, CLEAN & ~PV_PTE_WRITE)),
		     0);
	check_true("paging: they are there still",
		   (entry_now() & (PV_PTE_ACCESSED | PV_PTE_DIRTY | PV_PTE_WRITE)) ==
			   (PV_PTE_ACCESSED | PV_PTE_DIRTY));
	check_result("paging: update that does not",
		     mmu_write_entry(entry_maddr, pte_of(page_a, CLEAN)), 0);
	check_result("paging: they are gone",
		     (long)(entry_now() & (PV_PTE_ACCESSED | PV_PTE_DIRTY)), 0);
	mmu_set_mapping(VA, pte_of(page_a, CLEAN & ~PV_PTE_USER));
	check_result("paging: the kernel reaches what is not for user mode", (long)value_at(VA),
		     0xa);
}

/* No execution where NX is set: the fetch faults with its own bit. */
static unsigned long call_at(unsigned long va)
{
	unsigned long verdict = 0;

	__asm__ volatile("call *%1\n" : "+a"(verdict) : "r"(va) : "memory", "cc");
	return verdict;
}

static void check_no_execute(void)
{
	*(uint8_t *)page_a = 0xc3;
	mmu_set_mapping(VA, pte_of(page_a, DATA));
	check_result("paging: executed", (long)call_at(VA), 0);
	mmu_set_mapping(VA, pte_of(page_a, DATA | PV_PTE_NX));
	check_true("paging: NX is kept", (entry_now() & PV_PTE_NX) != 0);
	check_result("paging: data there is read all the same", (long)(value_at(VA) & 0xff), 0xc3);
	page_a[0] = 0xa;
}

static void check_batch(void)
{
	struct pv_mmu_update batch[3] = {
		{ .ptr = entry_maddr, .val = pte_of(page_a, DATA) },
		{ .ptr = entry_maddr + 8, .val = mmu_pte(mmu_root_mfn(), DATA) },
		{ .ptr = entry_maddr + 16, .val = pte_of(page_b, DATA) },
	};
	unsigned done = 99;

	mmu_set_mapping(VA, 0);
	check_true("paging: batch with a bad middle",
		   hypercall_mmu_update(batch, 3, &done, PV_DOMID_SELF) < 0);
	check_result("paging: one was done", done, 1);
	check_result("paging: the first", (long)value_at(VA), 0xa);
	check_true("paging: not the third", value_at(VA + 2 * KIT_PAGE_SIZE) == ~0ul);
	batch[1].val = pte_of(page_b, DATA);
	check_result("paging: a good batch", hypercall_mmu_update(batch, 3, &done, PV_DOMID_SELF),
		     0);
	check_result("paging: three were done", done, 3);
	check_result("paging: the third", (long)value_at(VA + 2 * KIT_PAGE_SIZE), 0xb);
	batch[0].val = batch[1].val = batch[2].val = 0;
	hypercall_mmu_update(batch, 3, NULL, PV_DOMID_SELF);
}

static void check_multicall(void)
{
	struct pv_multicall_entry rows[3] = {
		{ .op = PV_HYPERCALL_update_va_mapping,
		  .args = { VA, pte_of(page_a, DATA), PV_UVMF_INVLPG } },
		{ .op = PV_HYPERCALL_update_va_mapping,
		  .args = { VA + KIT_PAGE_SIZE, pte_of(page_b, DATA), PV_UVMF_INVLPG } },
		{ .op = PV_HYPERCALL_update_va_mapping, .args = { VA, 0, PV_UVMF_INVLPG } },
	};

	check_result("paging: multicall", hypercall_multicall(rows, 3), 0);
	check_true("paging: all rows",
		   rows[0].result == 0 && rows[1].result == 0 && rows[2].result == 0);
	check_true("paging: in order", value_at(VA) == ~0ul && value_at(VA + KIT_PAGE_SIZE) == 0xb);
	mmu_set_mapping(VA + KIT_PAGE_SIZE, 0);
}

/* Stores to the live table, of every width and kind that kernels use. */
static void check_stores(void)
{
	uint64_t *table = mmu_pfn_to_va(mmu_mfn_to_pfn(mmu_pte_mfn(entry_maddr)));
	volatile uint64_t *entry = &table[mmu_index(VA, 1)];
	uint64_t old = pte_of(page_b, DATA), zero = 0;
	uint8_t was_set;

	check_result("paging: stores to tables are emulated",
		     hypercall_vm_assist(PV_VM_ASSIST_CMD_enable, PV_VM_ASSIST_writable_pagetables),
		     0);
	*entry = pte_of(page_a, DATA);
	check_result("paging: 8 bytes", (long)value_at(VA), 0xa);
	__asm__ volatile("lock andb $0xfd, %0" : "+m"(*(volatile uint8_t *)entry));
	mmu_ext(PV_MMUEXT_INVLPG_LOCAL, VA, 0);
	check_result("paging: one byte, and", (long)probe_write(VA, 1), PAGE_FAULT);
	__asm__ volatile("lock orb $0x02, %0" : "+m"(*(volatile uint8_t *)entry));
	check_result("paging: one byte, or", (long)probe_write(VA, 0xa), 0);
	__asm__ volatile("lock btrq $5, %0; setc %1" : "+m"(*entry), "=r"(was_set)::"cc");
	check_true("paging: bit reset tells the old one", was_set == 1);
	check_result("paging: and resets it", (long)(*entry & PV_PTE_ACCESSED), 0);
	__asm__ volatile("xchgq %0, %1" : "+r"(old), "+m"(*entry));
	check_true("paging: exchange gives the old entry",
		   mmu_pte_mfn(old) == mmu_page_mfn(page_a));
	mmu_ext(PV_MMUEXT_INVLPG_LOCAL, VA, 0);
	check_result("paging: and stores the new", (long)value_at(VA), 0xb);
	*(volatile uint32_t *)entry = 0;
	check_true("paging: 4 bytes", (uint32_t)*entry == 0);
	*entry = pte_of(page_a, DATA);
	old = *entry;
	__asm__ volatile("lock cmpxchgq %2, %1" : "+a"(old), "+m"(*entry) : "r"(zero) : "cc");
	check_result("paging: compare and exchange", (long)*entry, 0);
	*(volatile uint16_t *)entry = 0x123 & ~1;
	check_result("paging: 2 bytes", (long)(*entry & 0xffff), 0x122);
	*entry = 0;
	mmu_ext(PV_MMUEXT_INVLPG_LOCAL, VA, 0);
	check_true("paging: gone", value_at(VA) == ~0ul);
}

/* Upper levels: taking a subtree out is felt at once. */
static void check_upper_levels(void)
{
	mmu_set_mapping(VA, pte_of(page_a, DATA));
	for (int level = 2; level <= 4; level++) {
		uint64_t entry;
		uint64_t maddr = mmu_walk(VA, level, &entry);

		check_result("paging: subtree mapped", (long)value_at(VA), 0xa);
		check_result("paging: subtree out", mmu_write_entry(maddr, 0), 0);
		check_true("paging: it is gone", value_at(VA) == ~0ul);
		check_result("paging: subtree back", mmu_write_entry(maddr, entry), 0);
	}
	check_result("paging: mapped again", (long)value_at(VA), 0xa);
	mmu_set_mapping(VA, 0);
}

static void check_whole_pages(void)
{
	check_result("paging: clear a page", mmu_ext(PV_MMUEXT_CLEAR_PAGE, mmu_page_mfn(page_b), 0),
		     0);
	check_result("paging: it is", (long)page_b[0], 0);
	check_result("paging: copy a page",
		     mmu_ext(PV_MMUEXT_COPY_PAGE, mmu_page_mfn(page_b), mmu_page_mfn(page_a)), 0);
	check_result("paging: it is", (long)page_b[0], 0xa);
	check_result("paging: update of an ordinary page",
		     mmu_write_entry((mmu_page_mfn(page_b) << 12) + 16, 0x99), 0);
	check_result("paging: is a store", (long)page_b[2], 0x99);
}

void paging_check(void)
{
	set_up();
	check_updates();
	check_bits();
	check_no_execute();
	check_batch();
	check_multicall();
	check_stores();
	check_upper_levels();
	check_whole_pages();
	check_true("paging: all pages free again",
		   mmu_make_readonly(page_a) == 0 && mmu_make_writable(page_a) == 0);
	page_free(page_a);
	page_free(page_b);
}
