/*
 * Saving and restoring the FPU, by XSAVE where the CPU has it, else by FXSAVE.
 * The memory is the hypervisor's own and was written by these functions or by
 * checked input only, so a restore cannot fault.
 */
#include "cpu/fpu.h"

#include "cpu/features.h"
#include "cpu/insn.h"
#include "lib/log.h"
#include "lib/string.h"

#define FCW_OFFSET   0
#define FCW_RESET    0x037fU
#define MXCSR_OFFSET 24
#define MXCSR_RESET  0x1f80U

#define XCR0_X87    (1UL << 0)
#define XCR0_SSE    (1UL << 1)
#define XCR0_AVX    (1UL << 2)
#define XCR0_AVX512 (7UL << 5)

void fpu_init_state(struct fpu_state *s)
{
	const u16 fcw = FCW_RESET;
	const u32 mxcsr = MXCSR_RESET;

	invariant(cpu_features.xsave_size <= FPU_AREA_SIZE);
	memset(s, 0, sizeof(*s));
	memcpy(s->area + FCW_OFFSET, &fcw, sizeof(fcw));
	memcpy(s->area + MXCSR_OFFSET, &mxcsr, sizeof(mxcsr));
	/* The XSAVE header's zeros say that all components are in their initial state. */
}

bool fpu_xcr0_is_valid(u64 xcr0)
{
	u64 avx512 = xcr0 & XCR0_AVX512;

	if ((xcr0 & XCR0_X87) == 0 || (xcr0 & ~cpu_features.xcr0_mask) != 0) {
		return false;
	}
	if ((xcr0 & XCR0_AVX) != 0 && (xcr0 & XCR0_SSE) == 0) {
		return false;
	}
	return avx512 == 0 || (avx512 == XCR0_AVX512 && (xcr0 & XCR0_AVX) != 0);
}

void fpu_set_xcr0(u64 guest_xcr0)
{
	if (cpu_features.xsave) {
		xcr0_write(guest_xcr0 | XCR0_X87);
	}
}

void fpu_save(struct fpu_state *s, u64 guest_xcr0)
{
	u64 mask = cpu_features.xcr0_mask;

	cpu_clts();
	if (!cpu_features.xsave) {
		__asm__ volatile("fxsave64 %0" : "=m"(*s));
		return;
	}
	if (guest_xcr0 != mask) {
		xcr0_write(mask);
	}
	__asm__ volatile("xsave64 %0" : "+m"(*s) : "a"((u32)mask), "d"((u32)(mask >> 32)));
}

void fpu_restore(const struct fpu_state *s, u64 guest_xcr0)
{
	u64 mask = cpu_features.xcr0_mask;

	cpu_clts();
	if (!cpu_features.xsave) {
		__asm__ volatile("fxrstor64 %0" : : "m"(*s));
		return;
	}
	__asm__ volatile("xrstor64 %0" : : "m"(*s), "a"((u32)mask), "d"((u32)(mask >> 32)));
	if (guest_xcr0 != mask) {
		xcr0_write(guest_xcr0 | XCR0_X87);
	}
}
