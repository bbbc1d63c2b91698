/*
 * Arguments that change between one reading and the next: what was checked
 * must be what is used.
 * Read next: others.c.
 */
#include "race.h"

#include <stddef.h>

#include "cpu.h"
#include "hypercall.h"
#include "mmu.h"
#include "page.h"
#include "probe.h"
#include "start.h"
#include "traps.h"

#define FLIPS 64

static uint64_t *page;
static uint64_t entry_maddr;
static unsigned long table_pfn; /* of the table that the entry is in */

static bool arguments_begin(void)
{
	page = page_alloc();
	entry_maddr = race_entry(RACE_VA);
	table_pfn = mmu_mfn_to_pfn(mmu_pte_mfn(entry_maddr));
	return true;
}

static bool arguments_end(void)
{
	bool ok = mmu_write_entry(entry_maddr, 0) == 0 && race_page_is_free(page);

	page_free(page);
	return ok;
}

static bool entry_is_allowed(void)
{
	uint64_t entry = 0;

	mmu_walk(RACE_VA, 1, &entry);
	return (entry & PV_PTE_PRESENT) == 0 || mmu_pte_mfn(entry) == mmu_page_mfn(page) ||
	       (entry & PV_PTE_WRITE) == 0;
}

/* The value of an update, between one that is fine and one that is not. */
static volatile struct pv_mmu_update update;

static void flip_value(void)
{
	for (unsigned i = 0; i < FLIPS; i++) {
		update.val = race_forbidden();
		update.val = mmu_pte(mmu_page_mfn(page), MMU_PTE_DATA);
	}
}

static bool update_value(unsigned round)
{
	update.ptr = entry_maddr;
	hypercall_mmu_update((struct pv_mmu_update *)(uintptr_t)&update, 1, NULL, PV_DOMID_SELF);
	return entry_is_allowed();
}

/* Where it goes: an entry, the root's own hypervisor slot, another's frame. */
static void flip_pointer(void)
{
	for (unsigned i = 0; i < FLIPS; i++) {
		update.ptr = mmu_pte(mmu_root_mfn(), 256 * 8);
		update.ptr = entry_maddr;
		update.ptr = 0x100000;
		update.ptr = entry_maddr | PV_MMU_MACHPHYS_UPDATE;
		update.ptr = entry_maddr;
	}
}

static bool update_pointer(unsigned round)
{
	const volatile uint64_t *slots = (const volatile uint64_t *)start_info->pt_base;
	uint64_t slot = slots[256];

	update.val = mmu_pte(mmu_page_mfn(page), MMU_PTE_DATA);
	hypercall_mmu_update((struct pv_mmu_update *)(uintptr_t)&update, 1, NULL, PV_DOMID_SELF);
	/* The table's m2p entry may have been the target, and says nothing any more. */
	mmu_write_entry((entry_maddr & ~(KIT_PAGE_SIZE - 1)) | PV_MMU_MACHPHYS_UPDATE, table_pfn);
	return slots[256] == slot;
}

/* A row of a multicall: its operation and all arguments. */
static volatile struct pv_multicall_entry row;

static void flip_row(void)
{
	for (unsigned i = 0; i < FLIPS; i++) {
		row.op = PV_HYPERCALL_update_va_mapping;
		row.args[0] = RACE_VA;
		row.args[1] = race_forbidden();
		row.args[0] = PV_HYPERVISOR_VIRT_START;
		row.op = ~0ul;
		row.args[1] = mmu_pte(mmu_page_mfn(page), MMU_PTE_DATA);
		row.args[2] = i;
		row.op = PV_HYPERCALL_xen_version;
		row.result = i;
	}
}

static bool multicall(unsigned round)
{
	hypercall_multicall((struct pv_multicall_entry *)(uintptr_t)&row, 1);
	return entry_is_allowed();
}

/* Operations on tables: which frame, and what to do with it. */
static volatile struct pv_mmuext_op op;

static void flip_operation(void)
{
	static const unsigned commands[] = { PV_MMUEXT_PIN_L1_TABLE, PV_MMUEXT_UNPIN_TABLE,
					     PV_MMUEXT_TLB_FLUSH_LOCAL, PV_MMUEXT_PIN_L2_TABLE,
					     99 };

	for (unsigned i = 0; i < FLIPS; i++) {
		op.cmd = commands[i % 5];
		op.arg1.mfn = i & 1 ? mmu_page_mfn(page) : ~0ul;
	}
}

