/*
 * The builder's first half: the plan of a domain's memory, its frames and its
 * first page tables.
 *
 * Read next: builder.c.
 */
#include "domain/build_memory.h"

#include <parley/errno.h>
#include <seam/directmap.h>

#include "lib/string.h"
#include "mm/alloc.h"
#include "mm/guest.h"
#include "mm/pte.h"
#include "mm/types.h"

#define PAGES_4M     1024UL
#define SLACK_PAGES  128UL /* 512 KiB behind the stack, as the ABI promises */
#define P2M_PER_PAGE 512UL

static u64 pages_of(u64 bytes)
{
	return (bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

static u64 ramdisk_size(const struct build *b)
{
	return b->spec->ramdisk == NULL ? 0 : image_size(b->spec->ramdisk);
}

/* How many tables of a level map [first, last]. */
static u64 tables_for(u64 first, u64 last, u32 level)
{
	u32 shift = PAGE_SHIFT + 9 * level;

	return shift >= 48 ? 1 : (last >> shift) - (first >> shift) + 1;
}

static u64 tables_for_range(u64 va, u64 pages, u32 top_level)
{
	u64 last = va + (pages << PAGE_SHIFT) - 1;
	u64 n = 0;
	u32 level;

	for (level = 1; level <= top_level; level++) {
		n += tables_for(va, last, level);
	}
	return n;
}

/* Place the tables, the stack and the end of the mapping, which depend on one another. */
static void plan_tables(struct build *b, u64 pfn)
{
	struct build_layout *at = &b->at;

	at->tables = pfn;
	at->table_pages = 4;
	for (;;) {
		u64 need;

		at->stack = at->tables + at->table_pages;
		at->mapped = (at->stack + 1 + PAGES_4M - 1) / PAGES_4M * PAGES_4M;
		if (at->mapped - (at->stack + 1) < SLACK_PAGES) {
			at->mapped += PAGES_4M;
		}
		need = tables_for_range(b->k.virt_base, at->mapped, 4);
		if (need <= at->table_pages) {
			return;
		}
		at->table_pages = need;
	}
}

/* Every virtual address that the builder maps must be the guest's to have. */
static const char *check_addresses(const struct build *b)
{
	u64 size = b->at.mapped << PAGE_SHIFT;
	u64 p2m_size = b->at.p2m_pages << PAGE_SHIFT;

	if ((b->k.virt_base & ~PAGE_MASK) || !guest_range_ok(b->k.virt_base, size)) {
		return "its addresses are not a guest's to have";
	}
	if (b->at.p2m_tables == 0) {
		return NULL;
	}
	if ((b->k.init_p2m & ((1UL << 39) - 1)) || !guest_range_ok(b->k.init_p2m, p2m_size) ||
	    pte_index(b->k.init_p2m, 4) == pte_index(b->k.virt_base, 4) || p2m_size > (1UL << 39)) {
		return "its p2m address cannot be used";
	}
	return NULL;
}

const char *build_plan(struct build *b)
{
	struct build_layout *at = &b->at;
	u64 pfn = pages_of(b->k.end);

	at->kernel_end = pfn;
	at->ramdisk_pages = pages_of(ramdisk_size(b));
	at->p2m_pages = pages_of(b->spec->memory_pages * sizeof(u64));
	at->ramdisk_is_mapped = !b->k.mod_start_pfn;
	if (at->ramdisk_is_mapped) {
		at->ramdisk = pfn;
		pfn += at->ramdisk_pages;
	}
	if (b->k.init_p2m == ELF_NONE) {
		at->p2m = pfn;
		pfn += at->p2m_pages;
	}
	at->start_info = pfn++;
	at->store = pfn++;
	at->console = pfn++;
	plan_tables(b, pfn);
	pfn = at->mapped;
	if (!at->ramdisk_is_mapped) {
		at->ramdisk = pfn;
		pfn += at->ramdisk_pages;
	}
	if (b->k.init_p2m != ELF_NONE) {
		at->p2m = pfn;
		at->p2m_tables = tables_for_range(b->k.init_p2m, at->p2m_pages, 3);
		pfn += at->p2m_pages + at->p2m_tables;
	}
	at->end = pfn;
	if (at->end > b->spec->memory_pages) {
		return "it needs more memory than the domain has";
	}
	return check_addresses(b);
}

static u64 *p2m_entry(const struct build *b, u64 pfn)
{
	u64 *page = mfn_to_virt(mfn(b->p2m_frames[pfn / P2M_PER_PAGE]));

	return &page[pfn % P2M_PER_PAGE];
}

static bool is_p2m_pfn(const struct build *b, u64 pfn)
{
	return pfn >= b->at.p2m && pfn < b->at.p2m + b->at.p2m_pages;
}

/* One frame of the domain for a pfn. */
static mfn_t allocate_pfn(struct build *b, u64 pfn)
{
	mfn_t m = frame_alloc(&b->d->mm);

	if (!mfn_equal(m, MFN_INVALID)) {
		m2p_array()[m.v] = pfn;
	}
	return m;
}

/* The list is written while the frames come, so its own come first. */
int build_allocate_p2m(struct build *b)
{
	u64 end = MIN(b->next + BUILD_STEP, b->at.p2m_pages);

	if (b->p2m_frames == NULL) {
		b->p2m_frames_size = b->at.p2m_pages * sizeof(u32);
		b->p2m_frames = heap_alloc(b->p2m_frames_size);
		if (b->p2m_frames == NULL) {
			return -PV_ENOMEM;
		}
	}
	for (; b->next < end; b->next++) {
		mfn_t m = allocate_pfn(b, b->at.p2m + b->next);

		if (mfn_equal(m, MFN_INVALID)) {
			return -PV_ENOMEM;
		}
		b->p2m_frames[b->next] = (u32)m.v;
	}
	return b->next < b->at.p2m_pages ? BUILD_MORE : 0;
}

/* The list's last page is whole: places behind the last pfn name no frame. */
static void end_p2m(struct build *b)
{
	for (u64 pfn = b->spec->memory_pages; pfn < b->at.p2m_pages * P2M_PER_PAGE; pfn++) {
		*p2m_entry(b, pfn) = M2P_INVALID;
	}
}

int build_allocate(struct build *b)
{
	u64 end = MIN(b->next + BUILD_STEP, b->spec->memory_pages);

	for (; b->next < end; b->next++) {
		u64 pfn = b->next;
		mfn_t m;

		if (is_p2m_pfn(b, pfn)) {
			*p2m_entry(b, pfn) = b->p2m_frames[pfn - b->at.p2m];
			continue;
		}
		m = allocate_pfn(b, pfn);
		if (mfn_equal(m, MFN_INVALID)) {
			return -PV_ENOMEM;
		}
		*p2m_entry(b, pfn) = m.v;
	}
	if (b->next < b->spec->memory_pages) {
		return BUILD_MORE;
	}
	end_p2m(b);
	return 0;
}

mfn_t build_mfn(const struct build *b, u64 pfn)
{
	return mfn(*p2m_entry(b, pfn));
}

void *build_page(const struct build *b, u64 pfn)
{
	return mfn_to_virt(build_mfn(b, pfn));
}

void build_copy(struct build *b, u64 paddr, const void *src, u64 size)
{
	const u8 *from = src;

	while (size > 0) {
		u64 offset = paddr % PAGE_SIZE;
		u64 n = MIN(size, PAGE_SIZE - offset);

		memcpy((u8 *)build_page(b, paddr >> PAGE_SHIFT) + offset, from, n);
		paddr += n;
		from += n;
		size -= n;
	}
}

#define FLAGS_TABLE (PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_ACCESSED | PTE_DIRTY)
/* Without USER: the kernel's. As user pages they would be GLOBAL, and programs could use what a CPU still holds of them. */
#define FLAGS_PAGE (PTE_PRESENT | PTE_WRITE | PTE_ACCESSED)

/* The table below an entry, made if there is none. NULL: none left, which the plan excludes. */
static u64 *table_below(struct build *b, u64 *entry)
{
	if (!(*entry & PTE_PRESENT)) {
		if (b->tables.next == b->tables.end) {
			return NULL;
		}
		*entry = pte_make(build_mfn(b, b->tables.next++), FLAGS_TABLE);
	}
	return mfn_to_virt(pte_mfn(*entry));
}

static bool is_table_pfn(const struct build *b, u64 pfn)
{
	u64 p2m_tables = b->at.p2m + b->at.p2m_pages;

	return (pfn >= b->at.tables && pfn < b->at.tables + b->at.table_pages) ||
	       (b->at.p2m_tables != 0 && pfn >= p2m_tables && pfn < p2m_tables + b->at.p2m_tables);
}

/* Map a pfn at va; tables read-only. */
static int map_one(struct build *b, u64 va, u64 pfn)
{
	u64 *table = build_page(b, b->at.tables);

	for (u32 level = 4; level > 1; level--) {
		table = table_below(b, &table[pte_index(va, level)]);
		if (table == NULL) {
			return -PV_EINVAL;
		}
	}
	table[pte_index(va, 1)] = pte_make(
		build_mfn(b, pfn), is_table_pfn(b, pfn) ? FLAGS_PAGE & ~PTE_WRITE : FLAGS_PAGE);
	return 0;
}

/* Some of `pages` pfns from `pfn` on, at va. */
static int map_some(struct build *b, u64 va, u64 pfn, u64 pages)
{
	u64 end = MIN(b->next + BUILD_STEP, pages);
	int rc = 0;

	for (; rc == 0 && b->next < end; b->next++) {
		rc = map_one(b, va + (b->next << PAGE_SHIFT), pfn + b->next);
	}
	return rc == 0 && b->next < pages ? BUILD_MORE : rc;
}

int build_map(struct build *b)
{
	if (b->next == 0) {
		/* The first is the root. */
		b->tables.next = b->at.tables + 1;
		b->tables.end = b->at.tables + b->at.table_pages;
	}
	return map_some(b, b->k.virt_base, 0, b->at.mapped);
}

int build_map_p2m(struct build *b)
{
	if (b->at.p2m_tables == 0) {
		return 0;
	}
	if (b->next == 0) {
		b->tables.next = b->at.p2m + b->at.p2m_pages;
		b->tables.end = b->tables.next + b->at.p2m_tables;
	}
	return map_some(b, b->k.init_p2m, b->at.p2m, b->at.p2m_pages);
}

int build_pin(struct build *b)
{
	mfn_t root = build_mfn(b, b->at.tables);
	int rc = mm_begin(&b->d->mm);

	if (rc == 0) {
		rc = frame_pin(&b->d->mm, root, FRAME_L4);
		mm_end(&b->d->mm);
	}
	return rc == MM_RESTART ? BUILD_MORE : rc;
}
