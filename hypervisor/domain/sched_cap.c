/* Caps; what and why in sched_cap.h. Read next: sched_params.c. */
#include "domain/sched_cap.h"

#include "domain/sched_queue.h"
#include "domain/timer.h"

#define EXTRA_NS    500000L  /* what is taken at once beyond a vCPU's even part */
#define PART_MIN_NS 100000UL /* less is not worth a switch: then the vCPUs take turns by period */
#define CRUMB_NS    10000L   /* less than this is none */
#define PERIODS_COUNT \
	(1UL << 20) /* more than enough to pay any debt, and their sum cannot overflow */

/* Begin the period that `now` is in. cap_lock held, as for all below. */
static void renew(struct sched_domain *s, u64 now)
{
	u64 periods;

	if (now < s->period_end_ns) {
		return;
	}
	periods = (now - s->period_end_ns) / SCHED_CAP_PERIOD_NS + 1;
	s->period_end_ns += periods * SCHED_CAP_PERIOD_NS;
	s->period++;
	s->budget_ns += (s64)(MIN(periods, PERIODS_COUNT) * s->quota_ns);
	s->budget_ns = MIN(s->budget_ns, (s64)s->quota_ns);
}

static void set_refill(struct sched_domain *s)
{
	if (!s->refill_set) {
		s->refill_set = true;
		timer_set(&s->refill, s->period_end_ns);
	}
}

static u64 taken_now(const struct sched_domain *s, const struct vcpu *v)
{
	return v->sched.taken_period == s->period ? v->sched.taken_ns : 0;
}

/* Its state is read without its lock: should it just change, the division is uneven once. */
static bool wants_cpu(const struct vcpu *v)
{
	u32 state = READ_ONCE(v->sched.state);

	return state == VCPU_RUNNABLE || state == VCPU_RUNNING;
}

/* What v may take now; below CRUMB_NS: nothing. */
static s64 find_allowance(const struct sched_domain *s, const struct vcpu *v)
{
	const struct domain *d = v->domain;
	u64 kept = 0, part, wanting = 1;

	for (u32 i = 0; i < d->vcpu_count; i++) {
		wanting += d->vcpus[i] != v && wants_cpu(d->vcpus[i]);
	}
	part = MAX(s->quota_ns / wanting, PART_MIN_NS);
	if (taken_now(s, v) < part) {
		return MIN((s64)(part - taken_now(s, v)), s->budget_ns);
	}
	for (u32 i = 0; i < d->vcpu_count; i++) {
		const struct vcpu *sister = d->vcpus[i];

		if (sister != v && wants_cpu(sister) && taken_now(s, sister) < part) {
			kept += part - taken_now(s, sister);
		}
	}
	return MIN(EXTRA_NS, s->budget_ns - (s64)kept);
}

/* What v has left, or owes, goes to the budget. */
static void settle(struct sched_domain *s, struct vcpu *v)
{
	s64 rest = v->sched.allowance_ns;

	s->budget_ns = MIN(s->budget_ns + rest, (s64)s->quota_ns);
	if (rest > 0 && v->sched.taken_period == s->period) {
		v->sched.taken_ns -= MIN((u64)rest, v->sched.taken_ns);
	}
	v->sched.allowance_ns = 0;
}

bool cap_take_slow(struct vcpu *v, u64 now)
{
	struct sched_domain *s = &v->domain->sched;
	s64 allowance;

	spin_lock(&s->cap_lock);
	renew(s, now);
	settle(s, v);
	allowance = find_allowance(s, v);
	if (allowance >= CRUMB_NS) {
		v->sched.taken_ns = taken_now(s, v) + (u64)allowance;
		v->sched.taken_period = s->period;
		v->sched.allowance_ns = allowance;
		s->budget_ns -= allowance;
	} else {
		set_refill(s);
	}
	spin_unlock(&s->cap_lock);
	return allowance >= CRUMB_NS;
}

void cap_return_slow(struct vcpu *v, u64 now)
{
	struct sched_domain *s = &v->domain->sched;

	spin_lock(&s->cap_lock);
	renew(s, now);
	settle(s, v);
	spin_unlock(&s->cap_lock);
}

static void refill_fire(void *arg)
{
	struct domain *d = arg;
	struct sched_domain *s = &d->sched;
	bool enough;

	spin_lock(&s->cap_lock);
	s->refill_set = false;
	renew(s, time_now_ns());
	enough = s->budget_ns >= CRUMB_NS;
	if (!enough) {
		set_refill(s);
	}
	spin_unlock(&s->cap_lock);
	for (u32 i = 0; enough && i < d->vcpu_count; i++) {
		sched_unpark(d->vcpus[i]);
	}
}

void cap_set(struct domain *d, u32 cap)
{
	struct sched_domain *s = &d->sched;
	u64 quota = cap >= 100 * d->vcpu_count ? 0 : cap * (SCHED_CAP_PERIOD_NS / 100);

	spin_lock(&s->cap_lock);
	s->cap = cap;
	s->period++;
	s->period_end_ns = time_now_ns() + SCHED_CAP_PERIOD_NS;
	s->budget_ns = (s64)quota;
	WRITE_ONCE(s->quota_ns, quota);
	spin_unlock(&s->cap_lock);
}

void cap_init(struct domain *d)
{
	timer_init(&d->sched.refill, refill_fire, d);
	cap_set(d, d->sched.cap);
}

void cap_fini(struct domain *d)
{
	timer_stop(&d->sched.refill);
}
