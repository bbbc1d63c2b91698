/*
 * stack_switch: the stack on which the guest kernel is entered from its user
 * half. Whether it can be written is seen when it is used.
 */
#include <seam/cpu.h>

#include "domain/domain.h"
#include "hypercall/handlers.h"

long hypercall_stack_switch(u64 ss, u64 sp, u64 a3, u64 a4, u64 a5, u64 a6)
{
	struct vcpu *v = current_vcpu();

	v->kernel_ss = (ss & 0xffff) | 3;
	v->kernel_sp = sp;
	vcpu_update_path(v);
	return 0;
}
