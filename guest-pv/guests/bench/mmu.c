/*
 * Page tables: single writes by each way there is, pins, base pointers and flushes. Writes come in
 * pairs, one that makes an entry present and one that clears it; the figure is their mean.
 * Read next: grants.c.
 */
#include "mmu.h"

#include <stddef.h>

#include "bench.h"
#include "cpu.h"
#include "hypercall.h"
#include "page.h"
#include "start.h"
#include "string.h"

/* A 2 MiB piece of the address space whose last-level table is live and otherwise empty. */
#define SCRATCH_VA 0x10000000000ul

static uint64_t *scratch_table; /* the live L1, read-only in the linear map */
static uint64_t scratch_maddr;  /* its first entry */
static uint64_t present;        /* an entry for a data page */
static uint64_t frames[512];    /* entries for 512 data pages, as programs have them */
static struct pv_mmu_update sets[512], clears[512];

static long setup_scratch(void)
{
	void *page;
	uint64_t entry;
	long rc;

	if (scratch_table != NULL) {
		return 0;
	}
	page = page_alloc();
	present = mmu_pte(mmu_page_mfn(page), MMU_PTE_DATA);
	rc = mmu_map(mmu_root_mfn(), SCRATCH_VA, present);
	if (rc != 0) {
		return rc;
	}
	scratch_maddr = mmu_walk(SCRATCH_VA, 1, &entry);
	scratch_table = mmu_pfn_to_va(mmu_mfn_to_pfn(mmu_pte_mfn(scratch_maddr)));
	for (unsigned i = 0; i < 512; i++) {
		frames[i] = mmu_pte(mmu_page_mfn(page_alloc()), MMU_PTE_DATA | PV_PTE_USER);
		sets[i].ptr = clears[i].ptr = scratch_maddr + i * sizeof(uint64_t);
		sets[i].val = frames[i];
		clears[i].val = 0;
	}
	return mmu_write_entry(scratch_maddr, 0);
}

#define MMU_UPDATE(requests)                                                                     \
	"movl $1, %%eax; movq %[" requests "], %%rdi; movl %[count], %%esi; xorl %%edx, %%edx; " \
	"movl %[self], %%r10d\n" BENCH_HYPERCALL

static uint64_t mmu_update_pairs(unsigned long n, const unsigned count)
{
	return BENCH_LOOP(n, MMU_UPDATE("sets") MMU_UPDATE("clears"), [sets] "r"(sets),
			  [clears] "r"(clears), [count] "r"(count), [self] "i"(PV_DOMID_SELF));
}

static uint64_t run_mmu_update_1(unsigned long n)
{
	return mmu_update_pairs(n, 1);
}

static uint64_t run_mmu_update_512(unsigned long n)
{
	return mmu_update_pairs(n, 512);
}

#define UPDATE_VA(value)                                    \
	"movl $14, %%eax; movq %[va], %%rdi; movq %[" value \
	"], %%rsi; movl %[flags], %%edx\n" BENCH_HYPERCALL

/* With the flush as kernels ask for it: none when setting, the one page when clearing. */
static uint64_t run_update_va(unsigned long n)
{
	return BENCH_LOOP(n,
			  UPDATE_VA("set") "movl $14, %%eax; movq %[va], %%rdi; xorl %%esi, %%esi; "
					   "xorl %%edx, %%edx\n" BENCH_HYPERCALL,
			  [va] "r"(SCRATCH_VA), [set] "r"(present), [flags] "i"(0));
}

static uint64_t run_update_va_flush(unsigned long n)
{
	return BENCH_LOOP(n,
			  UPDATE_VA("set") "movl $14, %%eax; movq %[va], %%rdi; xorl %%esi, %%esi; "
					   "movl %[flags], %%edx\n" BENCH_HYPERCALL,
			  [va] "r"(SCRATCH_VA), [set] "r"(present),
			  [flags] "i"(PV_UVMF_INVLPG | PV_UVMF_LOCAL));
}

static long setup_ptwr(void)
{
	long rc = setup_scratch();

	return rc != 0 ? rc :
			 hypercall_vm_assist(PV_VM_ASSIST_CMD_enable,
					     PV_VM_ASSIST_writable_pagetables);
}

static uint64_t run_ptwr(unsigned long n)
{
	return BENCH_LOOP(n, "movq %[set], (%[entry])\n movq $0, (%[entry])\n", [set] "r"(present),
			  [entry] "r"(scratch_table));
}

/* One mmuext_op; the structure is filled by the setup functions. */
static struct pv_mmuext_op ext[2];

#define MMUEXT(which)                                                                         \
	"movl $26, %%eax; leaq " which "(%[ext]), %%rdi; movl $1, %%esi; xorl %%edx, %%edx; " \
	"movl %[self], %%r10d\n" BENCH_HYPERCALL

