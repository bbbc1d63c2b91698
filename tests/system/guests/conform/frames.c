/*
 * Frames: what stands on the stack when a handler is entered, for each kind of
 * trap, from the kernel and from user mode; what the mask says; what the
 * registers are on the way in and back.
 * Read next: returns.c.
 */
#include "groups.h"

#include <stddef.h>
#include <stdint.h>

#include "check.h"
#include "cpu.h"
#include "events.h"
#include "hypercall.h"
#include "page.h"
#include "printf.h"
#include "probes.h"
#include "start.h"
#include "string.h"
#include "traps.h"

#define RFLAGS_IF           0x200ul
#define RFLAGS_TF           0x100ul
#define RFLAGS_ALWAYS_CLEAR 0x3000ul /* IOPL */
#define RCX_VALUE           0x1111222233334444ul
#define R11_VALUE           0x5555666677778888ul
#define RBX_VALUE           0x99990000aaaabbbbul

/* What the handler of the last trap saw. */
static struct {
	struct kit_regs regs;
	uintptr_t where; /* of regs on the stack */
	uint64_t cr2_read;
	uint8_t mask_inside;
	unsigned count;
	unsigned skip; /* bytes to pass over */
} seen;

static bool on_trap(struct kit_regs *regs)
{
	seen.regs = *regs;
	seen.where = (uintptr_t)regs;
	seen.mask_inside = cpu_current()->info->evtchn_upcall_mask;
	seen.count++;
	__asm__ volatile("movq %%cr2, %0" : "=r"(seen.cr2_read));
	regs->rip += seen.skip;
	if (regs->vector == 1) {
		regs->rflags &= ~RFLAGS_TF;
	}
	return true;
}

struct trap_case {
	const char *name;
	const char *code;
	unsigned vector;
	unsigned skip;  /* how long the instruction is, if it is a fault */
	unsigned after; /* where rip stands behind the start of the code */
	uint64_t error;
};

static const struct trap_case cases[] = {
	{ "divide", probes_divide, 0, 7, 0, 0 },
	{ "single step", probes_step, 1, 0, 11, 0 },
	{ "breakpoint", probes_int3, 3, 0, 1, 0 },
	{ "overflow", probes_int4, 4, 0, 2, 0 },
	{ "invalid opcode", probes_ud2, 6, 2, 0, 0 },
	{ "no fpu", probes_fpu, 7, 0, 0, 0 },
	{ "protection", probes_privileged, 13, 4, 0, 0 },
	{ "page fault, load", probes_load, 14, 8, 0, 0 },
	{ "page fault, store", probes_store, 14, 8, 0, 2 },
	{ "int 0x80", probes_int80, 0x80, 0, 2, 0 },
};

static uint64_t *stack;

static void check_named(const char *what, const char *name, bool ok)
{
	char text[96];

	snprintf(text, sizeof(text), "frames: %s: %s", name, what);
	check_true(text, ok);
}

