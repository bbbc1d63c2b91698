/* fpu_taskswitch: set or clear the guest's CR0.TS. */
#include <seam/cpu.h>
#include <seam/guest_cpu.h>

#include "domain/domain.h"
#include "hypercall/handlers.h"

long hypercall_fpu_taskswitch(u64 set, u64 a2, u64 a3, u64 a4, u64 a5, u64 a6)
{
	struct vcpu *v = current_vcpu();

	v->ts = set != 0;
	guest_cpu_set_ts(v->ts);
	return 0;
}
