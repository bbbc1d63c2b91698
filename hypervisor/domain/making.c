/*
 * Making domains at run time. A vCPU that called create calls it again and again
 * until it is done (control.h, CONTROL_AGAIN), and so works for it; if it stops
 * calling, the making goes on without it. A call with other values is another request:
 * refused while the first is in the making, else the first's outcome is forgotten.
 *
 * Read next: builder.c.
 */
#include "domain/making.h"

#include <parley/errno.h>
#include <seam/cpu.h>

#include "cpu/percpu.h"
#include "domain/build_memory.h"
#include "domain/builder.h"
#include "domain/control.h"
#include "domain/lifecycle.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/alloc.h"

enum asker {
	ASKER_NOBODY,
	ASKER_VCPU,
	ASKER_LINE,
};

struct making {
	struct making *next; /* asked for later */
	struct build *build;
	enum asker asker;
	u16 domid; /* of the asking vCPU */
	u32 vcpu;
	struct pv_control_create request;
	bool done;
	int result;
	u16 made;
};

static struct spinlock lock = SPINLOCK_INIT; /* the list; done, result, made, asker */
static struct making *makings;               /* in the order of asking, done ones too */

static void enlist(struct making *m)
{
	struct making **p = &makings;

	spin_lock(&lock);
	while (*p != NULL) {
		p = &(*p)->next;
	}
	*p = m;
	spin_unlock(&lock);
	cpu_info()->work |= CPU_WORK_REAP;
}

/* Lock held. */
static void delist(struct making *m)
{
	struct making **p = &makings;

	while (*p != m) {
		p = &(*p)->next;
	}
	*p = m->next;
}

/* Begin a making. The specification is its from now on, and on an error gone. */
static int begin(struct domain_spec *spec, struct making **out)
{
	struct making *m = heap_alloc(sizeof(*m));
	int rc;

	if (m == NULL) {
		lifecycle_build_failed(spec, "out of memory");
		spec_free(spec);
		return -PV_ENOMEM;
	}
	rc = build_begin(spec, &m->build);
	if (rc != 0) {
		heap_free(m, sizeof(*m));
		return rc;
	}
	*out = m;
	return 0;
}

void making_restart(struct domain_spec *spec)
{
	struct making *m;

	if (begin(spec, &m) == 0) {
		enlist(m);
	} else {
		lifecycle_give_up();
	}
}

/* The build has ended: with a domain, which starts, or without. */
static int finish(struct making *m, int rc)
{
	struct domain *d = build_end(m->build, rc, false);

	if (d != NULL) {
		m->made = d->id;
		domain_start(d);
	} else {
		lifecycle_give_up();
	}
	return rc;
}

/* Tell who asked. */
static void settle(struct making *m, int rc)
{
	enum asker asker;

	spin_lock(&lock);
	asker = m->asker;
	m->result = rc;
	m->done = true;
	if (asker != ASKER_VCPU) {
		delist(m);
	}
	spin_unlock(&lock);
	if (asker == ASKER_LINE) {
		control_line_created(rc, m->made, &m->request);
	}
	if (asker != ASKER_VCPU) {
		heap_free(m, sizeof(*m));
	}
}

/* The first that is not done. Only the reaper's steps make one done. */
static struct making *first_undone(void)
{
	struct making *m;

	spin_lock(&lock);
	m = makings;
	while (m != NULL && m->done) {
		m = m->next;
	}
	spin_unlock(&lock);
	return m;
}

bool making_step(void)
{
	struct making *m = first_undone();
	int rc;

	if (m == NULL) {
		return false;
	}
	rc = build_step(m->build);
	if (rc != BUILD_MORE) {
		settle(m, finish(m, rc));
	}
	return true;
}

void making_disown(u16 domid)
{
	struct making *m, *next;

	spin_lock(&lock);
	for (m = makings; m != NULL; m = next) {
		next = m->next;
		if (m->asker != ASKER_VCPU || m->domid != domid) {
			continue;
		}
		m->asker = ASKER_NOBODY;
		if (m->done) {
			delist(m);
			heap_free(m, sizeof(*m));
		}
	}
	spin_unlock(&lock);
}

/* ---- control operation create ---- */

static bool is_name(const char *name, size_t room)
{
	size_t size = strnlen(name, room);

	for (size_t i = 0; i < size; i++) {
		if (name[i] <= ' ' || name[i] > '~') {
			return false;
		}
	}
	return size > 0 && size < room;
}

static u64 online_cpus(void)
{
	return cpu_count == 64 ? ~0UL : (1UL << cpu_count) - 1;
}

