/*
 * CPUID, read once, and the control registers set from it.
 * Read next: fpu.c.
 */
#include "cpu/features.h"

#include "cpu/insn.h"
#include "lib/log.h"
#include "lib/string.h"

#define HYPERVISOR_LEAF 0x40000000U

/* PAT of the guest ABI: WB WT UC- UC WC WP UC UC. */
#define PAT_VALUE 0x0000050100070406UL

#define XCR0_X87    (1UL << 0)
#define XCR0_SSE    (1UL << 1)
#define XCR0_AVX    (1UL << 2)
#define XCR0_AVX512 (7UL << 5)

/* An XSAVE area starts with the legacy part and a header. */
#define XSAVE_SIZE_MIN 576

struct cpu_features cpu_features;
bool cpu_is_tcg;

static bool has_bit(u32 word, u32 bit)
{
	return (word >> bit & 1) != 0;
}

/* True if EBX, ECX, EDX of a leaf spell this. */
static bool leaf_spells(const struct cpuid_result *r, const char *text)
{
	return memcmp(&r->ebx, text, 4) == 0 && memcmp(&r->ecx, text + 4, 4) == 0 &&
	       memcmp(&r->edx, text + 8, 4) == 0;
}

static void detect_vendor(void)
{
	struct cpuid_result r = cpuid(0, 0);

	cpu_features.max_leaf = r.eax;
	if (leaf_spells(&r, "GenuntelineI")) {
		cpu_features.vendor = CPU_VENDOR_INTEL;
	} else if (leaf_spells(&r, "AuthcAMDenti")) {
		cpu_features.vendor = CPU_VENDOR_AMD;
	}
	cpu_features.max_extended_leaf = cpuid(0x80000000U, 0).eax;
}

/*
 * Processors on which INVLPG may leave global entries when PCIDs are on (Alder Lake
 * and Raptor Lake with their small cores; Linux names the same). Everything global
 * here depends on it. By family 6 model.
 */
static bool invlpg_is_broken_by_pcid(u32 signature)
{
	static const u8 models[] = { 0x97, 0x9a, 0xb7, 0xba, 0xbe, 0xbf };
	u32 model = (signature >> 4 & 15) | (signature >> 12 & 0xf0);

	if (cpu_features.vendor != CPU_VENDOR_INTEL || (signature >> 8 & 15) != 6) {
		return false;
	}
	for (u32 i = 0; i < ARRAY_SIZE(models); i++) {
		if (models[i] == model) {
			return true;
		}
	}
	return false;
}

static void detect_basic(void)
{
	struct cpu_features *f = &cpu_features;
	struct cpuid_result r = cpuid(1, 0);
	struct cpuid_result host;

	f->pcid = has_bit(r.ecx, 17) && !invlpg_is_broken_by_pcid(r.eax);
	f->x2apic = has_bit(r.ecx, 21);
	f->tsc_deadline = has_bit(r.ecx, 24);
	f->xsave = has_bit(r.ecx, 26);
	f->hypervisor = has_bit(r.ecx, 31);
	if (f->hypervisor) {
		host = cpuid(HYPERVISOR_LEAF, 0);
		cpu_is_tcg = leaf_spells(&host, "TCGTCGTCGTCG");
	}
	if (f->max_leaf >= 7) {
		r = cpuid(7, 0);
		f->fsgsbase = has_bit(r.ebx, 0);
		f->smep = has_bit(r.ebx, 7);
		f->invpcid = has_bit(r.ebx, 10);
		f->umip = has_bit(r.ecx, 2);
		/*
		 * LIMIT: QEMU's emulator reads the frame of an IRETQ in ring 3 with
		 * supervisor rights, which SMAP refuses; Linux does such IRETQs.
		 */
		f->smap = has_bit(r.ebx, 20) && !cpu_is_tcg;
	}
}

