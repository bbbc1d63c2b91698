/* set_timer_op(deadline): the calling vCPU's single-shot timer; 0 stops it. */
#include "hypercall/hypercall.h"

#include <seam/cpu.h>

#include "domain/vcpu_timer.h"
#include "hypercall/handlers.h"

long hypercall_set_timer_op(u64 deadline_ns, u64 a2, u64 a3, u64 a4, u64 a5, u64 a6)
{
	struct vcpu *v = current_vcpu();

	if (deadline_ns == 0) {
		vcpu_timer_stop(v);
	} else {
		vcpu_timer_set(v, deadline_ns);
	}
	return 0;
}
