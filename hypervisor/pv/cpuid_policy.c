/*
 * The CPUID policy. The masks below are the whole of it; numbers are the bits
 * of Intel SDM vol. 2 (CPUID) and AMD APM vol. 3 (appendix E).
 */
#include "pv/cpuid_policy.h"

#include <parley/types.h>
#include <parley/version.h>

#include "cpu/features.h"

#define BIT(n) (1U << (n))

enum { EAX, EBX, ECX, EDX };

#define MAX_LEAF            0xdU
#define MAX_EXTENDED_LEAF   0x80000008U
#define MAX_HYPERVISOR_LEAF (PV_CPUID_FIRST_LEAF + 5)
#define MAX_MACHINE_BITS    44U /* wider makes Linux prefer grant tables v2 */

/*
 * Leaf 1 ECX: SSE3 PCLMUL SSSE3 FMA CX16 SSE4.1 SSE4.2 MOVBE POPCNT AES XSAVE
 * AVX F16C RDRAND. Not MONITOR, VMX, PCID, x2APIC, TSC deadline.
 */
#define LEAF_1_ECX                                                                              \
	(BIT(0) | BIT(1) | BIT(9) | BIT(12) | BIT(13) | BIT(19) | BIT(20) | BIT(22) | BIT(23) | \
	 BIT(25) | BIT(26) | BIT(28) | BIT(29) | BIT(30))
#define LEAF_1_ECX_XSAVE      BIT(26)
#define LEAF_1_ECX_OSXSAVE    BIT(27)
#define LEAF_1_ECX_HYPERVISOR BIT(31)
#define LEAF_1_ECX_NEED_XSAVE (BIT(12) | BIT(26) | BIT(28) | BIT(29))

/*
 * Leaf 1 EDX: FPU DE TSC MSR PAE MCE CX8 APIC MCA CMOV PAT CLFLUSH MMX FXSR SSE
 * SSE2. MCE and MCA with no banks (msr.c): without, Linux complains.
 * Not VME, PSE, MTRR, PGE, PSE36, DS; not SEP, for SYSENTER is off.
 */
#define LEAF_1_EDX                                                                         \
	(BIT(0) | BIT(2) | BIT(4) | BIT(5) | BIT(6) | BIT(7) | BIT(8) | BIT(9) | BIT(14) | \
	 BIT(15) | BIT(16) | BIT(19) | BIT(23) | BIT(24) | BIT(25) | BIT(26))

/*
 * Leaf 7.0 EBX: BMI1 AVX2 FDP BMI2 ERMS FCS/FDS RDSEED ADX CLFLUSHOPT CLWB SHA,
 * AVX-512 F DQ IFMA CD BW VL. Not FSGSBASE (it would add a trap to each
 * context switch), SMEP, SMAP, INVPCID, HLE, RTM, MPX.
 */
#define LEAF_7_EBX                                                                            \
	(BIT(3) | BIT(5) | BIT(6) | BIT(8) | BIT(9) | BIT(13) | BIT(18) | BIT(19) | BIT(23) | \
	 BIT(24) | BIT(29))
#define LEAF_7_EBX_AVX    BIT(5)
#define LEAF_7_EBX_AVX512 (BIT(16) | BIT(17) | BIT(21) | BIT(28) | BIT(30) | BIT(31))
/* Leaf 7.0 ECX: GFNI VAES VPCLMULQDQ RDPID MOVDIRI MOVDIR64B, AVX-512 VBMI VBMI2 VNNI BITALG VPOPCNTDQ. */
#define LEAF_7_ECX        (BIT(8) | BIT(22) | BIT(27) | BIT(28))
#define LEAF_7_ECX_AVX    (BIT(9) | BIT(10))
#define LEAF_7_ECX_AVX512 (BIT(1) | BIT(6) | BIT(11) | BIT(12) | BIT(14))
/* Leaf 7.0 EDX: FSRM. */
#define LEAF_7_EDX BIT(4)

/* Leaf 0xd.1 EAX: XSAVEOPT XSAVEC XGETBV1. Not XSAVES. */
#define LEAF_D_1_EAX        (BIT(0) | BIT(1) | BIT(2))
#define LEAF_D_1_EAX_XSAVEC BIT(1)

/* Leaf 0x80000001 ECX: LAHF ABM SSE4A MISALIGNSSE PREFETCHW, and with AVX: XOP FMA4 TBM. */
#define LEAF_E1_ECX     (BIT(0) | BIT(5) | BIT(6) | BIT(7) | BIT(8) | BIT(21))
#define LEAF_E1_ECX_AVX (BIT(11) | BIT(16))
/*
 * Leaf 0x80000001 EDX: SYSCALL NX MMXEXT RDTSCP LM 3DNOWEXT 3DNOW, and on AMD
 * the repetition of leaf 1. Not FFXSR, 1 GiB pages.
 */
#define LEAF_E1_EDX (BIT(11) | BIT(20) | BIT(22) | BIT(27) | BIT(29) | BIT(30) | BIT(31))
#define LEAF_E1_EDX_REPEATED                                                                   \
	(LEAF_1_EDX & (BIT(0) | BIT(2) | BIT(4) | BIT(5) | BIT(6) | BIT(7) | BIT(8) | BIT(9) | \
		       BIT(14) | BIT(15) | BIT(16) | BIT(23) | BIT(24)))
