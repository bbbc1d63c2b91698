/*
 * The machines on which the bench programs run, all emulated by QEMU with one instruction a
 * nanosecond and one processor:
 *	parley	the hypervisor of this tree, started by `parley run --icount`
 *	xen	Debian's Xen 4.17, the guest as its initial domain
 *	bare	no hypervisor
 * and the two programs: the kit guest `bench`, and `linux-bench` under Debian's kernel. On parley
 * also what no program can measure, counted by the plugin: the longest stretch of ring 0 that
 * nothing interrupts, in the kit guest `stretches`, and what an idle guest costs.
 */
#ifndef BENCH_MACHINES_H
#define BENCH_MACHINES_H

#include <stdbool.h>

#include "bench/figures.h"

enum machine {
	MACHINE_PARLEY,
	MACHINE_XEN,
	MACHINE_BARE,
	MACHINES,
};

extern const char *const machine_names[MACHINES];

enum workload {
	WORKLOAD_GUEST,
	WORKLOAD_LINUX,
	WORKLOAD_LONGEST,
	WORKLOAD_IDLE,
	WORKLOAD_IDLE_LINUX,
	WORKLOADS,
};

/* Whether its figures are the plugin's; then they come with marks only, and from parley alone. */
static inline bool workload_is_counted(enum workload workload)
{
	return workload >= WORKLOAD_LONGEST;
}

extern const char *const workload_names[WORKLOADS];

struct machine_files {
	const char *build; /* where the build puts everything */
	const char *cache; /* vmlinuz, xen-4.17 */
	const char *cpu;   /* QEMU's -cpu, the same for all machines */
};

/*
 * Runs a program on a machine and adds its figures. With `events` not NULL the plugin writes there
 * what stands between marks, and only then marks are set. Returns 0, or -1 after a message.
 */
int machine_run(enum machine machine, enum workload workload, const struct machine_files *files,
		const char *events, struct figures *figures);

#endif
