/*
 * granter: two domains and their grants. Each runs this guest; the command line says which
 * it is: "role=owner" or "role=peer", and "other=N", the other's number. The owner gives pages at
 * fixed references; the peer maps them, copies from and to them, and both look at what
 * becomes of the pages and of the entries' marks. They take turns by a page that is
 * mapped in both. "end=owner" or "end=peer" ends that domain while grants are mapped.
 *
 *	ok NAME | FAIL NAME: ...
 *	granter: ROLE: N passed, M failed
 *
 * Read next: ../../grants.c, the test that runs it.
 */
#include <stddef.h>

#include "check.h"
#include "cpu.h"
#include "events.h"
#include "grants.h"
#include "hypercall.h"
#include "mmu.h"
#include "page.h"
#include "power.h"
#include "printf.h"
#include "probe.h"
#include "start.h"
#include "string.h"
#include "timer.h"

#define REF_CONTROL 8 /* the owner's */
#define REF_DATA    9
#define REF_FIXED   10 /* read-only */
#define REF_WILD    11 /* changes all the time */

#define WINDOW(i)     (0x10040000000ul + (i)*KIT_PAGE_SIZE)
#define PATTERN       0x6772616e74ul
#define WILD_MAPS     2000
#define PATIENCE_NS   60000000000ul
#define NS_PER_MS     1000000ul
#define MAP_WRITABLE  PV_GNTMAP_host_map
#define MAP_READ_ONLY (PV_GNTMAP_host_map | PV_GNTMAP_readonly)

/* What stands in the page that both have mapped. */
struct control {
	uint32_t turn;     /* counts up; odd: the owner's */
	uint32_t wild_end; /* the peer has mapped enough */
	uint32_t peers_ref;
};

static unsigned other;
static volatile struct control *control;

static void next_turn(void)
{
	__atomic_fetch_add(&control->turn, 1, __ATOMIC_SEQ_CST);
}

static void wait_for_turn(uint32_t turn)
{
	uint64_t end = timer_now_ns() + PATIENCE_NS;

	while (__atomic_load_n(&control->turn, __ATOMIC_SEQ_CST) != turn) {
		if (timer_now_ns() > end) {
			power_panic("turn %u does not come", turn);
		}
		timer_sleep_ns(NS_PER_MS);
	}
}

static void make_window(void)
{
	long rc = mmu_map(mmu_root_mfn(), WINDOW(0),
			  mmu_pte(mmu_page_mfn(page_alloc()), MMU_PTE_DATA));

	rc = rc != 0 ? rc : mmu_set_mapping(WINDOW(0), 0);
	rc = rc != 0 ? rc : grants_init();
	if (rc != 0) {
		power_panic("no place for grants: %ld", rc);
	}
}

static unsigned marks(unsigned ref)
{
	return grants_table()[ref].flags & (PV_GTF_reading | PV_GTF_writing);
}

static void fill(uint64_t *page, uint64_t seed)
{
	for (unsigned i = 0; i < KIT_PAGE_SIZE / sizeof(*page); i++) {
		page[i] = seed + i;
	}
}

static bool is_filled(const volatile uint64_t *page, uint64_t seed)
{
	for (unsigned i = 0; i < KIT_PAGE_SIZE / sizeof(*page); i++) {
		if (page[i] != seed + i) {
			return false;
		}
	}
	return true;
}

/* ---- the owner ---- */

/* Entries as a hostile owner writes them: another page, no writing, nobody, nothing. */
static unsigned long change_wild(const uint64_t *a, const uint64_t *b)
{
	unsigned long changes = 0;

	while (__atomic_load_n(&control->wild_end, __ATOMIC_SEQ_CST) == 0) {
		grants_set(REF_WILD, PV_GTF_permit_access, other, mmu_page_mfn(a));
		grants_set(REF_WILD, PV_GTF_permit_access, other, mmu_page_mfn(b));
		grants_set(REF_WILD, PV_GTF_permit_access | PV_GTF_readonly, other,
			   mmu_page_mfn(a));
		grants_set(REF_WILD, PV_GTF_permit_access, other + 1, mmu_page_mfn(b));
		grants_set(REF_WILD, PV_GTF_permit_access, other, mmu_root_mfn());
		grants_set(REF_WILD, PV_GTF_invalid, 0, ~0ul);
		changes += 6;
	}
	grants_set(REF_WILD, PV_GTF_invalid, 0, 0);
	return changes;
}

/* What the owner gives. */
static uint64_t *data, *fixed;

