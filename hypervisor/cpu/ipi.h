/*
 * Interrupts between CPUs. Each CPU has one slot for the call that it makes
 * and one word of which CPUs want something of it; so senders never wait for
 * each other, only for the receivers. A receiver answers from its interrupt
 * handler (in a guest or idle) or, in ring 0, where it spins: cpu_serve() in
 * lib/lock.h. Needs lapic_init_cpu().
 */
#ifndef CPU_IPI_H
#define CPU_IPI_H

#include "lib/types.h"

/*
 * Run fn(arg) on each CPU of the mask but this one, and wait until all have
 * done so. Locks may be held. fn must be short, take no lock and make no call
 * itself; what the caller wrote before is seen by fn and the reverse.
 */
void ipi_call_cpus(u64 mask, void (*fn)(void *arg), void *arg);

/* Make a CPU pass through the exit path to its guest, or leave idle. Nothing if it is this one. */
void ipi_kick(u32 cpu);

/* CPUs that take calls: each adds itself once its interrupt table is loaded. */
void ipi_init_cpu(void);

#endif
