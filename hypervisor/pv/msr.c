/*
 * Model-specific registers. No index from a guest ever reaches RDMSR or WRMSR;
 * each one that is known is a case here.
 */
#include "pv/msr.h"

#include <parley/errno.h>
#include <seam/cpu.h>
#include <seam/guest_cpu.h>

#define INDEX_TSC          0x00000010U
#define INDEX_APIC_BASE    0x0000001bU
#define INDEX_MICROCODE    0x0000008bU
#define INDEX_MCG_CAP      0x00000179U
#define INDEX_MCG_STATUS   0x0000017aU
#define INDEX_MISC_ENABLE  0x000001a0U
#define INDEX_PAT          0x00000277U
#define INDEX_EFER         0xc0000080U
#define INDEX_FS_BASE      0xc0000100U
#define INDEX_GS_BASE      0xc0000101U
#define INDEX_USER_GS_BASE 0xc0000102U
#define INDEX_TSC_AUX      0xc0000103U

#define APIC_BASE_VALUE   0xfee00800UL /* enabled, where it always is */
#define APIC_BASE_BSP     0x100UL
#define MISC_ENABLE_VALUE 0x1800UL /* no branch trace, no event sampling */
#define EFER_VISIBLE      0xd01UL  /* SCE LME LMA NXE */

#define VECTOR_GP 13

static bool is_canonical(u64 address)
{
	return (u64)((s64)(address << 16) >> 16) == address;
}

int pv_msr_read(struct vcpu *v, u32 index, u64 *value)
{
	switch (index) {
	case INDEX_USER_GS_BASE:
		*value = guest_cpu_gs_base_user();
		return 0;
	case INDEX_GS_BASE:
		*value = guest_cpu_gs_base_kernel();
		return 0;
	case INDEX_FS_BASE:
		*value = guest_cpu_fs_base();
		return 0;
	case INDEX_TSC_AUX:
		*value = v->tsc_aux;
		return 0;
	case INDEX_TSC:
		*value = cpu_read_tsc();
		return 0;
	case INDEX_PAT:
		*value = PV_PAT;
		return 0;
	case INDEX_EFER:
		*value = guest_cpu_efer() & EFER_VISIBLE;
		return 0;
	case INDEX_APIC_BASE:
		*value = APIC_BASE_VALUE | (v->id == 0 ? APIC_BASE_BSP : 0);
		return 0;
	case INDEX_MISC_ENABLE:
		*value = MISC_ENABLE_VALUE;
		return 0;
	case INDEX_MICROCODE:
	case INDEX_MCG_CAP:
	case INDEX_MCG_STATUS:
		*value = 0;
		return 0;
	default:
		*value = 0;
		return v->traps[VECTOR_GP].address == 0 ? 0 : -PV_EINVAL;
	}
}

/* Registers that may only be written with what they hold. */
static int write_same(struct vcpu *v, u32 index, u64 value)
{
	u64 old;

	if (pv_msr_read(v, index, &old) != 0 || value != old) {
		return -PV_EINVAL;
	}
	return 0;
}

int pv_msr_write(struct vcpu *v, u32 index, u64 value)
{
	switch (index) {
	case INDEX_USER_GS_BASE:
	case INDEX_GS_BASE:
	case INDEX_FS_BASE:
		if (!is_canonical(value)) {
			return -PV_EINVAL;
		}
		if (index == INDEX_FS_BASE) {
			guest_cpu_set_fs_base(value);
		} else if (index == INDEX_GS_BASE) {
			guest_cpu_set_gs_base_kernel(value);
		} else {
			guest_cpu_set_gs_base_user(value);
		}
		return 0;
	case INDEX_TSC_AUX:
		if (value >> 32) {
			return -PV_EINVAL;
		}
		v->tsc_aux = value;
		guest_cpu_set_tsc_aux(value);
		return 0;
	case INDEX_EFER:
	case INDEX_APIC_BASE:
	case INDEX_MICROCODE: /* Intel: cleared before CPUID fills it in */
	case INDEX_MISC_ENABLE:
	case INDEX_MCG_STATUS:
	case INDEX_PAT:
		return write_same(v, index, value);
	default:
		return -PV_EINVAL;
	}
}
