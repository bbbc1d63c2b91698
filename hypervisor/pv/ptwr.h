/*
 * Stores of a guest kernel into its level-1 tables. The guest has them mapped
 * read-only, so a store faults; here it is decoded, what it would have stored
 * is computed, and the new entry goes through the same check as one given by
 * hypercall (vm_assist writable_pagetables). Linux clears, exchanges and
 * write-protects single entries this way.
 */
#ifndef PV_PTWR_H
#define PV_PTWR_H

#include "domain/domain.h"

/*
 * A write of v's kernel half faulted on a present page at gva. 0: carried out,
 * RIP is behind the instruction. -PV_EAGAIN: nothing done, let the guest run
 * the instruction again. Any other error: not a store that is carried out here
 * (not to an L1 table of the domain, not a known form, refused entry); the
 * guest gets the fault. Takes domain.mm.lock.
 */
int pv_emulate_pt_write(struct vcpu *v, struct cpu_regs *regs, u64 gva) must_check;

#endif
