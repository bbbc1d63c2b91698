/*
 * Control operations that change a domain.
 *
 * Read next: lifecycle.c, what they call.
 */
#include "domain/control.h"

#include <parley/errno.h>
#include <parley/sched.h>

#include "domain/lifecycle.h"
#include "domain/sched.h"
#include "domain/store.h"
#include "lib/printf.h"

/* The live domain that an operation is about, or NULL with the reason in *rc. */
static struct domain *target(u16 domid, long *rc)
{
	struct domain *d = domid < PV_DOMID_FIRST_RESERVED ? domain_find(domid) : NULL;

	*rc = d != NULL ? 0 : -PV_ESRCH;
	return d;
}

static bool is_itself(const struct control_caller *who, u16 domid)
{
	return who->domain != NULL && (domid == who->domain->id || domid == PV_DOMID_SELF);
}

static long check_id(const struct control_caller *who, const struct pv_control_domain_id *id)
{
	return control_is_zero(id->reserved, sizeof(id->reserved)) && !is_itself(who, id->domid) ?
		       0 :
		       -PV_EINVAL;
}

long control_pause(const struct control_caller *who, union control_args *args)
{
	long rc = check_id(who, &args->id);
	struct domain *d = rc == 0 ? target(args->id.domid, &rc) : NULL;

	return d == NULL ? rc : lifecycle_pause(d);
}

long control_unpause(const struct control_caller *who, union control_args *args)
{
	long rc = check_id(who, &args->id);
	struct domain *d = rc == 0 ? target(args->id.domid, &rc) : NULL;

	return d == NULL ? rc : lifecycle_unpause(d);
}

long control_destroy(const struct control_caller *who, union control_args *args)
{
	long rc = check_id(who, &args->id);

	return rc != 0 ? rc : lifecycle_destroy(args->id.domid);
}

long control_shutdown(const struct control_caller *who, union control_args *args)
{
	const struct pv_control_shutdown *op = &args->shutdown;
	struct domain *d;
	long rc;

	if (!control_is_zero(op->reserved, sizeof(op->reserved)) ||
	    (op->reason != PV_SHUTDOWN_poweroff && op->reason != PV_SHUTDOWN_reboot)) {
		return -PV_EINVAL;
	}
	d = target(op->domid, &rc);
	if (d != NULL) {
		rc = store_write(d, "control/shutdown",
				 op->reason == PV_SHUTDOWN_reboot ? "reboot" : "poweroff");
	}
	return rc;
}

static void set_limit(struct domain *d, u64 pages)
{
	spin_lock(&d->mm.lock);
	d->mm.max_frames = pages;
	spin_unlock(&d->mm.lock);
}

/* Two that ask one domain at once take turns: its limit is what it is told last. Outside all locks. */
static struct spinlock memory_lock = SPINLOCK_INIT;

/*
 * The limit rises before the guest is told, so that it can grow at once, and
 * falls when it has been told.
 */
static long set_memory(struct domain *d, u64 pages)
{
	char kib[24];
	u64 before;
	int rc;

	snprintf(kib, sizeof(kib), "%lu", pages * (PAGE_SIZE / 1024));
	spin_lock(&memory_lock);
	before = READ_ONCE(d->mm.max_frames);
	set_limit(d, MAX(before, pages));
	rc = store_write(d, "memory/target", kib);
	set_limit(d, rc == 0 ? pages : before);
	spin_unlock(&memory_lock);
	return rc;
}

long control_memory_set(const struct control_caller *who, union control_args *args)
{
	const struct pv_control_memory *op = &args->memory;
	struct domain *d;
	long rc;

	if (!control_is_zero(op->reserved, sizeof(op->reserved)) || op->pages == 0) {
		return -PV_EINVAL;
	}
	d = target(op->domid, &rc);
	if (d == NULL) {
		return rc;
	}
	return op->pages > d->mm.top_frames ? -PV_EINVAL : set_memory(d, op->pages);
}

/* Wholly, or not at all. */
static long set_vcpus(struct domain *d, u32 online)
{
	struct store_setting settings[DOMAIN_VCPU_MAX];

	for (u32 i = 0; i < d->vcpu_count; i++) {
		snprintf(settings[i].path, sizeof(settings[i].path), "/%u/availability", i);
		settings[i].value = i < online ? "online" : "offline";
	}
	return store_write_below(d, "cpu", settings, d->vcpu_count);
}

long control_vcpus_set(const struct control_caller *who, union control_args *args)
{
	const struct pv_control_vcpus *op = &args->vcpus;
	struct domain *d;
	long rc;

	if (op->reserved != 0 || op->count == 0) {
		return -PV_EINVAL;
	}
	d = target(op->domid, &rc);
	if (d == NULL) {
		return rc;
	}
	return op->count > d->vcpu_count ? -PV_EINVAL : set_vcpus(d, op->count);
}

/* Two that change one domain at once take turns. */
static struct spinlock sched_lock = SPINLOCK_INIT;

static int change_sched(struct domain *d, const struct pv_control_sched *op)
{
	struct sched_params params;
	int rc;

	spin_lock(&sched_lock);
	sched_domain_get(d, &params);
	if (op->what & PV_CONTROL_SCHED_weight) {
		params.weight = op->weight;
	}
	if (op->what & PV_CONTROL_SCHED_cap) {
		params.cap = op->cap;
	}
	if (op->what & PV_CONTROL_SCHED_affinity) {
		params.affinity = op->affinity;
	}
	rc = sched_domain_set(d, &params);
	spin_unlock(&sched_lock);
	return rc;
}

long control_sched_set(const struct control_caller *who, union control_args *args)
{
	const u32 known = PV_CONTROL_SCHED_weight | PV_CONTROL_SCHED_cap |
			  PV_CONTROL_SCHED_affinity;
	const struct pv_control_sched *op = &args->sched;
	struct domain *d;
	long rc;

	if (op->reserved != 0 || op->what == 0 || (op->what & ~known)) {
		return -PV_EINVAL;
	}
	d = target(op->domid, &rc);
	return d == NULL ? rc : change_sched(d, op);
}

long control_off(const struct control_caller *who, union control_args *args)
{
	const struct pv_control_off *op = &args->off;

	if (op->force > 1 || op->reserved != 0) {
		return -PV_EINVAL;
	}
	return lifecycle_off(who->domain, op->force != 0);
}
