/*
 * Parley's extension call 54, stats: what the hypervisor counted for a domain.
 * Present when the feature PV_FEATURE_parley is. Counting is always on and costs
 * one increment an event, so figures with and without a reader are the same.
 *
 * Read next: control_op.h.
 */
#ifndef PARLEY_STATS_H
#define PARLEY_STATS_H

/* abigen:begin numbers */
/* Made from abi/abi.json by `make abi`: change the numbers there. */

/* Operations of stats: its argument op, and the structure of each. */
#define PV_STATSOP_read  0 /* pv_stats */
#define PV_STATSOP_reset 1 /* set every count to 0; no structure */

/* Index of pv_stats.entries: why the guest was left or entered. */
#define PV_STATS_ENTRY_hypercall   0 /* SYSCALL from the guest's kernel */
#define PV_STATS_ENTRY_syscall     1 /* SYSCALL from user mode, bounced */
#define PV_STATS_ENTRY_page_fault  2 /* page fault handed to the guest */
#define PV_STATS_ENTRY_trap        3 /* any other exception handed over */
#define PV_STATS_ENTRY_emulation   4 /* a privileged instruction emulated */
#define PV_STATS_ENTRY_table_write 5 /* a store to a page table emulated */
#define PV_STATS_ENTRY_interrupt   6 /* an interrupt of the machine */
#define PV_STATS_ENTRY_upcall      7 /* an event upcall */

/* Index of pv_stats.work: what the hypervisor did besides. */
#define PV_STATS_WORK_validation     0 /* frames that became page tables */
#define PV_STATS_WORK_devalidation   1 /* page tables that became ordinary frames */
#define PV_STATS_WORK_base_pointer   2 /* loads of a new base pointer */
#define PV_STATS_WORK_flush_all      3 /* flushes of whole TLBs */
#define PV_STATS_WORK_flush_page     4 /* flushes of one page */
#define PV_STATS_WORK_context_switch 5 /* a CPU given to a vCPU that another, or none, had */

/* abigen:end numbers */

#define PV_STATS_VERSION 1

/* Sizes of the arrays; entries and works beyond those named are 0. */
#define PV_STATS_CALLS   64
#define PV_STATS_ENTRIES 8
#define PV_STATS_WORKS   8

#ifndef __ASSEMBLER__
#include <stdint.h>

/* The sum over all vCPUs of the domain, since it started or was reset. */
struct pv_stats {
	uint32_t version;                    /* (out) PV_STATS_VERSION */
	uint32_t size;                       /* (in) room in bytes, (out) bytes that are valid */
	uint64_t hypercalls[PV_STATS_CALLS]; /* by number, those of multicalls too; not iret */
	uint64_t entries[PV_STATS_ENTRIES];  /* by PV_STATS_ENTRY_* */
	uint64_t work[PV_STATS_WORKS];       /* by PV_STATS_WORK_* */
};

_Static_assert(sizeof(struct pv_stats) == 648, "stats layout");

#endif /* __ASSEMBLER__ */
#endif
