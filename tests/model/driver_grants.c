/*
 * Grants in the driver: what a guest would ask for, the same on the model, and the
 * comparison of what each domain has mapped. See driver.h.
 *
 * The model does not choose handles: it takes the machine's, which must be free.
 */
#include <string.h>

#include <parley/types.h>
#include <seam/directmap.h>

#include "channel/gnttab_types.h"
#include "driver.h"

#define UNKNOWN (-100000) /* as in driver_model.c */
#define POISON  0x7777

bool driver_is_grant(u8 kind)
{
	return kind == OP_MAP || kind == OP_UNMAP || kind == OP_REPLACE || kind == OP_GRANT_COPY ||
	       kind == OP_SWAP;
}

u16 driver_whose(const struct driver *w, struct model_who who, u32 whose)
{
	/* A domain's id is its index and one, dead or alive. */
	switch (whose % OP_WHOSE_KINDS) {
	case OP_WHOSE_OTHER:
	case OP_BY_FRAME_OTHER:
		return (u16)(2 - who.domain);
	case OP_WHOSE_OWN:
		return (u16)(who.domain + 1);
	case OP_WHOSE_NOBODY:
		return 77;
	default:
		return PV_DOMID_SELF;
	}
}

static bool is_by_frame(u32 whose)
{
	return whose % OP_WHOSE_KINDS >= OP_BY_FRAME;
}

/* The address that was handed out for a handle. */
static u64 bus_address(const struct driver *w, struct model_who who, const struct op *op)
{
	const struct model_handle *h =
		&w->model.domain[who.domain].handle[op->index % MODEL_HANDLES];

	switch (op->sub & 3) {
	case OP_BUS_RIGHT:
		return h->frame << PAGE_SHIFT;
	case OP_BUS_WRONG:
		return (h->frame + 1) << PAGE_SHIFT;
	default:
		return 0;
	}
}

static struct pv_gnttab_copy_ptr copy_side(const struct driver *w, struct model_who who, u32 whose,
					   u64 frame, u64 ref, u64 offset)
{
	struct pv_gnttab_copy_ptr p = { .domid = driver_whose(w, who, whose),
					.offset = (u16)offset };

	if (is_by_frame(whose)) {
		p.u.gmfn = frame;
	} else {
		p.u.ref = (u32)ref;
	}
	return p;
}

static struct pv_gnttab_copy copy_of(const struct driver *w, struct model_who who,
				     const struct op *op, u32 i)
{
	u32 from = op->sub & 15, to = op->sub >> 4;

	return (struct pv_gnttab_copy){
		.source = copy_side(w, who, from, w->at[i].frame, op->index, op->bits),
		.dest = copy_side(w, who, to, w->at[i].to, op->va, op->bits >> 16),
		.len = (u16)(op->bits >> 32),
		.flags = (u16)((is_by_frame(from) ? 0 : PV_GNTCOPY_source_gref) |
			       (is_by_frame(to) ? 0 : PV_GNTCOPY_dest_gref)),
		.status = POISON,
	};
}

static void unmap_element(struct driver *w, struct model_who who, const struct op *op, u32 i,
			  u32 *cmd, u64 *list)
{
	if (op->kind == OP_REPLACE) {
		w->buffer.grants.replace[i] = (struct pv_gnttab_unmap_and_replace){
			.host_addr = op->va,
			.new_addr = op->bits,
			.handle = op->index,
			.status = POISON,
		};
		*cmd = PV_GNTTABOP_unmap_and_replace;
		*list = (u64)&w->buffer.grants.replace[i];
		return;
	}
	w->buffer.grants.unmap[i] = (struct pv_gnttab_unmap_grant_ref){
		.host_addr = op->va,
		.dev_bus_addr = bus_address(w, who, op),
		.handle = op->index,
		.status = POISON,
	};
	*cmd = PV_GNTTABOP_unmap_grant_ref;
	*list = (u64)&w->buffer.grants.unmap[i];
}