static uint64_t run_ext_single(unsigned long n)
{
	return BENCH_LOOP(n, MMUEXT("0"), [ext] "r"(ext), [self] "i"(PV_DOMID_SELF));
}

static uint64_t run_ext_pair(unsigned long n)
{
	return BENCH_LOOP(n, MMUEXT("0") MMUEXT("24"), [ext] "r"(ext), [self] "i"(PV_DOMID_SELF));
}

_Static_assert(sizeof(struct pv_mmuext_op) == 24, "offset in run_ext_pair");

static void *pin_table; /* not in use by any root */

static long setup_pin(const uint64_t *entries)
{
	long rc = setup_scratch();

	if (rc != 0) {
		return rc;
	}
	pin_table = page_alloc();
	if (entries != NULL) {
		memcpy(pin_table, entries, KIT_PAGE_SIZE);
	}
	rc = mmu_make_readonly(pin_table);
	ext[0] = (struct pv_mmuext_op){ .cmd = PV_MMUEXT_PIN_L1_TABLE,
					.arg1.mfn = mmu_page_mfn(pin_table) };
	ext[1] = (struct pv_mmuext_op){ .cmd = PV_MMUEXT_UNPIN_TABLE,
					.arg1.mfn = mmu_page_mfn(pin_table) };
	return rc;
}

static long setup_pin_full(void)
{
	long rc = setup_scratch();

	return rc != 0 ? rc : setup_pin(frames);
}

static long setup_pin_empty(void)
{
	return setup_pin(NULL);
}

static void finish_pin(void)
{
	mmu_make_writable(pin_table);
	page_free(pin_table);
}

/* A second root with the same contents, so that each switch is one to another table. */
static long setup_base(void)
{
	const uint64_t *root = mmu_pfn_to_va(mmu_mfn_to_pfn(mmu_root_mfn()));
	static uint64_t *second;
	long rc = 0;

	if (second == NULL) {
		second = page_alloc();
		memcpy(second, root, KIT_PAGE_SIZE);
		memset(&second[256], 0, 16 * sizeof(*second));
		rc = mmu_make_readonly(second);
		rc = rc != 0 ? rc : mmu_pin(4, mmu_page_mfn(second));
	}
	ext[0] = (struct pv_mmuext_op){ .cmd = PV_MMUEXT_NEW_BASEPTR,
					.arg1.mfn = mmu_page_mfn(second) };
	ext[1] = (struct pv_mmuext_op){ .cmd = PV_MMUEXT_NEW_BASEPTR, .arg1.mfn = mmu_root_mfn() };
	return rc;
}

static long setup_user_base(void)
{
	long rc = setup_base();

	ext[0].cmd = ext[1].cmd = PV_MMUEXT_NEW_USER_BASEPTR;
	return rc;
}

static void finish_user_base(void)
{
	mmu_ext(PV_MMUEXT_NEW_USER_BASEPTR, 0, 0);
}

static long setup_flush(void)
{
	ext[0] = (struct pv_mmuext_op){ .cmd = PV_MMUEXT_TLB_FLUSH_LOCAL };
	return 0;
}

static long setup_invlpg(void)
{
	ext[0] = (struct pv_mmuext_op){ .cmd = PV_MMUEXT_INVLPG_LOCAL,
					.arg1.linear_addr = SCRATCH_VA };
	return 0;
}

const struct bench_op bench_mmu_ops[] = {
	{ "mmu-update-1", "mmu_update of one entry", 500, 2, run_mmu_update_1, setup_scratch },
	{ "mmu-update-512", "an entry in an mmu_update of 512", 4, 1024, run_mmu_update_512,
	  setup_scratch },
	{ "update-va", "update_va_mapping", 500, 2, run_update_va, setup_scratch },
	{ "update-va-flush", "update_va_mapping, INVLPG with the clearing", 500, 2,
	  run_update_va_flush, setup_scratch },
	{ "ptwr", "page-table write by a store that faults", 500, 2, run_ptwr, setup_ptwr },
	{ "pin-full", "pin and unpin an L1 of 512 entries, an entry and direction", 4, 1024,
	  run_ext_pair, setup_pin_full, finish_pin },
	{ "pin-empty", "the same of an empty L1", 4, 1024, run_ext_pair, setup_pin_empty,
	  finish_pin },
	{ "new-base", "new base pointer, to another pinned root", 500, 2, run_ext_pair,
	  setup_base },
	{ "new-user-base", "new user base pointer", 500, 2, run_ext_pair, setup_user_base,
	  finish_user_base },
	{ "flush-local", "TLB flush of this vCPU", 1000, 1, run_ext_single, setup_flush },
	{ "invlpg-local", "flush of one page on this vCPU", 1000, 1, run_ext_single, setup_invlpg },
	{ NULL },
};