static int check(const struct pv_control_create *c)
{
	const u32 flags = PV_CONTROL_FLAG_control | PV_CONTROL_FLAG_paused | PV_CONTROL_FLAG_once;

	if (!control_is_zero(c->reserved, sizeof(c->reserved)) || (c->flags & ~flags)) {
		return -PV_EINVAL;
	}
	if (!is_name(c->name, sizeof(c->name)) ||
	    strnlen(c->cmdline, sizeof(c->cmdline)) == sizeof(c->cmdline)) {
		return -PV_EINVAL;
	}
	if (c->vcpu_count == 0 || c->vcpu_count > DOMAIN_VCPU_MAX || c->weight == 0 ||
	    c->weight > 65535 || c->memory_pages == 0) {
		return -PV_EINVAL;
	}
	return c->affinity != 0 && (c->affinity & online_cpus()) == 0 ? -PV_EINVAL : 0;
}

/* Refer to the images. */
static int take_images(struct domain_spec *spec, const struct pv_control_create *c)
{
	spec->kernel = image_get(c->kernel);
	if (spec->kernel == NULL) {
		return -PV_ENOENT;
	}
	if (c->ramdisk == PV_CONTROL_IMAGE_NONE) {
		return 0;
	}
	spec->ramdisk = image_get(c->ramdisk);
	return spec->ramdisk == NULL ? -PV_ENOENT : 0;
}

static void fill_spec(struct domain_spec *spec, const struct pv_control_create *c)
{
	u64 affinity = c->affinity & online_cpus();

	string_copy(spec->name, c->name, sizeof(spec->name));
	string_copy(spec->cmdline, c->cmdline, sizeof(spec->cmdline));
	memcpy(spec->uuid, c->uuid, sizeof(spec->uuid));
	spec->memory_pages = c->memory_pages;
	spec->vcpu_count = c->vcpu_count;
	spec->is_control = (c->flags & PV_CONTROL_FLAG_control) != 0;
	spec->once = (c->flags & PV_CONTROL_FLAG_once) != 0;
	spec->paused = (c->flags & PV_CONTROL_FLAG_paused) != 0;
	spec->weight = c->weight;
	spec->cap = c->cap;
	spec->affinity = affinity == 0 ? online_cpus() : affinity;
}

static int make_spec(const struct control_caller *who, const struct pv_control_create *c,
		     struct domain_spec **out)
{
	struct domain_spec *spec = spec_new();
	int rc;

	if (spec == NULL) {
		return -PV_ENOMEM;
	}
	fill_spec(spec, c);
	spec->by_domain = who->domain != NULL;
	rc = take_images(spec, c);
	if (rc != 0) {
		spec_free(spec);
		return rc;
	}
	*out = spec;
	return 0;
}

static long ask(const struct control_caller *who, const struct pv_control_create *request)
{
	struct domain_spec *spec;
	struct making *m;
	int rc = check(request);

	if (rc == 0) {
		rc = make_spec(who, request, &spec);
	}
	if (rc == 0) {
		rc = begin(spec, &m);
	}
	if (rc != 0) {
		return rc;
	}
	m->request = *request;
	m->asker = who->domain == NULL ? ASKER_LINE : ASKER_VCPU;
	m->domid = who->domain == NULL ? 0 : who->domain->id;
	m->vcpu = who->vcpu;
	lifecycle_begin();
	enlist(m);
	return CONTROL_AGAIN;
}

/* What this vCPU asked for before. Lock held. */
static struct making *find(const struct control_caller *who)
{
	struct making *m = makings;

	while (m != NULL &&
	       (m->asker != ASKER_VCPU || m->domid != who->domain->id || m->vcpu != who->vcpu)) {
		m = m->next;
	}
	return m;
}

/*
 * Is this call about what the vCPU asked for before? Then *rc is its outcome, or
 * CONTROL_AGAIN. An outcome that nobody came for is dropped.
 */
static bool is_answered(const struct control_caller *who, struct pv_control_create *request,
			long *rc)
{
	bool same = false;
	struct making *m;

	spin_lock(&lock);
	m = find(who);
	if (m != NULL) {
		same = memcmp(&m->request, request, sizeof(*request)) == 0;
		*rc = m->done ? m->result : same ? CONTROL_AGAIN : -PV_EBUSY;
		if (m->done) {
			request->domid = same ? m->made : 0;
			delist(m);
		} else {
			same = true;
			m = NULL;
		}
	}
	spin_unlock(&lock);
	if (m != NULL) {
		heap_free(m, sizeof(*m));
	}
	return same;
}

long control_create(const struct control_caller *who, union control_args *args)
{
	struct pv_control_create *request = &args->create;
	long rc;

	request->domid = 0;
	if (who->domain != NULL && is_answered(who, request, &rc)) {
		cpu_info()->work |= CPU_WORK_REAP; /* the caller works for what it waits for */
		return rc;
	}
	return ask(who, request);
}
