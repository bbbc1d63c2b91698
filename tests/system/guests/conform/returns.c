/*
 * Leaving the kernel: what the iret hypercall restores, when upcalls come, and
 * the way to user mode and back.
 * Read next: instructions.c.
 */
#include "groups.h"

#include <parley/physdev.h>
#include <parley/vm_assist.h>
#include <stddef.h>
#include <stdint.h>

#include "calls.h"
#include "cpu.h"
#include "events.h"
#include "hypercall.h"
#include "mmu.h"
#include "page.h"
#include "start.h"
#include "string.h"
#include "timer.h"
#include "traps.h"
#include "user_pieces.h"

#define RFLAGS_FIXED 0x2ul
#define RFLAGS_CF    0x1ul
#define RFLAGS_SF    0x80ul
#define RFLAGS_IF    0x200ul
#define RFLAGS_DF    0x400ul
#define RFLAGS_OF    0x800ul
#define RFLAGS_IOPL  0x3000ul
#define ARITHMETIC   0xcd5ul
#define ANSWER       0xabcdul

void landing_iret(const uint64_t frame[9]);
void landing_multicall(const uint64_t frame[9], struct pv_multicall_entry *calls, uint64_t count);
extern const char landing_here[];
extern struct {
	uint64_t rax, rcx, r11, rflags, rsp, ss, cs;
} landing_found;

static struct pv_iret_context frame_to(uint64_t rflags)
{
	return (struct pv_iret_context){
		.rax = 0x1111,
		.r11 = 0x2222,
		.rcx = 0x3333,
		.rip = (uintptr_t)landing_here,
		.cs = PV_FLAT_KERNEL_CS & ~3ul,
		.rflags = RFLAGS_FIXED | rflags,
		.rsp = 0x4444,
		.ss = PV_FLAT_KERNEL_SS,
	};
}

static void land(uint64_t rflags)
{
	struct pv_iret_context frame = frame_to(rflags);

	landing_iret((const uint64_t *)&frame);
}

static void check_kernel_return(void)
{
	events_disable();
	land(0);
	check_true("returns: rax, rcx, r11", landing_found.rax == 0x1111 &&
						     landing_found.rcx == 0x3333 &&
						     landing_found.r11 == 0x2222);
	check_result("returns: rsp", (long)landing_found.rsp, 0x4444);
	check_result("returns: ss", (long)landing_found.ss, PV_FLAT_KERNEL_SS);
	check_result("returns: cs", (long)landing_found.cs, PV_FLAT_KERNEL_CS);
	check_result("returns: the mask stays with IF clear",
		     cpu_current()->info->evtchn_upcall_mask, 1);
	check_true("returns: IF as the processor has it is set",
		   (landing_found.rflags & RFLAGS_IF) != 0);
	land(ARITHMETIC);
	check_result("returns: arithmetic flags", (long)(landing_found.rflags & ARITHMETIC),
		     ARITHMETIC);
	events_enable();
	land(0);
	check_result("returns: IF clear masks", cpu_current()->info->evtchn_upcall_mask, 1);
}

/* An iret ends a batch: what follows it is not done, and the frame says where the guest goes on. */
static void check_return_in_a_batch(void)
{
	struct pv_multicall_entry calls[3] = {
		{ .op = PV_HYPERCALL_xen_version, .args = { PV_VERSION_pagesize } },
		{ .op = PV_HYPERCALL_iret, .result = 77 },
		{ .op = PV_HYPERCALL_xen_version, .args = { PV_VERSION_pagesize }, .result = 77 },
	};
	struct pv_iret_context frame = frame_to(0);

	events_enable();
	landing_multicall((const uint64_t *)&frame, calls, 3);
	check_true("returns: iret in a batch",
		   landing_found.rax == 0x1111 && landing_found.rcx == 0x3333 &&
			   landing_found.r11 == 0x2222 && landing_found.rsp == 0x4444);
	check_result("returns: the call before it", (long)calls[0].result, KIT_PAGE_SIZE);
	check_result("returns: none behind it", (long)calls[2].result, 77);
	check_result("returns: and the frame's mask", cpu_current()->info->evtchn_upcall_mask, 1);
	if (calls_on_parley()) {
		check_result("returns: its result", (long)calls[1].result, 0);
	}
}

static uint64_t shown;

static bool on_breakpoint(struct kit_regs *regs)
{
	shown = regs->rflags & RFLAGS_IOPL;
	return true;
}

static uint64_t shown_iopl(void)
{
	shown = ~0ul;
	__asm__ volatile("int3" ::: "memory");
	return shown;
}

/* Frames carry it, returns set it, the kernel needs none. What the processor has stays 0. */
static void check_architectural_iopl(void)
{
	struct pv_physdev_set_iopl iopl = { .iopl = 0 };
	uint64_t rflags;

	hypercall_physdev_op(PV_PHYSDEVOP_set_iopl, &iopl);
	traps_set_handler(3, 3, on_breakpoint);
	land(RFLAGS_IOPL);
	check_result("returns: no IOPL without the assist", (long)shown_iopl(), 0);
	DOES("vm_assist.architectural_iopl", "on",
	     hypercall_vm_assist(PV_VM_ASSIST_CMD_enable, PV_VM_ASSIST_architectural_iopl), 0);
	check_result("returns: IOPL 0 is shown", (long)shown_iopl(), 0);
	__asm__ volatile("cli; outb %%al, $0x80" ::"a"(0)); /* allowed, else this ends here */
	land(RFLAGS_IOPL);
	check_result("returns: IOPL 3 is shown", (long)shown_iopl(), RFLAGS_IOPL);
	__asm__ volatile("pushfq; popq %0" : "=r"(rflags));
	check_result("returns: and not the processor's", (long)(rflags & RFLAGS_IOPL), 0);
	land(0);
	check_result("returns: IOPL 0 again", (long)shown_iopl(), 0);
	DOES("vm_assist.architectural_iopl", "off",
	     hypercall_vm_assist(PV_VM_ASSIST_CMD_disable, PV_VM_ASSIST_architectural_iopl), 0);
	traps_set_handler(3, 3, NULL);
}

