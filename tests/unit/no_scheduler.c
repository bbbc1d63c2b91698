/* No scheduler: whoever is woken sleeps on. For tests whose events need no answer from a vCPU. */
#include "domain/sched.h"

void sched_wake(struct vcpu *v)
{
}

void sched_wake_anyhow(struct vcpu *v)
{
}

void sched_discount(u64 ns)
{
	(void)ns;
}