static void give_all(void)
{
	control = page_alloc();
	data = page_alloc();
	fixed = page_alloc();
	fill(data, PATTERN);
	fill(fixed, 2 * PATTERN);
	grants_set(REF_DATA, PV_GTF_permit_access, other, mmu_page_mfn(data));
	grants_set(REF_FIXED, PV_GTF_permit_access | PV_GTF_readonly, other, mmu_page_mfn(fixed));
	grants_set(REF_CONTROL, PV_GTF_permit_access, other, mmu_page_mfn((void *)control));
}

/* The peer has mapped it and written to it. */
static void check_mapped(void)
{
	check_true("owner: what the peer wrote is there", is_filled(data, 5 * PATTERN));
	check_result("owner: the entry is marked", marks(REF_DATA),
		     PV_GTF_reading | PV_GTF_writing);
	check_true("owner: it does not end while it is mapped", !grants_end(REF_DATA));
	check_result("owner: a page that is mapped is no table",
		     mmu_make_readonly(data) == 0 ? mmu_pin(1, mmu_page_mfn(data)) : 0, -PV_EINVAL);
	mmu_make_writable(data);
}

/* The peer has unmapped it, and copied to it by the grant. */
static void check_unmapped(void)
{
	long handle;

	check_result("owner: the marks are gone", marks(REF_DATA), 0);
	check_true("owner: what the peer copied is there", is_filled(data, 6 * PATTERN));
	check_true("owner: now it ends", grants_end(REF_DATA));
	memset(data, 0, KIT_PAGE_SIZE);
	check_true("owner: and the page may be a table",
		   mmu_make_readonly(data) == 0 && mmu_pin(1, mmu_page_mfn(data)) == 0 &&
			   mmu_unpin(mmu_page_mfn(data)) == 0 && mmu_make_writable(data) == 0);
	check_true("owner: the read-only page is as it was", is_filled(fixed, 2 * PATTERN));
	handle = grants_map(other, control->peers_ref, WINDOW(1), MAP_READ_ONLY);
	check_true("owner: a page of the peer's",
		   handle >= 0 && is_filled((void *)WINDOW(1), 7 * PATTERN));
	check_result("owner: given back", grants_unmap((unsigned)handle, WINDOW(1), 0), 0);
}

/* The peer maps and copies while the entry changes. */
static void change_entry(void)
{
	uint64_t *a = page_alloc(), *b = page_alloc();

	fill(a, 3 * PATTERN);
	fill(b, 4 * PATTERN);
	printf("granter: the entry changed %lu times\n", change_wild(a, b));
	check_true("owner: nothing was written but to what was granted",
		   is_filled(fixed, 2 * PATTERN) && a[1] == 3 * PATTERN + 1 &&
			   b[1] == 4 * PATTERN + 1);
}

static void end_owner(void)
{
	if (start_option_is("end", "peer")) {
		next_turn();
		timer_sleep_ns(1000 * NS_PER_MS);
		/* Once the peer is gone for good its mappings are; until then the marks stand. */
		check_true("owner: control is still mapped, or may end",
			   marks(REF_CONTROL) != 0 || grants_end(REF_CONTROL));
	} else if (start_option_is("end", "owner")) {
		fill(fixed, 8 * PATTERN);
		next_turn();
	} else {
		next_turn();
		wait_for_turn(7);
		check_true("owner: all is over", marks(REF_CONTROL) != 0 && marks(REF_FIXED) == 0);
	}
}

static void owner_main(void)
{
	give_all();
	wait_for_turn(1);
	check_mapped();
	next_turn();
	wait_for_turn(3);
	check_unmapped();
	next_turn();
	change_entry();
	wait_for_turn(5);
	end_owner();
}

/* ---- the peer ---- */

/* Until the owner has come so far. */
static void map_control(void)
{
	uint64_t end = timer_now_ns() + PATIENCE_NS;
	long handle;

	while ((handle = grants_map(other, REF_CONTROL, WINDOW(0), MAP_WRITABLE)) < 0) {
		if (timer_now_ns() > end) {
			power_panic("the owner gives nothing: %ld", handle);
		}
		timer_sleep_ns(NS_PER_MS);
	}
	control = (void *)WINDOW(0);
}

static void check_refusals(void)
{
	uint64_t entry = 0;
	long handle;

	check_result("peer: read-only is not writable",
		     grants_map(other, REF_FIXED, WINDOW(2), MAP_WRITABLE), PV_GNTST_general_error);
	handle = grants_map(other, REF_FIXED, WINDOW(2), MAP_READ_ONLY);
	check_true("peer: but readable", handle >= 0 && is_filled((void *)WINDOW(2), 2 * PATTERN));
	check_result("peer: a store to it faults", (long)probe_write(WINDOW(2), 1),
		     (long)PROBE_FAULT(14));
	(void)mmu_walk(WINDOW(2), 1, &entry);
	check_refused("peer: making it writable", mmu_set_mapping(WINDOW(2), entry | PV_PTE_WRITE));
	check_refused("peer: mapping it elsewhere", mmu_set_mapping(WINDOW(3), entry));
	check_result("peer: at an address where it is not",
		     grants_unmap((unsigned)handle, WINDOW(3), 0), PV_GNTST_general_error);
	check_result("peer: and where it is", grants_unmap((unsigned)handle, WINDOW(2), 0), 0);
	check_result("peer: a reference that nobody gave",
		     grants_map(other, 100, WINDOW(2), MAP_READ_ONLY), PV_GNTST_general_error);
	check_result("peer: the page is gone", (long)probe_write(WINDOW(2), 1),
		     (long)PROBE_FAULT(14));
}

