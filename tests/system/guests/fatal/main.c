/*
 * fatal: does one thing, named on the command line, that its domain cannot
 * survive, and that must hurt nobody else. It prints
 *	fatal: WORD
 * first. A domain that comes out alive prints "fatal: survived" and powers
 * off, so that the exit status tells the two apart.
 *
 * A word may have a number: "border=3". The words are in the table at the end.
 * Read next: stacks.S, the few instructions that C cannot express.
 */
#include <stdint.h>

#include "console.h"
#include "cpu.h"
#include "events.h"
#include "hypercall.h"
#include "mmu.h"
#include "page.h"
#include "power.h"
#include "printf.h"
#include "start.h"
#include "string.h"
#include "timer.h"
#include "traps.h"
#include "user.h"

#define UNMAPPED      0x5000000000ul
#define BORDER        PV_HYPERVISOR_VIRT_END
#define USER_CODE     0x400000ul
#define NS_PER_SECOND 1000000000ul
#define FLAT_DATA     0x00cff3000000fffful /* writable, DPL 3, present */

/* Takes an exception with this stack pointer. */
void fatal_fault_on(unsigned long rsp);
/* Enables upcalls, with one pending, on this stack, and spins. */
void fatal_upcall_on(unsigned long rsp, struct pv_vcpu_info *info);
/* Gives way again and again on this stack. */
void fatal_wait_on(unsigned long rsp);
/* The iret hypercall with its frame at this address. */
void fatal_iret_at(unsigned long rsp);
/* A batch with such a call in it. */
void fatal_batch_at(unsigned long rsp, struct pv_multicall_entry *rows, unsigned long count);

static void fault_unmapped(unsigned long number)
{
	fatal_fault_on(UNMAPPED);
}

static void fault_non_canonical(unsigned long number)
{
	fatal_fault_on(0x0000800000000020ul);
}

static void fault_hypervisor(unsigned long number)
{
	fatal_fault_on(0xffff828000100000ul);
}

static void fault_read_only(unsigned long number)
{
	char *page = page_alloc();

	mmu_make_readonly(page);
	fatal_fault_on((uintptr_t)page + 2048);
}

/* The stack is a live page table. */
static void fault_table(unsigned long number)
{
	fatal_fault_on(start_info->pt_base + 2048);
}

/*
 * The lowest page above the hypervisor's range is a stack, of which `number`
 * words are left: too few, and the frame would reach below the border.
 */
static void fault_border(unsigned long number)
{
	long rc =
		mmu_map(mmu_root_mfn(), BORDER, mmu_pte(mmu_page_mfn(page_alloc()), MMU_PTE_DATA));

	if (rc != 0) {
		power_panic("page at the border: %ld", rc);
	}
	fatal_fault_on(BORDER + number * 8);
}

static void upcall_unmapped(unsigned long number)
{
	int port = events_bind_ipi(0, NULL, NULL);

	events_disable();
	events_send((unsigned)port);
	fatal_upcall_on(UNMAPPED, cpu_current()->info);
}

static void iret_unmapped(unsigned long number)
{
	fatal_iret_at(UNMAPPED);
}

static void iret_hypervisor(unsigned long number)
{
	fatal_iret_at(0xffff828000000000ul);
}

static void iret_non_canonical(unsigned long number)
{
	fatal_iret_at(0x8000000000000000ul);
}

/* The frame begins in a mapped page and ends in an unmapped one. */
static void iret_straddling(unsigned long number)
{
	mmu_map(mmu_root_mfn(), UNMAPPED, mmu_pte(mmu_page_mfn(page_alloc()), MMU_PTE_DATA));
	fatal_iret_at(UNMAPPED + KIT_PAGE_SIZE - 40);
}

static void no_trap_table(unsigned long number)
{
	hypercall_set_trap_table(NULL);
	__asm__ volatile("ud2");
}

static uint64_t user_frame[9];

static void frame_to_user(void)
{
	user_frame[4] = USER_CODE;
	user_frame[5] = PV_FLAT_USER_CS;
	user_frame[6] = 0x202;
	user_frame[7] = USER_CODE;
	user_frame[8] = PV_FLAT_USER_SS;
}

/* To user mode, though no top-level table for it was ever given. */
static void no_user_root(unsigned long number)
{
	frame_to_user();
	fatal_iret_at((uintptr_t)user_frame);
}

/* User code faults, and the kernel's stack is not there. */
static void user_entry(unsigned long kernel_sp)
{
	struct user_space space;

	if (user_space_init(&space) != 0) {
		power_panic("user address space");
	}
	mmu_ext(PV_MMUEXT_NEW_USER_BASEPTR, space.l4_mfn, 0);
	hypercall_stack_switch(PV_FLAT_KERNEL_SS, kernel_sp);
	no_user_root(0);
}

static void user_unmapped(unsigned long number)
{
	user_entry(UNMAPPED);
}

static void user_hypervisor(unsigned long number)
{
	user_entry(0xffff828000100000ul);
}

static void user_non_canonical(unsigned long number)
{
	user_entry(0x0000800000000010ul);
}

static void user_null(unsigned long number)
{
	user_entry(0);
}

/* 32-bit code in the kernel: its stack pointer is cut, and nothing is there. */
static void compatibility(unsigned long number)
{
	user_frame[4] = (uintptr_t)&compatibility;
	user_frame[5] = PV_FLAT_RING3_CS32 & ~3ul;
	user_frame[6] = 2;
	user_frame[7] = (uintptr_t)user_frame;
	user_frame[8] = PV_FLAT_KERNEL_SS;
	fatal_iret_at((uintptr_t)user_frame);
}

