/*
 * Building the hypervisor's page tables. Each of the sixteen slots gets its L3
 * at once, so that a root copied from hv_l3 once never misses a mapping made
 * later. Large pages are used wherever they fit.
 *
 * All tables are reached through the direct map; while they are built that of
 * the boot tables (boot/entry32.S) is used, which ends at 4 GiB.
 * Read next: ../cpu/percpu.c, what is in the windows.
 */
#include "mm/paging.h"

#include <parley/errno.h>
#include <seam/directmap.h>

#include "cpu/cpu_info.h"
#include "cpu/features.h"
#include "cpu/insn.h"
#include "cpu/percpu.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "mm/alloc.h"
#include "mm/pte.h"

#define TABLE_FLAGS (PTE_PRESENT | PTE_WRITE | PTE_ACCESSED)
#define LEAF_BASE   (PTE_PRESENT | PTE_GLOBAL | PTE_ACCESSED)
#define LEAF_CODE   LEAF_BASE
#define LEAF_RO     (LEAF_BASE | PTE_NX)
#define LEAF_RW     (LEAF_BASE | PTE_WRITE | PTE_DIRTY | PTE_NX)
#define LEAF_MMIO   (LEAF_RW | PTE_PCD | PTE_PWT)
#define LEAF_USER   (LEAF_RO | PTE_USER)

#define WINDOWS_PER_L1 ((1UL << 21) / PERCPU_STRIDE)

/* Linker script. */
extern const char _image_start[], _etext[], _rodata[], _erodata[], _data[], _image_end[];

u64 *m2p_writable;

static u64 *idle_l4;
static u64 *window_l1[HV_MAX_CPUS / WINDOWS_PER_L1];
static u64 hv_slots[HV_L4_SLOTS];
static mfn_t zero_page;
static struct spinlock map_lock = SPINLOCK_INIT; /* before the allocator's */

/* The table behind an entry, made if there is none; NULL without memory. */
static u64 *table_below(u64 *entry, u64 flags)
{
	u64 *table;

	if ((*entry & PTE_PRESENT) != 0) {
		return mfn_to_virt(pte_mfn(*entry));
	}
	table = alloc_page();
	if (table != NULL) {
		WRITE_ONCE(*entry, pte_make(virt_to_mfn(table), flags));
	}
	return table;
}

static u64 page_size(u32 level)
{
	return PAGE_SIZE << (9 * (level - 1));
}

/* The largest level whose pages fit at this place. */
static u32 leaf_level(u64 va, u64 start, u64 size)
{
	for (u32 level = cpu_features.pages_1g ? 3 : 2; level > 1; level--) {
		if (((va | start) & (page_size(level) - 1)) == 0 && size >= page_size(level)) {
			return level;
		}
	}
	return 1;
}

/*
 * The entry of an address at the level wanted, or above it where a larger page is
 * mapped; *level says which. Tables on the way are made; NULL without memory.
 */
static u64 *find_entry(u64 va, u32 *level, u64 table_flags)
{
	u64 *table = mfn_to_virt(pte_mfn(hv_slots[pte_index(va, 4) - HV_L4_FIRST_SLOT]));
	u32 at = 3;

	while (at > *level) {
		u64 *entry = &table[pte_index(va, at)];

		if ((*entry & PTE_PRESENT) != 0 && (*entry & PTE_PSE) != 0) {
			break;
		}
		table = table_below(entry, table_flags);
		if (table == NULL) {
			return NULL;
		}
		at--;
	}
	*level = at;
	return &table[pte_index(va, at)];
}

static bool is_table(u64 entry, u32 level)
{
	return level > 1 && (entry & (PTE_PRESENT | PTE_PSE)) == PTE_PRESENT;
}

/*
 * Map one page, as large as fits; returns how far that goes, 0 without memory.
 * Where something is mapped already it is left as it is.
 */
static u64 map_one(u64 va, u64 start, u64 size, u64 flags)
{
	u64 table_flags = TABLE_FLAGS | (flags & PTE_USER);
	u32 level = leaf_level(va, start, size);
	u64 *entry = find_entry(va, &level, table_flags);

	if (entry != NULL && is_table(*entry, level)) {
		level = 1; /* smaller pages are here */
		entry = find_entry(va, &level, table_flags);
	}
	if (entry == NULL) {
		return 0;
	}
	if ((*entry & PTE_PRESENT) == 0) {
		flags |= level > 1 ? PTE_PSE : 0;
		WRITE_ONCE(*entry, pte_make(maddr_to_mfn(maddr(start)), flags));
	}
	return MIN(size, page_size(level) - (va & (page_size(level) - 1)));
}

/* All arguments are multiples of a page. False without memory for tables. */
static bool map_range(u64 va, u64 start, u64 size, u64 flags)
{
	spin_lock(&map_lock);
	while (size > 0) {
		u64 done = map_one(va, start, size, flags);

		if (done == 0) {
			break;
		}
		va += done;
		start += done;
		size -= done;
	}
	spin_unlock(&map_lock);
	return size == 0;
}

static void map_or_panic(u64 va, u64 start, u64 size, u64 flags)
{
	if (!map_range(va, start, size, flags)) {
		panic("no memory for the hypervisor's page tables");
	}
}

static u64 image_maddr(const char *p)
{
	return (u64)p - HV_IMAGE_VIRT;
}

static void map_image_part(const char *from, const char *to, u64 flags)
{
	u64 size = ((u64)(to - from) + PAGE_SIZE - 1) & PAGE_MASK;

	map_or_panic((u64)from, image_maddr(from), size, flags);
}

