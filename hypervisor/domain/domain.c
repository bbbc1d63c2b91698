/*
 * TOUR(12) Domains and vCPUs as structures: made, found, freed. What goes into them is
 * the builder's; how they end is lifecycle.c's.
 *
 * Read next: builder.c.
 */
#include "domain/domain.h"

#include <parley/errno.h>
#include <parley/types.h>
#include <seam/cpu.h>
#include <seam/directmap.h>

#include "channel/evtchn.h"
#include "channel/gnttab.h"
#include "cpu/fpu.h"
#include "domain/create.h"
#include "domain/ended.h"
#include "domain/pvclock.h"
#include "domain/reap.h"
#include "domain/sched.h"
#include "domain/trace.h"
#include "domain/vcpu_timer.h"
#include "domain/watchdog.h"
#include "lib/string.h"
#include "mm/alloc.h"
#include "mm/guest.h"
#include "mm/types.h"

struct domain *domain_list;

struct spinlock domain_life_lock = SPINLOCK_INIT;

static struct domain *by_id[DOMAIN_MAX];
static u16 last_id;
static u32 next_vcpu_id;

struct domain *domain_find(u16 domid)
{
	struct domain *d;

	if (domid == PV_DOMID_SELF) {
		return current_vcpu()->domain;
	}
	d = domain_by_id(domid);
	/* Partner: the release in lifecycle_start(); what ended is not found. */
	return d != NULL && __atomic_load_n(&d->life, __ATOMIC_ACQUIRE) == DOMAIN_ALIVE ? d : NULL;
}

struct domain *domain_by_id(u16 domid)
{
	return domid < DOMAIN_MAX ? __atomic_load_n(&by_id[domid], __ATOMIC_ACQUIRE) : NULL;
}

static bool is_free_id(u16 id)
{
	return by_id[id] == NULL && ended_find(id) == NULL;
}

/*
 * A number that no domain has, nor one that is remembered; 0 if there is none.
 * Numbers go round so that an old one is not soon another's; it is taken by domain_publish().
 */
static u16 free_id(void)
{
	u32 tries;

	for (tries = 1; tries < DOMAIN_MAX; tries++) {
		last_id = (u16)(last_id + 1 < DOMAIN_MAX ? last_id + 1 : 1);
		if (is_free_id(last_id)) {
			return last_id;
		}
	}
	return 0;
}

bool domain_has_name(const char *name, const struct domain *but)
{
	const struct domain *d;

	for (d = domain_list; d != NULL; d = d->next) {
		if (d != but && d->life != DOMAIN_DYING && strcmp(d->name, name) == 0) {
			return true;
		}
	}
	return false;
}

int domain_publish(struct domain *d)
{
	struct ended *old = NULL;
	int rc = 0;

	spin_lock(&domain_life_lock);
	if (domain_has_name(d->name, d)) {
		rc = -PV_EEXIST;
	} else if (!is_free_id(d->id)) {
		rc = -PV_ENOMEM; /* the numbers went once round meanwhile */
	} else {
		old = ended_take_name(d->name);
		d->next = domain_list;
		domain_list = d;
		__atomic_store_n(&by_id[d->id], d, __ATOMIC_RELEASE);
	}
	spin_unlock(&domain_life_lock);
	ended_free(old);
	if (rc == 0) {
		trace_domain_begins(d);
	}
	return rc;
}

void domain_unpublish(struct domain *d)
{
	struct domain **p = &domain_list;
	bool was_listed;

	spin_lock(&domain_life_lock);
	while (*p != NULL && *p != d) {
		p = &(*p)->next;
	}
	was_listed = *p != NULL;
	if (was_listed) {
		*p = d->next;
		__atomic_store_n(&by_id[d->id], NULL, __ATOMIC_RELEASE);
	}
	spin_unlock(&domain_life_lock);
	if (was_listed) { /* else its number may be another's, or none */
		trace_domain_ends(d);
	}
}

/* The deepest frame that entry.S lays on the guest's stack, bytes. */
#define BOUNCE_FRAME_MAX 64UL

void vcpu_update_path(struct vcpu *v)
{
	u64 sp = v->kernel_sp & ~15UL;

	v->bounce_sp = sp;
	if (v->user_cr3 == 0 || v->syscall_entry == 0 || sp < BOUNCE_FRAME_MAX ||
	    !guest_range_ok(sp - BOUNCE_FRAME_MAX, BOUNCE_FRAME_MAX)) {
		v->path = VCPU_PATH_SLOW | v->path_in_c;
	} else {
		v->path = v->mode | v->path_in_c;
	}
}

