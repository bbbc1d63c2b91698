/*
 * The reaper. A step is at most a page table with all of its frames (docs/performance.md, "What
 * nothing interrupts"); on a CPU that has a guest to run, as much time goes to the guest as to the
 * step before.
 *
 *   QUIET     its vCPUs have left their CPUs (sched_domain_is_quiet)
 *   GRACE     nobody uses what domain_find() gave him (grace.h)
 *   VCPUS     timers stopped, off the run queues
 *   EVENTS    ports closed; the other ends of pairs are unbound
 *   RINGS     store and console
 *   ROOTS     what vCPUs hold of its memory
 *   MEMORY    page tables and frames, but those that a grant holds
 *   GRANTS    what it has mapped of others' frames
 *   HELD      what others have mapped of its frames: until they let go
 *   REST      structures; a record remains, and the line is told that it is gone
 *
 * A domain that is HELD is looked at when the last grant of it goes (gnttab_is_held), and
 * every RETRY_NS; others are taken apart meanwhile.
 *
 * The same call also does a step of making a domain and of freeing images.
 *
 * Read next: grace.h, ended.h, making.c.
 */
#include "domain/reap.h"

#include <parley/errno.h>

#include "channel/evtchn.h"
#include "channel/gnttab.h"
#include "domain/console.h"
#include "domain/control_info.h"
#include "domain/create.h"
#include "domain/ended.h"
#include "domain/grace.h"
#include "domain/image.h"
#include "domain/lifecycle.h"
#include "domain/line.h"
#include "domain/making.h"
#include "domain/sched.h"
#include "domain/stats.h"
#include "domain/store.h"
#include "domain/timer.h"
#include "domain/vcpu_context.h"
#include "domain/watchdog.h"
#include "lib/log.h"
#include "mm/types.h"

#define MEMORY_STEP  256UL /* frames freed, or entries of tables looked at */
#define PAUSE_MIN_NS 50000UL
#define WAIT_NS      100000UL    /* for CPUs to pass by */
#define RETRY_NS     100000000UL /* for other domains to unmap a grant */

enum step {
	STEP_QUIET,
	STEP_GRACE,
	STEP_VCPUS,
	STEP_EVENTS,
	STEP_RINGS,
	STEP_ROOTS,
	STEP_MEMORY,
	STEP_GRANTS,
	STEP_HELD,
	STEP_REST,
	STEPS,
};

enum outcome {
	NEXT,  /* this step is done */
	AGAIN, /* there is more of it */
	WAIT,  /* for other CPUs */
	RETRY, /* for other domains */
};

static struct domain *first, *last;               /* through domain.reap_next; life lock */
static struct spinlock work_lock = SPINLOCK_INIT; /* of who works; only tried */
static struct grace grace;                        /* of the one in GRACE; work_lock */
static bool wanted;                               /* a: look again */
static struct timer pause;

static void want_work(void *unused)
{
	(void)unused;
	cpu_info()->work |= CPU_WORK_REAP;
}

void reap_init(void)
{
	timer_init(&pause, want_work, NULL);
}

static enum outcome step_quiet(struct domain *d)
{
	if (!sched_domain_is_quiet(d)) {
		return WAIT;
	}
	grace_begin(&grace);
	return NEXT;
}

static enum outcome step_grace(struct domain *d)
{
	return grace_is_over(&grace) ? NEXT : WAIT;
}

static enum outcome step_vcpus(struct domain *d)
{
	for (u32 i = 0; i < d->vcpu_count; i++) {
		sched_vcpu_fini(d->vcpus[i]);
	}
	watchdog_fini(d);
	sched_domain_fini(d);
	return NEXT;
}

static enum outcome step_events(struct domain *d)
{
	return evtchn_fini_step(d) ? AGAIN : NEXT;
}

static enum outcome step_rings(struct domain *d)
{
	store_fini_domain(d);
	console_fini_domain(d);
	return NEXT;
}

static int drop_roots(struct domain *d)
{
	int rc = 0;

	for (u32 i = 0; rc == 0 && i < d->vcpu_count; i++) {
		rc = vcpu_drop_memory(d->vcpus[i]);
	}
	return rc;
}

static enum outcome step_roots(struct domain *d)
{
	int rc = mm_begin(&d->mm);

	if (rc == 0) {
		rc = drop_roots(d);
		mm_end(&d->mm);
	}
	return rc == 0 ? NEXT : AGAIN;
}

static enum outcome step_memory(struct domain *d)
{
	int rc;

	spin_lock(&d->mm.lock);
	d->mm.work_limit = d->mm.work + MEMORY_STEP;
	rc = mm_teardown(&d->mm);
	spin_unlock(&d->mm.lock);
	return rc == MM_RESTART ? AGAIN : NEXT;
}

/* One that was never whole may have no table. */
static enum outcome step_grants(struct domain *d)
{
	return d->grants != NULL && gnttab_release_step(d) ? AGAIN : NEXT;
}

static enum outcome step_held(struct domain *d)
{
	return d->grants != NULL && gnttab_is_held(d) ? RETRY : NEXT;
}

