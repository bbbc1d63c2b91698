/*
 * Odd corners of the processor as a guest meets it: I/O privilege in each mode, software
 * interrupts of every vector, far calls and returns, non-canonical operands, the shadow of
 * MOV SS, instructions and registers that are not offered.
 * Read next: store.c.
 */
#include "groups.h"

#include <stdint.h>

#include "calls.h"
#include "cpu.h"
#include "events.h"
#include "hypercall.h"
#include "mmu.h"
#include "page.h"
#include "probe.h"
#include "traps.h"
#include "user_pieces.h"

#define GENERAL_PROTECTION 13
#define STACK_FAULT        12
#define INVALID_OPCODE     6
#define CR4_FSGSBASE       (1ul << 16)
#define SURVIVED           0x55
#define NOT_CANONICAL      0x8000000000000000ul
#define CODE_64            0x00affb000000fffful
#define LDT_SELECTOR       0x0f /* entry 1, of which there is none */
#define DR7_ACCESS_2_0     0x00070002ul
#define DR6_BD             0x2000ul

static unsigned traps;

static bool count_trap(struct kit_regs *regs)
{
	traps++;
	return true;
}

static bool user_faults(enum piece piece)
{
	struct user_result r = pieces_run(piece, 0, 0);

	return r.reason == USER_FAULTED && r.vector == GENERAL_PROTECTION && r.error == 0;
}

/* Each level, in both modes: the instruction works, or there is one fault. */
static void check_iopl(void)
{
	unsigned wrong = 0;

	for (unsigned level = 0; level <= 3; level++) {
		struct pv_physdev_set_iopl iopl = { .iopl = level };
		unsigned long want = level < 1 ? PROBE_FAULT(GENERAL_PROTECTION) : 0;

		wrong += hypercall_physdev_op(PV_PHYSDEVOP_set_iopl, &iopl) != 0;
		wrong += PROBE("cli", "r"(0)) != want;
		wrong += PROBE("outb %%al, $0x80", "r"(0)) != want;
		wrong += want != 0 && probe_last_error() != 0;
		wrong += user_faults(PIECE_CLI) != (level < 3);
		wrong += user_faults(PIECE_OUT) != (level < 3);
		wrong += level == 3 && !pieces_exited(pieces_run(PIECE_CLI, 0, 0), SURVIVED);
	}
	check_result("processor: cli and out by I/O privilege", wrong, 0);
	(void)hypercall_physdev_op(PV_PHYSDEVOP_set_iopl, &(struct pv_physdev_set_iopl){ 0 });
	events_enable();
}

/* INT n of every vector that is no exception, by a gate for user mode. */
static void check_software_interrupts(void)
{
	static uint8_t code[3] = { 0xcd, 0, 0xc3 };
	unsigned long bad = 0, first = 0;

	for (unsigned vector = 0x20; vector < 0x100; vector++) {
		traps_set_handler(vector, 3, count_trap);
		traps = 0;
		*(volatile uint8_t *)&code[1] = (uint8_t)vector;
		((void (*)(void))(uintptr_t)code)();
		if (traps != 1 && bad++ == 0) {
			first = vector;
		}
		traps_set_handler(vector, 0, NULL);
	}
	check_sweep("processor: int 0x20 to 0xff", bad, first, traps);
}

/* INT 13 is not the exception 13: it has no error code. Its handler is one that expects none. */
static void check_interrupt_of_an_exception(void)
{
	struct pv_trap_info table[2] = { { .vector = GENERAL_PROTECTION,
					   .flags = 3,
					   .cs = PV_FLAT_KERNEL_CS,
					   .address = (uintptr_t)traps_stubs[0x90] } };

	traps_set_handler(0x90, 3, count_trap);
	traps = 0;
	check_result("processor: a handler for int 13", hypercall_set_trap_table(table), 0);
	__asm__ volatile("int $13" ::: "memory");
	check_result("processor: int 13 pushes no error code", traps, 1);
	traps_set_handler(GENERAL_PROTECTION, 0, NULL);
	traps_set_handler(0x90, 0, NULL);
}

/* LRET to a code segment of our own and back. */
static void check_far_returns(void)
{
	uint64_t *gdt = page_alloc();
	uint64_t frame = mmu_page_mfn(gdt), cs = 0;
	struct {
		uint32_t offset;
		uint16_t selector;
	} __attribute__((packed)) far = { 0, LDT_SELECTOR };

	gdt[13] = CODE_64;
	mmu_make_readonly(gdt);
	check_result("processor: a table of our own", hypercall_set_gdt(&frame, 16), 0);
	__asm__ volatile("pushq %1; leaq 1f(%%rip), %%rax; pushq %%rax; lretq\n"
			 "1: movl %%cs, %k0\n"
			 "pushq %2; leaq 2f(%%rip), %%rax; pushq %%rax; lretq\n"
			 "2:"
			 : "=&c"(cs)
			 : "i"(13 << 3 | 3), "i"(PV_FLAT_KERNEL_CS)
			 : "rax", "memory");
	check_result("processor: lret to a segment of our own", (long)cs, 13 << 3 | 3);
	hypercall_set_gdt(&frame, 0);
	mmu_make_writable(gdt);
	page_free(gdt);
	check_result("processor: lcall by an LDT that is not there",
		     (long)PROBE("lcall *%1", "m"(far)), (long)PROBE_FAULT(GENERAL_PROTECTION));
	check_result("processor: its error code is the selector", (long)probe_last_error(),
		     LDT_SELECTOR & ~3);
}