_Static_assert(VCPU_PATH_USER == VCPU_MODE_USER && VCPU_PATH_KERNEL == VCPU_MODE_KERNEL,
	       "the short path of a mode has its number");
_Static_assert((VCPU_PATH_SLOW | VCPU_PATH_IN_C) == VCPU_PATH_IN_C &&
		       (VCPU_PATH_KERNEL | VCPU_PATH_IN_C) == VCPU_PATH_IN_C,
	       "in C, whatever else");

static void vcpu_free(struct vcpu *v)
{
	if (v->traps != NULL) {
		alloc_free_page(v->traps);
	}
	if (v->fpu != NULL) {
		alloc_free_page(v->fpu);
	}
	heap_free(v, sizeof(*v));
}

static void vcpu_set_defaults(struct vcpu *v)
{
	u32 i;

	for (i = 0; i < GDT_GUEST_PAGES; i++) {
		v->gdt_frames[i] = MFN_INVALID;
	}
	for (i = 0; i < LDT_MAX_PAGES; i++) {
		v->ldt_frames[i] = MFN_INVALID;
	}
	v->info_mfn = MFN_INVALID;
	v->info = &v->domain->shared->vcpu_info[v->id];
	v->info->evtchn_upcall_mask = 1;
	v->mode = VCPU_MODE_KERNEL;
	vcpu_update_path(v);
	v->debugreg[6] = PV_DR6_DEFAULT;
	v->debugreg[7] = PV_DR7_DEFAULT;
	v->xcr0 = 1;
	fpu_init_state(v->fpu);
}

static struct vcpu *vcpu_create(struct domain *d, u32 id)
{
	struct vcpu *v = heap_alloc(sizeof(*v));

	if (v == NULL) {
		return NULL;
	}
	v->domain = d;
	v->id = id;
	v->global_id = __atomic_fetch_add(&next_vcpu_id, 1, __ATOMIC_RELAXED);
	v->traps = alloc_page();
	v->fpu = alloc_page();
	if (v->traps == NULL || v->fpu == NULL) {
		vcpu_free(v);
		return NULL;
	}
	vcpu_set_defaults(v);
	vcpu_timer_init(v);
	sched_vcpu_init(v);
	pvclock_init_vcpu(v);
	return v;
}

static int make_shared_page(struct domain *d)
{
	void *page = alloc_page();

	if (page == NULL) {
		return -PV_ENOMEM;
	}
	d->shared = page;
	d->shared_mfn = virt_to_mfn(page);
	frame_share(&d->mm, d->shared_mfn);
	return 0;
}

static int make_parts(struct domain *d, const struct domain_spec *spec)
{
	int rc = make_shared_page(d);
	u32 i;

	if (rc == 0) {
		rc = evtchn_init(d);
	}
	if (rc == 0) {
		rc = gnttab_init(d);
	}
	pvclock_init_domain(d);
	for (i = 0; rc == 0 && i < spec->vcpu_count; i++) {
		d->vcpus[i] = vcpu_create(d, i);
		if (d->vcpus[i] == NULL) {
			rc = -PV_ENOMEM;
		} else {
			d->vcpu_count = i + 1;
			d->vcpus[i]->sched.affinity = d->sched.affinity;
		}
	}
	sched_domain_init(d);
	watchdog_init(d);
	return rc;
}

struct domain *domain_create(const struct domain_spec *spec)
{
	struct domain *d = heap_alloc(sizeof(*d));

	if (d == NULL) {
		return NULL;
	}
	spin_lock(&domain_life_lock);
	d->id = free_id();
	spin_unlock(&domain_life_lock);
	d->mm.id = d->id;
	d->mm.frames = FRAME_LIST_INIT;
	d->mm.max_frames = spec->memory_pages;
	d->mm.top_frames = spec->memory_pages;
	d->record = ended_new();
	d->is_control = spec->is_control;
	d->sched.weight = spec->weight;
	d->sched.cap = spec->cap;
	d->sched.affinity = spec->affinity;
	(void)string_copy(d->name, spec->name, sizeof(d->name));
	memcpy(d->uuid, spec->uuid, sizeof(d->uuid));
	if (d->id == 0 || d->record == NULL || make_parts(d, spec) != 0) {
		reap_unborn(d);
		return NULL;
	}
	return d;
}

void domain_free(struct domain *d)
{
	u32 i;

	gnttab_fini(d);
	if (d->shared != NULL) {
		frame_unshare(&d->mm, d->shared_mfn);
		alloc_free_page(d->shared);
	}
	for (i = 0; i < d->vcpu_count; i++) {
		vcpu_free(d->vcpus[i]);
	}
	ended_free(d->record);
	spec_free(d->spec);
	heap_free(d, sizeof(*d));
}
