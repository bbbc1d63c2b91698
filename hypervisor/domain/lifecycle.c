/*
 * TOUR(16) The life of domains. A domain ends once: whoever comes second finds it ended
 * and does nothing. Its vCPUs are paused for good and leave their CPUs at the
 * next exit.
 *
 * LIMIT: an ended domain's memory is not given back; domains are only made at
 * boot, so nobody could use it.
 */
#include "domain/lifecycle.h"

#include <stdarg.h>

#include <parley/sched.h>
#include <seam/cpu.h>

#include "cpu/oops.h"
#include "domain/audit.h"
#include "domain/console.h"
#include "domain/line.h"
#include "domain/sched.h"
#include "domain/stats.h"
#include "drivers/acpi.h"
#include "lib/log.h"
#include "lib/printf.h"
#include "lib/string.h"

static struct spinlock life_lock = SPINLOCK_INIT;
static u32 lives = 1; /* live domains, and one for the boot; life_lock */

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

/* One live thing less; the last one turns the machine off. */
static void life_ends(void)
{
	bool last;

	spin_lock(&life_lock);
	last = --lives == 0;
	spin_unlock(&life_lock);
	if (last) {
		log_info("no domain is left, powering off");
		line_bye(PV_LINE_BYE_DONE);
		acpi_poweroff();
	}
}

void lifecycle_start(struct domain *d)
{
	spin_lock(&life_lock);
	lives++;
	__atomic_store_n(&d->life, DOMAIN_ALIVE, __ATOMIC_RELEASE);
	spin_unlock(&life_lock);
	line_domain_state(d, PV_DOMAIN_STATE_RUNNING, "");
	console_allow_input(d);
}

void lifecycle_build_failed(const char *name, const char *why)
{
	log_error("domain %s was not built: %s", name, why);
	line_domain_failed(name, why);
}

void lifecycle_boot_done(void)
{
	life_ends();
}

/* The first end of a live domain: true. */
static bool end_domain(struct domain *d, u8 reason, const char *crash)
{
	bool first;

	spin_lock(&life_lock);
	first = d->life == DOMAIN_ALIVE;
	if (first) {
		d->shutdown_reason = reason;
		if (crash != NULL) {
			d->crashed = true;
			string_copy(d->crash_reason, crash, sizeof(d->crash_reason));
		}
		__atomic_store_n(&d->life, DOMAIN_SHUTDOWN, __ATOMIC_RELEASE);
	}
	spin_unlock(&life_lock);
	if (first) {
		sched_pause_domain(d);
		console_flush(d);
		domain_stats_end(d);
		domain_audit_end(d);
	}
	return first;
}

void domain_shutdown(struct domain *d, u8 reason)
{
	if (!end_domain(d, reason, NULL)) {
		return;
	}
	log_info("d%u %s: %s", d->id, d->name, reason_name(reason));
	line_domain_state(d, PV_DOMAIN_STATE_SHUTDOWN, reason_name(reason));
	life_ends();
}

/* Tell everyone who wants to know, and count the domain out. */
static void crash_told(struct domain *d)
{
	line_oops(d, d->crash_reason);
	line_domain_state(d, PV_DOMAIN_STATE_CRASHED, d->crash_reason);
	life_ends();
}

void domain_crash(struct domain *d, const char *fmt, ...)
{
	char why[sizeof(d->crash_reason)];
	struct vcpu *v = current_vcpu();
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	if (!end_domain(d, PV_SHUTDOWN_crash, why)) {
		return;
	}
	log_error("d%u %s: ended: %s", d->id, d->name, why);
	if (v != NULL && v->domain == d) {
		/* In the middle of a hypercall not all registers are saved: at the exit they are. */
		v->crash_report = true;
		cpu_info()->work |= CPU_WORK_RESCHED;
	} else {
		crash_told(d);
	}
}

void domain_report_crash(struct vcpu *v, const struct cpu_regs *regs)
{
	v->crash_report = false;
	oops_guest(v, regs, v->domain->crash_reason);
	crash_told(v->domain);
}

void domain_reap(void)
{
	/* Nothing asks for it: see LIMIT above. */
}
