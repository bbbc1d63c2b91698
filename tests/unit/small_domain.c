#include "small_domain.h"

#include <stdlib.h>

#include <parley/types.h>
#include <seam/cpu.h>
#include <seam/directmap.h>

#include "fake_frames.h"
#include "mm/alloc.h"

#define FRAMES 4096
#define FIRST  16

static struct domain *domains[SMALL_DOMAINS_MAX];
static u32 domain_count;

void small_domains_init(void)
{
	fake_frames_init(FRAMES, FIRST, FRAMES);
	domain_count = 0;
}

static struct vcpu *small_vcpu(struct domain *d, u32 id)
{
	struct vcpu *v = calloc(1, sizeof(*v));

	v->domain = d;
	v->id = id;
	v->global_id = d->id * 32U + id;
	v->info = &d->shared->vcpu_info[id];
	v->info_mfn = MFN_INVALID;
	v->mode = VCPU_MODE_KERNEL;
	return v;
}

struct domain *small_domain(u16 id, u32 vcpus)
{
	struct domain *d = calloc(1, sizeof(*d));

	d->id = id;
	d->mm.id = id;
	d->mm.max_frames = FRAMES;
	frame_list_init(&d->mm.frames);
	d->shared = alloc_page();
	d->life = DOMAIN_ALIVE;
	d->vcpu_count = vcpus;
	for (u32 i = 0; i < vcpus; i++) {
		d->vcpus[i] = small_vcpu(d, i);
	}
	domains[domain_count++] = d;
	return d;
}

void *small_domain_page(struct domain *d)
{
	void *page = alloc_page();
	struct frame *f = frame_at(virt_to_mfn(page));

	f->owner = d->id;
	f->refs = 1;
	f->flags = FRAME_ALLOCATED;
	return page;
}

/* Where domain.c is linked too, that is the one. */
__attribute__((weak)) struct domain *domain_find(u16 domid)
{
	for (u32 i = 0; i < domain_count; i++) {
		if (domains[i]->id == domid && domains[i]->life == DOMAIN_ALIVE) {
			return domains[i];
		}
	}
	return NULL;
}

/* ---- what mm/ leaves to the machine ---- */

void paging_install_hv_slots(u64 *l4)
{
}

void ipi_call_cpus(u64 mask, void (*fn)(void *arg), void *arg)
{
}
