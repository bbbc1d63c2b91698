/*
 * Grants, of the domain's to itself, so that one domain is enough: the work is the same but that
 * both halves are under one lock, and an entry that names an own page is counted once more. A map
 * and its unmap are one figure. Copies are from a page to a grant.
 * Read next: traps.c.
 */
#include "grants.h"

#include <stddef.h>

#include "bench.h"
#include "cpu.h"
#include "events.h"
#include "hypercall.h"
#include "mmu.h"
#include "page.h"
#include "string.h"

#define MANY 16

/* Addresses whose last-level table is there and otherwise empty. */
#define WINDOW_VA 0x10040000000ul

static struct pv_gnttab_map_grant_ref maps[MANY];
static struct pv_gnttab_unmap_grant_ref unmaps[MANY];
static struct pv_gnttab_copy copy;

static void fill(unsigned i, unsigned ref)
{
	unsigned long va = WINDOW_VA + i * KIT_PAGE_SIZE;

	maps[i] = (struct pv_gnttab_map_grant_ref){
		.host_addr = va,
		.flags = PV_GNTMAP_host_map,
		.ref = ref,
		.dom = (pv_domid_t)events_own_domid(),
	};
	unmaps[MANY - 1 - i] = (struct pv_gnttab_unmap_grant_ref){ .host_addr = va };
}

/* Once by hand, to see that it works. */
static long try_all(void)
{
	long rc = hypercall_grant_table_op(PV_GNTTABOP_map_grant_ref, maps, MANY);

	for (unsigned i = 0; rc == 0 && i < MANY; i++) {
		rc = maps[i].status;
	}
	for (unsigned i = 0; rc == 0 && i < MANY; i++) {
		unmaps[MANY - 1 - i].handle = maps[i].handle;
	}
	if (rc == 0) {
		rc = hypercall_grant_table_op(PV_GNTTABOP_unmap_grant_ref, unmaps, MANY);
	}
	return rc != 0 ? rc : unmaps[MANY - 1].status;
}

static long setup_maps(void)
{
	void *page = page_alloc();
	long rc = grants_init();

	rc = rc != 0 ?
		     rc :
		     mmu_map(mmu_root_mfn(), WINDOW_VA, mmu_pte(mmu_page_mfn(page), MMU_PTE_DATA));
	rc = rc != 0 ? rc : mmu_set_mapping(WINDOW_VA, 0);
	for (unsigned i = 0; rc == 0 && i < MANY; i++) {
		int ref = grants_give(events_own_domid(), mmu_page_mfn(page), false);

		rc = ref < 0 ? ref : 0;
		fill(i, (unsigned)ref);
	}
	return rc != 0 ? rc : try_all();
}

#define GRANT_OP(cmd, list, count)                                                       \
	"movl $20, %%eax; movl $" cmd ", %%edi; movq %[" list "], %%rsi; movl %k[" count \
	"], %%edx\n" BENCH_HYPERCALL

/* A handle from where a map wrote it to where its unmap wants it: two instructions, which are counted. */
#define PASS_HANDLE(i, last) \
	"movl 20+32*" i "(%[maps]), %%eax; movl %%eax, 16+24*(" last "-" i ")(%[unmaps])\n"

_Static_assert(sizeof(maps[0]) == 32 && offsetof(struct pv_gnttab_map_grant_ref, handle) == 20 &&
		       sizeof(unmaps[0]) == 24 &&
		       offsetof(struct pv_gnttab_unmap_grant_ref, handle) == 16,
	       "PASS_HANDLE");

/* The last unmaps are those of the first maps, in reverse. */
static uint64_t run_pair_1(unsigned long n)
{
	return BENCH_LOOP(n,
			  GRANT_OP("0", "maps", "count") PASS_HANDLE("0", "0")
				  GRANT_OP("1", "unmaps", "count"),
			  [maps] "r"(maps), [unmaps] "r"(&unmaps[MANY - 1]), [count] "i"(1));
}

static uint64_t run_pair_16(unsigned long n)
{
	return BENCH_LOOP(
		n,
		GRANT_OP("0", "maps", "count") ".irp i,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n" PASS_HANDLE(
			"\\i", "15") ".endr\n" GRANT_OP("1", "unmaps", "count"),
		[maps] "r"(maps), [unmaps] "r"(unmaps), [count] "i"(MANY));
}

static long setup_copy(uint16_t bytes)
{
	void *from = page_alloc(), *to = page_alloc();
	long rc = grants_init();
	int ref;

	if (rc != 0) {
		return rc;
	}
	ref = grants_give(events_own_domid(), mmu_page_mfn(to), false);
	copy = (struct pv_gnttab_copy){
		.source = { .u.gmfn = mmu_page_mfn(from), .domid = PV_DOMID_SELF },
		.dest = { .u.ref = (unsigned)ref, .domid = (pv_domid_t)events_own_domid() },
		.len = bytes,
		.flags = PV_GNTCOPY_dest_gref,
	};
	rc = hypercall_grant_table_op(PV_GNTTABOP_copy, &copy, 1);
	return rc != 0 ? rc : copy.status;
}

static long setup_copy_64(void)
{
	return setup_copy(64);
}

static long setup_copy_4096(void)
{
	return setup_copy(4096);
}

static uint64_t run_copy(unsigned long n)
{
	return BENCH_LOOP(n, GRANT_OP("5", "copy", "count"), [copy] "r"(&copy), [count] "ri"(1));
}

/* A run that went wrong would be quick: a figure counts only if the last was right. */
static void check_maps(void)
{
	for (unsigned i = 0; i < MANY; i++) {
		if (maps[i].status != PV_GNTST_okay || unmaps[i].status != PV_GNTST_okay) {
			bench_fail("a grant was not mapped or not unmapped");
		}
	}
}

static void check_copy(void)
{
	if (copy.status != PV_GNTST_okay) {
		bench_fail("a grant was not copied");
	}
}

const struct bench_op bench_grant_ops[] = {
	{ "grant-map", "grant map and unmap", 500, 1, run_pair_1, setup_maps, check_maps },
	{ "grant-map-16", "grant map and unmap, each of 16", 50, MANY, run_pair_16, setup_maps,
	  check_maps },
	{ "grant-copy-64", "grant copy of 64 bytes", 500, 1, run_copy, setup_copy_64, check_copy },
	{ "grant-copy-4096", "grant copy of 4 KiB", 200, 1, run_copy, setup_copy_4096, check_copy },
	{ NULL },
};