/* Leaf 0x80000007 EDX: invariant TSC. Leaf 0x80000008 EBX: CLZERO, error pointers in XSAVE. */
#define LEAF_E7_EDX BIT(8)
#define LEAF_E8_EBX (BIT(0) | BIT(2))

#define XCR0_X87          0x1UL
#define XCR0_SSE          0x2UL
#define XCR0_AVX          0x4UL
#define XCR0_AVX512       0xe0UL
#define XSAVE_LEGACY_SIZE 576U /* FXSAVE image and XSAVE header */

#define CR4_OSXSAVE_BIT (1UL << 18)

static void ask_processor(u32 leaf, u32 subleaf, u32 out[4])
{
	__asm__ volatile("cpuid"
			 : "=a"(out[EAX]), "=b"(out[EBX]), "=c"(out[ECX]), "=d"(out[EDX])
			 : "a"(leaf), "c"(subleaf));
}

void (*cpuid_host)(u32 leaf, u32 subleaf, u32 out[4]) = ask_processor;

static void clear(u32 out[4])
{
	out[EAX] = out[EBX] = out[ECX] = out[EDX] = 0;
}

static bool host_is_intel(void)
{
	u32 out[4];

	cpuid_host(0, 0, out);
	return out[EBX] == 0x756e6547; /* "Genu" */
}

/* State components a guest may enable here; 0 without XSAVE. */
static u64 offered_xcr0(void)
{
	u64 mask = cpu_features.xcr0_mask & PV_XCR0_OFFERED;

	if (!(mask & XCR0_AVX) || (mask & XCR0_AVX512) != XCR0_AVX512) {
		mask &= ~XCR0_AVX512;
	}
	return mask;
}

/* Bytes of a standard-format XSAVE area for these components. */
static u32 xsave_size(u64 xcr0)
{
	u32 size = XSAVE_LEGACY_SIZE, out[4];

	for (u32 i = 2; i < 8; i++) {
		if (xcr0 & BIT(i)) {
			cpuid_host(0xd, i, out);
			size = MAX(size, out[EBX] + out[EAX]);
		}
	}
	return size;
}

/* The same in the compacted format: components follow each other, some 64-aligned. */
static u32 xsave_compact_size(u64 xcr0)
{
	u32 size = XSAVE_LEGACY_SIZE, out[4];

	for (u32 i = 2; i < 8; i++) {
		if (xcr0 & BIT(i)) {
			cpuid_host(0xd, i, out);
			if (out[ECX] & 2) {
				size = (size + 63) & ~63U;
			}
			size += out[EAX];
		}
	}
	return size;
}

static void leaf_1(const struct vcpu *v, u32 out[4])
{
	u64 xcr0 = offered_xcr0();

	/* APIC id and CLFLUSH size; one logical processor a package */
	out[EBX] = (out[EBX] & 0xff00) | BIT(16) | (v->id << 24);
	out[ECX] &= LEAF_1_ECX;
	if (!(xcr0 & XCR0_AVX)) {
		out[ECX] &= ~(LEAF_1_ECX_NEED_XSAVE & ~LEAF_1_ECX_XSAVE);
	}
	if (xcr0 == 0) {
		out[ECX] &= ~LEAF_1_ECX_XSAVE;
	}
	/*
	 * A PV kernel takes OSXSAVE as the sign that the hypervisor lets it use
	 * XSAVE, and looks before it has set CR4 itself. User mode gets what
	 * its kernel chose.
	 */
	if ((out[ECX] & LEAF_1_ECX_XSAVE) &&
	    (v->mode == VCPU_MODE_KERNEL || (v->cr4 & CR4_OSXSAVE_BIT))) {
		out[ECX] |= LEAF_1_ECX_OSXSAVE;
	}
	out[ECX] |= LEAF_1_ECX_HYPERVISOR;
	out[EDX] &= LEAF_1_EDX;
}

static void leaf_7(u32 subleaf, u32 out[4])
{
	u64 xcr0 = offered_xcr0();
	u32 ebx = LEAF_7_EBX, ecx = LEAF_7_ECX;

	if (subleaf != 0) {
		clear(out);
		return;
	}
	if (xcr0 & XCR0_AVX) {
		ecx |= LEAF_7_ECX_AVX;
	} else {
		ebx &= ~LEAF_7_EBX_AVX;
	}
	if (xcr0 & XCR0_AVX512) {
		ebx |= LEAF_7_EBX_AVX512;
		ecx |= LEAF_7_ECX_AVX512;
	}
	out[EAX] = 0;
	out[EBX] &= ebx;
	out[ECX] &= ecx;
	out[EDX] &= LEAF_7_EDX;
}

/* Cache parameters, without how many processors share them. */
static void leaf_4(u32 out[4])
{
	out[EAX] &= 0x3ff;
}

