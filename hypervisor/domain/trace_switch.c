/*
 * What is recorded, and who gets it. One reader at a time: the control line or a
 * domain; it has the trace until nothing is asked any more.
 *
 * What is asked of all domains and what is asked of one stand side by side: of a domain
 * both are recorded. So who reads for several can change what one of them wants
 * without a moment in which another gets less.
 *
 * A change is a store to domain.trace_kinds and a call to all CPUs, each of which
 * brings the vCPU that it has loaded up to date. One that is loaded later is
 * compared then (trace_vcpu_loaded()); so none runs with a copy older than the
 * change, and nobody but its own CPU ever touches a vCPU's copy or path.
 *
 * Read next: trace_drain.c.
 */
#include <parley/errno.h>
#include <parley/types.h>
#include <seam/cpu.h>
#include <seam/directmap.h>

#include "cpu/ipi.h"
#include "cpu/percpu.h"
#include "domain/sched.h"
#include "domain/timer.h"
#include "domain/trace_state.h"
#include "drivers/tsc.h"
#include "mm/alloc.h"

static struct spinlock trace_lock = SPINLOCK_INIT; /* what is recorded; > life lock, allocator */
static u32 asked;         /* trace_lock: domains of which something is asked, and one if of all */
static u64 default_calls; /* trace_lock */

void trace_update_vcpu(struct vcpu *v)
{
	v->trace = (u16)READ_ONCE(v->domain->trace_kinds);
	v->shows_iopl = READ_ONCE(v->domain->shows_iopl);
	v->path_in_c = (v->trace & TRACE_ENTRY_KINDS) || v->shows_iopl ? VCPU_PATH_IN_C : 0;
	vcpu_update_path(v);
}

/* Each CPU, after a change. Takes no lock. */
static void update_cpu(void *unused)
{
	struct trace_cpu *c = &trace_cpus[cpu_id()];
	struct vcpu *v = current_vcpu();
	bool runs = v != NULL && sched_vcpu_is_running(v);
	u64 id = trace_running_id(runs ? v : NULL);

	(void)unused;
	if (v != NULL) {
		trace_update_vcpu(v);
	}
	if (id != c->running || c->since_ns == 0) {
		c->running = id;
		c->since_ns = time_now_ns();
	}
	c->running_wanted = runs && (v->trace & TRACE_BIT(switch));
}

void trace_update_running(void)
{
	update_cpu(NULL);
	ipi_call_cpus(~0UL, update_cpu, NULL);
}

static void free_rings(u32 count)
{
	for (u32 cpu = 0; cpu < count; cpu++) {
		alloc_free_frames(virt_to_mfn(trace_cpus[cpu].ring.bytes), TRACE_RING_ORDER);
		trace_cpus[cpu].ring.bytes = NULL;
	}
}

/* All or none; trace_lock held. Nobody records before it is there. */
static int make_rings(void)
{
	u8 *first = NULL;

	if (trace_cpus[0].ring.bytes != NULL) {
		return 0;
	}
	for (u32 cpu = 0; cpu < cpu_count; cpu++) {
		mfn_t frames = alloc_frames(TRACE_RING_ORDER);

		if (frames.v == MFN_INVALID.v) {
			free_rings(cpu);
			return -PV_ENOMEM;
		}
		first = mfn_to_virt(frames);
		timer_init(&trace_cpus[cpu].again, trace_drain_again, NULL);
		__atomic_store_n(&trace_cpus[cpu].ring.bytes, first, __ATOMIC_RELEASE);
	}
	return 0;
}

/* Add to a count for each of the two values that is not 0: one less for before, one more for now. */
static void count_change(u32 *count, u32 before, u32 now)
{
	WRITE_ONCE(*count, *count - (before != 0) + (now != 0));
}

/* Of which calls, if so many kinds are recorded. */
static u64 calls_of(u32 kinds, u64 calls)
{
	return kinds & (TRACE_BIT(hypercall) | TRACE_BIT(multicall)) ? calls : 0;
}

/* What is recorded of a domain from now on. */
static void set_effective(struct domain *d, u32 kinds, u64 calls)
{
	u32 before = d->trace_kinds;

	WRITE_ONCE(d->trace_calls, calls);
	__atomic_store_n(&d->trace_kinds, kinds, __ATOMIC_SEQ_CST);
	if (kinds & TRACE_BIT(event)) {
		__atomic_fetch_or(&d->events.watchers, EVTCHN_WATCHER_TRACE, __ATOMIC_SEQ_CST);
	} else {
		__atomic_fetch_and(&d->events.watchers, ~EVTCHN_WATCHER_TRACE, __ATOMIC_SEQ_CST);
	}
	count_change(&trace_switches, before & TRACE_BIT(switch), kinds & TRACE_BIT(switch));
}

