/*
 * Page-table entries: what an entry may point at and which bits it may have,
 * at each level, by mmu_update and by update_va_mapping. A refused write
 * leaves the entry as it was.
 * Read next: tables.c for whole tables, frames.c for every frame there is.
 */
#include "groups.h"

#include <stdint.h>

#include "check.h"
#include "cpu.h"
#include "events.h"
#include "hypercall.h"
#include "mmu.h"
#include "page.h"
#include "probe.h"
#include "scratch.h"
#include "start.h"

#define WRITABLE  MMU_PTE_TABLE
#define READ_ONLY MMU_PTE_READ_ONLY

/* A table, of any level and in use, is never mapped writable. */
static void check_writable_tables(void)
{
	unsigned long free_va = SCRATCH_FREE_VA;
	unsigned long root = mmu_root_mfn();

	scratch_refuse_any("entries: L1 table writable", free_va, 1,
			   mmu_pte(scratch_table(1), WRITABLE));
	scratch_refuse_any("entries: L2 table writable", free_va, 1,
			   mmu_pte(scratch_table(2), WRITABLE));
	scratch_refuse_any("entries: L3 table writable", free_va, 1,
			   mmu_pte(scratch_table(3), WRITABLE));
	scratch_refuse_any("entries: L4 table writable", free_va, 1, mmu_pte(root, WRITABLE));
	check_refused("entries: L1 table writable by va",
		      mmu_set_mapping(free_va, mmu_pte(scratch_table(1), WRITABLE)));
	check_refused("entries: L4 table writable by va",
		      mmu_set_mapping(free_va, mmu_pte(root, WRITABLE)));
	check_result("entries: nothing mapped by these", (long)scratch_value(free_va, 1), 0);
	scratch_accept("entries: L4 table read-only", free_va, 1, mmu_pte(root, READ_ONLY));
	scratch_accept("entries: L1 table read-only", free_va, 1,
		       mmu_pte(scratch_table(1), READ_ONLY));
}

/* A table may only hang below the next higher level, and data below none. */
static void check_levels(void)
{
	unsigned long va = SCRATCH_VA + (1ul << 39); /* an empty slot of the top level */
	unsigned long va3 = SCRATCH_VA + (1ul << 30);
	unsigned long va2 = SCRATCH_VA + (1ul << 21);
	void *data = page_alloc();
	unsigned long data_mfn = mmu_page_mfn(data);

	scratch_refuse("entries: L1 table in L4", va, 4, mmu_pte(scratch_table(1), WRITABLE),
		       -PV_EINVAL);
	scratch_refuse("entries: L2 table in L4", va, 4, mmu_pte(scratch_table(2), WRITABLE),
		       -PV_EINVAL);
	scratch_refuse("entries: L4 table in L4, writable", va, 4,
		       mmu_pte(mmu_root_mfn(), WRITABLE), -PV_EINVAL);
	scratch_refuse("entries: L1 table in L3", va3, 3, mmu_pte(scratch_table(1), WRITABLE),
		       -PV_EINVAL);
	scratch_refuse("entries: L3 table in L3, writable", va3, 3,
		       mmu_pte(scratch_table(3), WRITABLE), -PV_EINVAL);
	scratch_refuse("entries: L4 table in L3", va3, 3, mmu_pte(mmu_root_mfn(), WRITABLE),
		       -PV_EINVAL);
	scratch_refuse("entries: L2 table in L2, writable", va2, 2,
		       mmu_pte(scratch_table(2), WRITABLE), -PV_EINVAL);
	scratch_refuse("entries: L3 table in L2", va2, 2, mmu_pte(scratch_table(3), WRITABLE),
		       -PV_EINVAL);
	scratch_refuse_any("entries: writable page in L4", va, 4, mmu_pte(data_mfn, WRITABLE));
	scratch_refuse_any("entries: writable page in L3", va3, 3, mmu_pte(data_mfn, WRITABLE));
	scratch_refuse_any("entries: writable page in L2", va2, 2, mmu_pte(data_mfn, WRITABLE));
	page_free(data);
}

/*
 * Every single bit of an entry at every level. The accepted ones are those
 * of the ABI; global (bit 8) and NX are of the last level only, caching bits
 * are for those with devices.
 */
