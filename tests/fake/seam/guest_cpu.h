/*
 * Host stand-in of hypervisor/arch/seam/guest_cpu.h: the registers are a
 * structure that tests look at.
 */
#ifndef SEAM_GUEST_CPU_H
#define SEAM_GUEST_CPU_H

#include "lib/types.h"

struct fake_guest_cpu {
	u64 fs_base, gs_base_kernel, gs_base_user;
	u64 efer, cr4, xcr0;
	u64 xcr0_mask; /* components that the machine has */
	u64 dr[8];
	u32 tsc_aux;
	u16 gs_user;
	bool ts, gs_load_fails, code_is_32bit;
};

extern struct fake_guest_cpu fake_guest_cpu;

static inline u64 guest_cpu_fs_base(void)
{
	return fake_guest_cpu.fs_base;
}

static inline u64 guest_cpu_gs_base_kernel(void)
{
	return fake_guest_cpu.gs_base_kernel;
}

static inline u64 guest_cpu_gs_base_user(void)
{
	return fake_guest_cpu.gs_base_user;
}

static inline void guest_cpu_set_fs_base(u64 base)
{
	fake_guest_cpu.fs_base = base;
}

static inline void guest_cpu_set_gs_base_kernel(u64 base)
{
	fake_guest_cpu.gs_base_kernel = base;
}

static inline void guest_cpu_set_gs_base_user(u64 base)
{
	fake_guest_cpu.gs_base_user = base;
}

static inline bool guest_cpu_load_gs_user(u16 selector)
{
	fake_guest_cpu.gs_user = fake_guest_cpu.gs_load_fails ? 0 : selector;
	return !fake_guest_cpu.gs_load_fails;
}

static inline void guest_cpu_set_tsc_aux(u32 value)
{
	fake_guest_cpu.tsc_aux = value;
}

static inline u64 guest_cpu_efer(void)
{
	return fake_guest_cpu.efer;
}

static inline void guest_cpu_set_ts(bool on)
{
	fake_guest_cpu.ts = on;
}

static inline void guest_cpu_set_cr4(u64 mask, u64 bits)
{
	fake_guest_cpu.cr4 = (fake_guest_cpu.cr4 & ~mask) | (bits & mask);
}

static inline bool guest_cpu_xcr0_is_valid(u64 xcr0)
{
	return (xcr0 & 1) && (xcr0 & ~fake_guest_cpu.xcr0_mask) == 0 && (!(xcr0 & 4) || (xcr0 & 2));
}

static inline void guest_cpu_set_xcr0(u64 xcr0)
{
	fake_guest_cpu.xcr0 = xcr0;
}

static inline void guest_cpu_set_dr(u32 n, u64 value)
{
	fake_guest_cpu.dr[n & 7] = value;
}

static inline bool guest_cpu_code_is_64bit(u16 selector)
{
	return !fake_guest_cpu.code_is_32bit;
}

#endif