static void make_slots(void)
{
	idle_l4 = alloc_page();
	invariant(idle_l4 != NULL);
	for (u32 i = 0; i < HV_L4_SLOTS; i++) {
		u64 user = i == pte_index(M2P_VIRT_START, 4) - HV_L4_FIRST_SLOT ? PTE_USER : 0;

		invariant(table_below(&hv_slots[i], TABLE_FLAGS | user) != NULL);
	}
	paging_install_hv_slots(idle_l4);
}

void paging_init(maddr_t m2p, u64 m2p_pages)
{
	make_slots();
	zero_page = alloc_frames(0);
	invariant(!mfn_equal(zero_page, MFN_INVALID));

	map_image_part(_image_start, _etext, LEAF_CODE);
	map_image_part(_rodata, _erodata, LEAF_RO);
	map_image_part(_data, _image_end, LEAF_RW);
	/* The code's alias must not be writable; mapped first, it stays as it is. */
	map_or_panic(DIRECTMAP_VIRT_START + image_maddr(_image_start), image_maddr(_image_start),
		     (u64)(_data - _image_start), LEAF_RO);

	m2p_writable = maddr_to_virt(m2p);
	for (u64 i = 0; i < m2p_pages * PAGE_SIZE / sizeof(u64); i++) {
		m2p_writable[i] = M2P_INVALID;
	}
	map_or_panic(M2P_VIRT_START, m2p.v, m2p_pages << PAGE_SHIFT, LEAF_USER);
}

static u64 direct_flags(enum paging_kind kind)
{
	switch (kind) {
	case PAGING_RAM:
		return LEAF_RW;
	case PAGING_MMIO:
		return LEAF_MMIO;
	default:
		return LEAF_RO;
	}
}

/* Machine pages that a range touches, in the direct map; NULL without memory or beyond its end. */
static void *map_direct(maddr_t start, u64 size, enum paging_kind kind)
{
	u64 from = start.v & PAGE_MASK;
	u64 limit = DIRECTMAP_VIRT_END - DIRECTMAP_VIRT_START;

	if (start.v >= limit || size > limit - start.v) {
		return NULL;
	}
	size = ((start.v - from) + size + PAGE_SIZE - 1) & PAGE_MASK;
	if (!map_range(DIRECTMAP_VIRT_START + from, from, size, direct_flags(kind))) {
		return NULL;
	}
	return maddr_to_virt(start);
}

void paging_map_direct(maddr_t start, u64 size, enum paging_kind kind)
{
	if (map_direct(start, size, kind) == NULL) {
		panic("cannot map memory at %#lx", (unsigned long)start.v);
	}
}

void *paging_map_mmio(maddr_t start, u64 size)
{
	return map_direct(start, size, PAGING_MMIO);
}

const void *paging_map_tables(maddr_t start, u64 size)
{
	return map_direct(start, size, PAGING_TABLES);
}

void paging_load(void)
{
	u64 root = mfn_to_maddr(paging_idle_root()).v;

	cr3_write(root);
}

mfn_t paging_idle_root(void)
{
	return virt_to_mfn(idle_l4);
}

void paging_install_hv_slots(u64 *l4)
{
	for (u32 i = 0; i < HV_L4_SLOTS; i++) {
		WRITE_ONCE(l4[HV_L4_FIRST_SLOT + i], hv_slots[i]);
	}
}

bool paging_is_hv_slot(u32 slot, u64 entry)
{
	return slot >= HV_L4_FIRST_SLOT && slot <= HV_L4_LAST_SLOT &&
	       ((entry ^ hv_slots[slot - HV_L4_FIRST_SLOT]) & ~(PTE_ACCESSED | PTE_DIRTY)) == 0;
}

int paging_make_window(u32 cpu)
{
	u64 va = percpu_window(cpu);
	u64 *l3 = mfn_to_virt(pte_mfn(hv_slots[pte_index(va, 4) - HV_L4_FIRST_SLOT]));
	u64 *l2 = table_below(&l3[pte_index(va, 3)], TABLE_FLAGS);
	u64 *l1 = l2 == NULL ? NULL : table_below(&l2[pte_index(va, 2)], TABLE_FLAGS);

	if (l1 == NULL) {
		return -PV_ENOMEM;
	}
	window_l1[cpu / WINDOWS_PER_L1] = l1;
	for (u64 at = 0; at < PERCPU_LDT_OFFSET; at += PAGE_SIZE) {
		paging_clear_window(va + at);
	}
	return 0;
}

static void set_window_entry(u64 va, u64 entry)
{
	u64 *l1 = window_l1[(va - PERCPU_VIRT_START) / PERCPU_STRIDE / WINDOWS_PER_L1];

	WRITE_ONCE(l1[pte_index(va, 1)], entry);
}

void paging_set_window(u64 va, mfn_t m, bool writable)
{
	set_window_entry(va, pte_make(m, writable ? LEAF_RW : LEAF_RO));
}

void paging_set_window_code(u64 va, mfn_t m)
{
	set_window_entry(va, pte_make(m, LEAF_CODE));
}

void paging_clear_window(u64 va)
{
	bool is_gdt = (va - PERCPU_VIRT_START) % PERCPU_STRIDE < PERCPU_LDT_OFFSET;

	set_window_entry(va, is_gdt ? pte_make(zero_page, LEAF_RO) : 0);
}