/* The page that holds the handlers goes away; the first fault recurs for ever. */
static void code_gone(unsigned long number)
{
	hypercall_update_va_mapping((uintptr_t)traps_stubs[14] & ~(KIT_PAGE_SIZE - 1), 0,
				    PV_UVMF_INVLPG);
	*(volatile char *)UNMAPPED = 0;
}

/*
 * %fs names a descriptor that is taken away while it is loaded, and the stack is not there. Nothing
 * is wrong until the CPU has run somebody else: then %fs cannot be loaded again, nor this be told.
 */
static void segment_gone(unsigned long number)
{
	uint64_t *gdt = page_alloc();
	uint64_t mfn = mmu_page_mfn(gdt);

	gdt[1] = FLAT_DATA;
	mmu_make_readonly(gdt);
	if (hypercall_set_gdt(&mfn, 2) != 0) {
		power_panic("descriptor table");
	}
	events_disable();
	__asm__ volatile("movw %w0, %%fs" ::"r"(1 << 3 | 3));
	if (hypercall_update_descriptor((mfn << 12) + 8, 0) != 0) {
		power_panic("descriptor");
	}
	fatal_wait_on(UNMAPPED);
}

/* No failsafe callback, and a return that cannot be made. */
static void no_failsafe(unsigned long number)
{
	struct pv_callback_unregister cb = { .type = PV_CALLBACK_failsafe };

	hypercall_callback_op(PV_CALLBACKOP_unregister, &cb);
	hypercall_set_trap_table(NULL);
	user_frame[4] = 0x8000000000000000ul;
	user_frame[5] = 0xe008;
	user_frame[6] = 2;
	user_frame[7] = (uintptr_t)user_frame;
	user_frame[8] = PV_FLAT_KERNEL_SS;
	fatal_iret_at((uintptr_t)user_frame);
}

/* A batch that would leave kernel mode in its middle. */
static void multicall_iret(unsigned long number)
{
	static struct pv_multicall_entry rows[3] = {
		{ .op = PV_HYPERCALL_iret },
		{ .op = PV_HYPERCALL_update_va_mapping, .args = { UNMAPPED, 0, 0 } },
		{ .op = PV_HYPERCALL_iret },
	};

	frame_to_user();
	fatal_batch_at((uintptr_t)user_frame, rows, 3);
}

/* Ends with the reason `number`, whether or not it means anything. */
static void shutdown(unsigned long number)
{
	struct pv_sched_shutdown end = { .reason = (uint32_t)number };

	hypercall_sched_op(PV_SCHEDOP_shutdown, &end);
}

/* Not fatal, but unfriendly: burns its CPU without upcalls for `number` seconds. */
static void hog(unsigned long number)
{
	uint64_t end = timer_now_ns() + number * NS_PER_SECOND;

	events_disable();
	while (timer_now_ns() < end) {
		cpu_pause();
	}
}

/* The same with faults, each of which the hypervisor must handle. */
static void fault_storm(unsigned long number)
{
	uint64_t end = timer_now_ns() + number * NS_PER_SECOND;
	struct pv_multicall_entry row = { .op = 11 };

	while (timer_now_ns() < end) {
		hypercall_multicall(&row, 1);
		hypercall_console_io(PV_CONSOLEIO_write, 16, (void *)UNMAPPED);
		mmu_pin(4, 1ul << 40);
		mmu_ext(PV_MMUEXT_TLB_FLUSH_ALL, 0, 0);
	}
}

/* Writes to the console by hypercall as fast as it can. */
static char useless[] = "the console is not meant for this much text of no use\n";

static void flood(unsigned long number)
{
	uint64_t end = timer_now_ns() + number * NS_PER_SECOND;

	while (timer_now_ns() < end) {
		hypercall_console_io(PV_CONSOLEIO_write, sizeof(useless) - 1, useless);
	}
}

static void flood_ring(unsigned long number)
{
	uint64_t end = timer_now_ns() + number * NS_PER_SECOND;

	while (timer_now_ns() < end) {
		console_write(useless, sizeof(useless) - 1);
	}
}

static const struct {
	const char *word;
	void (*act)(unsigned long number);
} acts[] = {
	{ "fault-unmapped", fault_unmapped },
	{ "fault-non-canonical", fault_non_canonical },
	{ "fault-hypervisor", fault_hypervisor },
	{ "fault-read-only", fault_read_only },
	{ "fault-table", fault_table },
	{ "border", fault_border },
	{ "upcall-unmapped", upcall_unmapped },
	{ "iret-unmapped", iret_unmapped },
	{ "iret-hypervisor", iret_hypervisor },
	{ "iret-non-canonical", iret_non_canonical },
	{ "iret-straddling", iret_straddling },
	{ "no-trap-table", no_trap_table },
	{ "no-user-root", no_user_root },
	{ "user-unmapped", user_unmapped },
	{ "user-hypervisor", user_hypervisor },
	{ "user-non-canonical", user_non_canonical },
	{ "user-null", user_null },
	{ "compatibility", compatibility },
	{ "code-gone", code_gone },
	{ "segment-gone", segment_gone },
	{ "no-failsafe", no_failsafe },
	{ "multicall-iret", multicall_iret },
	{ "shutdown", shutdown },
	{ "hog", hog },
	{ "storm", fault_storm },
	{ "flood", flood },
	{ "flood-ring", flood_ring },
};

int main(void)
{
	for (unsigned i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		const char *number;

		if (start_option(acts[i].word, &number)) {
			printf("fatal: %s\n", acts[i].word);
			acts[i].act(string_to_number(number));
			printf("fatal: survived\n");
			return 0;
		}
	}
	printf("fatal: no word on the command line; these are known:\n");
	for (unsigned i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		printf("fatal:   %s\n", acts[i].word);
	}
	return 1;
}
