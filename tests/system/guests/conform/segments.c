/*
 * Segments: bases by hypercall, descriptor tables of the guest's own, and
 * selectors in them for data and for code, in the kernel and in user mode.
 * Read next: paging.c.
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
#include "traps.h"
#include "user_pieces.h"

#define DATA_AT_0             0x00cff3000000fffful /* flat, writable, DPL 3 */
#define DATA_RING_0           0x00cf93000000fffful
#define CODE_64               0x00affb000000fffful
#define ENTRY_SELECTOR(index) ((index) << 3 | 3)

void landing_iret(const uint64_t frame[9]);
extern const char landing_here[];
extern struct {
	uint64_t rax, rcx, r11, rflags, rsp, ss, cs;
} landing_found;

/* A flat data descriptor with this base below 4 GiB. */
static uint64_t data_at(uint32_t base)
{
	return DATA_AT_0 | (uint64_t)(base & 0xffffff) << 16 | (uint64_t)(base >> 24) << 56;
}

static void check_base_calls(void)
{
	uint64_t word = 0x88, value;

	check_result("segments: fs base",
		     hypercall_set_segment_base(PV_SEGBASE_FS, (uintptr_t)&word), 0);
	__asm__ volatile("movq %%fs:0, %0" : "=r"(value)::"memory");
	check_result("segments: in use", (long)value, 0x88);
	pieces_data()[0] = 0x1234;
	check_result("segments: user gs base",
		     hypercall_set_segment_base(PV_SEGBASE_GS_USER, PIECES_DATA), 0);
	check_true("segments: the kernel's is another", cpu_current() == &kit_cpus[0]);
	check_true("segments: in use by user mode",
		   pieces_exited(pieces_run(PIECE_LOAD_GS, 0, 0), 0x1234));
	check_true("segments: still the kernel's", cpu_current() == &kit_cpus[0]);
	hypercall_set_segment_base(PV_SEGBASE_FS, PIECES_DATA);
	check_true("segments: fs base is the same in user mode",
		   pieces_exited(pieces_run(PIECE_LOAD_FS, 0, 0), 0x1234));
	hypercall_set_segment_base(PV_SEGBASE_FS, 0);
	hypercall_set_segment_base(PV_SEGBASE_GS_USER, 0);
}

static void check_gdt(void)
{
	uint64_t *gdt = page_alloc();
	uint64_t frame = mmu_page_mfn(gdt), maddr = frame << 12, value;
	uint32_t limit = 0;

	gdt[12] = DATA_RING_0;
	gdt[13] = CODE_64;
	mmu_make_readonly(gdt);
	check_result("segments: gdt", hypercall_set_gdt(&frame, 16), 0);
	check_result("segments: update of an entry in use",
		     hypercall_update_descriptor(maddr + 14 * 8, data_at(PIECES_DATA)), 0);
	check_result("segments: selector of the gdt",
		     (long)PROBE("movl %k1, %%fs", "r"(ENTRY_SELECTOR(14))), 0);
	pieces_data()[0] = 0x4321;
	__asm__ volatile("movq %%fs:0, %0" : "=r"(value)::"memory");
	check_result("segments: its base", (long)value, 0x4321);
	check_true("segments: selector in user mode",
		   pieces_exited(pieces_run(PIECE_SELECTOR_FS, ENTRY_SELECTOR(14), 0), 0x4321));
	check_result("segments: a ring 0 descriptor becomes usable",
		     (long)PROBE("movl %k1, %%es", "r"(ENTRY_SELECTOR(12))), 0);
	__asm__ volatile("lsl %1, %0" : "+r"(limit) : "r"(ENTRY_SELECTOR(14)));
	check_result("segments: lsl", limit, 0xffffffff);
	check_result("segments: user gs by selector",
		     hypercall_set_segment_base(PV_SEGBASE_GS_USER_SEL, ENTRY_SELECTOR(14)), 0);
	check_true("segments: in use by user mode",
		   pieces_exited(pieces_run(PIECE_LOAD_GS, 0, 0), 0x4321));
	check_true("segments: and not by the kernel", cpu_current() == &kit_cpus[0]);
	check_result("segments: and none", hypercall_set_segment_base(PV_SEGBASE_GS_USER_SEL, 0),
		     0);
	__asm__ volatile("movl %0, %%fs; movl %0, %%es" ::"r"(0));
	check_result("segments: no gdt", hypercall_set_gdt(NULL, 0), 0);
	mmu_make_writable(gdt);
	page_free(gdt);
}

/* The kernel may run on a code segment of its own. */
static void check_code_segment(void)
{
	uint64_t *gdt = page_alloc();
	uint64_t frame = mmu_page_mfn(gdt);
	struct pv_iret_context context = {
		.rip = (uintptr_t)landing_here,
		.cs = 13 << 3,
		.rflags = 0x202,
		.rsp = 0x4444,
		.ss = 12 << 3,
	};

	gdt[12] = DATA_AT_0;
	gdt[13] = CODE_64;
	mmu_make_readonly(gdt);
	hypercall_set_gdt(&frame, 16);
	landing_iret((const uint64_t *)&context);
	check_result("segments: code segment of our own", (long)landing_found.cs,
		     ENTRY_SELECTOR(13));
	check_result("segments: stack segment of our own", (long)landing_found.ss,
		     ENTRY_SELECTOR(12));
	/* Back on the flat ones. */
	context.cs = PV_FLAT_KERNEL_CS & ~3ul;
	context.ss = PV_FLAT_KERNEL_SS;
	landing_iret((const uint64_t *)&context);
	hypercall_set_gdt(&frame, 0);
	mmu_make_writable(gdt);
	page_free(gdt);
}

void segments_check(void)
{
	check_base_calls();
	check_gdt();
	check_code_segment();
}