static void detect_extended(void)
{
	struct cpu_features *f = &cpu_features;
	struct cpuid_result r = cpuid(0x80000001U, 0);

	f->pages_1g = has_bit(r.edx, 26);
	f->rdtscp = has_bit(r.edx, 27);
	f->physical_bits = 36;
	if (f->max_extended_leaf >= 0x80000007U) {
		f->tsc_invariant = has_bit(cpuid(0x80000007U, 0).edx, 8);
	}
	if (f->max_extended_leaf >= 0x80000008U) {
		f->physical_bits = cpuid(0x80000008U, 0).eax & 0xff;
	}
}

/* Bytes that an XSAVE area needs for a set of components, not compacted. */
static u32 xsave_size_of(u64 mask)
{
	u32 size = XSAVE_SIZE_MIN;

	for (u32 i = 2; i < 63; i++) {
		if ((mask >> i & 1) != 0) {
			struct cpuid_result r = cpuid(0xd, i);

			size = MAX(size, r.ebx + r.eax);
		}
	}
	return size;
}

/* Components that belong together are taken together, and only those that guests are shown. */
static void detect_xsave(void)
{
	struct cpu_features *f = &cpu_features;
	struct cpuid_result r;
	u64 offered;

	if (!f->xsave || f->max_leaf < 0xd) {
		f->xsave = false;
		return;
	}
	r = cpuid(0xd, 0);
	offered = (u64)r.edx << 32 | r.eax;
	f->xcr0_mask = XCR0_X87 | XCR0_SSE;
	if ((offered & XCR0_AVX) != 0) {
		f->xcr0_mask |= XCR0_AVX;
		if ((offered & XCR0_AVX512) == XCR0_AVX512) {
			f->xcr0_mask |= XCR0_AVX512;
		}
	}
	f->xsaveopt = has_bit(cpuid(0xd, 1).eax, 0);
	f->xsave_size = xsave_size_of(f->xcr0_mask);
}

void features_detect(void)
{
	detect_vendor();
	detect_basic();
	detect_extended();
	detect_xsave();
}

static u64 cr4_value(void)
{
	const struct cpu_features *f = &cpu_features;
	u64 cr4 = CR4_DE | CR4_PAE | CR4_MCE | CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT;

	cr4 |= f->pcid ? CR4_PCIDE : 0;
	cr4 |= f->xsave ? CR4_OSXSAVE : 0;
	cr4 |= f->umip ? CR4_UMIP : 0;
	cr4 |= f->smep ? CR4_SMEP : 0;
	cr4 |= f->smap ? CR4_SMAP : 0;
	return cr4;
}

void features_init_cpu(void)
{
	cr0_write(CR0_PG | CR0_AM | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE);
	cr4_write(cr4_value());
	msr_write(MSR_EFER, EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE);
	cpu_wbinvd();
	msr_write(MSR_PAT, PAT_VALUE);
	cpu_wbinvd();
	cr3_write(cr3_read());
	if (cpu_features.xsave) {
		xcr0_write(cpu_features.xcr0_mask);
	}
}

static const char *vendor_name(void)
{
	switch (cpu_features.vendor) {
	case CPU_VENDOR_INTEL:
		return "Intel";
	case CPU_VENDOR_AMD:
		return "AMD";
	default:
		return "other";
	}
}

void features_log(void)
{
	const struct cpu_features *f = &cpu_features;

	log_info("cpu: %s%s,%s%s%s%s%s%s%s XCR0 %#lx (%u bytes), %u address bits", vendor_name(),
		 cpu_is_tcg ? " emulated by QEMU" : "", f->smep ? " SMEP" : "",
		 f->smap ? " SMAP" : "", f->umip ? " UMIP" : "", f->pcid ? " PCID" : "",
		 f->pcid && f->invpcid ? " INVPCID" : "", f->pages_1g ? " 1GiB-pages" : "",
		 f->tsc_invariant ? " invariant-TSC" : "", (unsigned long)f->xcr0_mask,
		 f->xsave_size, f->physical_bits);
}
