/* pv/cpuid_policy.c: what a guest may know of a machine that has everything. */
#include <criterion/criterion.h>

#include "pv/cpuid_policy.h"
#include "cpu/features.h"

struct cpu_features cpu_features;
static struct domain domain;
static struct vcpu vcpu;

/* A machine with every bit set, AVX-512 and sizes like a real one's. */
static void full_machine(u32 leaf, u32 subleaf, u32 out[4])
{
	static const u32 sizes[8] = { 0, 0, 256, 64, 64, 64, 512, 1024 };
	static const u32 offsets[8] = { 0, 0, 576, 960, 1024, 1088, 1152, 1664 };

	out[0] = out[1] = out[2] = out[3] = ~0U;
	if (leaf == 0) {
		out[0] = 0x20;
		out[1] = 0x68747541; /* Auth */
	} else if (leaf == 0x80000000) {
		out[0] = 0x80000020;
	} else if (leaf == 0x80000008) {
		out[0] = 0x3034;
	} else if (leaf == 0xd && subleaf >= 2 && subleaf < 8) {
		out[0] = sizes[subleaf];
		out[1] = offsets[subleaf];
		out[2] = 0;
	}
}

static void setup(void)
{
	domain.vcpu_count = 4;
	vcpu = (struct vcpu){ .domain = &domain, .id = 2, .mode = VCPU_MODE_KERNEL, .xcr0 = 1 };
	cpu_features.xcr0_mask = 0xe7;
	cpuid_host = full_machine;
}

TestSuite(cpuid, .init = setup);

static u32 ask(u32 leaf, u32 subleaf, u32 reg)
{
	u32 out[4];

	cpuid_policy_guest(&vcpu, leaf, subleaf, out);
	return out[reg];
}

enum { EAX, EBX, ECX, EDX };

