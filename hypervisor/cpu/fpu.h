/*
 * A vCPU's FPU, SSE and AVX registers. Ring 0 never uses them, so they are
 * exchanged only where one vCPU follows another on a CPU. While no vCPU's
 * state is loaded, XCR0 holds every component that the CPU and we know.
 */
#ifndef CPU_FPU_H
#define CPU_FPU_H

#include "cpu/fpu_types.h"

/* Make s what the registers are after a reset: exceptions masked, all empty. */
void fpu_init_state(struct fpu_state *s);

/*
 * Registers to memory and back. guest_xcr0 is the vCPU's XCR0: in force before
 * a save and after a restore. Clears CR0.TS; the caller sets it again if the
 * guest wants it.
 */
void fpu_save(struct fpu_state *s, u64 guest_xcr0);
void fpu_restore(const struct fpu_state *s, u64 guest_xcr0);

/* The current vCPU did XSETBV: put its XCR0, already checked, in force. */
void fpu_set_xcr0(u64 guest_xcr0);

/* True if a guest may have this XCR0: what we save, in combinations that the CPU takes. */
bool fpu_xcr0_is_valid(u64 xcr0);

#endif
