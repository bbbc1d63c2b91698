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

#endif
