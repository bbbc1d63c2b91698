/*
 * The iret hypercall with frames of every bad kind: addresses that are not
 * canonical, selectors that cannot be loaded, each flag. The guest gets a
 * fault or its failsafe callback; the hypervisor's own return does not fail.
 */
#include "groups.h"

#include <stdint.h>

#include "check.h"
#include "cpu.h"
#include "events.h"
#include "hypercall.h"
#include "mmu.h"
#include "page.h"
#include "start.h"
#include "timer.h"
#include "traps.h"
#include "user.h"

#define RFLAGS_FIXED 0x2ul
#define RFLAGS_TF    0x100ul
#define KERNEL_CS    (PV_FLAT_KERNEL_CS & ~3ul)

unsigned long iret_attempt(const uint64_t frame[9]);
extern const char iret_landed[], iret_recover[];
extern uint64_t iret_saved_rsp;

/* What the hypervisor reads at rsp. */
union frame {
	struct {
		uint64_t rax, r11, rcx, flags, rip, cs, rflags, rsp, ss;
	};
	uint64_t words[9];
};

/* Goes back to the attempt, in kernel mode with upcalls masked. */
static bool on_trap(struct kit_regs *regs)
{
	regs->rax = regs->vector == TRAPS_ENTRY_FAILSAFE ? TRAPS_ENTRY_FAILSAFE :
							   0x100 | regs->vector;
	regs->rip = (uintptr_t)iret_recover;
	regs->cs = KERNEL_CS;
	regs->rflags = RFLAGS_FIXED;
	regs->rsp = iret_saved_rsp;
	regs->ss = PV_FLAT_KERNEL_SS;
	return true;
}

static void handlers_set(trap_handler_t handler)
{
	static const uint8_t vectors[] = { 1, 6, 10, 11, 12, 13, 14, 17 };

	for (unsigned i = 0; i < sizeof(vectors); i++) {
		traps_set_handler(vectors[i], 0, handler);
	}
	traps_set_failsafe(handler);
}

static union frame good_frame(void)
{
	static uint64_t stack[64];

	return (union frame){ {
		.rip = (uintptr_t)iret_landed,
		.cs = KERNEL_CS,
		.rflags = RFLAGS_FIXED,
		.rsp = (uintptr_t)&stack[64],
		.ss = PV_FLAT_KERNEL_SS,
	} };
}

static const unsigned long bad_addresses[] = {
	0x0000800000000000ul, 0x0000800000000001ul, 0x00007ffffffffffful,
	0xffff7ffffffffffful, 0x8000000000000000ul, 0x7ffffffffffffffful,
	0xffff828000000000ul, 0xffff82d040200000ul, 0x1000ul,
};

/* mode 0: kernel; 3: user. flags: what VGCF_in_syscall makes a SYSRET of. */
static void check_addresses(const char *name, unsigned mode, uint64_t flags)
{
	unsigned long bad = 0, first = 0;

	for (unsigned i = 0; i < sizeof(bad_addresses) / sizeof(bad_addresses[0]); i++) {
		union frame frame = good_frame();

		frame.rip = bad_addresses[i];
		frame.cs |= mode;
		frame.flags = flags;
		/* SYSRET takes these two. */
		frame.rcx = bad_addresses[i];
		frame.r11 = RFLAGS_FIXED;
		if (iret_attempt(frame.words) == 0 && bad++ == 0) {
			first = bad_addresses[i];
		}
	}
	check_sweep(name, bad, first, 0);
}

/* Selectors: none of them may reach ring 0 or kill the return. */
static void check_selectors(const char *name, bool stack, unsigned mode)
{
	unsigned long bad = 0, first = 0;

	for (unsigned long selector = 0; selector < 0x10000; selector += 4) {
		union frame frame = good_frame();
		unsigned long verdict;
		bool in_gap = selector >= 0x100 && selector < 0xe000 && (selector & 0xff8) != 0;

		/* The flat ones work or run 32-bit code; most of the gap is empty. */
		if ((selector & ~7ul) == 0xe020 || (selector & ~7ul) == 0xe028 ||
		    (selector & ~7ul) == 0xe030 || in_gap) {
			continue;
		}
		if (stack) {
			frame.ss = selector | mode;
			frame.cs |= mode;
		} else {
			frame.cs = selector | mode;
		}
		verdict = iret_attempt(frame.words);
		if (verdict == 0 && bad++ == 0) {
			first = selector;
		}
	}
	check_sweep(name, bad, first, 0);
}

