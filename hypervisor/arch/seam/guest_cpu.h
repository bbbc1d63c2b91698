/*
 * Seam: the running guest's registers that live in the processor, not in
 * struct vcpu. Callers run on the vCPU's CPU, entered from its kernel half, so
 * GS_BASE is the guest kernel's and KERNEL_GS_BASE the guest user's. The host
 * build keeps them in a structure (tests/fake/seam/guest_cpu.h).
 */
#ifndef SEAM_GUEST_CPU_H
#define SEAM_GUEST_CPU_H

#include "cpu/extable.h"
#include "cpu/features.h"
#include "cpu/fpu.h"
#include "cpu/insn.h"

/* Segment bases; a written value must be canonical. */
static inline u64 guest_cpu_fs_base(void)
{
	return msr_read(MSR_FS_BASE);
}

static inline u64 guest_cpu_gs_base_kernel(void)
{
	return msr_read(MSR_GS_BASE);
}

static inline u64 guest_cpu_gs_base_user(void)
{
	return msr_read(MSR_KERNEL_GS_BASE);
}

static inline void guest_cpu_set_fs_base(u64 base)
{
	msr_write(MSR_FS_BASE, base);
}

static inline void guest_cpu_set_gs_base_kernel(u64 base)
{
	msr_write(MSR_GS_BASE, base);
}

static inline void guest_cpu_set_gs_base_user(u64 base)
{
	msr_write(MSR_KERNEL_GS_BASE, base);
}

/*
 * Load a selector into the user half's GS, and its base with it. One that
 * cannot be loaded leaves the null selector: false.
 */
static inline bool guest_cpu_load_gs_user(u16 selector)
{
	u32 failed = 0;

	__asm__ volatile("swapgs\n"
			 "1: mov %1, %%gs\n"
			 "2: swapgs\n"
			 ".subsection 1\n"
			 "3: xor %1, %1\n"
			 "   mov %1, %%gs\n"
			 "   mov $1, %0\n"
			 "   jmp 2b\n"
			 ".previous\n" EX_TABLE(1b, 3b)
			 : "+r"(failed), "+r"((u32){ selector })
			 :
			 : "memory");
	return failed == 0;
}

static inline void guest_cpu_set_tsc_aux(u32 value)
{
	if (cpu_features.rdtscp) {
		msr_write(MSR_TSC_AUX, value);
	}
}

static inline u64 guest_cpu_efer(void)
{
	return msr_read(MSR_EFER);
}

/* CR0.TS: the next use of the FPU traps. */
static inline void guest_cpu_set_ts(bool on)
{
	if (on) {
		cpu_stts();
	} else {
		cpu_clts();
	}
}

/* Give the bits of CR4 under `mask` the values in `bits`. */
static inline void guest_cpu_set_cr4(u64 mask, u64 bits)
{
	u64 old = cr4_read(), new = (old & ~mask) | (bits & mask);

	if (new != old) {
		cr4_write(new);
	}
}

static inline bool guest_cpu_xcr0_is_valid(u64 xcr0)
{
	return fpu_xcr0_is_valid(xcr0);
}

static inline void guest_cpu_set_xcr0(u64 xcr0)
{
	fpu_set_xcr0(xcr0);
}

/* Debug register n, 0 to 3 or 7; the value has been made safe. */
static inline void guest_cpu_set_dr(u32 n, u64 value)
{
	dr_write(n, value);
}

/* True if the code selector is of a 64-bit segment, false if 32-bit or unusable. */
static inline bool guest_cpu_code_is_64bit(u16 selector)
{
	u32 rights = 0;

	__asm__ volatile("lar %1, %0" : "+r"(rights) : "r"((u32)selector) : "cc");
	return (rights & (1U << 21)) != 0;
}

#endif
