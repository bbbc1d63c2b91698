/*
 * The descriptor tables: one IDT for all CPUs; for each CPU a GDT (the guest's
 * 14 pages, then ours), a TSS and a SYSCALL stub, all in its window.
 */
#ifndef CPU_TABLES_H
#define CPU_TABLES_H

#include "lib/types.h"

/* Selectors; those that guests see are in <parley/trap.h>. */
#define HV_CS        0xe008
#define HV_DS        0xe010
#define HV_TSS       0xe040
#define HV_LDT       0xe050
#define HV_GDT_LIMIT 0xffff

/* Interrupt stacks: index into the TSS, and page of the stack area. */
#define IST_DOUBLE_FAULT  1
#define IST_NMI           2
#define IST_MACHINE_CHECK 3
#define IST_DEBUG         4
#define IST_COUNT         4

/* Boot CPU, once, on the boot tables: build the IDT from entry.S's stubs. Read-only later. */
void tables_init(void);

/* Write the contents of a CPU's GDT page, TSS page and stub page (through the direct map). */
void tables_fill(u32 cpu, void *gdt_page, void *tss_page, void *stub_page);

/* This CPU, on its own stack: load GDT, TSS, IDT, segments and the SYSCALL MSRs. */
void tables_load(void);

/* This CPU: use the first `entries` descriptors of its LDT window as LDT; 0: none. */
void tables_load_ldt(u32 entries);

#endif