static void check_bits(void)
{
	static const uint64_t harmless = PV_PTE_ACCESSED | PV_PTE_DIRTY | PV_PTE_AVAIL_LOW |
					 PV_PTE_AVAIL_HIGH | PV_PTE_USER | PV_PTE_NX;
	unsigned long bad = 0, first = 0;
	long got = 0;

	for (int level = 1; level <= 4; level++) {
		uint64_t maddr = scratch_entry(SCRATCH_VA, level);
		uint64_t old = scratch_value(SCRATCH_VA, level);

		for (unsigned bit = 1; bit < 64; bit++) {
			uint64_t mask = 1ul << bit;
			bool fine = (mask & harmless) != 0 ||
				    (level == 1 && mask == PV_PTE_GLOBAL) ||
				    (level > 1 && mask == PV_PTE_WRITE);
			long rc;

			/* Lower address bits may name another page of ours. */
			if (fine || mask == PV_PTE_WRITE || (bit >= 12 && bit < 40)) {
				continue;
			}
			if (start_is_privileged() && bit < 12) {
				continue;
			}
			rc = mmu_write_entry(maddr, old ^ mask);
			if (rc >= 0 && bad++ == 0) {
				first = (unsigned long)level << 8 | bit;
				got = rc;
			}
			mmu_write_entry(maddr, old);
		}
	}
	check_sweep("entries: each forbidden bit at each level", bad, first, got);

	bad = 0;
	for (unsigned bit = 0; bit < 64; bit++) {
		uint64_t maddr = scratch_entry(SCRATCH_VA, 1);
		uint64_t old = scratch_value(SCRATCH_VA, 1);
		long rc;

		if ((harmless >> bit & 1) == 0) {
			continue;
		}
		rc = mmu_write_entry(maddr, old ^ 1ul << bit);
		if (rc != 0 && bad++ == 0) {
			first = bit;
			got = rc;
		}
		mmu_write_entry(maddr, old);
	}
	check_sweep("entries: each harmless bit", bad, first, got);
	scratch_refuse("entries: large page in L2", SCRATCH_VA, 2,
		       scratch_value(SCRATCH_VA, 2) | PV_PTE_PSE, -PV_EINVAL);
	scratch_refuse("entries: large page in L3", SCRATCH_VA, 3,
		       scratch_value(SCRATCH_VA, 3) | PV_PTE_PSE, -PV_EINVAL);
}

/* An entry that is not present may hold anything. */
static void check_absent(void)
{
	scratch_accept("entries: absent with any value", SCRATCH_FREE_VA, 1,
		       0x7ffffffffffffffeul & ~PV_PTE_PRESENT);
	scratch_accept("entries: absent in L2", SCRATCH_VA + (1ul << 21), 2, 0xfffffffffffff000ul);
}

/* Slots 256 to 271 of the top level are the hypervisor's. */
static void check_hypervisor_slots(void)
{
	void *table = page_alloc();
	uint64_t root = (uint64_t)mmu_root_mfn() << PV_PAGE_SHIFT;
	const volatile uint64_t *slots = (const volatile uint64_t *)start_info->pt_base;
	unsigned long bad = 0, first = 0;
	long got = 0;

	mmu_make_readonly(table);
	for (unsigned slot = 256; slot < 272; slot++) {
		const uint64_t values[] = {
			0,
			mmu_pte(mmu_page_mfn(table), WRITABLE),
			slots[slot] ^ PV_PTE_USER ^ PV_PTE_ACCESSED,
		};

		for (unsigned i = 0; i < 3; i++) {
			uint64_t before = slots[slot];
			long rc = mmu_write_entry(root + slot * 8, values[i]);

			/* Writing what is there already changes nothing. */
			if (slots[slot] != before || (rc != -PV_EINVAL && values[i] != before)) {
				first = bad++ == 0 ? slot : first;
				got = rc;
			}
		}
	}
	check_sweep("entries: the hypervisor's slots", bad, first, got);
	mmu_make_writable(table);
	page_free(table);
}

/* mmu_update's own arguments. */
static void check_requests(void)
{
	uint64_t maddr = scratch_entry(SCRATCH_FREE_VA, 1);
	uint64_t *data = page_alloc();
	uint64_t data_maddr = mmu_page_mfn(data) << PV_PAGE_SHIFT;
	unsigned long max = (unsigned long)hypercall_memory_op(PV_MEMORY_maximum_ram_page, NULL);

	check_result("entries: store to an ordinary page", mmu_write_entry(data_maddr, 0x1234), 0);
	check_result("entries: and its effect", (long)data[0], 0x1234);
	check_refused("entries: misaligned by 4", mmu_write_entry(maddr + 4, 0));
	check_refused("entries: table beyond memory", mmu_write_entry((max + 1) << 12, 0));
	check_refused("entries: table at 2^51", mmu_write_entry(1ul << 51, 0));
	check_refused("entries: table at 2^63", mmu_write_entry(1ul << 63, 0));
	check_refused("entries: m2p of a frame beyond memory",
		      mmu_write_entry((max + 1) << 12 | PV_MMU_MACHPHYS_UPDATE, 0));
	check_refused("entries: m2p of a frame at 2^51",
		      mmu_write_entry(1ul << 51 | PV_MMU_MACHPHYS_UPDATE, 0));
	page_free(data);
}

