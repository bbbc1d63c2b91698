/*
 * Start of day: registers, start_info, the layout of the first mapping, the
 * page tables it is made of, the two tables of frame numbers, shared_info, and
 * the hypercall page.
 * Read next: information.c.
 */
#include "start.h"

#include <stddef.h>
#include <stdint.h>

#include "check.h"
#include "cpu.h"
#include "groups.h"
#include "hypercall.h"
#include "mmu.h"
#include "string.h"

#define SLACK     (512l * 1024)
#define STUB_SIZE 32

extern uint8_t kit_hypercall_page[];
extern const char kit_start[], kit_image_end[];

static void check_registers(void)
{
	const struct start_registers *r = &start_registers;

	check_true("start: rax to rdx are 0", (r->rax | r->rbx | r->rcx | r->rdx) == 0);
	check_true("start: rdi and rbp are 0", (r->rdi | r->rbp) == 0);
	check_true("start: r8 to r15 are 0",
		   (r->r8 | r->r9 | r->r10 | r->r11 | r->r12 | r->r13 | r->r14 | r->r15) == 0);
	check_true("start: rsi is start_info", r->rsi == (uintptr_t)start_info);
	check_result("start: flags", (long)(r->rflags & ~0x44ul), 0x202);
	check_result("start: cs", r->cs, PV_FLAT_KERNEL_CS);
	check_result("start: ss", r->ss, PV_FLAT_KERNEL_SS);
	check_true("start: other selectors are null", ((r->ds | r->es | r->fs | r->gs) & ~3) == 0);
	check_result("start: the stack ends with a page", (long)(r->rsp % KIT_PAGE_SIZE), 0);
}

/* As user pages they would be global, and stay within reach of programs. */
static void check_first_mapping(void)
{
	uint64_t code = 0, data = 0;

	(void)mmu_walk((uintptr_t)kit_start, 1, &code);
	(void)mmu_walk((uintptr_t)start_info, 1, &data);
	check_result("start: no page of it is global", (long)((code | data) & PV_PTE_GLOBAL), 0);
}

static void check_start_info(void)
{
	const struct pv_start_info *s = start_info;

	check_true("start: magic", strncmp(s->magic, "xen-3.0-x86_64", 14) == 0);
	check_result("start: start_info is aligned", (long)((uintptr_t)s % KIT_PAGE_SIZE), 0);
	check_true("start: some pages", s->nr_pages > 0);
	check_result("start: shared page is aligned", (long)(s->shared_info % KIT_PAGE_SIZE), 0);
	check_result("start: tables are aligned", (long)(s->pt_base % KIT_PAGE_SIZE), 0);
	check_true("start: at least four tables", s->nr_pt_frames >= 4);
	check_result("start: p2m is aligned", (long)(s->mfn_list % KIT_PAGE_SIZE), 0);
	check_true("start: no store, or one with a frame",
		   s->store_evtchn == 0 || s->store_mfn != 0);
	if (!start_is_privileged()) {
		check_result("start: flags of a plain guest", s->flags & 3, 0);
		check_true("start: a console",
			   s->console.domU.evtchn != 0 &&
				   mmu_mfn_to_pfn(s->console.domU.mfn) != MMU_NO_FRAME);
	}
}

/* Kernel, then start_info, then tables, then the stack, then room. */
static void check_layout(void)
{
	unsigned long image = (uintptr_t)kit_image_end, info = (uintptr_t)start_info;
	unsigned long tables = start_info->pt_base, stack = start_registers.rsp;
	unsigned long end = stack;
	uint64_t entry;

	check_true("start: start_info behind the image", info >= image);
	check_true("start: tables behind start_info", tables > info);
	check_true("start: stack behind the tables",
		   stack > tables + start_info->nr_pt_frames * KIT_PAGE_SIZE);
	while (end - stack < (unsigned long)SLACK && mmu_walk(end, 1, &entry) != 0 &&
	       (entry & PV_PTE_PRESENT) != 0) {
		end += KIT_PAGE_SIZE;
	}
	check_result("start: 512 KiB behind the stack", (long)(end - stack), SLACK);
}

