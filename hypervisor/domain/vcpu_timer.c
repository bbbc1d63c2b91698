/* The timers of vCPUs; rules in vcpu_timer.h. Read next: timer.c. */
#include "domain/vcpu_timer.h"

#include <parley/errno.h>

#include "channel/evtchn.h"
#include "domain/sched.h"
#include "domain/timer.h"

#define PERIOD_MAX_NS (1UL << 62)

static void singleshot_fire(void *arg)
{
	evtchn_virq(arg, PV_VIRQ_TIMER);
}

static void periodic_fire(void *arg)
{
	struct vcpu *v = arg;

	evtchn_virq(v, PV_VIRQ_TIMER);
	if (sched_vcpu_is_running(v)) {
		vcpu_timer_resume(v);
	}
}

static void poll_fire(void *arg)
{
	sched_poll_timeout(arg);
}

void vcpu_timer_init(struct vcpu *v)
{
	timer_init(&v->singleshot, singleshot_fire, v);
	timer_init(&v->periodic, periodic_fire, v);
	timer_init(&v->poll_timer, poll_fire, v);
	v->periodic_ns = VCPU_TIMER_PERIOD_DEFAULT_NS;
}

void vcpu_timer_fini(struct vcpu *v)
{
	v->periodic_ns = 0;
	timer_stop(&v->singleshot);
	timer_stop(&v->periodic);
	timer_stop(&v->poll_timer);
}

void vcpu_timer_set(struct vcpu *v, u64 deadline_ns)
{
	timer_set(&v->singleshot, deadline_ns);
}

void vcpu_timer_stop(struct vcpu *v)
{
	timer_stop(&v->singleshot);
}

int vcpu_timer_set_period(struct vcpu *v, u64 period_ns)
{
	if (period_ns != 0 && (period_ns < VCPU_TIMER_PERIOD_MIN_NS || period_ns > PERIOD_MAX_NS)) {
		return -PV_EINVAL;
	}
	WRITE_ONCE(v->periodic_ns, period_ns);
	timer_stop(&v->periodic);
	if (period_ns != 0 && sched_vcpu_is_running(v)) {
		timer_set(&v->periodic, time_now_ns() + period_ns);
	}
	return 0;
}

void vcpu_timer_resume_slow(struct vcpu *v)
{
	u64 period = READ_ONCE(v->periodic_ns);

	if (period != 0 && !timer_is_set(&v->periodic)) {
		timer_set(&v->periodic, time_now_ns() + period);
	}
}
