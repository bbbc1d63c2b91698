/*
 * User code against its kernel and the hypervisor: SYSCALL never is a
 * hypercall there, privileged instructions and foreign addresses are faults,
 * and no flag, stack or breakpoint upsets the entry.
 */
#include "groups.h"

#include <stdint.h>

#include "check.h"
#include "cpu.h"
#include "hypercall.h"
#include "mmu.h"
#include "page.h"
#include "start.h"
#include "string.h"
#include "timer.h"
#include "traps.h"
#include "user.h"

#define CODE      0x400000ul
#define STACK     0x600000ul
#define STACK_TOP (STACK + KIT_PAGE_SIZE)
#define PIECE(n)  (CODE + 64ul * (n))
#define ANSWER    0x5a5aul

#define RFLAGS_TF 0x100ul

extern const char user_code_start[], user_code_end[];

static struct user_space space;
static uint64_t last_flags, last_number;

static uint64_t on_call(struct kit_regs *regs)
{
	last_flags = regs->rflags;
	last_number = regs->rax;
	return ANSWER;
}

static struct user_result run(unsigned piece, uint64_t argument)
{
	return user_run(&space, PIECE(piece), STACK_TOP, argument, 0);
}

static bool exited_with(struct user_result result, uint64_t value)
{
	return result.reason == USER_EXITED && result.value == value;
}

static bool faulted_with(struct user_result result, unsigned vector)
{
	return result.reason == USER_FAULTED && result.vector == vector;
}

/* The number is the kernel's business, whatever it means to the hypervisor. */
static void check_calls(void)
{
	unsigned long bad = 0, first = 0;

	for (unsigned long nr = 1; nr < 64; nr++) {
		if ((!exited_with(run(0, nr), ANSWER) || last_number != nr) && bad++ == 0) {
			first = nr;
		}
	}
	check_sweep("users: each hypercall number", bad, first, 0);
}

static void check_addresses(void)
{
	static const struct {
		unsigned long address;
		unsigned vector;
	} targets[] = {
		{ 0xffff828000000000ul, 14 },     { 0xffff82d040200000ul, 14 },
		{ 0xffff830000000000ul, 14 },     { 0xffff850000000000ul, 14 },
		{ 0xffff87fffffff000ul, 14 },     { 0xffff880000000000ul, 14 },
		{ MMU_VIRT_BASE + 0x100000, 14 }, { 0x1000, 14 },
		{ 0x0000800000000000ul, 13 },     { 0x8000000000000000ul, 13 },
	};
	unsigned long bad = 0, first = 0;
	long got = 0;

	for (unsigned i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		for (unsigned piece = 1; piece <= 3; piece++) {
			struct user_result result = run(piece, targets[i].address);

			if (!faulted_with(result, targets[i].vector) && bad++ == 0) {
				first = targets[i].address;
				got = (long)result.vector;
			}
		}
	}
	check_sweep("users: foreign addresses", bad, first, got);
	/* The page is there, for reading only, and it is a user's fault. */
	check_true("users: store to code",
		   faulted_with(run(2, CODE), 14) && run(2, CODE).error == 7);
}

static void check_instructions(void)
{
	static const struct {
		const char *name;
		unsigned piece;
		unsigned vector, other;
	} list[] = {
		{ "users: hlt", 6, 13, 13 },      { "users: cli", 7, 13, 13 },
		{ "users: in", 8, 13, 13 },       { "users: rdmsr", 9, 13, 13 },
		{ "users: cr0", 10, 13, 13 },     { "users: cr3", 11, 13, 13 },
		{ "users: lgdt", 12, 13, 13 },    { "users: int 0x81", 13, 13, 13 },
		{ "users: int 14", 14, 13, 13 },  { "users: swapgs", 15, 13, 6 },
		{ "users: sysenter", 16, 13, 6 }, { "users: wbinvd", 17, 13, 13 },
		{ "users: invlpg", 18, 13, 13 },  { "users: ud2", 19, 6, 6 },
		{ "users: int3", 20, 3, 3 },
	};

	for (unsigned i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		struct user_result result = run(list[i].piece, 0);

		check_true(list[i].name, faulted_with(result, list[i].vector) ||
						 faulted_with(result, list[i].other));
	}
}