static bool operation(unsigned round)
{
	mmu_make_readonly(page);
	hypercall_mmuext_op((struct pv_mmuext_op *)(uintptr_t)&op, 1, NULL, PV_DOMID_SELF);
	/* Whatever it was, at most one pin is there now. */
	mmu_unpin(mmu_page_mfn(page));
	return mmu_make_writable(page) == 0;
}

/* A descriptor table's frames, and its entries. */
static volatile uint64_t frames[14];

static void flip_frames(void)
{
	for (unsigned i = 0; i < FLIPS; i++) {
		frames[0] = mmu_root_mfn();
		frames[0] = mmu_page_mfn(page);
		frames[1] = 1ul << 40;
		frames[1] = mmu_page_mfn(page);
	}
}

static bool gdt(unsigned round)
{
	mmu_make_readonly(page);
	hypercall_set_gdt((const uint64_t *)(uintptr_t)frames, 1024);
	hypercall_set_gdt((const uint64_t *)(uintptr_t)frames, 0);
	return mmu_make_writable(page) == 0;
}

/* The list of frames to give back, and those wanted. */
static volatile struct pv_memory_reservation reservation;
static volatile uint64_t extents[2];

static void flip_reservation(void)
{
	for (unsigned i = 0; i < FLIPS; i++) {
		extents[0] = ~0ul;
		extents[1] = 0;
		reservation.extent_start = PV_HYPERVISOR_VIRT_START;
		reservation.nr_extents = ~0ul;
		reservation.extent_order = i;
		reservation.domid = (uint16_t)i;
		reservation.extent_start = (uintptr_t)extents;
		reservation.nr_extents = 2;
		reservation.domid = PV_DOMID_SELF;
	}
}

static bool reserve(unsigned round)
{
	hypercall_memory_op(PV_MEMORY_decrease_reservation, (void *)(uintptr_t)&reservation);
	return true;
}

/* An instruction that is emulated, changed while it is read. */
static volatile uint8_t *code;

void race_call(const volatile uint8_t *code);
extern const char race_recover[];

static void flip_code(void)
{
	for (unsigned i = 0; i < FLIPS; i++) {
		code[0] = 0x0f;
		code[1] = 0x32; /* rdmsr */
		code[0] = 0xec; /* in, and xor behind it */
		code[1] = 0x20; /* in, and and behind it */
		code[0] = 0x0f; /* mov %cr0, %rax */
		code[0] = 0xfa; /* cli */
		code[1] = 0x32;
	}
}

/* Any fault of the code goes on behind the call. */
static bool code_fault(struct kit_regs *regs)
{
	regs->rip = (uintptr_t)race_recover;
	return true;
}

static void code_handlers(trap_handler_t handler)
{
	traps_set_handler(6, 0, handler);
	traps_set_handler(13, 0, handler);
	traps_set_handler(14, 0, handler);
}

static bool code_begin(void)
{
	code = page_alloc();
	code[2] = 0xc0;
	for (unsigned i = 3; i < 16; i++) {
		code[i] = 0xc3;
	}
	code_handlers(code_fault);
	return true;
}

static bool code_end(void)
{
	code_handlers(NULL);
	page_free((void *)(uintptr_t)code);
	return true;
}

static bool run_code(unsigned round)
{
	for (unsigned i = 0; i < 8; i++) {
		race_call(code);
	}
	return true;
}

const struct contest race_arguments[] = {
	{ "update-value", arguments_begin, arguments_end, update_value, flip_value },
	{ "update-pointer", arguments_begin, arguments_end, update_pointer, flip_pointer },
	{ "multicall-row", arguments_begin, arguments_end, multicall, flip_row },
	{ "table-operation", arguments_begin, arguments_end, operation, flip_operation },
	{ "gdt-frames", arguments_begin, arguments_end, gdt, flip_frames },
	{ "reservation", arguments_begin, arguments_end, reserve, flip_reservation },
	{ "emulated-code", code_begin, code_end, run_code, flip_code },
	{ NULL, NULL, NULL, NULL, NULL },
};
