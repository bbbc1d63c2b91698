/*
 * set_segment_base: the bases of FS and of both halves' GS. The call comes
 * from the kernel half, so they are in the processor and go there.
 */
#include <seam/guest_cpu.h>

#include <parley/trap.h>

#include "hypercall/handlers.h"

static bool is_canonical(u64 address)
{
	return (u64)((s64)(address << 16) >> 16) == address;
}

/* Every descriptor is of ring 3; the null selector stays as it is, for guests compare it. */
static u16 user_selector(u64 value)
{
	return value & 0xfffc ? (value & 0xffff) | 3 : value & 3;
}

long hypercall_set_segment_base(u64 which, u64 base, u64 a3, u64 a4, u64 a5, u64 a6)
{
	if (which == PV_SEGBASE_GS_USER_SEL) {
		/*
		 * One that cannot be loaded becomes the null selector, and that is no
		 * error: the selector is often a user's, and kernels do not expect one.
		 */
		(void)guest_cpu_load_gs_user(user_selector(base));
		return 0;
	}
	if (!is_canonical(base)) {
		return -PV_EINVAL;
	}
	switch (which) {
	case PV_SEGBASE_FS:
		guest_cpu_set_fs_base(base);
		return 0;
	case PV_SEGBASE_GS_USER:
		guest_cpu_set_gs_base_user(base);
		return 0;
	case PV_SEGBASE_GS_KERNEL:
		guest_cpu_set_gs_base_kernel(base);
		return 0;
	default:
		return -PV_EINVAL;
	}
}
