/*
 * Exceptions, and the shape in which every entry from the hypervisor reaches C.
 *
 * Handlers run on the stack of what was interrupted (or on the user-entry
 * stack), with upcalls masked. A fault in kernel mode at an address in the
 * fix-up table (probe.h) is settled there and reaches no handler; one that no
 * handler takes ends the domain with a report, or, in user mode, ends the user
 * code (user.h).
 */
#ifndef KIT_TRAPS_H
#define KIT_TRAPS_H

#include <stdbool.h>
#include <stdint.h>

#include <parley/trap.h>

#define TRAPS_ENTRY_EVENT    0x100
#define TRAPS_ENTRY_SYSCALL  0x101
#define TRAPS_ENTRY_FAILSAFE 0x102

/* What traps_entry.S builds on the stack, low address first. */
struct kit_regs {
	uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8;
	uint64_t rax, rcx, rdx, rsi, rdi;
	uint64_t vector; /* or TRAPS_ENTRY_* */
	uint64_t error;
	uint64_t rip;
	uint32_t cs;        /* privilege bits 0 when the kernel was interrupted */
	uint8_t saved_mask; /* upcall mask before the entry */
	uint8_t pad[3];
	uint64_t rflags; /* IF is the inverse of the mask */
	uint64_t rsp;
	uint64_t ss;
};

/* Returns true when the trap is settled and execution may resume at regs. */
typedef bool (*trap_handler_t)(struct kit_regs *regs);

/* Registers the vectors 0-31 and the callbacks for this domain. Start of day. */
void traps_init(void);

/* Registers the system-call callback, which every vCPU does for itself. */
void traps_init_cpu(void);

/*
 * Sets the handler of a vector (NULL: none), and makes it reachable by INT n
 * from kernel mode when dpl >= 1, from user mode when dpl == 3.
 */
void traps_set_handler(unsigned vector, unsigned dpl, trap_handler_t handler);

/* The handler of the failsafe callback. */
void traps_set_failsafe(trap_handler_t handler);

/* Fills a trap table indexed by vector, as vCPU initialisation wants it. */
void traps_fill_table(struct pv_trap_info table[256]);

/* Prints the registers and what is known of the fault. */
void traps_print_regs(const struct kit_regs *regs);

static inline bool traps_from_user(const struct kit_regs *regs)
{
	return (regs->cs & 3) != 0;
}

extern const char traps_stubs[256][16];
extern const char traps_event_entry[], traps_syscall_entry[], traps_failsafe_entry[];

#endif