/* Some emulators take every address for one of the data segment's. */
static bool is_not_canonical(struct user_result r, bool by_stack)
{
	return r.reason == USER_FAULTED && r.error == 0 &&
	       (r.vector == GENERAL_PROTECTION || (by_stack && r.vector == STACK_FAULT));
}

static void check_operands(void)
{
	check_true("processor: a load by rbx",
		   is_not_canonical(pieces_run(PIECE_LOAD_RBX, NOT_CANONICAL, 0), false));
	check_true("processor: by rbp",
		   is_not_canonical(pieces_run(PIECE_LOAD_RBP, NOT_CANONICAL, 0), true));
	check_true("processor: by rsp",
		   is_not_canonical(pieces_run(PIECE_LOAD_RSP, NOT_CANONICAL, 0), true));
	check_result("processor: by the kernel",
		     (long)PROBE("movq (%1), %%rax", "r"(NOT_CANONICAL)),
		     (long)PROBE_FAULT(GENERAL_PROTECTION));
	check_result("processor: its error code", (long)probe_last_error(), 0);
}

static void check_sysenter(void)
{
	struct user_result r = pieces_run(PIECE_SYSENTER, 0, 0);

	check_true("processor: sysenter with NT set",
		   r.reason == USER_FAULTED &&
			   (r.vector == GENERAL_PROTECTION || r.vector == INVALID_OPCODE) &&
			   r.error == 0);
}

/*
 * A data breakpoint on the operand of MOV SS is felt behind the next instruction,
 * which enters the hypervisor. It may be lost there; nothing else may.
 */
static void check_stack_segment_shadow(void)
{
	static uint16_t selector = PV_FLAT_KERNEL_SS;
	unsigned wrong = 0;

	traps_set_handler(1, 0, count_trap);
	traps_set_handler(3, 3, count_trap);
	for (unsigned round = 0; round < 2; round++) {
		long result = PV_HYPERCALL_xen_version;

		wrong += hypercall_set_debugreg(0, (uintptr_t)&selector) != 0;
		wrong += hypercall_set_debugreg(7, DR7_ACCESS_2_0) != 0;
		__asm__ volatile("movw %1, %%ss; syscall"
				 : "+a"(result)
				 : "m"(selector), "D"((long)PV_VERSION_pagesize), "S"(0ul)
				 : "rcx", "r11", "memory");
		wrong += result != KIT_PAGE_SIZE;
		traps = 0;
		__asm__ volatile("movw %0, %%ss; int3" ::"m"(selector) : "memory");
		wrong += traps == 0;
		__asm__ volatile(
			"pushq %0; popq %%rax; movw %%ax, %%ss; int3" ::"i"(PV_FLAT_KERNEL_SS)
			: "rax", "memory");
		wrong += hypercall_set_debugreg(7, 0) != 0;
		/* Once more with a register that says that debug registers were touched. */
		wrong += hypercall_set_debugreg(6, DR6_BD) != 0;
	}
	(void)hypercall_set_debugreg(0, 0);
	(void)hypercall_set_debugreg(6, 0);
	traps_set_handler(1, 0, NULL);
	traps_set_handler(3, 3, NULL);
	check_result("processor: breakpoints in the shadow of MOV SS", wrong, 0);
}

static void check_not_offered(void)
{
	const unsigned long invalid = PROBE_FAULT(INVALID_OPCODE);
	unsigned long bad = 0, first = 0, cr4;

	if ((cpu_read_cpuid(7, 0).ebx & 1) == 0) {
		__asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
		(void)PROBE("mov %1, %%cr4", "r"(cr4 | CR4_FSGSBASE));
		__asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
		check_result("processor: CR4.FSGSBASE does not stick", (long)(cr4 & CR4_FSGSBASE),
			     0);
		check_true("processor: its instructions",
			   PROBE("rdfsbase %%rax", "r"(0)) == invalid &&
				   PROBE("rdgsbase %%rax", "r"(0)) == invalid &&
				   PROBE("wrfsbase %%rax", "r"(0)) == invalid &&
				   PROBE("wrgsbase %%rax", "r"(0)) == invalid);
	}
	for (unsigned long msr = 0; msr < 0xc0012000; msr++) {
		uint64_t value;
		unsigned long fault = probe_read_msr((uint32_t)msr, &value);

		if (fault != 0 && fault != PROBE_FAULT(GENERAL_PROTECTION) && bad++ == 0) {
			first = msr;
		}
		if (msr == 0x2000) {
			msr = 0xc0000000 - 1;
		} else if (msr == 0xc0000400) {
			msr = 0xc0010000 - 1;
		}
	}
	check_sweep("processor: every MSR reads, or #GP", bad, first, 0);
}

void processor_check(void)
{
	check_iopl();
	/* QEMU's error code for a gate that is not for ring 3 is not the processor's, and Xen goes by it. */
	if (calls_on_parley()) {
		check_software_interrupts();
		check_interrupt_of_an_exception();
	}
	check_far_returns();
	check_operands();
	check_sysenter();
	check_stack_segment_shadow();
	check_not_offered();
}
