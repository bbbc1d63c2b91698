/*
 * Grants. The other has three kinds of pages: those that it grants for writing, those for
 * reading, and those that it grants to somebody else or not at all; each begins with a mark of
 * its kind. It changes entries all the time, also their busy bits. The user may only ever see
 * what an entry allowed as a whole at some moment.
 *
 * Read next: keeper.c.
 */
#include "clash.h"

#include <stddef.h>

#include "check.h"
#include "cpu.h"
#include "grants.h"
#include "hypercall.h"
#include "mmu.h"
#include "page.h"
#include "power.h"
#include "printf.h"

#define FIRST_REF  8
#define REFS       8
#define CHANGES    300 /* between two turns of the ports */
#define USES       16
#define LONG       2 /* so many stay mapped beyond their owner's end */
#define LONG_TURNS 256
#define PAGES      6 /* of each kind */
#define WINDOW(i)  (0x10040000000ul + (i)*KIT_PAGE_SIZE)
#define MARK       0x636c6173680000ul /* as an entry of a page table: not present */
#define WORD       8                  /* to which the user writes */

enum kind { FREE, READ, SECRET, KINDS };

/* ---- the user ---- */

static struct {
	long handle;    /* -1: not mapped */
	uint64_t first; /* the page's first word */
} mapped[REFS];

static uint64_t *copied;
static unsigned long maps, copies;
static unsigned odd_status, odd_unmaps, wrong_pages;

void pages_use_init(void)
{
	long rc = 0;

	copied = page_alloc();
	for (unsigned i = 0; i < REFS && rc == 0; i++) {
		mapped[i].handle = -1;
		rc = mmu_map(mmu_root_mfn(), WINDOW(i),
			     mmu_pte(mmu_page_mfn(copied), MMU_PTE_DATA));
		rc = rc != 0 ? rc : mmu_set_mapping(WINDOW(i), 0);
	}
	if (rc != 0) {
		power_panic("no place for grants: %ld", rc);
	}
}

static bool is_of(uint64_t word, enum kind kind)
{
	return word == MARK + kind * 2;
}

/* A table of the owner's may be read: it is none of these. */
static bool may_be(uint64_t word, bool writable)
{
	return writable ? is_of(word, FREE) : !is_of(word, SECRET);
}

static bool is_documented(long status)
{
	return status >= 0 || status == PV_GNTST_general_error || status == PV_GNTST_bad_domain ||
	       status == PV_GNTST_bad_gntref || status == PV_GNTST_bad_page;
}

static void map(unsigned i)
{
	volatile uint64_t *page = (void *)WINDOW(i);
	bool writable = clash_random(2) != 0;
	long handle = grants_map(clash_other, FIRST_REF + i, WINDOW(i),
				 PV_GNTMAP_host_map | (writable ? 0 : PV_GNTMAP_readonly));

	odd_status += !is_documented(handle);
	mapped[i].handle = handle < 0 ? -1 : handle;
	if (handle >= 0) {
		maps++;
		mapped[i].first = page[0];
		wrong_pages += !may_be(page[0], writable);
		if (writable) {
			page[WORD] = clash_random(1u << 20) * 2ul;
		}
	}
}

static void unmap(unsigned i)
{
	volatile uint64_t *page = (void *)WINDOW(i);

	/* Still what it was, whatever became of the entry and of its owner. */
	wrong_pages += page[0] != mapped[i].first;
	odd_unmaps += grants_unmap((unsigned)mapped[i].handle, WINDOW(i), 0) != 0;
	mapped[i].handle = -1;
}

static void copy(unsigned i)
{
	long status;

	copied[0] = 0;
	status = grants_copy_from(copied, clash_other, FIRST_REF + i, 0, 64);
	odd_status += !is_documented(status);
	wrong_pages += status == 0 ? !may_be(copied[0], false) : copied[0] != 0;
	copies += status == 0;
	copied[WORD] = clash_random(1u << 20) * 2ul;
	status = grants_copy_to(clash_other, FIRST_REF + i, WORD * 8, &copied[WORD], 8);
	odd_status += !is_documented(status);
}

static void use_one(unsigned i)
{
	if (mapped[i].handle >= 0) {
		if (i >= LONG || clash_random(LONG_TURNS) == 0) {
			unmap(i);
		}
	} else if (clash_random(2) != 0) {
		map(i);
	} else {
		copy(i);
	}
}

void pages_use(void)
{
	for (unsigned i = 0; i < USES; i++) {
		use_one(clash_random(REFS));
	}
}

