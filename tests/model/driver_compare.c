/*
 * The machine's state against the model's, and the model made anew from it. See driver.h.
 *
 * One thing is left open by the ABI: a refused attempt to make tables of frames may leave their
 * entries in the form that tables have. Those the model adopts, in frames that are no tables, after
 * something was refused; in any, if more was done before it looks.
 */
#include "driver.h"

#include <stdio.h>
#include <string.h>

#include <seam/directmap.h>

#include "channel/gnttab.h"

const char *driver_fail(struct driver *w, const char *what, u64 at, u64 want, u64 got)
{
	snprintf(w->why, sizeof(w->why), "%s %#lx: the model says %#lx, the machine %#lx", what, at,
		 want, got);
	return w->why;
}

/* What a refused attempt to make a table of its frame may make of a word. */
static bool may_become(const struct model *m, u32 index, u64 was, u64 is)
{
	u64 descriptor = was;

	if (index >= 256 && index <= 271 && is == m->hv_slot[index - 256]) {
		return true;
	}
	(void)model_descriptor_form(&descriptor);
	return ((was & 1) && (is == model_l1_form(was) || is == model_upper_form(was))) ||
	       is == descriptor;
}

/* And several after one another, as different tables: who may use a page is lost. */
static bool may_become_at_last(const struct model *m, u32 index, u64 was, u64 is)
{
	u64 rights = 0x4UL | 0x100UL | 1UL << 52; /* user, global, the mark of a kernel page */
	u64 descriptor = was;

	(void)model_descriptor_form(&descriptor);
	return may_become(m, index, was, is) || ((was & 1) && ((was ^ is) & ~rights) == 0) ||
	       ((descriptor ^ is) & ~rights) == 0;
}

static const char *compare_words(struct driver *w, const struct model_view *view, u64 f,
				 enum driver_adopt adopt)
{
	u64 *want = w->model.word[f];
	const u64 *is = mfn_to_virt(mfn(f));
	enum model_use how = model_used_as(view, f);
	bool in_use = how >= MODEL_L1 && how <= MODEL_SEGDESC;

	if (memcmp(want, is, PAGE_SIZE) == 0) {
		return NULL;
	}
	for (u32 i = 0; i < 512; i++) {
		if (want[i] == is[i]) {
			continue;
		}
		if (adopt == DRIVER_ADOPT_NOTHING || (in_use && adopt != DRIVER_ADOPT_ALL) ||
		    !(adopt == DRIVER_ADOPT_ALL ? may_become_at_last :
						  may_become)(&w->model, i, want[i], is[i])) {
			return driver_fail(w, "word", f << 12 | i * 8, want[i], is[i]);
		}
		want[i] = is[i];
	}
	return NULL;
}

static const char *compare_frame(struct driver *w, const struct model_view *view, u64 m)
{
	const struct model_frame *want = &w->model.frame[m];
	const struct frame *f = frame_at(mfn(m));
	u32 pinned = f->flags & FRAME_PINNED ? f->type : 0;

	if (want->owner >= MODEL_NOBODY && f->owner >= MODEL_NOBODY) {
		w->model.frame[m].owner = f->owner; /* what the hypervisor has for itself it may */
		return NULL;
	}
	if (f->owner != want->owner) {
		return driver_fail(w, "owner of frame", m, want->owner, f->owner);
	}
	if (want->owner >= MODEL_NOBODY) {
		return NULL;
	}
	if (f->refs != view->refs[m]) {
		return driver_fail(w, "references of frame", m, view->refs[m], f->refs);
	}
	if (f->type_refs != view->uses[m]) {
		return driver_fail(w, "uses of frame", m, view->uses[m], f->type_refs);
	}
	if (f->type_refs != 0 && f->type != (u8)model_used_as(view, m)) {
		return driver_fail(w, "type of frame", m, model_used_as(view, m), f->type);
	}
	if (pinned != want->pinned || want->allocated != !!(f->flags & FRAME_ALLOCATED)) {
		return driver_fail(w, "flags of frame", m, want->pinned, f->flags);
	}
	return m2p_array()[m] == w->model.m2p[m] ?
		       NULL :
		       driver_fail(w, "m2p of frame", m, w->model.m2p[m], m2p_array()[m]);
}