/* The record stays, unless another has its name meanwhile. */
static void remember(struct domain *d)
{
	struct ended *e = d->record;
	struct ended *old;

	control_describe(d, &e->info);
	e->info.state = d->crashed ? PV_CONTROL_STATE_crashed : PV_CONTROL_STATE_shutdown;
	domain_stats_read(d, &e->stats);
	spin_lock(&domain_life_lock);
	if (domain_has_name(d->name, d)) {
		old = e;
	} else {
		old = ended_add(e);
	}
	spin_unlock(&domain_life_lock);
	d->record = NULL;
	ended_free(old);
}

/* Its structures go. What it was made of stays, if it is to be made again. */
static struct domain_spec *bury(struct domain *d)
{
	struct domain_spec *spec = NULL;

	domain_unpublish(d);
	if (d->restarts) { /* only now: who lists domains looks at it */
		spec = d->spec;
		d->spec = NULL;
	}
	domain_free(d);
	return spec;
}

static enum outcome step_rest(struct domain *d)
{
	bool was_born = d->started_ns != 0;
	struct domain_spec *again;

	if (was_born) { /* else it has asked for nothing, and its number may be another's */
		making_disown(d->id);
		image_disown(d->id);
		log_info("d%u %s: gone", d->id, d->name);
		line_domain_state(d, PV_DOMAIN_STATE_GONE, d->end_text);
	}
	if (was_born && !d->restarts) {
		remember(d);
	}
	again = bury(d);
	if (again != NULL) {
		making_restart(again);
	}
	return NEXT;
}

static enum outcome do_step(struct domain *d)
{
	static enum outcome (*const steps[STEPS])(struct domain * d) = {
		step_quiet, step_grace,  step_vcpus,  step_events, step_rings,
		step_roots, step_memory, step_grants, step_held,   step_rest,
	};

	return steps[d->reap_step](d);
}

void reap_unborn(struct domain *d)
{
	for (u32 i = STEP_VCPUS; i < STEPS;) {
		d->reap_step = (u8)i;
		if (do_step(d) == NEXT) {
			i++;
		}
	}
}

void reap_add_unborn(struct domain *d)
{
	d->reap_step = STEP_VCPUS;
	reap_add(d);
}

void reap_add(struct domain *d)
{
	spin_lock(&domain_life_lock);
	d->reap_next = NULL;
	if (last != NULL) {
		last->reap_next = d;
	} else {
		first = d;
	}
	last = d;
	spin_unlock(&domain_life_lock);
	cpu_info()->work |= CPU_WORK_REAP;
}

/* The first of the queue goes off it, or to its end. */
static void take_first(bool to_end)
{
	struct domain *d;

	spin_lock(&domain_life_lock);
	d = first;
	first = d->reap_next;
	d->reap_next = NULL;
	if (first == NULL) {
		last = NULL;
	}
	if (to_end && last != NULL) {
		last->reap_next = d;
		last = d;
	} else if (to_end) {
		first = last = d;
	}
	spin_unlock(&domain_life_lock);
}

/* One step of the first; NEXT also if there is none. work_lock held. */
static enum outcome reap_one(void)
{
	struct domain *d = READ_ONCE(first);
	enum outcome outcome;

	if (d == NULL) {
		return NEXT;
	}
	if (d->reap_step == STEP_REST) {
		take_first(false);
		return do_step(d);
	}
	outcome = do_step(d);
	if (outcome == NEXT) {
		d->reap_step++;
	} else if (outcome == RETRY) {
		take_first(true);
	}
	return outcome;
}

/* A step of everything that there is to do. Returns what there is to wait for, NEXT: nothing. */
static enum outcome work(bool *more)
{
	enum outcome outcome = reap_one();
	bool made = making_step();
	bool freed = image_reap_step();

	*more = made || freed || READ_ONCE(first) != NULL;
	return made || freed ? NEXT : outcome;
}

/* When to go on. */
static void arrange(enum outcome outcome, u64 began_ns)
{
	u64 now = time_now_ns();

	if (outcome == WAIT || outcome == RETRY) {
		timer_set(&pause, now + (outcome == WAIT ? WAIT_NS : RETRY_NS));
	} else if (current_vcpu() == NULL) {
		cpu_info()->work |= CPU_WORK_REAP;
	} else {
		timer_set(&pause, now + MAX(now - began_ns, PAUSE_MIN_NS));
	}
}

void domain_reap(void)
{
	u64 began_ns = time_now_ns();
	enum outcome outcome;
	bool more;

	lifecycle_end_machine();
	/* Who holds the lock sees our wish when he has let go of it, or we get it. */
	__atomic_store_n(&wanted, true, __ATOMIC_SEQ_CST);
	if (!spin_trylock(&work_lock)) {
		return;
	}
	__atomic_store_n(&wanted, false, __ATOMIC_SEQ_CST);
	outcome = work(&more);
	spin_unlock(&work_lock);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (more || __atomic_load_n(&wanted, __ATOMIC_SEQ_CST)) {
		arrange(outcome, began_ns);
	}
}