/* A page of our own is to be had by the handles that are left. */
static void check_handles(void)
{
	int ref = grants_give(PV_DOMID_SELF, mmu_page_mfn(copied), true);
	long first = grants_map(PV_DOMID_SELF, (unsigned)ref, 0,
				PV_GNTMAP_device_map | PV_GNTMAP_readonly);

	if (first >= 0) {
		odd_unmaps += grants_unmap((unsigned)first, 0,
					   (uint64_t)mmu_page_mfn(copied) << PV_PAGE_SHIFT) != 0;
	}
	check_true("grants: handles were used again", first < (long)REFS);
}

void pages_use_end(void)
{
	for (unsigned i = 0; i < REFS; i++) {
		if (mapped[i].handle >= 0) {
			unmap(i);
		}
	}
	check_handles();
	check_result("grants: each status is documented", odd_status, 0);
	check_result("grants: each unmap worked", odd_unmaps, 0);
	check_result("grants: no page that was not granted so", wrong_pages, 0);
	printf("clash: %lu maps, %lu copies\n", maps, copies);
	check_true("grants: there was something", maps > 4 && copies > 4);
}

/* ---- the owner ---- */

static uint64_t *pages[KINDS][PAGES];
static unsigned long changes, tables;
static unsigned odd_pins;

void pages_change_init(void)
{
	for (unsigned kind = 0; kind < KINDS; kind++) {
		for (unsigned i = 0; i < PAGES; i++) {
			pages[kind][i] = page_alloc();
			pages[kind][i][0] = MARK + kind * 2;
		}
	}
}

static unsigned long frame_of(enum kind kind)
{
	return mmu_page_mfn(pages[kind][clash_random(PAGES)]);
}

static void change(unsigned ref)
{
	static const unsigned marks[] = { 0, 0, 0, PV_GTF_reading,
					  PV_GTF_reading | PV_GTF_writing };
	unsigned busy = marks[clash_random(5)];

	switch (clash_random(8)) {
	case 0:
		grants_set(ref, PV_GTF_permit_access | PV_GTF_readonly | busy, clash_other,
			   frame_of(READ));
		break;
	case 1:
		grants_set(ref, PV_GTF_permit_access | busy, clash_other + 1, frame_of(SECRET));
		break;
	case 2:
		grants_set(ref, PV_GTF_invalid | busy, clash_other, frame_of(SECRET));
		break;
	case 3:
		grants_set(ref, PV_GTF_permit_access | busy, clash_other, ~0ul);
		break;
	case 4:
		grants_set(ref, PV_GTF_permit_access | busy, clash_other, mmu_root_mfn());
		break;
	default:
		grants_set(ref, PV_GTF_permit_access | busy, clash_other, frame_of(FREE));
		break;
	}
	changes++;
}

/* One of the pages for writing becomes a table for a moment, which it cannot while it is mapped. */
static void make_table(void)
{
	uint64_t *page = pages[FREE][clash_random(PAGES)];
	unsigned long mfn = mmu_page_mfn(page);
	long rc = mmu_make_readonly(page);

	odd_pins += rc != 0;
	rc = mmu_pin(1, mfn);
	odd_pins += rc != 0 && rc != -PV_EINVAL && rc != -PV_EBUSY;
	if (rc == 0) {
		uint64_t was = page[WORD];

		for (unsigned i = 0; i < 200; i++) {
			odd_pins += ((volatile uint64_t *)page)[WORD] != was;
		}
		odd_pins += mmu_unpin(mfn) != 0;
		tables++;
	}
	odd_pins += mmu_make_writable(page) != 0;
}

void pages_change(void)
{
	for (unsigned i = 0; i < CHANGES; i++) {
		change(FIRST_REF + clash_random(REFS));
	}
	make_table();
}

/* The user is done: the pages are ours alone. */
void pages_change_end(void)
{
	unsigned held = 0, spoilt = 0;

	for (unsigned i = 0; i < REFS; i++) {
		grants_set(FIRST_REF + i, PV_GTF_invalid, 0, 0);
	}
	for (unsigned kind = 0; kind < KINDS; kind++) {
		for (unsigned i = 0; i < PAGES; i++) {
			uint64_t *page = pages[kind][i];

			spoilt += !is_of(page[0], kind) || (kind != FREE && page[WORD] != 0);
			held += mmu_make_readonly(page) != 0 || mmu_pin(1, mmu_page_mfn(page)) != 0;
		}
	}
	check_result("grants: nobody has a page any more", held, 0);
	check_result("grants: nothing was written where it was not allowed", spoilt, 0);
	check_result("grants: a table is nobody's to write", odd_pins, 0);
	printf("clash: %lu changes, a table %lu times\n", changes, tables);
}