static u64 root_frame(u64 cr3)
{
	return cr3 == 0 ? MODEL_NONE : cr3 >> PAGE_SHIFT;
}

static const char *compare_vcpu(struct driver *w, const struct model_vcpu *want,
				const struct vcpu *v)
{
	if (root_frame(v->kernel_cr3) != want->kernel_root) {
		return driver_fail(w, "kernel root of vCPU", v->id, want->kernel_root,
				   v->kernel_cr3);
	}
	if (root_frame(v->user_cr3) != want->user_root) {
		return driver_fail(w, "user root of vCPU", v->id, want->user_root, v->user_cr3);
	}
	if (v->gdt_entries != want->gdt_entries || v->ldt_entries != want->ldt_entries) {
		return driver_fail(w, "descriptors of vCPU", v->id, want->gdt_entries,
				   v->gdt_entries);
	}
	return v->info_mfn.v == want->info ?
		       NULL :
		       driver_fail(w, "info of vCPU", v->id, want->info, v->info_mfn.v);
}

const char *driver_compare(struct driver *w, enum driver_adopt adopt)
{
	struct model_view view;
	const char *why = driver_compare_grants(w);

	if (why != NULL) {
		return driver_fail(w, why, 0, 0, 0);
	}
	if (!model_look(&w->model, &view)) {
		return driver_fail(w, view.why, 0, 0, 0);
	}
	for (u64 f = 0; why == NULL && f < MODEL_FRAMES; f++) {
		why = compare_frame(w, &view, f);
		if (why == NULL && w->model.frame[f].owner < MODEL_NOBODY) {
			why = compare_words(w, &view, f, adopt);
		}
	}
	for (u32 i = 0; why == NULL && i < MODEL_DOMAINS; i++) {
		for (u32 v = 0; why == NULL && w->domain[i] != NULL && v < w->domain[i]->vcpu_count;
		     v++) {
			why = compare_vcpu(w, &w->model.domain[i].vcpu[v], w->domain[i]->vcpus[v]);
		}
	}
	return why;
}

/* ---- the model of a state that it has not followed ---- */

static void adopt_vcpu(struct model_vcpu *m, const struct vcpu *v)
{
	m->initialised = v->initialised;
	m->kernel_root = root_frame(v->kernel_cr3);
	m->user_root = root_frame(v->user_cr3);
	m->gdt_entries = v->gdt_entries;
	m->ldt_entries = v->ldt_entries;
	for (u32 i = 0; i < MODEL_GDT; i++) {
		m->gdt[i] = v->gdt_frames[i].v;
	}
	for (u32 i = 0; i < MODEL_LDT; i++) {
		m->ldt[i] = v->ldt_frames[i].v;
	}
	m->info = v->info_mfn.v;
}

static void adopt_domain(struct driver *w, u32 i)
{
	struct model_domain *m = &w->model.domain[i];
	struct domain *d = w->domain[i];

	m->shared_count = 0;
	m->shared[m->shared_count++] = d->shared_mfn.v;
	for (u32 g = 0; g < gnttab_frame_count(d); g++) {
		m->shared[m->shared_count++] = gnttab_frame(d, g).v;
	}
	for (u32 v = 0; v < d->vcpu_count; v++) {
		adopt_vcpu(&m->vcpu[v], d->vcpus[v]);
	}
}

const char *driver_adopt(struct driver *w)
{
	for (u64 m = 0; m < MODEL_FRAMES; m++) {
		const struct frame *f = frame_at(mfn(m));

		w->model.frame[m] = (struct model_frame){
			.owner = f->owner,
			.allocated = f->owner < MODEL_NOBODY && (f->flags & FRAME_ALLOCATED),
			.pinned = f->owner < MODEL_NOBODY && (f->flags & FRAME_PINNED) ? f->type :
											 0,
		};
		w->model.m2p[m] = m2p_array()[m];
		memcpy(w->model.word[m], mfn_to_virt(mfn(m)), PAGE_SIZE);
	}
	for (u32 i = 0; i < MODEL_DOMAINS; i++) {
		if (w->domain[i] != NULL) {
			adopt_domain(w, i);
		}
	}
	driver_adopt_grants(w);
	return driver_compare(w, DRIVER_ADOPT_NOTHING);
}
