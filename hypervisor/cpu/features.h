/*
 * What this machine's processors can do, found once on the boot CPU; and the
 * control registers, set the same on each CPU from that. The guests' view is
 * another thing: pv/cpuid_policy.c.
 */
#ifndef CPU_FEATURES_H
#define CPU_FEATURES_H

#include "lib/types.h"

enum cpu_vendor {
	CPU_VENDOR_OTHER = 0,
	CPU_VENDOR_INTEL,
	CPU_VENDOR_AMD,
};

struct cpu_features {
	enum cpu_vendor vendor;
	u32 max_leaf;          /* highest basic CPUID leaf */
	u32 max_extended_leaf; /* 0x8000.... */
	u32 physical_bits;     /* width of a machine address */
	bool smep, smap;       /* smap: present and used */
	bool umip;
	bool fsgsbase;
	bool pcid;    /* present and used */
	bool invpcid; /* the instruction */
	bool xsave;
	bool xsaveopt;
	bool rdtscp; /* so TSC_AUX exists */
	bool pages_1g;
	bool x2apic;
	bool tsc_deadline;
	bool tsc_invariant;
	bool hypervisor; /* we run on another hypervisor or an emulator */
	u64 xcr0_mask;   /* state components that we save; 0 without XSAVE */
	u32 xsave_size;  /* bytes of an XSAVE area for all of them */
};

extern struct cpu_features cpu_features;
extern bool cpu_is_tcg; /* QEMU's emulator: its IRETQ in ring 3 forbids SMAP */

/* Boot CPU, once: fill in cpu_features. Panics if something indispensable lacks. */
void features_detect(void);

/* Each CPU: CR0, CR4, EFER, PAT and XCR0 as the hypervisor wants them. */
void features_init_cpu(void);

/* One line for the log. */
void features_log(void);

#endif
