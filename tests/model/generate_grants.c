/* Random operations on grants: entries that a domain gives, and what its peer does with them. See generate.h. */
#include "generate.h"

#include <parley/grant_table.h>
#include <parley/types.h>

#define GRANT_REFS 12 /* most are among the first: each table has 512 of its first frame */

static u16 reference(struct generator *g)
{
	static const u16 edges[] = { 511, 512, 1023, 1024, 5 * 512 - 1, 5 * 512, 0x7fff, 0xffff };

	return (u16)(one_in(g, 16) ? edges[rnd(g, ARRAY_SIZE(edges))] : rnd(g, GRANT_REFS));
}

static u16 domid(struct generator *g)
{
	return one_in(g, 12) ? PV_DOMID_SELF :
	       one_in(g, 12) ? 77 :
			       (u16)(one_in(g, 4) ? g->who.domain + 1 : 2 - g->who.domain);
}

void generate_give(struct generator *g, struct op *op)
{
	u16 flags = one_in(g, 8) ? (u16)rnd(g, 4) : PV_GTF_permit_access;
	u64 frame;
	u32 index;

	if (!model_grant_entry(&g->w->model, g->w->model.domain[g->who.domain].id, 0, &frame,
			       &index)) {
		op->kind = OP_GRANT; /* it needs a table first */
		op->index = 1;
		return;
	}
	op->index = reference(g);
	op->frame = one_in(g, 6) ? any_frame(g) : own_used_as(g, (enum model_use)rnd(g, 7));
	flags |= one_in(g, 4) ? PV_GTF_readonly : 0;
	flags |= one_in(g, 24) ? PV_GTF_sub_page : 0;
	flags |= one_in(g, 16) ? PV_GTF_reading | PV_GTF_writing : 0;
	flags |= one_in(g, 8) ? PV_GTF_PWT << rnd(g, 3) : 0;
	op->bits = (u32)flags | (u32)domid(g) << 16;
}

/* An entry of some living domain's table that permits this one something. */
static bool find_grant(struct generator *g, u32 *whose, u16 *ref)
{
	const struct model *m = &g->w->model;
	u32 start = (u32)rnd(g, 2 * GRANT_REFS);

	for (u32 k = 0; k < 2 * GRANT_REFS; k++) {
		u32 i = (start + k) % (2 * GRANT_REFS), index;
		u64 frame;

		*whose = i % 2 ? OP_WHOSE_OWN : OP_WHOSE_OTHER;
		*ref = (u16)(i / 2);
		if (model_grant_entry(m, driver_whose(g->w, g->who, *whose), *ref, &frame,
				      &index) &&
		    (m->word[frame][index] & 3) == PV_GTF_permit_access &&
		    (u16)(m->word[frame][index] >> 16) == m->domain[g->who.domain].id) {
			return true;
		}
	}
	return false;
}

void generate_map(struct generator *g, struct op *op)
{
	u32 whose;

	op->va = small_va(g);
	op->bits = one_in(g, 16) ? rnd(g, 0x20) : 0;
	op->bits |= one_in(g, 10) ? 0 : PV_GNTMAP_host_map;
	op->bits |= one_in(g, 4) ? PV_GNTMAP_device_map : 0;
	op->bits |= one_in(g, 3) ? PV_GNTMAP_readonly : 0;
	op->bits |= one_in(g, 4) ? PV_GNTMAP_application_map : 0;
	op->bits |= one_in(g, 8) ? rnd(g, 16) << PV_GNTMAP_guest_avail0 : 0;
	if (!one_in(g, 6) && find_grant(g, &whose, &op->index)) {
		op->sub = (u8)whose;
		return;
	}
	op->sub = (u8)rnd(g, OP_WHOSE_KINDS);
	op->index = reference(g);
}

static u16 handle(struct generator *g)
{
	u32 start = (u32)rnd(g, MODEL_HANDLES);

	for (u32 k = 0; k < MODEL_HANDLES; k++) {
		u32 i = (start + k) % MODEL_HANDLES;

		if (g->w->model.domain[g->who.domain].handle[i].owner != 0) {
			return (u16)i;
		}
	}
	return (u16)start;
}

/* Where a frame is mapped with that right, below a table: false if it is not found. */
static bool find_mapping(struct generator *g, const struct model_handle *h, u64 table, u32 level,
			 u64 va, u64 *found)
{
	for (u32 i = 0; i < 12; i++) {
		u64 e = g->w->model.word[table][i], below = (e >> 12) & 0xffffffffff;
		u64 at = va | (u64)i << (12 + 9 * (level - 1));

		if ((e & PRESENT) == 0) {
			continue;
		}
		if (level > 1) {
			if (find_mapping(g, h, below, level - 1, at, found)) {
				return true;
			}
		} else if (below == h->frame && !!(e & WRITE) == h->writable) {
			*found = at;
			return true;
		}
	}
	return false;
}

void generate_unmap(struct generator *g, struct op *op)
{
	static const u16 edges[] = { MODEL_HANDLES - 1, 127, 128, 0x7fff, 0xffff };
	const struct model_domain *d = &g->w->model.domain[g->who.domain];
	u64 root = d->vcpu[g->who.vcpu].kernel_root;

	op->index = one_in(g, 16) ? edges[rnd(g, ARRAY_SIZE(edges))] : handle(g);
	op->sub = (u8)rnd(g, 3);
	op->va = one_in(g, 6) ? small_va(g) : 0;
	if (op->index < MODEL_HANDLES && root != MODEL_NONE && !one_in(g, 6)) {
		(void)find_mapping(g, &d->handle[op->index], root, 4, 0, &op->va);
		op->sub = d->handle[op->index].device && !one_in(g, 3) ? OP_BUS_RIGHT : op->sub;
	}
	if (op->kind == OP_REPLACE) {
		op->bits = one_in(g, 8) ? 0 : small_va(g);
	}
}

void generate_grant_copy(struct generator *g, struct op *op)
{
	static const u16 edges[] = { 0, 1, 7, 8, 2048, 4088, 4095, 4096, 4097, 0xffff };
	u64 from = rnd(g, 6), to = rnd(g, 6), len = one_in(g, 2) ? rnd(g, 64) : 4096;
	u32 whose_from = (u32)rnd(g, OP_WHOSE_KINDS), whose_to = (u32)rnd(g, OP_WHOSE_KINDS);
	u16 ref = reference(g);

	op->index = reference(g);
	if (one_in(g, 2)) {
		(void)find_grant(g, &whose_from, &op->index);
	}
	if (one_in(g, 2)) {
		(void)find_grant(g, &whose_to, &ref);
	}
	op->va = ref;
	from = one_in(g, 3) ? edges[rnd(g, ARRAY_SIZE(edges))] : from;
	to = one_in(g, 3) ? edges[rnd(g, ARRAY_SIZE(edges))] : to;
	len = one_in(g, 3) ? edges[rnd(g, ARRAY_SIZE(edges))] : len;
	op->sub = (u8)(whose_from | whose_to << 4);
	op->frame = one_in(g, 4) ? any_frame(g) : own_used_as(g, MODEL_PLAIN);
	op->to = one_in(g, 4) ? any_frame(g) : own_used_as(g, MODEL_WRITABLE);
	op->bits = OP_COPY_BITS(from, to, len);
}

void generate_swap(struct generator *g, struct op *op)
{
	op->index = reference(g);
	op->va = reference(g);
}