/* Of a domain is recorded what is asked of it and what is asked of all. */
static void apply(struct domain *d)
{
	set_effective(d, d->trace_own_kinds | trace_default_kinds,
		      calls_of(d->trace_own_kinds, d->trace_own_calls) |
			      calls_of(trace_default_kinds, default_calls));
}

static void set_domain(struct domain *d, u32 kinds, u64 calls)
{
	count_change(&asked, d->trace_own_kinds, kinds);
	d->trace_own_kinds = kinds;
	d->trace_own_calls = calls;
	apply(d);
}

/* Every domain, those to come, and the hypervisor's own records. */
static void set_all(u32 kinds, u64 calls)
{
	count_change(&asked, trace_default_kinds, kinds);
	count_change(&trace_switches, trace_default_kinds & TRACE_BIT(switch),
		     kinds & TRACE_BIT(switch));
	default_calls = calls;
	/* The default first: a domain that is not on the list yet looks at it later. */
	__atomic_store_n(&trace_default_kinds, kinds, __ATOMIC_SEQ_CST);
	spin_lock(&domain_life_lock);
	for (struct domain *d = domain_list; d != NULL; d = d->next) {
		apply(d);
	}
	spin_unlock(&domain_life_lock);
}

/* Nothing of nobody. */
static void set_none(void)
{
	spin_lock(&domain_life_lock);
	for (struct domain *d = domain_list; d != NULL; d = d->next) {
		set_domain(d, 0, 0);
	}
	spin_unlock(&domain_life_lock);
	set_all(0, 0);
}

/* The trace is this reader's already, or nobody's. */
static bool may_take(u16 reader)
{
	return asked == 0 || trace_reader == reader;
}

static void take_for(u16 reader)
{
	if (trace_reader != reader) {
		trace_forget();
		WRITE_ONCE(trace_reader, reader);
	}
}

static long set_locked(u16 reader, const struct pv_control_trace *t)
{
	struct domain *d = NULL;
	int rc;

	if (t->domid != 0) {
		/* Who asks may be the line: then there is no SELF. */
		d = t->domid < PV_DOMID_FIRST_RESERVED ? domain_find(t->domid) : NULL;
		if (d == NULL) {
			return -PV_ESRCH;
		}
	}
	if (!may_take(reader)) {
		return -PV_EBUSY;
	}
	if (t->kinds != 0) {
		rc = make_rings();
		if (rc < 0) {
			return rc;
		}
	}
	take_for(reader);
	if (d == NULL) {
		set_all((u32)t->kinds, t->calls);
	} else {
		set_domain(d, (u32)t->kinds, t->calls);
	}
	return 0;
}

/* Whoever reads can make times of cycles. */
static void record_clock(void)
{
	struct pv_trace_record r = { .kind = PV_TRACE_clock, .args = { tsc_khz } };

	trace_record(&r, NULL, NULL);
}

long trace_control_set(const struct domain *caller, const struct pv_control_trace *t)
{
	long rc;

	if ((t->kinds & ~PV_TRACE_ALL) != 0 || t->reserved[0] != 0 || t->reserved[1] != 0 ||
	    t->reserved[2] != 0) {
		return -PV_EINVAL;
	}
	spin_lock(&trace_lock);
	rc = set_locked(caller == NULL ? TRACE_READER_LINE : caller->id, t);
	if (rc == 0) {
		trace_update_running();
		if (t->kinds != 0) {
			trace_measure();
			record_clock();
		}
	}
	spin_unlock(&trace_lock);
	return rc;
}

void trace_domain_begins(struct domain *d)
{
	spin_lock(&trace_lock);
	/* None of its vCPUs has run: each looks when it is loaded. */
	apply(d);
	spin_unlock(&trace_lock);
}

void trace_domain_ends(struct domain *d)
{
	bool was_reader;

	spin_lock(&trace_lock);
	set_domain(d, 0, 0);
	set_effective(d, 0, 0);
	was_reader = trace_reader == d->id;
	if (was_reader) {
		set_none();
		WRITE_ONCE(trace_reader, TRACE_READER_NONE);
		trace_update_running();
	}
	spin_unlock(&trace_lock);
}
