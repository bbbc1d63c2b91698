/*
 * TOUR(16) The life of domains. A domain ends once: whoever comes second finds it ended
 * and does nothing. Its vCPUs are paused for good and leave their CPUs at the
 * next exit; then it is taken apart (reap.c).
 *
 *   BUILDING --lifecycle_start--> ALIVE --shutdown, crash, destroy--> DYING --reap.c--> freed, a record remains
 *
 * Read next: reap.c.
 */
#include "domain/lifecycle.h"

#include <stdarg.h>

#include <parley/errno.h>
#include <parley/sched.h>
#include <seam/cpu.h>

#include "cpu/oops.h"
#include "domain/audit.h"
#include "domain/console.h"
#include "domain/ended.h"
#include "domain/line.h"
#include "domain/reap.h"
#include "domain/sched.h"
#include "domain/spec.h"
#include "domain/stats.h"
#include "domain/timer.h"
#include "domain/trace.h"
#include "drivers/acpi.h"
#include "lib/cmdline.h"
#include "lib/log.h"
#include "lib/string.h"

#define PAUSES_MAX 65535U

static u32 lives = 1; /* one for the boot; life lock */
static bool stays;    /* option `stay` */
static bool is_over;  /* a: no domain is left */

static const char *reason_name(u8 reason)
{
	static const char *const names[] = {
		[PV_SHUTDOWN_poweroff] = "powered off",
		[PV_SHUTDOWN_reboot] = "asked to reboot",
		[PV_SHUTDOWN_suspend] = "suspended",
		[PV_SHUTDOWN_crash] = "says it crashed",
		[PV_SHUTDOWN_watchdog] = "watchdog",
		[PV_SHUTDOWN_soft_reset] = "asked for a soft reset",
	};

	return reason < ARRAY_SIZE(names) ? names[reason] : "shut down";
}

static void power_off(const char *why)
{
	log_info("%s, powering off", why);
	trace_finish();
	line_bye(PV_LINE_BYE_DONE);
	acpi_poweroff();
}

void lifecycle_init(const char *cmdline)
{
	stays = cmdline_has(cmdline, "stay");
	reap_init();
}

void lifecycle_begin(void)
{
	spin_lock(&domain_life_lock);
	lives++;
	spin_unlock(&domain_life_lock);
}

/* One live thing less; the last one turns the machine off. */
void lifecycle_give_up(void)
{
	bool last;

	spin_lock(&domain_life_lock);
	last = --lives == 0;
	spin_unlock(&domain_life_lock);
	if (last && !stays) {
		/* Not here: who ended it may have something to say yet. */
		__atomic_store_n(&is_over, true, __ATOMIC_RELEASE);
		cpu_info()->work |= CPU_WORK_REAP;
	}
}

void lifecycle_end_machine(void)
{
	if (__atomic_load_n(&is_over, __ATOMIC_ACQUIRE)) {
		power_off("no domain is left");
	}
}

u32 lifecycle_count(void)
{
	return READ_ONCE(lives);
}

/* Will it be started again? Told when it ends; its life passes on then. */
static bool decide_restart(struct domain *d)
{
	struct domain_spec *spec = d->spec;

	if (d->crashed || d->shutdown_reason != PV_SHUTDOWN_reboot || spec->once) {
		return false;
	}
	if (!spec_may_restart(spec, time_now_ns())) {
		log_error("d%u %s: started %u times within %lu s, it stays down", d->id, d->name,
			  SPEC_STARTS_MAX, SPEC_STARTS_NS / 1000000000UL);
		return false;
	}
	return true;
}

/* Everyone has been told: count the domain out, unless it comes again, and let it be freed. */
static void ended(struct domain *d)
{
	d->restarts = decide_restart(d);
	if (!d->restarts) {
		lifecycle_give_up();
	}
	reap_add(d);
}