Test(cpuid, hidden_features)
{
	static const struct {
		u32 leaf, reg, bit;
	} hidden[] = {
		{ 1, EDX, 1 },           { 1, EDX, 3 },           { 1, EDX, 12 },
		{ 1, EDX, 13 },          { 1, EDX, 17 },          { 1, EDX, 21 },
		{ 1, EDX, 11 },          { 1, ECX, 2 },           { 1, ECX, 3 },
		{ 1, ECX, 5 },           { 1, ECX, 17 },          { 1, ECX, 21 },
		{ 1, ECX, 24 },          { 7, EBX, 0 },           { 7, EBX, 7 },
		{ 7, EBX, 10 },          { 7, EBX, 20 },          { 7, EBX, 11 },
		{ 7, EBX, 4 },           { 7, ECX, 2 },           { 7, ECX, 3 },
		{ 7, ECX, 4 },           { 7, ECX, 16 },          { 7, EDX, 26 },
		{ 7, EDX, 31 },          { 0x80000001, EDX, 26 }, { 0x80000001, EDX, 3 },
		{ 0x80000001, EDX, 13 }, { 0x80000001, ECX, 2 },  { 0x80000008, EBX, 12 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(hidden); i++) {
		cr_assert_eq(ask(hidden[i].leaf, 0, hidden[i].reg) >> hidden[i].bit & 1, 0,
			     "leaf %x register %u bit %u", hidden[i].leaf, hidden[i].reg,
			     hidden[i].bit);
	}
}

Test(cpuid, needed_features)
{
	static const struct {
		u32 leaf, reg, bit;
	} needed[] = {
		{ 1, EDX, 0 },           { 1, EDX, 5 },           { 1, EDX, 6 },
		{ 1, EDX, 8 },           { 1, EDX, 15 },          { 1, EDX, 16 },
		{ 1, EDX, 24 },          { 1, EDX, 26 },          { 1, ECX, 13 },
		{ 1, ECX, 31 },          { 1, ECX, 26 },          { 1, ECX, 27 },
		{ 1, ECX, 28 },          { 0x80000001, EDX, 11 }, { 0x80000001, EDX, 20 },
		{ 0x80000001, EDX, 29 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
		cr_assert_eq(ask(needed[i].leaf, 0, needed[i].reg) >> needed[i].bit & 1, 1,
			     "leaf %x register %u bit %u", needed[i].leaf, needed[i].reg,
			     needed[i].bit);
	}
}

Test(cpuid, hypervisor_leaves)
{
	cr_assert_eq(ask(0x40000000, 0, EAX), 0x40000005);
	cr_assert_eq(ask(0x40000000, 0, EBX), 0x566e6558);
	cr_assert_eq(ask(0x40000001, 0, EAX), 0x40011);
	cr_assert_eq(ask(0x40000004, 0, EAX), 0);
	cr_assert_eq(ask(0x40000005, 0, EBX), 44);
	cr_assert_eq(ask(0x40000100, 0, EBX), 0);
	cr_assert_eq(ask(0x4000ff00, 0, EAX), 0);
}

Test(cpuid, unknown_leaves_are_zero)
{
	static const u32 leaves[] = { 3,          5,          6,          0xa,        0xc,
				      0xe,        0x14,       0x20,       0x8000000a, 0x8000001f,
				      0x80000020, 0x20000000, 0xc0000000, 0xffffffff };

	for (size_t i = 0; i < ARRAY_SIZE(leaves); i++) {
		for (u32 r = 0; r < 4; r++) {
			cr_assert_eq(ask(leaves[i], 0, r), 0, "leaf %x", leaves[i]);
		}
	}
	cr_assert_eq(ask(0, 0, EAX), 0xd);
	cr_assert_eq(ask(0x80000000, 0, EAX), 0x80000008);
	cr_assert_eq(ask(7, 0, EAX), 0);
	cr_assert_eq(ask(7, 1, EAX), 0);
}

Test(cpuid, xsave_follows_xcr0)
{
	cr_assert_eq(ask(0xd, 0, EAX), 0xe7);
	cr_assert_eq(ask(0xd, 0, EBX), 576);
	cr_assert_eq(ask(0xd, 0, ECX), 1664 + 1024);
	vcpu.xcr0 = 7;
	cr_assert_eq(ask(0xd, 0, EBX), 832);
	cr_assert_eq(ask(0xd, 1, EAX), 7, "no XSAVES");
	cr_assert_eq(ask(0xd, 3, EAX), 0, "not offered");
	cr_assert_eq(ask(0xd, 2, EBX), 576);
	cr_assert_eq(ask(0xd, 64, EAX), 0);
}

Test(cpuid, without_avx_nothing_needs_it)
{
	cpu_features.xcr0_mask = 3;
	cr_assert_eq(ask(1, 0, ECX) >> 28 & 1, 0);
	cr_assert_eq(ask(7, 0, EBX) & ((1U << 5) | (1U << 16)), 0);
	cr_assert_eq(ask(7, 0, ECX) & ((1U << 9) | (1U << 1)), 0);
	cpu_features.xcr0_mask = 0;
	cr_assert_eq(ask(1, 0, ECX) & ((1U << 26) | (1U << 27)), 0);
	cr_assert_eq(ask(0xd, 0, EAX), 0);
}

Test(cpuid, user_mode_sees_its_kernels_osxsave)
{
	vcpu.mode = VCPU_MODE_USER;
	cr_assert_eq(ask(1, 0, ECX) >> 27 & 1, 0);
	vcpu.cr4 = 1UL << 18;
	cr_assert_eq(ask(1, 0, ECX) >> 27 & 1, 1);
}

Test(cpuid, topology)
{
	cr_assert_eq(ask(1, 0, EBX) >> 24, 2);
	cr_assert_eq(ask(0xb, 0, EDX), 2);
	cr_assert_eq(ask(0xb, 0, EBX), 1);
	cr_assert_eq(ask(0xb, 1, EBX), 4);
	cr_assert_eq(ask(0xb, 1, EAX), 2);
	cr_assert_eq(ask(0xb, 2, ECX), 2);
	cr_assert_eq(ask(0xb, 2, EBX), 0);
}