/* Whose frames and whose tables: no other domain's, and no reserved number. */
static void check_domains(void)
{
	static const unsigned ids[] = {
		1, 2, 3, 100, 0x7fef, PV_DOMID_XEN, PV_DOMID_COW, PV_DOMID_INVALID, PV_DOMID_IDLE
	};
	struct pv_mmu_update update = {
		.ptr = scratch_entry(SCRATCH_FREE_VA, 1),
		.val = mmu_pte(mmu_page_mfn(page_alloc()), READ_ONLY),
	};
	unsigned long bad = 0, first = 0;
	unsigned own = events_own_domid();
	long got = 0;

	for (unsigned i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		if (ids[i] == own) {
			continue;
		}
		/* As owner of the frame, and as owner of the table. */
		const unsigned domids[] = { ids[i], (ids[i] + 1) << 16 | PV_DOMID_SELF };

		for (unsigned j = 0; j < 2; j++) {
			long rc = hypercall_mmu_update(&update, 1, NULL, domids[j]);

			if (rc >= 0 && bad++ == 0) {
				first = domids[j];
				got = rc;
			}
		}
	}
	check_sweep("entries: in the name of another domain", bad, first, got);
}

/* update_va_mapping: addresses without a table to write to. */
static void check_addresses(void)
{
	static const unsigned long addresses[] = {
		0x8000000000000000ul,     0x0000800000000000ul,     0xffff7ffffffff000ul,
		PV_HYPERVISOR_VIRT_START, 0xffff828000000000ul,     0xffff87fffffff000ul,
		SCRATCH_VA + (1ul << 39), SCRATCH_VA + (1ul << 30), SCRATCH_VA + (1ul << 21),
	};
	uint64_t pte = mmu_pte(mmu_page_mfn(page_alloc()), READ_ONLY);
	unsigned long bad = 0, first = 0;
	long got = 0;

	for (unsigned i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		for (unsigned flags = 0; flags < 8; flags++) {
			long rc = hypercall_update_va_mapping(addresses[i], pte, flags);

			if (rc != -PV_EINVAL && bad++ == 0) {
				first = addresses[i];
				got = rc;
			}
		}
	}
	check_sweep("entries: update_va_mapping where no table is", bad, first, got);
	check_refused("entries: update_va_mapping with a wild bitmap",
		      hypercall_update_va_mapping(SCRATCH_FREE_VA, 0,
						  PV_UVMF_INVLPG | PV_HYPERVISOR_VIRT_START));
	/* INVLPG is asked for an address the processor refuses to have. */
	check_refused("entries: flush of a non-canonical address",
		      hypercall_update_va_mapping(0x8000000000000000ul, 0, PV_UVMF_INVLPG));
}

/* Stores to a table: refused by the processor, or emulated with every check. */
static void check_stores(void)
{
	unsigned long table_va = SCRATCH_FREE_VA;
	unsigned long entry_va = table_va + 8 * mmu_index(SCRATCH_FREE_VA + KIT_PAGE_SIZE, 1);
	uint64_t maddr = scratch_entry(SCRATCH_FREE_VA, 1);
	uint64_t value;

	mmu_write_entry(maddr, mmu_pte(scratch_table(1), READ_ONLY));
	mmu_ext(PV_MMUEXT_TLB_FLUSH_LOCAL, 0, 0);
	check_result("entries: store of a writable table entry",
		     (long)probe_write(entry_va, mmu_pte(scratch_table(1), WRITABLE)),
		     PROBE_FAULT(14));
	hypercall_vm_assist(PV_VM_ASSIST_CMD_enable, PV_VM_ASSIST_writable_pagetables);
	check_result("entries: the same with emulation on",
		     (long)probe_write(entry_va, mmu_pte(scratch_table(1), WRITABLE)),
		     PROBE_FAULT(14));
	check_result("entries: emulated store of a frame beyond memory",
		     (long)probe_write(entry_va, mmu_pte(1ul << 38, READ_ONLY)), PROBE_FAULT(14));
	check_result("entries: nothing stored",
		     probe_read(entry_va, &value) == 0 ? (long)value : -1, 0);
	check_result("entries: emulated store of an entry that is fine",
		     (long)probe_write(entry_va, mmu_pte(scratch_table(1), READ_ONLY)), 0);
	check_result("entries: and its effect",
		     probe_read(entry_va, &value) == 0 ? (long)mmu_pte_mfn(value) : -1,
		     (long)scratch_table(1));
	check_result("entries: emulated store of nothing", (long)probe_write(entry_va, 0), 0);
	mmu_write_entry(maddr, 0);
}

void entries_check(void)
{
	scratch_init();
	check_writable_tables();
	check_levels();
	check_bits();
	check_absent();
	check_hypervisor_slots();
	check_requests();
	check_domains();
	check_addresses();
	check_stores();
}