/* BUILDING -> ALIVE; false: it was destroyed meanwhile. */
static bool come_alive(struct domain *d)
{
	bool alive;

	spin_lock(&domain_life_lock);
	alive = d->life == DOMAIN_BUILDING;
	if (alive) {
		__atomic_store_n(&d->life, DOMAIN_ALIVE, __ATOMIC_RELEASE);
	}
	spin_unlock(&domain_life_lock);
	return alive;
}

/* Begin with a pause, once. */
static void begin_paused(struct domain *d)
{
	d->spec->paused = false;
	d->control_pauses = 1;
	sched_pause_domain(d);
}

bool lifecycle_start(struct domain *d)
{
	bool paused = d->spec->paused;

	if (paused) {
		begin_paused(d);
	}
	d->started_ns = time_now_ns();
	line_domain_state(d, paused ? PV_DOMAIN_STATE_PAUSED : PV_DOMAIN_STATE_RUNNING, "");
	console_allow_input(d);
	if (come_alive(d)) {
		return true;
	}
	line_domain_state(d, PV_DOMAIN_STATE_SHUTDOWN, d->end_text);
	ended(d);
	return false;
}

void lifecycle_abandon(struct domain *d)
{
	spin_lock(&domain_life_lock);
	__atomic_store_n(&d->life, DOMAIN_DYING, __ATOMIC_RELEASE);
	spin_unlock(&domain_life_lock);
}

void lifecycle_build_failed(const struct domain_spec *spec, const char *why)
{
	static struct log_limit limit; /* of all domains that ask */
	bool is_asked_by_domain = spec->by_domain && spec->start_count == 0;
	u32 dropped = 0;

	if (is_asked_by_domain && !log_limit_allows(&limit, &dropped)) {
		return;
	}
	if (dropped != 0) {
		log_info("(%u lines left out of domains that were not built)", dropped);
	}
	log_error("domain %s was not built: %s", spec->name, why);
	if (!is_asked_by_domain) {
		line_domain_failed(spec->name, why);
	}
}

void lifecycle_boot_done(void)
{
	lifecycle_give_up();
}

/* The first end of a live domain: true. */
static bool end_domain(struct domain *d, u8 reason, bool crashed, const char *text)
{
	bool first;

	spin_lock(&domain_life_lock);
	first = d->life == DOMAIN_ALIVE;
	if (first) {
		d->shutdown_reason = reason;
		d->crashed = crashed;
		string_copy(d->end_text, text, sizeof(d->end_text));
		__atomic_store_n(&d->life, DOMAIN_DYING, __ATOMIC_SEQ_CST);
	}
	spin_unlock(&domain_life_lock);
	if (first) {
		sched_pause_domain(d);
		console_flush(d);
		domain_stats_end(d);
		domain_audit_end(d);
	}
	return first;
}

/* In the middle of a hypercall not all registers are saved: at the exit they are. */
static void report_at_exit(struct vcpu *v)
{
	v->crash_report = true;
	cpu_info()->work |= CPU_WORK_RESCHED;
}

static void shutdown_told(struct domain *d)
{
	line_domain_state(d, PV_DOMAIN_STATE_SHUTDOWN, d->end_text);
	ended(d);
}

static void shut_down(struct domain *d, u8 reason, const char *text)
{
	struct vcpu *v = current_vcpu();

	if (!end_domain(d, reason, false, text)) {
		return;
	}
	log_info("d%u %s: %s", d->id, d->name, text);
	if (reason == PV_SHUTDOWN_crash && v != NULL && v->domain == d) {
		report_at_exit(v);
	} else {
		shutdown_told(d);
	}
}

void domain_shutdown(struct domain *d, u8 reason)
{
	shut_down(d, reason, reason_name(reason));
}

static void tell_oops(const struct domain *d)
{
	const struct text *oops = &d->record->oops;

	line_oops(d, oops->size == 0 ? d->end_text : oops->bytes);
}