void driver_grant_element(struct driver *w, struct model_who who, const struct op *op, u32 i,
			  u32 *cmd, u64 *list)
{
	switch (op->kind) {
	case OP_MAP:
		w->buffer.grants.map[i] = (struct pv_gnttab_map_grant_ref){
			.host_addr = op->va,
			.flags = (u32)op->bits,
			.ref = op->index,
			.dom = driver_whose(w, who, op->sub),
			.status = POISON,
			.handle = POISON,
		};
		*cmd = PV_GNTTABOP_map_grant_ref;
		*list = (u64)&w->buffer.grants.map[i];
		return;
	case OP_UNMAP:
	case OP_REPLACE:
		unmap_element(w, who, op, i, cmd, list);
		return;
	case OP_GRANT_COPY:
		w->buffer.grants.copy[i] = copy_of(w, who, op, i);
		*cmd = PV_GNTTABOP_copy;
		*list = (u64)&w->buffer.grants.copy[i];
		return;
	default:
		w->buffer.grants.swap[i] = (struct pv_gnttab_swap_grant_ref){ .ref_a = op->index,
									      .ref_b = (u32)op->va,
									      .status = POISON };
		*cmd = PV_GNTTABOP_swap_grant_ref;
		*list = (u64)&w->buffer.grants.swap[i];
		return;
	}
}

/* ---- the model ---- */

static void note_page(struct driver *w, const void *page)
{
	/* An operation to come may have freed it. */
	if (page != NULL && w->model.frame[virt_to_mfn(page).v].owner == MODEL_NOBODY) {
		w->model.frame[virt_to_mfn(page).v].owner = MODEL_HV;
	}
}

void driver_note_own(struct driver *w, struct domain *d)
{
	for (u32 i = 0; i < d->grants->count * GNTTAB_ACTIVE_PAGES; i++) {
		note_page(w, d->grants->active[i]);
	}
	for (u32 i = 0; i < d->grants->handles_made / GNTTAB_PAGE_HANDLES; i++) {
		note_page(w, d->grants->handles[i]);
	}
}

static long map_model(struct driver *w, struct model_who who, const struct op *op, u32 i)
{
	const struct pv_gnttab_map_grant_ref *did = &w->buffer.grants.map[i];
	struct model_map map = {
		.host_addr = op->va,
		.flags = (u32)op->bits,
		.ref = op->index,
		.owner = driver_whose(w, who, op->sub),
		.handle = did->handle,
	};
	int want;

	if (did->status == PV_GNTST_okay &&
	    (did->handle >= MODEL_HANDLES ||
	     w->model.domain[who.domain].handle[did->handle].owner != 0)) {
		return UNKNOWN;
	}
	if (did->status == PV_GNTST_no_device_space) {
		return model_count_free(&w->model) == 0 ? 0 : UNKNOWN;
	}
	driver_note_own(w, w->domain[who.domain]);
	want = model_grant_map(&w->model, who, &map);
	if (want == PV_GNTST_okay && did->dev_bus_addr != map.bus_addr) {
		return UNKNOWN;
	}
	return did->status == want ? 0 : UNKNOWN;
}

static long unmap_model(struct driver *w, struct model_who who, const struct op *op, u32 i)
{
	bool replace = op->kind == OP_REPLACE;
	s16 did = replace ? w->buffer.grants.replace[i].status : w->buffer.grants.unmap[i].status;
	struct model_unmap unmap = { .host_addr = op->va,
				     .bus_addr = replace ? 0 :
							   w->buffer.grants.unmap[i].dev_bus_addr,
				     .new_addr = replace ? op->bits : 0,
				     .handle = op->index };

	return model_grant_unmap(&w->model, who, &unmap) == did ? 0 : UNKNOWN;
}

static struct model_copy_side side_of(const struct driver *w, struct model_who who, u32 whose,
				      u64 frame, u64 ref, u64 offset)
{
	return (struct model_copy_side){ .by_ref = !is_by_frame(whose),
					 .frame = is_by_frame(whose) ? frame : (u32)ref,
					 .domain = driver_whose(w, who, whose),
					 .offset = (u16)offset };
}