/* Each page of the mapping by the entries that the guest reads. */
static void check_mapping(void)
{
	unsigned long tables = start_info->pt_base;
	unsigned long tables_end = tables + start_info->nr_pt_frames * KIT_PAGE_SIZE;
	unsigned long wrong_frame = 0, wrong_rights = 0, wrong_bits = 0;

	for (unsigned long va = MMU_VIRT_BASE; va < start_registers.rsp; va += KIT_PAGE_SIZE) {
		bool is_table = va >= tables && va < tables_end;
		uint64_t entry = 0;
		unsigned long pfn = (va - MMU_VIRT_BASE) / KIT_PAGE_SIZE;

		mmu_walk(va, 1, &entry);
		/* The kit has put shared pages in its own image. */
		wrong_frame += mmu_pte_mfn(entry) != mmu_pfn_to_mfn(pfn) &&
			       !(va > (uintptr_t)kit_start && va < (uintptr_t)kit_image_end);
		wrong_rights += ((entry & PV_PTE_WRITE) == 0) != is_table;
		wrong_bits += (entry & (PV_PTE_PRESENT | PV_PTE_USER | PV_PTE_PSE | PV_PTE_NX |
					PV_PTE_PWT | PV_PTE_PCD)) != (PV_PTE_PRESENT | PV_PTE_USER);
	}
	check_result("start: each page has the frame of the p2m", (long)wrong_frame, 0);
	check_result("start: tables read-only, all else writable", (long)wrong_rights, 0);
	check_result("start: present and for user mode, no more", (long)wrong_bits, 0);
}

/* The tables are those pages, and no other; the first is the root. */
static void check_tables(void)
{
	unsigned long first = (start_info->pt_base - MMU_VIRT_BASE) / KIT_PAGE_SIZE;
	unsigned long wrong = 0;
	uint64_t entry;

	for (unsigned long va = MMU_VIRT_BASE; va < start_registers.rsp; va += 1ul << 21) {
		for (int level = 4; level > 1; level--) {
			mmu_walk(va, level, &entry);
			wrong += mmu_mfn_to_pfn(mmu_pte_mfn(entry)) - first >=
				 start_info->nr_pt_frames;
		}
	}
	check_result("start: all tables in their range", (long)wrong, 0);
	wrong = 0;
	for (unsigned slot = 0; slot < PV_PT_ENTRIES; slot++) {
		entry = ((const uint64_t *)start_info->pt_base)[slot];
		wrong += (entry & PV_PTE_PRESENT) != 0 && slot != 511 && (slot < 256 || slot > 271);
	}
	check_result("start: no other slot of the root", (long)wrong, 0);
}

static void check_frame_numbers(void)
{
	const uint64_t *p2m = (const uint64_t *)start_info->mfn_list;
	unsigned long entries, wrong = 0;
	const volatile uint64_t *m2p = mmu_m2p(&entries);

	for (unsigned long pfn = 0; pfn < start_info->nr_pages; pfn++) {
		wrong += p2m[pfn] >= entries || m2p[p2m[pfn]] != pfn;
	}
	check_result("start: m2p of every page", (long)wrong, 0);
}

static void check_shared_info(void)
{
	unsigned long wrong = 0;

	/* The first vCPU's is in use. */
	for (unsigned i = 1; i < PV_LEGACY_MAX_VCPUS; i++) {
		wrong += shared_info->vcpu_info[i].evtchn_upcall_pending != 0;
	}
	check_result("start: nothing pending", (long)wrong, 0);
	check_true("start: wall clock",
		   shared_info->wc_sec != 0 && (shared_info->wc_version & 1) == 0);
	check_true("start: time of the first vCPU",
		   shared_info->vcpu_info[0].time.tsc_to_system_mul != 0);
}

static const uint8_t *stub(unsigned nr)
{
	return kit_hypercall_page + nr * (unsigned long)STUB_SIZE;
}

/* One stub a call; that of iret pushes what its frame wants. */
static void check_hypercall_page(void)
{
	static const uint8_t iret[] = { 0x51, 0x41, 0x53, 0x50, 0xb8, 23, 0, 0, 0, 0x0f, 0x05 };
	long (*version)(unsigned long op, void *arg) =
		(long (*)(unsigned long, void *))(uintptr_t)stub(PV_HYPERCALL_xen_version);
	unsigned wrong = 0;

	for (unsigned nr = 0; nr < 64; nr++) {
		const uint8_t usual[] = { 0x51, 0x41, 0x53, 0xb8, (uint8_t)nr, 0,    0,
					  0,    0x0f, 0x05, 0x41, 0x5b,        0x59, 0xc3 };

		wrong += nr != 23 && memcmp(stub(nr), usual, sizeof(usual)) != 0;
	}
	check_result("start: stubs of the hypercall page", wrong, 0);
	check_true("start: stub of iret", memcmp(stub(23), iret, sizeof(iret)) == 0);
	check_result("start: a call through the page", version(PV_VERSION_pagesize, NULL), 4096);
}

void start_check(void)
{
	check_registers();
	check_start_info();
	check_first_mapping();
	check_layout();
	check_mapping();
	check_tables();
	check_frame_numbers();
	check_shared_info();
	check_hypercall_page();
}
