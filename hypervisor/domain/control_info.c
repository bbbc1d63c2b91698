/*
 * Control operations that only look: the machine, its domains, their counts
 * and reports.
 *
 * Read next: ended.h.
 */
#include "domain/control_info.h"

#include <parley/errno.h>
#include <parley/sched.h>

#include "cpu/percpu.h"
#include "domain/control.h"
#include "domain/ended.h"
#include "domain/image.h"
#include "domain/lifecycle.h"
#include "domain/sched.h"
#include "domain/spec.h"
#include "domain/stats.h"
#include "domain/timer.h"
#include "domain/trace.h"
#include "lib/string.h"
#include "mm/alloc.h"

long control_machine(const struct control_caller *who, union control_args *args)
{
	struct pv_control_machine *m = &args->machine;

	*m = (struct pv_control_machine){
		.version = PV_CONTROL_VERSION,
		.cpus = cpu_count,
		.total_pages = frame_ram_count,
		.free_pages = alloc_free_count(),
		.time_ns = time_now_ns(),
		.image_pages = image_pages(),
		.domains = lifecycle_count(),
		.trace_lost = trace_lost_total(),
		.cpu_mask = cpu_count == 64 ? ~0UL : (1UL << cpu_count) - 1,
	};
	spin_lock(&domain_life_lock);
	m->ended = ended_count();
	spin_unlock(&domain_life_lock);
	return 0;
}

static u64 ran_ns(const struct vcpu *v, u64 now)
{
	u64 ran = v->runstate.time[PV_RUNSTATE_running];

	if (v->runstate.state == PV_RUNSTATE_running && now > v->runstate.state_entry_time) {
		ran += now - v->runstate.state_entry_time;
	}
	return ran;
}

static u8 state_of(const struct domain *d)
{
	switch (d->life) {
	case DOMAIN_BUILDING:
		return PV_CONTROL_STATE_building;
	case DOMAIN_ALIVE:
		return d->control_pauses != 0 ? PV_CONTROL_STATE_paused : PV_CONTROL_STATE_running;
	default:
		return PV_CONTROL_STATE_dying;
	}
}

static u32 flags_of(const struct domain *d)
{
	u32 flags = d->is_control ? PV_CONTROL_FLAG_control : 0;

	return d->spec != NULL && d->spec->once ? flags | PV_CONTROL_FLAG_once : flags;
}

static void count(const struct domain *d, struct pv_control_domain *info)
{
	u64 now = time_now_ns();
	struct pv_stats stats;

	domain_stats_read(d, &stats);
	for (u32 i = 0; i < PV_STATS_CALLS; i++) {
		info->hypercalls += stats.hypercalls[i];
	}
	info->faults =
		stats.entries[PV_STATS_ENTRY_page_fault] + stats.entries[PV_STATS_ENTRY_trap];
	info->events = stats.entries[PV_STATS_ENTRY_upcall];
	for (u32 i = 0; i < d->vcpu_count; i++) {
		const struct vcpu *v = d->vcpus[i];

		info->cpu_time_ns += ran_ns(v, now);
		info->vcpus_online += READ_ONCE(v->sched.state) != VCPU_OFFLINE;
	}
}

void control_describe(const struct domain *d, struct pv_control_domain *info)
{
	*info = (struct pv_control_domain){
		.domid = d->id,
		.state = state_of(d),
		.reason = d->shutdown_reason,
		.flags = flags_of(d),
		.vcpu_count = d->vcpu_count,
		.memory_pages = READ_ONCE(d->mm.frames.count),
		.memory_limit = READ_ONCE(d->mm.max_frames),
		.started_ns = d->started_ns,
		.affinity = d->sched.affinity,
		.weight = d->sched.weight,
		.cap = d->sched.cap,
		.pause_count = d->control_pauses,
	};
	count(d, info);
	memcpy(info->uuid, d->uuid, sizeof(info->uuid));
	string_copy(info->name, d->name, sizeof(info->name));
	string_copy(info->text, d->end_text, sizeof(info->text));
}

/* The domain of a number, or what is left of it. Life lock held. */
static bool describe_number(u16 domid, struct pv_control_domain *info)
{
	const struct domain *d = domain_by_id(domid);
	const struct ended *e = d == NULL ? ended_find(domid) : NULL;

	if (d != NULL) {
		control_describe(d, info);
	} else if (e != NULL) {
		*info = e->info;
	}
	return d != NULL || e != NULL;
}

long control_list(const struct control_caller *who, union control_args *args)
{
	struct pv_control_list *list = &args->list;
	u32 domid = list->first;

	if (list->count != 0 || list->reserved != 0) {
		return -PV_EINVAL;
	}
	list->first = 0;
	spin_lock(&domain_life_lock);
	for (; domid < DOMAIN_MAX; domid++) {
		struct pv_control_domain info;

		if (!describe_number((u16)domid, &info)) {
			continue;
		}
		if (list->count == PV_CONTROL_LIST_MAX) {
			list->first = (u16)domid;
			break;
		}
		list->domains[list->count++] = info;
	}
	spin_unlock(&domain_life_lock);
	return 0;
}

static void copy_oops(const struct ended *e, struct pv_control_oops *op)
{
	if (op->offset < e->oops.size) {
		op->size = MIN(e->oops.size - op->offset, PV_CONTROL_OOPS_TEXT_MAX);
		memcpy(op->text, e->oops.bytes + op->offset, op->size);
	}
}

/* Of one that is being freed it may still be in the making: not before it is gone. */
long control_oops(const struct control_caller *who, union control_args *args)
{
	struct pv_control_oops *op = &args->oops;
	const struct ended *e;
	long rc = 0;

	if (!control_is_zero(op->reserved, sizeof(op->reserved))) {
		return -PV_EINVAL;
	}
	spin_lock(&domain_life_lock);
	e = ended_find(op->domid);
	if (e != NULL && e->oops.size != 0) {
		copy_oops(e, op);
	} else if (e == NULL && domain_by_id(op->domid) == NULL) {
		rc = -PV_ESRCH;
	} else {
		rc = e == NULL && domain_by_id(op->domid)->life == DOMAIN_DYING ? -PV_EAGAIN :
										  -PV_ENODATA;
	}
	spin_unlock(&domain_life_lock);
	return rc;
}

long control_stats(const struct control_caller *who, union control_args *args)
{
	struct pv_control_stats *op = &args->stats;
	const struct domain *d;
	const struct ended *e;
	long rc = 0;

	if (!control_is_zero(op->reserved, sizeof(op->reserved))) {
		return -PV_EINVAL;
	}
	spin_lock(&domain_life_lock);
	d = domain_by_id(op->domid);
	e = ended_find(op->domid);
	if (d != NULL) {
		domain_stats_read(d, &op->stats);
	} else if (e != NULL) {
		op->stats = e->stats;
	} else {
		rc = -PV_ESRCH;
	}
	spin_unlock(&domain_life_lock);
	return rc;
}
