/*
 * User mode: an address space of its own, entered by the iret hypercall and
 * left by a system call or a fault.
 *
 * Under this ABI user code runs on a second top-level table that holds only
 * the user's part; the kernel's table maps that part too, so that the kernel
 * can reach the same addresses.
 *
 * System calls: number in rax, arguments in rdi, rsi, rdx, r10, r8, r9; rcx
 * and r11 are destroyed. Number USER_CALL_EXIT ends the user code.
 */
#ifndef KIT_USER_H
#define KIT_USER_H

#include <stdint.h>

#include "traps.h"

#define USER_CALL_EXIT 0

/* User addresses lie below this, in the first slot of the top-level table. */
#define USER_END 0x8000000000ul

struct user_space {
	unsigned long l4_mfn;
};

enum user_reason {
	USER_EXITED,  /* by USER_CALL_EXIT; value is its argument */
	USER_FAULTED, /* by an exception that no handler took */
};

struct user_result {
	enum user_reason reason;
	uint64_t value;
	uint64_t vector, error, rip, address; /* of the fault */
};

/* Called for every other number; the result goes to the user's rax. */
typedef uint64_t (*user_call_t)(struct kit_regs *regs);

/* An empty address space. 0 or a negative error. At most one at a time is mapped for the kernel. */
long user_space_init(struct user_space *space);

/* Maps a fresh zeroed page at va, for user mode; *page (may be NULL) is where the kernel sees it. */
long user_space_add_page(struct user_space *space, unsigned long va, uint64_t flags, void **page);

void user_set_call_handler(user_call_t handler);

/*
 * Runs user code at rip with this stack and two arguments (rdi, rsi) until it
 * exits or faults. Upcalls are enabled meanwhile.
 */
struct user_result user_run(struct user_space *space, unsigned long rip, unsigned long rsp,
			    uint64_t arg1, uint64_t arg2);

/* For traps.c: the system-call entry, and the end by an exception. */
void user_handle_syscall(struct kit_regs *regs);
void user_end_by_fault(const struct kit_regs *regs) __attribute__((noreturn));

#endif