/* One trap, with rsp at this many bytes below an aligned address. */
static void check_case(const struct trap_case *c, unsigned misalign, bool masked)
{
	uintptr_t rsp = (uintptr_t)stack + 2048 - misalign;
	struct probe_entry entry = {
		.code = c->code,
		.rcx = RCX_VALUE,
		.r11 = R11_VALUE,
		.rsp = rsp,
		.rbx = RBX_VALUE,
	};
	const struct kit_regs *r = &seen.regs;

	memset(&seen, 0, sizeof(seen));
	seen.skip = c->skip;
	traps_set_handler(c->vector, c->vector == 3 || c->vector == 4 || c->vector == 0x80 ? 3 : 0,
			  on_trap);
	if (c->vector == 7) {
		hypercall_fpu_taskswitch(1);
	}
	if (masked) {
		events_disable();
	}
	probes_enter(&entry);
	events_enable();
	traps_set_handler(c->vector, 0, NULL);

	check_named("handled once", c->name, seen.count == 1);
	check_named("vector and error code", c->name,
		    r->vector == c->vector && r->error == c->error);
	check_named("rip", c->name, r->rip == (uintptr_t)c->code + c->after);
	check_named("cs tells of the kernel", c->name, r->cs == (PV_FLAT_KERNEL_CS & ~3u));
	check_named("rsp and ss", c->name, r->rsp == rsp && r->ss == PV_FLAT_KERNEL_SS);
	check_named("frame aligned below rsp", c->name, seen.where + sizeof(*r) == (rsp & ~15ul));
	check_named("old mask", c->name, r->saved_mask == masked);
	check_named("IF is the inverse of the mask", c->name,
		    ((r->rflags & RFLAGS_IF) != 0) == !masked);
	check_named("no IOPL shown", c->name, (r->rflags & RFLAGS_ALWAYS_CLEAR) == 0);
	check_named("masked inside", c->name, seen.mask_inside == 1);
	check_named("rcx, r11, rbx inside", c->name,
		    r->rcx == RCX_VALUE && r->r11 == R11_VALUE && r->rbx == RBX_VALUE);
	check_named("rcx, r11, rbx, rsp afterwards", c->name,
		    entry.out_rcx == RCX_VALUE && entry.out_r11 == R11_VALUE &&
			    entry.out_rbx == RBX_VALUE && entry.out_rsp == rsp);
	if (c->vector == 14) {
		check_named("address", c->name, cpu_current()->info->arch.cr2 == 0x1238);
		check_named("address by instruction", c->name, seen.cr2_read == 0x1238);
	}
}

/* A vector registered without the flag leaves upcalls as they were. */
static void check_unmasked_entry(void)
{
	struct pv_trap_info table[2] = { {
		.vector = 6,
		.flags = 0,
		.cs = PV_FLAT_KERNEL_CS,
		.address = (uintptr_t)traps_stubs[6],
	} };
	struct probe_entry entry = { .code = probes_ud2, .rsp = (uintptr_t)stack + 2048 };

	memset(&seen, 0, sizeof(seen));
	seen.skip = 2;
	traps_set_handler(6, 0, on_trap);
	hypercall_set_trap_table(table);
	events_enable();
	probes_enter(&entry);
	check_true("frames: entry that does not mask", seen.count == 1 && seen.mask_inside == 0);
	traps_set_handler(6, 0, NULL);
}

/* TS is clear when the handler runs, so the instruction can be repeated. */
static void check_fpu(void)
{
	struct probe_entry entry = { .code = probes_fpu, .rsp = (uintptr_t)stack + 2048 };

	memset(&seen, 0, sizeof(seen));
	traps_set_handler(7, 0, on_trap);
	hypercall_fpu_taskswitch(1);
	probes_enter(&entry);
	check_result("frames: fpu after its trap", seen.count, 1);
	probes_enter(&entry);
	check_result("frames: fpu a second time", seen.count, 1);
	hypercall_fpu_taskswitch(1);
	hypercall_fpu_taskswitch(0);
	probes_enter(&entry);
	check_result("frames: fpu given back", seen.count, 1);
	traps_set_handler(7, 0, NULL);
}

/* A hypercall destroys rcx and r11 at most. */
static void check_hypercall(void)
{
	struct probe_entry entry = {
		.code = probes_hypercall,
		.rsp = (uintptr_t)stack + 2048,
		.rbx = RBX_VALUE,
	};

	probes_enter(&entry);
	check_true("frames: hypercall keeps rbx and rsp",
		   entry.out_rbx == RBX_VALUE && entry.out_rsp == entry.rsp);
}

void frames_check(void)
{
	stack = page_alloc();
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		check_case(&cases[i], 0, false);
		check_case(&cases[i], 8, true);
	}
	check_unmasked_entry();
	check_fpu();
	check_hypercall();
}
