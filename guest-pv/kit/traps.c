/*
 * Exceptions: the trap table, the fix-up table, and dispatch to handlers.
 * Read next: traps_entry.S for the way in and out, events.c for upcalls.
 */
#include "traps.h"

#include "cpu.h"
#include "events.h"
#include "hypercall.h"
#include "power.h"
#include "printf.h"
#include "user.h"

#define VECTOR_PAGE_FAULT 14
#define VECTOR_COUNT      32
#define TRAP_MASKS_EVENTS 4

struct fixup {
	uint64_t insn;
	uint64_t resume;
};

extern const struct fixup kit_fixups_start[], kit_fixups_end[];

void traps_dispatch(struct kit_regs *regs);

static trap_handler_t handlers[256];
static trap_handler_t failsafe_handler;
static uint8_t vector_dpl[256];

static struct pv_trap_info trap_entry(unsigned vector)
{
	return (struct pv_trap_info){
		.vector = (uint8_t)vector,
		.flags = (uint8_t)(vector_dpl[vector] | TRAP_MASKS_EVENTS),
		.cs = PV_FLAT_KERNEL_CS,
		.address = (uintptr_t)traps_stubs[vector],
	};
}

void traps_fill_table(struct pv_trap_info table[256])
{
	for (unsigned v = 0; v < 256; v++) {
		if (v < VECTOR_COUNT || handlers[v] != NULL) {
			table[v] = trap_entry(v);
		} else {
			table[v] = (struct pv_trap_info){ .vector = (uint8_t)v };
		}
	}
}

static void callback_register(unsigned type, unsigned flags, const char *entry)
{
	struct pv_callback_register cb = {
		.type = (uint16_t)type,
		.flags = (uint16_t)flags,
		.address = (uintptr_t)entry,
	};
	long rc = hypercall_callback_op(PV_CALLBACKOP_register, &cb);

	if (rc != 0) {
		power_panic("callback type %u: %ld", type, rc);
	}
}

void traps_init(void)
{
	struct pv_trap_info table[VECTOR_COUNT + 1];
	long rc;

	vector_dpl[3] = 3;
	vector_dpl[4] = 3;
	for (unsigned v = 0; v < VECTOR_COUNT; v++) {
		table[v] = trap_entry(v);
	}
	table[VECTOR_COUNT] = (struct pv_trap_info){ 0 };
	rc = hypercall_set_trap_table(table);
	if (rc != 0) {
		power_panic("set_trap_table: %ld", rc);
	}
	callback_register(PV_CALLBACK_event, PV_CALLBACKF_mask_events, traps_event_entry);
	callback_register(PV_CALLBACK_failsafe, PV_CALLBACKF_mask_events, traps_failsafe_entry);
	traps_init_cpu();
}

void traps_init_cpu(void)
{
	callback_register(PV_CALLBACK_syscall, PV_CALLBACKF_mask_events, traps_syscall_entry);
}

void traps_set_handler(unsigned vector, unsigned dpl, trap_handler_t handler)
{
	struct pv_trap_info table[2] = { { 0 }, { 0 } };
	long rc;

	handlers[vector] = handler;
	vector_dpl[vector] = (uint8_t)dpl;
	table[0] = trap_entry(vector);
	rc = hypercall_set_trap_table(table);
	if (rc != 0) {
		power_panic("trap vector %u: %ld", vector, rc);
	}
}

void traps_set_failsafe(trap_handler_t handler)
{
	failsafe_handler = handler;
}

void traps_print_regs(const struct kit_regs *regs)
{
	printf("rip %04x:%016lx flags %016lx rsp %04lx:%016lx mask %u\n", regs->cs, regs->rip,
	       regs->rflags, regs->ss, regs->rsp, regs->saved_mask);
	printf("rax %016lx rbx %016lx rcx %016lx rdx %016lx\n", regs->rax, regs->rbx, regs->rcx,
	       regs->rdx);
	printf("rsi %016lx rdi %016lx rbp %016lx r8  %016lx\n", regs->rsi, regs->rdi, regs->rbp,
	       regs->r8);
	printf("r9  %016lx r10 %016lx r11 %016lx r12 %016lx\n", regs->r9, regs->r10, regs->r11,
	       regs->r12);
	printf("r13 %016lx r14 %016lx r15 %016lx\n", regs->r13, regs->r14, regs->r15);
}

/* The table is short and faults on purpose are rare: a linear search does. */
static bool fixup_apply(struct kit_regs *regs)
{
	for (const struct fixup *f = kit_fixups_start; f < kit_fixups_end; f++) {
		if (f->insn == regs->rip) {
			regs->rip = f->resume;
			regs->rax = 0x100 | regs->vector;
			return true;
		}
	}
	return false;
}

static void report_and_die(const struct kit_regs *regs)
{
	struct kit_cpu *cpu = cpu_current();

	if (cpu->report_depth++ > 0) {
		power_off(PV_SHUTDOWN_crash);
	}
	printf("kit: vCPU %u: unexpected entry 0x%lx, error 0x%lx, address 0x%lx\n", cpu->id,
	       regs->vector, regs->error, cpu->fault_address);
	traps_print_regs(regs);
	power_off(PV_SHUTDOWN_crash);
}

static void dispatch_exception(struct kit_regs *regs)
{
	struct kit_cpu *cpu = cpu_current();
	trap_handler_t handler = handlers[regs->vector];

	cpu->fault_error = regs->error;
	if (regs->vector == VECTOR_PAGE_FAULT) {
		cpu->fault_address = cpu->info->arch.cr2;
	}
	if (!traps_from_user(regs) && fixup_apply(regs)) {
		return;
	}
	if (handler != NULL && handler(regs)) {
		return;
	}
	if (traps_from_user(regs)) {
		user_end_by_fault(regs);
	}
	report_and_die(regs);
}

void traps_dispatch(struct kit_regs *regs)
{
	switch (regs->vector) {
	case TRAPS_ENTRY_EVENT:
		events_dispatch();
		break;
	case TRAPS_ENTRY_SYSCALL:
		user_handle_syscall(regs);
		break;
	case TRAPS_ENTRY_FAILSAFE:
		if (failsafe_handler != NULL && failsafe_handler(regs)) {
			break;
		}
		if (traps_from_user(regs)) {
			user_end_by_fault(regs);
		}
		report_and_die(regs);
		break;
	default:
		dispatch_exception(regs);
		break;
	}
}