/* Topology: one thread a core, all vCPUs in one package. */
static void leaf_b(const struct vcpu *v, u32 subleaf, u32 out[4])
{
	clear(out);
	out[EDX] = v->id;
	out[ECX] = subleaf & 0xff;
	if (subleaf == 0) {
		out[EBX] = 1;
		out[ECX] |= 1 << 8;
	} else if (subleaf == 1) {
		while ((1U << out[EAX]) < v->domain->vcpu_count) {
			out[EAX]++;
		}
		out[EBX] = v->domain->vcpu_count;
		out[ECX] |= 2 << 8;
	}
}

static void leaf_d(const struct vcpu *v, u32 subleaf, u32 out[4])
{
	u64 offered = offered_xcr0();
	u64 enabled = (v->xcr0 & offered) | XCR0_X87;

	if (offered == 0) {
		clear(out);
	} else if (subleaf == 0) {
		out[EAX] = offered;
		out[EBX] = xsave_size(enabled);
		out[ECX] = xsave_size(offered);
		out[EDX] = offered >> 32;
	} else if (subleaf == 1) {
		out[EAX] &= LEAF_D_1_EAX;
		out[EBX] = out[EAX] & LEAF_D_1_EAX_XSAVEC ? xsave_compact_size(enabled) : 0;
		out[ECX] = out[EDX] = 0;
	} else if (subleaf >= 63 || !(offered & (1UL << subleaf))) {
		clear(out);
	} else {
		out[ECX] &= 2; /* only XSAVES would make bit 0 true */
		out[EDX] = 0;
	}
}

static void basic_leaf(const struct vcpu *v, u32 leaf, u32 subleaf, u32 out[4])
{
	cpuid_host(0, 0, out);
	if (leaf > MIN(out[EAX], MAX_LEAF)) {
		clear(out);
		return;
	}
	cpuid_host(leaf, subleaf, out);
	switch (leaf) {
	case 0:
		out[EAX] = MIN(out[EAX], MAX_LEAF);
		break;
	case 1:
		leaf_1(v, out);
		break;
	case 2:
		break; /* cache descriptors */
	case 4:
		leaf_4(out);
		break;
	case 7:
		leaf_7(subleaf, out);
		break;
	case 0xb:
		leaf_b(v, subleaf, out);
		break;
	case 0xd:
		leaf_d(v, subleaf, out);
		break;
	default:
		clear(out);
		break;
	}
}

static void leaf_extended_1(u32 out[4])
{
	u32 ecx = LEAF_E1_ECX;

	if (offered_xcr0() & XCR0_AVX) {
		ecx |= LEAF_E1_ECX_AVX;
	}
	out[ECX] &= ecx;
	out[EDX] &= LEAF_E1_EDX | (host_is_intel() ? 0 : LEAF_E1_EDX_REPEATED);
}

static void extended_leaf(u32 leaf, u32 out[4])
{
	cpuid_host(0x80000000, 0, out);
	if (leaf > MIN(out[EAX], MAX_EXTENDED_LEAF)) {
		clear(out);
		return;
	}
	cpuid_host(leaf, 0, out);
	switch (leaf) {
	case 0x80000000:
		out[EAX] = MIN(out[EAX], MAX_EXTENDED_LEAF);
		break;
	case 0x80000001:
		leaf_extended_1(out);
		break;
	case 0x80000002 ... 0x80000006:
		break; /* brand string, caches */
	case 0x80000007:
		out[EAX] = out[EBX] = out[ECX] = 0;
		out[EDX] &= LEAF_E7_EDX;
		break;
	case 0x80000008:
		out[EAX] = (out[EAX] & 0xff) | (48 << 8);
		out[EBX] &= LEAF_E8_EBX;
		out[ECX] = out[EDX] = 0;
		break;
	default:
		clear(out);
		break;
	}
}

static void hypervisor_leaf(u32 leaf, u32 subleaf, u32 out[4])
{
	clear(out);
	switch (leaf - PV_CPUID_FIRST_LEAF) {
	case 0:
		out[EAX] = MAX_HYPERVISOR_LEAF;
		out[EBX] = PV_CPUID_SIGNATURE_EBX;
		out[ECX] = PV_CPUID_SIGNATURE_ECX;
		out[EDX] = PV_CPUID_SIGNATURE_EDX;
		break;
	case 1:
		out[EAX] = (PV_VERSION_MAJOR << 16) | PV_VERSION_MINOR;
		break;
	case 5:
		if (subleaf == 0) {
			u32 host[4];

			cpuid_host(0x80000008, 0, host);
			out[EBX] = MIN(host[EAX] & 0xff, MAX_MACHINE_BITS);
		}
		break;
	default:
		break; /* no hypercall MSR, no time leaf, no HVM features */
	}
}

void cpuid_policy_guest(const struct vcpu *v, u32 leaf, u32 subleaf, u32 out[4])
{
	switch (leaf >> 16) {
	case 0:
		basic_leaf(v, leaf, subleaf, out);
		break;
	case PV_CPUID_FIRST_LEAF >> 16:
		hypervisor_leaf(leaf, subleaf, out);
		break;
	case 0x8000:
		extended_leaf(leaf, out);
		break;
	default:
		clear(out);
		break;
	}
}
