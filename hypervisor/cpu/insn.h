/*
 * The instructions that only ring 0 may execute, one function each. No policy.
 * Port I/O is in drivers/port_io.h; what host-tested logic needs is in
 * arch/seam/cpu.h.
 */
#ifndef CPU_INSN_H
#define CPU_INSN_H

#include "lib/types.h"

#define CR0_PE (1UL << 0)
#define CR0_MP (1UL << 1)
#define CR0_TS (1UL << 3)
#define CR0_ET (1UL << 4)
#define CR0_NE (1UL << 5)
#define CR0_WP (1UL << 16)
#define CR0_AM (1UL << 18)
#define CR0_PG (1UL << 31)

#define CR4_DE         (1UL << 3)
#define CR4_PAE        (1UL << 5)
#define CR4_MCE        (1UL << 6)
#define CR4_PGE        (1UL << 7)
#define CR4_OSFXSR     (1UL << 9)
#define CR4_OSXMMEXCPT (1UL << 10)
#define CR4_UMIP       (1UL << 11)
#define CR4_PCIDE      (1UL << 17)
#define CR4_OSXSAVE    (1UL << 18)
#define CR4_SMEP       (1UL << 20)
#define CR4_SMAP       (1UL << 21)

#define MSR_APIC_BASE      0x0000001bU
#define MSR_SYSENTER_CS    0x00000174U
#define MSR_PAT            0x00000277U
#define MSR_EFER           0xc0000080U
#define MSR_STAR           0xc0000081U
#define MSR_LSTAR          0xc0000082U
#define MSR_CSTAR          0xc0000083U
#define MSR_SFMASK         0xc0000084U
#define MSR_FS_BASE        0xc0000100U
#define MSR_GS_BASE        0xc0000101U
#define MSR_KERNEL_GS_BASE 0xc0000102U
#define MSR_TSC_AUX        0xc0000103U

#define EFER_SCE (1UL << 0)
#define EFER_LME (1UL << 8)
#define EFER_LMA (1UL << 10)
#define EFER_NXE (1UL << 11)

static inline u64 msr_read(u32 msr)
{
	u32 low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return ((u64)high << 32) | low;
}

static inline void msr_write(u32 msr, u64 value)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}

struct cpuid_result {
	u32 eax, ebx, ecx, edx;
};

static inline struct cpuid_result cpuid(u32 leaf, u32 subleaf)
{
	struct cpuid_result r;

	__asm__ volatile("cpuid"
			 : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "a"(leaf), "c"(subleaf));
	return r;
}

static inline u64 cr0_read(void)
{
	u64 value;

	__asm__ volatile("mov %%cr0, %0" : "=r"(value));
	return value;
}

static inline void cr0_write(u64 value)
{
	__asm__ volatile("mov %0, %%cr0" : : "r"(value) : "memory");
}

static inline u64 cr2_read(void)
{
	u64 value;

	__asm__ volatile("mov %%cr2, %0" : "=r"(value));
	return value;
}

static inline u64 cr3_read(void)
{
	u64 value;

	__asm__ volatile("mov %%cr3, %0" : "=r"(value));
	return value;
}

static inline void cr3_write(u64 value)
{
	__asm__ volatile("mov %0, %%cr3" : : "r"(value) : "memory");
}

static inline u64 cr4_read(void)
{
	u64 value;

	__asm__ volatile("mov %%cr4, %0" : "=r"(value));
	return value;
}

static inline void cr4_write(u64 value)
{
	__asm__ volatile("mov %0, %%cr4" : : "r"(value) : "memory");
}

/* CR0.TS: off and on. */
static inline void cpu_clts(void)
{
	__asm__ volatile("clts" : : : "memory");
}

static inline void cpu_stts(void)
{
	cr0_write(cr0_read() | CR0_TS);
}

/* Drop this CPU's translation of one address, a global one too. */
static inline void cpu_invlpg(u64 va)
{
	__asm__ volatile("invlpg (%0)" : : "r"(va) : "memory");
}

/*
 * Drop this CPU's translations of one PCID, global ones not: of one address, which must be
 * canonical, or all of them. Only where features say INVPCID.
 */
#define INVPCID_ADDRESS 0UL
#define INVPCID_CONTEXT 1UL

static inline void cpu_invpcid(u64 what, u64 pcid, u64 va)
{
	u64 descriptor[2] = { pcid, va };

	__asm__ volatile("invpcid %0, %1" : : "m"(descriptor), "r"(what) : "memory");
}

static inline void cpu_wbinvd(void)
{
	__asm__ volatile("wbinvd" : : : "memory");
}

struct table_register {
	u16 limit;
	u64 base;
} packed_struct;

static inline void cpu_lgdt(const struct table_register *r)
{
	__asm__ volatile("lgdt %0" : : "m"(*r) : "memory");
}

static inline void cpu_lidt(const struct table_register *r)
{
	__asm__ volatile("lidt %0" : : "m"(*r) : "memory");
}

static inline void cpu_ltr(u16 selector)
{
	__asm__ volatile("ltr %0" : : "r"(selector) : "memory");
}

static inline void cpu_lldt(u16 selector)
{
	__asm__ volatile("lldt %0" : : "r"(selector) : "memory");
}

/* Extended control register 0: which parts of the FPU state are in use. Needs CR4.OSXSAVE. */
static inline u64 xcr0_read(void)
{
	u32 low, high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return ((u64)high << 32) | low;
}

static inline void xcr0_write(u64 value)
{
	__asm__ volatile("xsetbv" : : "c"(0), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}

/* Debug registers 0-3, 6 and 7. */
static inline u64 dr_read(u32 n)
{
	u64 value = 0;

	switch (n) {
	case 0:
		__asm__ volatile("mov %%dr0, %0" : "=r"(value));
		break;
	case 1:
		__asm__ volatile("mov %%dr1, %0" : "=r"(value));
		break;
	case 2:
		__asm__ volatile("mov %%dr2, %0" : "=r"(value));
		break;
	case 3:
		__asm__ volatile("mov %%dr3, %0" : "=r"(value));
		break;
	case 6:
		__asm__ volatile("mov %%dr6, %0" : "=r"(value));
		break;
	case 7:
		__asm__ volatile("mov %%dr7, %0" : "=r"(value));
		break;
	default:
		break;
	}
	return value;
}

static inline void dr_write(u32 n, u64 value)
{
	switch (n) {
	case 0:
		__asm__ volatile("mov %0, %%dr0" : : "r"(value));
		break;
	case 1:
		__asm__ volatile("mov %0, %%dr1" : : "r"(value));
		break;
	case 2:
		__asm__ volatile("mov %0, %%dr2" : : "r"(value));
		break;
	case 3:
		__asm__ volatile("mov %0, %%dr3" : : "r"(value));
		break;
	case 6:
		__asm__ volatile("mov %0, %%dr6" : : "r"(value));
		break;
	case 7:
		__asm__ volatile("mov %0, %%dr7" : : "r"(value));
		break;
	default:
		break;
	}
}

/* Open and close the user pages to ring 0; only where features say SMAP. */
static inline void cpu_stac(void)
{
	__asm__ volatile("stac" : : : "memory");
}

static inline void cpu_clac(void)
{
	__asm__ volatile("clac" : : : "memory");
}

/* Stop this CPU for good. */
static inline void noreturn_fn cpu_stop(void)
{
	for (;;) {
		__asm__ volatile("cli; hlt" : : : "memory");
	}
}

#endif