static unsigned upcalls;

static void on_event(unsigned port, void *arg)
{
	upcalls++;
}

/* With IF set the mask goes, and what is pending comes before anything else. */
static void check_unmasking_return(void)
{
	unsigned port = (unsigned)events_bind_ipi(0, on_event, NULL);
	struct pv_iret_context frame = frame_to(RFLAGS_IF);
	static uint64_t stack[512];

	events_disable();
	upcalls = 0;
	events_send(port);
	check_result("returns: no upcall while masked", upcalls, 0);
	frame.rsp = (uintptr_t)&stack[512];
	landing_iret((const uint64_t *)&frame);
	check_result("returns: upcall on return", upcalls, 1);
	check_result("returns: IF set unmasks", cpu_current()->info->evtchn_upcall_mask, 0);
	check_result("returns: rax after the upcall", (long)landing_found.rax, 0x1111);
	events_close(port);
}

static struct kit_regs seen;
static unsigned calls;

static uint64_t on_call(struct kit_regs *regs)
{
	seen = *regs;
	calls++;
	return ANSWER;
}

static bool on_interrupt(struct kit_regs *regs)
{
	seen = *regs;
	regs->rax = ANSWER;
	return true;
}

static void check_user_calls(void)
{
	struct user_result result;

	pieces_data();
	user_set_call_handler(on_call);
	result = pieces_run(PIECE_CALL, 77, 88);
	check_true("returns: system call", pieces_exited(result, ANSWER) && calls == 1);
	check_true("returns: its registers", seen.rax == 1 && seen.rdi == 77 && seen.rsi == 88 &&
						     seen.rdx == 77 && seen.rbx == 0x1234);
	check_true("returns: rcx is rip, r11 is rflags",
		   seen.rcx == seen.rip && (seen.r11 & ~RFLAGS_IF) == (seen.rflags & ~RFLAGS_IF));
	check_true("returns: cs and ss of user mode",
		   seen.cs == PV_FLAT_USER_CS && seen.ss == PV_FLAT_USER_SS);
	check_true("returns: stack of user mode",
		   seen.rsp > PIECES_STACK && seen.rsp <= PIECES_STACK + KIT_PAGE_SIZE);
	check_true("returns: upcalls were on in user mode",
		   seen.saved_mask == 0 && (seen.rflags & RFLAGS_IF) != 0);
	result = pieces_run(PIECE_FLAGS, 0, 0);
	check_true("returns: flags survive a system call",
		   result.reason == USER_EXITED &&
			   (result.value & (RFLAGS_CF | RFLAGS_DF)) == (RFLAGS_CF | RFLAGS_DF));

	traps_set_handler(0x80, 3, on_interrupt);
	result = pieces_run(PIECE_INT80, 0, 0);
	check_true("returns: int 0x80", pieces_exited(result, ANSWER));
	check_true("returns: cs of user mode in a trap",
		   seen.cs == PV_FLAT_USER_CS && seen.vector == 0x80);
	traps_set_handler(0x80, 0, NULL);
}

/* Error codes tell user from kernel as if the kernel were in ring 0. */
static void check_user_faults(void)
{
	struct user_result result = pieces_run(PIECE_LOAD, 0x1238, 0);

	check_true("returns: fault of user mode",
		   result.reason == USER_FAULTED && result.vector == 14 && result.error == 4 &&
			   result.address == 0x1238);
	result = pieces_run(PIECE_LOAD, MMU_VIRT_BASE + 0x100000, 0);
	check_true("returns: the kernel is not there for user mode",
		   result.reason == USER_FAULTED && result.vector == 14 && result.error == 4);
	*pieces_data() = 0x5678;
	check_true("returns: user data",
		   pieces_exited(pieces_run(PIECE_LOAD, PIECES_DATA, 0), 0x5678));
}

/* Sent while masked, it comes on the way to user mode. */
static void let_go(unsigned port, void *arg)
{
	*pieces_data() = 4321;
}

static void check_user_upcall(void)
{
	int port = events_bind_ipi(0, let_go, NULL);

	*pieces_data() = 0;
	events_disable();
	events_send((unsigned)port);
	check_result("returns: not yet", (long)*pieces_data(), 0);
	check_true("returns: upcall in user mode",
		   pieces_exited(pieces_run(PIECE_SPIN, PIECES_DATA, 0), 4321));
	events_enable();
	events_close((unsigned)port);
}

void returns_check(void)
{
	check_kernel_return();
	check_return_in_a_batch();
	check_architectural_iopl();
	check_unmasking_return();
	check_user_calls();
	check_user_faults();
	check_user_upcall();
}