static void check_entries(void)
{
	static const unsigned long stacks[] = { 0,
						0x1000,
						0x0000800000000000ul,
						0x8000000000000000ul,
						0xffff828000000000ul,
						MMU_VIRT_BASE + 0x100000,
						~0ul };
	unsigned long bad = 0, first = 0;

	for (unsigned i = 0; i < sizeof(stacks) / sizeof(stacks[0]); i++) {
		if (!exited_with(run(4, stacks[i]), ANSWER) && bad++ == 0) {
			first = stacks[i];
		}
	}
	check_sweep("users: system call on any stack", bad, first, 0);
	bad = 0;
	for (unsigned bit = 0; bit < 22; bit++) {
		unsigned long flags = 2 | 1ul << bit;
		struct user_result result = run(5, flags);

		/* A single step ends in the trap it asks for. */
		if (flags & RFLAGS_TF) {
			if (!faulted_with(result, 1) && bad++ == 0) {
				first = flags;
			}
			continue;
		}
		if ((!exited_with(result, ANSWER) || (last_flags & 0x3000) != 0) && bad++ == 0) {
			first = flags;
		}
	}
	check_sweep("users: system call with each flag", bad, first, 0);
}

/* A watched word is loaded into the stack segment: the trap comes one late. */
static void check_delayed_breakpoint(void)
{
	unsigned long watched = STACK + 8;
	struct user_result result;

	hypercall_set_debugreg(0, watched);
	hypercall_set_debugreg(7, 0x400 | 1 | 3ul << 16 | 3ul << 18);
	for (unsigned piece = 21; piece <= 23; piece++) {
		result = run(piece, watched);
		check_true("users: breakpoint delayed into an entry",
			   exited_with(result, ANSWER) || faulted_with(result, 1) ||
				   faulted_with(result, 3) || faulted_with(result, 13));
	}
	hypercall_set_debugreg(7, PV_DR7_DEFAULT);
	hypercall_set_debugreg(6, PV_DR6_DEFAULT);
	hypercall_set_debugreg(0, 0);
}

static void check_selectors(void)
{
	check_true("users: null data selectors", exited_with(run(24, 0), ANSWER));
	check_true("users: flat data selectors", exited_with(run(24, PV_FLAT_RING3_DS32), ANSWER));
	check_true("users: selector beyond the table", faulted_with(run(24, 0xfffb), 13));
	check_true("users: the hypervisor's code selector", faulted_with(run(24, 0xe008), 13));
	check_true("users: compatibility mode", run(25, PV_FLAT_RING3_CS32).reason == USER_FAULTED);
	check_true("users: far return to ring 0", faulted_with(run(25, 0xe008), 13));
}

/* Upcalls in user mode: a timer fires while user code spins. */
static void check_upcall(void)
{
	unsigned before = timer_event_count();
	uint64_t start = timer_now_ns();

	timer_set_deadline(start + 2000000);
	/* The emulator's timers are late where its host is loaded. */
	while (timer_event_count() == before && timer_now_ns() - start < 2000000000) {
		run(0, 1);
	}
	check_true("users: upcall", timer_event_count() != before);
}

void users_check(void)
{
	void *code = NULL, *stack = NULL;

	if (user_space_init(&space) != 0 ||
	    user_space_add_page(&space, CODE, MMU_PTE_READ_ONLY, &code) != 0 ||
	    user_space_add_page(&space, STACK, MMU_PTE_DATA, &stack) != 0) {
		check_true("users: address space", false);
		return;
	}
	memcpy(code, user_code_start, (size_t)(user_code_end - user_code_start));
	((uint64_t *)stack)[1] = PV_FLAT_USER_SS;
	user_set_call_handler(on_call);
	check_calls();
	check_addresses();
	check_instructions();
	check_entries();
	check_delayed_breakpoint();
	check_selectors();
	check_upcall();
	check_true("users: kernel data as it was", cpu_current() == &kit_cpus[0]);
}