static void check_wild(void)
{
	unsigned long mapped = 0, bad = 0, copied = 0;
	uint64_t *own = page_alloc();

	for (unsigned i = 0; i < WILD_MAPS; i++) {
		long handle = grants_map(other, REF_WILD, WINDOW(2),
					 i % 2 ? MAP_WRITABLE : MAP_READ_ONLY);
		volatile uint64_t *page = (void *)WINDOW(2);

		if (handle >= 0) {
			uint64_t first = page[1] - 1;

			mapped++;
			/* A root of the owner's may be read, not written. */
			bad += first != 3 * PATTERN && first != 4 * PATTERN && i % 2;
			bad += grants_unmap((unsigned)handle, WINDOW(2), 0) != 0;
		}
		copied += grants_copy_from(own, other, REF_WILD, 0, 64) == 0;
		if (i % 16 == 0) {
			timer_sleep_ns(1000); /* let the owner change it */
		}
	}
	printf("granter: of %u maps %lu, and %lu copies found a grant\n", WILD_MAPS, mapped,
	       copied);
	check_sweep("peer: pages that were not granted", bad, bad, 0);
	page_free(own);
}

static void check_copies(void)
{
	uint64_t *own = page_alloc();

	check_result("peer: copied from a grant",
		     grants_copy_from(own, other, REF_FIXED, 0, KIT_PAGE_SIZE), 0);
	check_true("peer: what came", is_filled(own, 2 * PATTERN));
	check_result("peer: not to it", grants_copy_to(other, REF_FIXED, 0, own, 8),
		     PV_GNTST_general_error);
	fill(own, 6 * PATTERN);
	check_result("peer: copied to a grant",
		     grants_copy_to(other, REF_DATA, 0, own, KIT_PAGE_SIZE), 0);
}

/* What the owner looks at in turn. */
static void give_page(void)
{
	uint64_t *page = page_alloc();

	fill(page, 7 * PATTERN);
	control->peers_ref = (uint32_t)grants_give(other, mmu_page_mfn(page), true);
}

static void end_peer(void)
{
	long handle;

	if (start_option_is("end", "peer")) {
		return; /* with control mapped */
	}
	if (start_option_is("end", "owner")) {
		handle = grants_map(other, REF_FIXED, WINDOW(1), MAP_READ_ONLY);
		timer_sleep_ns(1000 * NS_PER_MS);
		check_true("peer: the dead owner's page is as it was",
			   handle < 0 || is_filled((void *)WINDOW(1), 8 * PATTERN));
		check_result("peer: its control page too", (long)control->turn, 6);
		check_true("peer: and may be given back",
			   handle < 0 || grants_unmap((unsigned)handle, WINDOW(1), 0) == 0);
		return;
	}
	next_turn();
}

static void peer_main(void)
{
	long handle;

	map_control();
	handle = grants_map(other, REF_DATA, WINDOW(1), MAP_WRITABLE);
	check_true("peer: the owner's page", handle >= 0 && is_filled((void *)WINDOW(1), PATTERN));
	fill((void *)WINDOW(1), 5 * PATTERN);
	next_turn();
	wait_for_turn(2);
	check_result("peer: unmapped", grants_unmap((unsigned)handle, WINDOW(1), 0), 0);
	check_result("peer: twice", grants_unmap((unsigned)handle, WINDOW(1), 0),
		     PV_GNTST_bad_handle);
	check_refusals();
	check_copies();
	give_page();
	next_turn();
	wait_for_turn(4);
	check_wild();
	__atomic_store_n(&control->wild_end, 1, __ATOMIC_SEQ_CST);
	next_turn();
	wait_for_turn(6);
	end_peer();
}

int main(void)
{
	bool owner = start_option_is("role", "owner");

	other = (unsigned)start_option_number("other", 0);
	make_window();
	if (owner) {
		owner_main();
	} else {
		peer_main();
	}
	printf("granter: %s: %u passed, %u failed\n", owner ? "owner" : "peer", check_passed(),
	       check_failed());
	return check_failed() != 0;
}