long driver_grant_model(struct driver *w, struct model_who who, const struct op *op, u32 i)
{
	struct model_copy_side from, to;

	switch (op->kind) {
	case OP_MAP:
		return map_model(w, who, op, i);
	case OP_UNMAP:
	case OP_REPLACE:
		return unmap_model(w, who, op, i);
	case OP_GRANT_COPY:
		from = side_of(w, who, op->sub & 15, w->at[i].frame, op->index, op->bits);
		to = side_of(w, who, op->sub >> 4, w->at[i].to, op->va, op->bits >> 16);
		return model_grant_copy(&w->model, who, &from, &to, (u16)(op->bits >> 32)) ==
				       w->buffer.grants.copy[i].status ?
			       0 :
			       UNKNOWN;
	default:
		return model_grant_swap(&w->model, who, op->index, (u32)op->va) ==
				       w->buffer.grants.swap[i].status ?
			       0 :
			       UNKNOWN;
	}
}

void driver_give(struct driver *w, struct model_who who, const struct op *op)
{
	u64 frame, value = (u32)op->bits | driver_frame(w, who, op->frame) << 32;
	u32 index;

	if (model_grant_entry(&w->model, w->model.domain[who.domain].id, op->index, &frame,
			      &index)) {
		machine_poke(mfn(frame), index, value);
		w->model.word[frame][index] = value;
	}
}

/* ---- comparison ---- */

static struct model_handle handle_of(struct domain *d, u32 n)
{
	const struct grant_handle *h = gnttab_handle(d->grants, n);

	if (h == NULL) {
		return (struct model_handle){ 0 };
	}
	return (struct model_handle){ h->owner->id,
				      h->ref,
				      h->mfn,
				      (h->flags & GRANT_HOST) != 0,
				      (h->flags & GRANT_DEVICE) != 0,
				      grant_is_writable(h->flags) };
}

const char *driver_compare_grants(struct driver *w)
{
	for (u32 i = 0; i < MODEL_DOMAINS; i++) {
		for (u32 n = 0; w->domain[i] != NULL && n < MODEL_HANDLES; n++) {
			struct model_handle is = handle_of(w->domain[i], n);
			const struct model_handle *want = &w->model.domain[i].handle[n];

			if (is.owner != want->owner ||
			    (is.owner != 0 && (is.ref != want->ref || is.frame != want->frame ||
					       is.host != want->host || is.device != want->device ||
					       is.writable != want->writable))) {
				return "a handle is not what the model has";
			}
		}
	}
	return NULL;
}

static void adopt_pins(struct model *m, u16 by, const struct model_handle *h, u32 *pins)
{
	for (u32 i = 0; h->owner != 0 && i < (u32)h->host + (u32)h->device && *pins < MODEL_PINS;
	     i++) {
		m->pin[(*pins)++] =
			(struct model_pin){ h->owner, by, h->ref, h->frame, h->writable };
	}
}

static void adopt_foreign(struct model *m, u64 table, u32 *count)
{
	for (u32 i = 0; i < 512; i++) {
		u64 e = m->word[table][i], f = (e & PTE_ADDR) >> PAGE_SHIFT;

		if ((e & PTE_PRESENT) && f < MODEL_FRAMES &&
		    m->frame[f].owner != m->frame[table].owner && *count < MODEL_FOREIGN) {
			m->foreign[(*count)++] = (struct model_foreign){ true, table, i };
		}
	}
}

void driver_adopt_grants(struct driver *w)
{
	struct model *m = &w->model;
	u32 pins = 0, foreign = 0;

	memset(m->pin, 0, sizeof(m->pin));
	memset(m->foreign, 0, sizeof(m->foreign));
	for (u32 i = 0; i < MODEL_DOMAINS; i++) {
		for (u32 n = 0; w->domain[i] != NULL && n < MODEL_HANDLES; n++) {
			m->domain[i].handle[n] = handle_of(w->domain[i], n);
			adopt_pins(m, w->domain[i]->id, &m->domain[i].handle[n], &pins);
		}
	}
	for (u64 f = 0; f < MODEL_FRAMES; f++) {
		const struct frame *is = frame_at(mfn(f));

		if (is->owner < MODEL_NOBODY && is->type == FRAME_L1 && is->type_refs != 0) {
			adopt_foreign(m, f, &foreign);
		}
	}
}
