/*
 * Debug registers, and the debug traps that the hypervisor itself owes a guest: behind
 * instructions that it carries out. Read next: other_calls.c.
 */
#include "groups.h"

#include <parley/physdev.h>
#include <stdint.h>

#include "calls.h"
#include "hypercall.h"
#include "traps.h"

#define NOT_CANONICAL (1ul << 63)
#define RFLAGS_TF     0x100ul
#define CR4_DE        0x8ul
#define DR6_REASONS   0xe00ful
#define DR6_BD        0x2000ul
#define DR6_BS        0x4000ul
#define DR7_GD        0x2000ul
#define DR7_WRITE_8_0 0x000b0002ul /* breakpoint 0: stores of 8 bytes */
#define DR7_IO_0      0x00020002ul /* breakpoint 0: a port, one byte */
#define PORT          0x80

static volatile unsigned debug_traps;
static uint64_t debug_rip, debug_reason;

static bool on_debug(struct kit_regs *regs)
{
	debug_traps++;
	debug_rip = regs->rip;
	debug_reason = hypercall_get_debugreg(6) & DR6_REASONS;
	regs->rflags &= ~RFLAGS_TF;
	return true;
}

/* A breakpoint is felt by the store behind the one that sets it. */
static void check_debug_registers(void)
{
	static volatile uint64_t word;
	uint64_t at = (uintptr_t)&word, control = DR7_WRITE_8_0;

	traps_set_handler(1, 0, on_debug);
	debug_traps = 0;
	__asm__ volatile("mov %0, %%dr0; mov %1, %%dr7" ::"r"(at), "r"(control));
	word = 1;
	check_result("debug registers: a breakpoint by MOV at once", debug_traps, 1);
	__asm__ volatile("mov %0, %%dr7" ::"r"(0ul));
	word = 2;
	check_result("debug registers: and no more at once", debug_traps, 1);
	DOES("set_debugreg", "an address", hypercall_set_debugreg(0, at), 0);
	DOES("set_debugreg", "its control", hypercall_set_debugreg(7, control), 0);
	word = 3;
	check_result("set_debugreg: felt at once", debug_traps, 2);
	check_result("set_debugreg: off", hypercall_set_debugreg(7, 0), 0);
	DOES("get_debugreg", "0", (long)hypercall_get_debugreg(0) == (long)at, 1);
	check_result("set_debugreg: none", hypercall_set_debugreg(0, 0), 0);
	REFUSES("set_debugreg", PV_EPERM, "the hypervisor's",
		hypercall_set_debugreg(0, HYPERVISOR));
	REFUSES("set_debugreg", PV_EPERM, "not canonical",
		hypercall_set_debugreg(1, NOT_CANONICAL));
	REFUSES("set_debugreg", PV_EPERM, "on I/O without CR4.DE",
		hypercall_set_debugreg(7, DR7_IO_0));
	REFUSES("set_debugreg", PV_EPERM, "general detect", hypercall_set_debugreg(7, DR7_GD));
	REFUSES("set_debugreg", PV_EINVAL, "no such register",
		calls_on_parley() ? hypercall_set_debugreg(8, 0) : -PV_EINVAL);
	if (calls_on_parley()) {
		REFUSES("get_debugreg", PV_EINVAL, "no such register",
			(long)hypercall_get_debugreg(8));
	}
	traps_set_handler(1, 0, NULL);
}

/* What is emulated ends a single step as any instruction does. Its own code, so that labels are. */
static void check_single_steps(void)
{
	uint64_t behind, changed = 0;

	traps_set_handler(1, 0, on_debug);
	debug_traps = 0;
	hypercall_set_debugreg(6, 0);
	__asm__ volatile("leaq 1f(%%rip), %0\n"
			 "pushfq; orl %2, (%%rsp); popfq\n"
			 "movq %%cr2, %1\n"
			 "1: nop; nop"
			 : "=&r"(behind), "=&r"(changed)
			 : "i"(RFLAGS_TF)
			 : "cc", "memory");
	check_true("single step: behind an emulated instruction",
		   debug_traps == 1 && debug_rip == behind && debug_reason == DR6_BS);
	/* A reason that was there stays beside the new one. */
	hypercall_set_debugreg(6, DR6_BD);
	__asm__ volatile("leaq 1f(%%rip), %0\n"
			 "pushfq; orl %2, (%%rsp); popfq\n"
			 "ud2; .ascii \"xen\"; cpuid\n"
			 "1: nop; nop"
			 : "=&r"(behind), "+a"(changed)
			 : "i"(RFLAGS_TF)
			 : "rbx", "rcx", "rdx", "cc", "memory");
	check_true("single step: behind the forced CPUID",
		   debug_traps == 2 && debug_rip == behind && debug_reason == (DR6_BS | DR6_BD));
	hypercall_set_debugreg(6, 0);
	traps_set_handler(1, 0, NULL);
}

/* A breakpoint on a port: for CR4.DE only, kept without it, felt behind the access. */
static void check_io_breakpoints(void)
{
	struct pv_physdev_set_iopl iopl = { .iopl = 1 };
	uint64_t behind, cr4;

	traps_set_handler(1, 0, on_debug);
	debug_traps = 0;
	hypercall_physdev_op(PV_PHYSDEVOP_set_iopl, &iopl);
	__asm__ volatile("movq %%cr4, %0; movq %1, %%cr4" : "=&r"(cr4) : "r"(CR4_DE));
	check_result("I/O breakpoint: its port", hypercall_set_debugreg(0, PORT), 0);
	check_result("I/O breakpoint: on", hypercall_set_debugreg(7, DR7_IO_0), 0);
	check_result("I/O breakpoint: is seen", (long)hypercall_get_debugreg(7),
		     (long)(DR7_IO_0 | PV_DR7_DEFAULT));
	hypercall_set_debugreg(6, 0);
	__asm__ volatile("leaq 1f(%%rip), %0; outb %%al, %1; 1:"
			 : "=&r"(behind)
			 : "i"(PORT), "a"(0)
			 : "memory");
	check_true("I/O breakpoint: felt behind the access",
		   debug_traps == 1 && debug_rip == behind && debug_reason == 1);
	__asm__ volatile("outb %%al, %0" ::"i"(PORT + 1), "a"(0));
	__asm__ volatile("movq %0, %%cr4" ::"r"(cr4));
	__asm__ volatile("outb %%al, %0" ::"i"(PORT), "a"(0));
	check_result("I/O breakpoint: not at other ports, not without CR4.DE", debug_traps, 1);
	check_result("I/O breakpoint: but kept", (long)hypercall_get_debugreg(7),
		     (long)(DR7_IO_0 | PV_DR7_DEFAULT));
	hypercall_set_debugreg(7, 0);
	hypercall_set_debugreg(6, 0);
	hypercall_set_debugreg(0, 0);
	iopl.iopl = 0;
	hypercall_physdev_op(PV_PHYSDEVOP_set_iopl, &iopl);
	traps_set_handler(1, 0, NULL);
}

void debug_check(void)
{
	check_debug_registers();
	check_single_steps();
	check_io_breakpoints();
}
