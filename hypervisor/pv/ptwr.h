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

enum ptwr_result {
	PTWR_DONE,    /* carried out, or the guest is to run the instruction again: back to it */
	PTWR_REFUSED, /* not to an L1 table of the domain, not a known form, or a refused entry */
};

/*
 * A write of v's kernel half faulted on a present page at gva. If refused, the
 * guest gets the fault. Takes domain.mm.lock.
 */
enum ptwr_result pv_emulate_pt_write(struct vcpu *v, struct cpu_regs *regs, u64 gva) must_check;

#endif