/* The upper parts of the 64-bit selector words mean nothing. */
static void check_flat_selectors(void)
{
	union frame frame = good_frame();

	check_result("returns: a good frame", (long)iret_attempt(frame.words), 0);
	frame.cs = KERNEL_CS | 0xffffffff00000000ul;
	check_result("returns: noise above the selector", (long)iret_attempt(frame.words), 0);
	frame = good_frame();
	frame.rsp = 0x8000000000000000ul;
	check_result("returns: stack not canonical", (long)iret_attempt(frame.words), 0);
	frame.rsp = 0xffff828000000000ul;
	check_result("returns: stack in the hypervisor", (long)iret_attempt(frame.words), 0);
}

/* Each flag over a frame that is good. Only TF is felt. */
static void check_flags(unsigned mode)
{
	unsigned long bad = 0, first = 0;

	for (unsigned bit = 0; bit < 64; bit++) {
		union frame frame = good_frame();
		unsigned long verdict;

		frame.rflags |= 1ul << bit;
		frame.cs |= mode;
		verdict = iret_attempt(frame.words);
		/* The landing is not mapped for user mode. */
		if (mode == 0 && verdict != 0 && 1ul << bit != RFLAGS_TF && bad++ == 0) {
			first = bit;
		}
		if (mode == 3 && verdict == 0 && bad++ == 0) {
			first = bit;
		}
		events_disable();
	}
	check_sweep(mode == 0 ? "returns: each flag, kernel" : "returns: each flag, user", bad,
		    first, 0);
}

/*
 * 32-bit code, where the landing is not. From user mode only: the kernel would
 * fault on a stack cut to 32 bits, which ends the domain (see guest `fatal`).
 */
static void check_compatibility_mode(void)
{
	union frame frame = good_frame();

	frame.cs = PV_FLAT_RING3_CS32;
	check_true("returns: 32-bit code segment", iret_attempt(frame.words) != 0);
}

/* The callback that reports a failed return must get selectors that are old. */
static void check_data_segments(void)
{
	unsigned long before = hypercall_xen_version(PV_VERSION_pagesize, NULL);

	__asm__ volatile("movl %0, %%ds; movl %0, %%es" ::"r"(PV_FLAT_RING3_DS32));
	check_result("returns: data selectors across hypercalls",
		     hypercall_xen_version(PV_VERSION_pagesize, NULL), (long)before);
	__asm__ volatile("movl %0, %%ds; movl %0, %%es" ::"r"(0));
}

void returns_check(void)
{
	struct user_space space;
	bool enabled = events_disable();

	handlers_set(on_trap);
	check_flat_selectors();
	check_addresses("returns: addresses, kernel", 0, 0);
	check_addresses("returns: addresses, kernel, by the short way", 0, PV_VGCF_in_syscall);
	check_selectors("returns: code selectors, kernel", false, 0);
	check_selectors("returns: stack selectors, kernel", true, 0);
	check_flags(0);
	check_data_segments();

	/* User mode needs a table and a stack to come back on. */
	if (user_space_init(&space) == 0) {
		void *stack = page_alloc();

		hypercall_stack_switch(PV_FLAT_KERNEL_SS, (uintptr_t)stack + KIT_PAGE_SIZE);
		mmu_ext(PV_MMUEXT_NEW_USER_BASEPTR, space.l4_mfn, 0);
		check_addresses("returns: addresses, user", 3, 0);
		check_addresses("returns: addresses, user, by the short way", 3,
				PV_VGCF_in_syscall);
		check_selectors("returns: code selectors, user", false, 3);
		check_selectors("returns: stack selectors, user", true, 3);
		check_flags(3);
		check_compatibility_mode();
		mmu_ext(PV_MMUEXT_NEW_USER_BASEPTR, 0, 0);
	}
	handlers_set(NULL);
	events_restore(enabled);
	timer_sleep_ns(1000000);
	check_true("returns: time goes on", true);
}
