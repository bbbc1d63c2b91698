/*
 * TOUR(7) Hypercall handlers: one per number, listed in abi/abi.json, from which
 * build/gen/dispatch.c is generated (so a call that is not described does not
 * build). Arguments come from RDI, RSI, RDX, R10, R8, R9; the result goes to
 * RAX, negative PV_E* on error. A handler runs on the vCPU's CPU, in the
 * guest's kernel address space, with no lock held.
 *
 * A long operation returns hypercall_restart(...): the guest's RIP is put back
 * on the SYSCALL with the arguments given, and the guest runs it again after
 * pending work was done. Read next: multicall.c, then one file a family.
 */
#ifndef HYPERCALL_HYPERCALL_H
#define HYPERCALL_HYPERCALL_H

#include <parley/errno.h>
#include <parley/hypercall.h>

#include "lib/types.h"

typedef long (*hypercall_fn)(u64 a1, u64 a2, u64 a3, u64 a4, u64 a5, u64 a6);

extern const hypercall_fn hypercall_table[]; /* PV_HYPERCALL_MAX entries, none NULL */
extern const char *const hypercall_names[];

/* What numbers without a handler do: -PV_ENOSYS. */
long hypercall_unknown(u64 a1, u64 a2, u64 a3, u64 a4, u64 a5, u64 a6);

/*
 * Arrange for hypercall `nr` to run again with these arguments (those beyond
 * are unchanged), also inside a multicall, and return what the handler must
 * return.
 */
long hypercall_restart(u32 nr, u64 a1, u64 a2, u64 a3, u64 a4);

/* The call of a multicall that was just made on this CPU wants to be made again. */
bool hypercall_restarts_in_list(void);

struct cpu_regs;

/* A hypercall of a vCPU that is traced; from entry_syscall.S. Its result goes to regs->rax. In traced.c. */
void hypercall_traced(struct cpu_regs *regs);

/* multicall, with a record of each of its calls. */
long hypercall_multicall_traced(u64 list, u64 count, u64 a3, u64 a4);

/* Make and record one call of a multicall; its number is below PV_HYPERCALL_MAX. */
long hypercall_traced_in_list(u64 number, const u64 *args);

#endif