static void crash_told(struct domain *d)
{
	tell_oops(d);
	line_domain_state(d, PV_DOMAIN_STATE_CRASHED, d->end_text);
	ended(d);
}

void domain_crash(struct domain *d, const char *fmt, ...)
{
	char why[sizeof(d->end_text)];
	struct vcpu *v = current_vcpu();
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	if (!end_domain(d, PV_SHUTDOWN_crash, true, why)) {
		return;
	}
	log_error("d%u %s: ended: %s", d->id, d->name, why);
	if (v != NULL && v->domain == d) {
		report_at_exit(v);
	} else {
		crash_told(d);
	}
}

void domain_report_crash(struct vcpu *v, const struct cpu_regs *regs)
{
	struct domain *d = v->domain;

	v->crash_report = false;
	oops_guest(v, regs, d->end_text, &d->record->oops);
	if (d->crashed) {
		crash_told(d);
	} else {
		tell_oops(d); /* the guest itself says that it crashed */
		shutdown_told(d);
	}
}

int lifecycle_pause(struct domain *d)
{
	bool first = false;
	int rc = 0;

	spin_lock(&domain_life_lock);
	if (d->life != DOMAIN_ALIVE) {
		rc = -PV_ESRCH;
	} else if (d->control_pauses == PAUSES_MAX) {
		rc = -PV_EOVERFLOW;
	} else {
		first = d->control_pauses++ == 0;
	}
	if (first) {
		sched_pause_domain(d);
	}
	spin_unlock(&domain_life_lock);
	if (first) {
		line_domain_state(d, PV_DOMAIN_STATE_PAUSED, "");
	}
	return rc;
}

int lifecycle_unpause(struct domain *d)
{
	bool last = false;
	int rc = 0;

	spin_lock(&domain_life_lock);
	if (d->life != DOMAIN_ALIVE) {
		rc = -PV_ESRCH;
	} else if (d->control_pauses == 0) {
		rc = -PV_EINVAL;
	} else {
		last = --d->control_pauses == 0;
	}
	if (last) {
		sched_unpause_domain(d);
	}
	spin_unlock(&domain_life_lock);
	if (last) {
		line_domain_state(d, PV_DOMAIN_STATE_RUNNING, "");
	}
	return rc;
}

/* What is to be destroyed, in whatever part of its life. Life lock held. */
static int take_destroyed(u16 domid, struct domain **alive, struct ended **record)
{
	struct domain *d = domain_by_id(domid);

	if (d == NULL) {
		*record = ended_take(domid);
		return *record == NULL ? -PV_ESRCH : 0;
	}
	if (d->life == DOMAIN_BUILDING) {
		/* Who builds it sees that (build_step, lifecycle_start). */
		string_copy(d->end_text, "destroyed", sizeof(d->end_text));
		__atomic_store_n(&d->life, DOMAIN_DYING, __ATOMIC_SEQ_CST);
	} else if (d->life == DOMAIN_ALIVE) {
		*alive = d;
	}
	return 0;
}

int lifecycle_destroy(u16 domid)
{
	struct domain *alive = NULL;
	struct ended *record = NULL;
	int rc;

	spin_lock(&domain_life_lock);
	rc = take_destroyed(domid, &alive, &record);
	spin_unlock(&domain_life_lock);
	/* One that lived just now is not freed before this CPU has left; of any other that is not so. */
	if (alive != NULL) {
		shut_down(alive, PV_SHUTDOWN_poweroff, "destroyed");
	}
	ended_free(record);
	return rc;
}

/* Lives besides one's own. */
static bool another_lives(const struct domain *but)
{
	return lifecycle_count() > (but == NULL ? 0U : 1U);
}

int lifecycle_off(const struct domain *but, bool force)
{
	if (!force && another_lives(but)) {
		return -PV_EBUSY;
	}
	power_off("asked to turn the machine off");
	return 0;
}
