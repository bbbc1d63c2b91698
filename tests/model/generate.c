/*
 * Random operations. Most make sense in the present state, since nonsense is
 * refused early and finds little; some are as odd as can be. What is chosen is
 * written down by symbols, so that it can be repeated. See driver.h.
 */
#include "driver.h"

#include <parley/grant_table.h>
#include <parley/types.h>
#include <seam/directmap.h>

/* Entry bits in random use; the architecture's, written out once more. */
#define PRESENT 0x001UL
#define WRITE   0x002UL
#define USER    0x004UL

struct generator {
	struct driver *w;
	struct op_source *src;
	struct model_who who;
	struct model_view view;
};

static u64 rnd(struct generator *g, u64 below)
{
	return op_random(g->src, below);
}

static bool one_in(struct generator *g, u64 n)
{
	return rnd(g, n) == 0;
}

static u32 own_count(const struct generator *g)
{
	return g->who.domain == 0 ? OP_OWN_FRAMES : OP_OTHER_FRAMES;
}

/* An own frame in that use (MODEL_PLAIN: in none), if one is found soon. */
static u16 own_used_as(struct generator *g, enum model_use how)
{
	u32 n = own_count(g), start = (u32)rnd(g, n);

	for (u32 i = 0; i < n; i++) {
		u16 symbol = OWN((start + i) % n);
		u64 f = driver_frame(g->w, g->who, symbol);

		if (g->w->model.frame[f].owner == g->w->model.domain[g->who.domain].id &&
		    model_used_as(&g->view, f) == how) {
			return symbol;
		}
	}
	return OWN(start);
}

static u16 any_frame(struct generator *g)
{
	switch (rnd(g, 24)) {
	case 0:
		return EDGE(rnd(g, OP_EDGES));
	case 1:
		return OTHER(rnd(g, OP_OTHER_FRAMES));
	case 2:
		return SHARED(rnd(g, MODEL_SHARED));
	case 3:
		return FREE(rnd(g, 16));
	default:
		return OWN(rnd(g, own_count(g)));
	}
}

/* A frame that an entry of a table of that level might name. */
static u16 child_of(struct generator *g, u32 level)
{
	u64 dice = rnd(g, 10);

	if (dice < 4) {
		return own_used_as(g, level == 1 ? MODEL_WRITABLE : (enum model_use)(level - 1));
	}
	return dice < 8 ? own_used_as(g, MODEL_PLAIN) : any_frame(g);
}

static u16 table_index(struct generator *g)
{
	static const u16 edges[] = { 255, 256, 257, 270, 271, 272, 510, 511 };

	return (u16)(one_in(g, 8) ? edges[rnd(g, ARRAY_SIZE(edges))] : rnd(g, 10));
}

static u64 entry_bits(struct generator *g)
{
	u64 bits = 0;

	bits |= one_in(g, 8) ? 0 : PRESENT;
	bits |= rnd(g, 2) ? WRITE : 0;
	bits |= one_in(g, 3) ? 0 : USER;
	bits |= rnd(g, 4) << 5;                       /* accessed, dirty */
	bits |= one_in(g, 6) ? 0x100 : 0;             /* global */
	bits |= one_in(g, 24) ? 8UL << rnd(g, 2) : 0; /* caching */
	bits |= one_in(g, 32) ? 0x80 : 0;             /* PAT, page size */
	bits |= one_in(g, 8) ? rnd(g, 8) << 9 : 0;    /* the guest's own */
	bits |= one_in(g, 8) ? rnd(g, 2048) << 52 : 0;
	bits |= one_in(g, 4) ? 1UL << 63 : 0;
	return bits;
}

static u64 word(struct generator *g)
{
	static const u64 words[] = { 0,
				     0x00af9a000000ffff, /* a code segment */
				     0x00cf92000000ffff, /* data */
				     0x00ef9a000000ffff, /* 64-bit and 32-bit at once */
				     0x0000ec0000000000, /* a call gate */
				     0x0000890000000067, /* a task */
				     0x0000800000000000,
				     ~0UL };

	return one_in(g, 6) ? rnd(g, 0) : words[rnd(g, ARRAY_SIZE(words))];
}

/* What a table of that level might hold. */
static void set_value(struct generator *g, struct op *op, u32 level)
{
	if (one_in(g, 6)) {
		op->to = NO_FRAME;
		op->bits = word(g);
		return;
	}
	op->to = child_of(g, level);
	op->bits = entry_bits(g);
}

static u64 small_va(struct generator *g)
{
	static const u64 tops[] = { 0, 0, 0, 0, 0, 0, 1, 255, 256, 257, 261, 262, 271, 272, 511 };
	u64 va = tops[rnd(g, ARRAY_SIZE(tops))] << 39;

	va |= one_in(g, 6) ? rnd(g, 3) << 30 : 0;
	va |= one_in(g, 6) ? rnd(g, 3) << 21 : 0;
	va |= rnd(g, 12) << 12;
	va |= one_in(g, 16) ? rnd(g, PAGE_SIZE) : 0;
	if (va >> 47) {
		va |= 0xffffUL << 48;
	}
	return one_in(g, 12) ? va ^ (rnd(g, 0xffff) + 1) << 48 : va;
}

/* ---- one operation of each kind ---- */

static void op_store(struct generator *g, struct op *op)
{
	op->frame = own_used_as(g, one_in(g, 3) ? MODEL_WRITABLE : MODEL_PLAIN);
	op->index = table_index(g);
	set_value(g, op, 1 + (u32)rnd(g, 4));
}

static void op_mmu_update(struct generator *g, struct op *op)
{
	u32 level = 1 + (u32)(rnd(g, 16) < 8 ? 0 : rnd(g, 4));
	u64 dice = rnd(g, 20);

	op->frame = dice < 15 ? own_used_as(g, (enum model_use)level) :
		    dice < 18 ? own_used_as(g, MODEL_PLAIN) :
				any_frame(g);
	op->index = table_index(g);
	dice = rnd(g, 32);
	op->sub = dice < 20 ? 0 : dice < 27 ? 2 : dice < 29 ? 3 : dice < 31 ? 1 : (u8)rnd(g, 8);
	set_value(g, op, level);
	if (one_in(g, 4)) {
		op->to = NO_FRAME;
		op->bits = 0;
	}
}

static void op_update_va(struct generator *g, struct op *op)
{
	op->va = small_va(g);
	op->sub = (u8)rnd(g, 16);
	set_value(g, op, 1);
	if (one_in(g, 4)) {
		op->to = NO_FRAME;
		op->bits = 0;
	}
}

/* An address at which a level-1 table is mapped read-only, below that table: false if none is found. */
static bool find_mapped_l1(struct generator *g, u64 table, u32 level, u64 va, u64 *found)
{
	u32 start = (u32)rnd(g, 10);

	for (u32 k = 0; k < 10; k++) {
		u32 i = (start + k) % 10;
		u64 e = g->w->model.word[table][i], below = (e >> 12) & 0xffffffffff;
		u64 at = va | (u64)i << (12 + 9 * (level - 1));

		if ((e & PRESENT) == 0) {
			continue;
		}
		if (level > 1) {
			if (find_mapped_l1(g, below, level - 1, at, found)) {
				return true;
			}
		} else if ((e & WRITE) == 0 && model_used_as(&g->view, below) == MODEL_L1) {
			*found = at;
			return true;
		}
	}
	return false;
}

static void op_ptwr(struct generator *g, struct op *op)
{
	u64 root = g->w->model.domain[g->who.domain].vcpu[g->who.vcpu].kernel_root;

	op_update_va(g, op);
	op->sub = 0;
	op->va &= PAGE_MASK;
	op->index = table_index(g);
	if (root != MODEL_NONE && !one_in(g, 8)) {
		(void)find_mapped_l1(g, root, 4, 0, &op->va);
	}
}

static void op_pin(struct generator *g, struct op *op)
{
	op->index = (u16)rnd(g, 4);
	op->frame = one_in(g, 3) ? own_used_as(g, (enum model_use)(op->index + 1)) :
		    one_in(g, 8) ? any_frame(g) :
				   own_used_as(g, MODEL_PLAIN);
}

static u16 pinned_frame(struct generator *g)
{
	u32 n = own_count(g), start = (u32)rnd(g, n);

	for (u32 i = 0; i < n; i++) {
		u16 symbol = OWN((start + i) % n);

		if (g->w->model.frame[driver_frame(g->w, g->who, symbol)].pinned) {
			return symbol;
		}
	}
	return any_frame(g);
}

static void op_root(struct generator *g, struct op *op)
{
	op->frame = one_in(g, 8) ? any_frame(g) :
		    one_in(g, 3) ? own_used_as(g, MODEL_PLAIN) :
				   own_used_as(g, MODEL_L4);
	if (op->kind == OP_USER_ROOT && one_in(g, 4)) {
		op->frame = EDGE(0);
	}
}

static void op_flush(struct generator *g, struct op *op)
{
	op->sub = (u8)(one_in(g, 4) ? 6 + rnd(g, 9) : rnd(g, 6));
	op->va = one_in(g, 8) ? rnd(g, 0) : small_va(g);
	op->bits = rnd(g, 256);
}

static void op_page(struct generator *g, struct op *op)
{
	op->frame = one_in(g, 4) ? any_frame(g) :
				   own_used_as(g, rnd(g, 2) ? MODEL_PLAIN : MODEL_WRITABLE);
	op->to = op->kind == OP_COPY ? any_frame(g) : 0;
	if (one_in(g, 4)) {
		op->frame = own_used_as(g, (enum model_use)(1 + rnd(g, 5)));
	}
}

static void op_descriptors(struct generator *g, struct op *op)
{
	static const u16 counts[] = { 0,    1,    2,    511,  512,  513,   1024,
				      1025, 7168, 7169, 8192, 8193, 0xffff };

	op->index = counts[rnd(g, one_in(g, 4) ? ARRAY_SIZE(counts) : 7)];
	op->va = small_va(g) & (one_in(g, 8) ? ~0UL : PAGE_MASK);
	op->frame = one_in(g, 3) ? own_used_as(g, MODEL_SEGDESC) : own_used_as(g, MODEL_PLAIN);
	op->to = one_in(g, 6) ? any_frame(g) : own_used_as(g, MODEL_PLAIN);
}

static void op_descriptor(struct generator *g, struct op *op)
{
	op->frame = one_in(g, 3) ? any_frame(g) : own_used_as(g, MODEL_SEGDESC);
	op->index = table_index(g);
	op->sub = (u8)(one_in(g, 12) ? rnd(g, 8) : 0);
	op->bits = word(g);
}

static void op_release(struct generator *g, struct op *op)
{
	op->frame = one_in(g, 2) ? any_frame(g) : own_used_as(g, (enum model_use)rnd(g, 7));
}

static void op_info(struct generator *g, struct op *op)
{
	static const u16 offsets[] = { 0, 8, 64, 4032, 4, 4040, 4096, 0xfff8 };

	op->frame = one_in(g, 3) ? any_frame(g) : own_used_as(g, MODEL_PLAIN);
	op->index = offsets[rnd(g, one_in(g, 3) ? ARRAY_SIZE(offsets) : 4)];
}

static void op_initialise(struct generator *g, struct op *op)
{
	op_descriptors(g, op);
	op->frame = one_in(g, 4) ? any_frame(g) : own_used_as(g, MODEL_L4);
}

/* ---- grants ---- */

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

static void op_give(struct generator *g, struct op *op)
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

static void op_map(struct generator *g, struct op *op)
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

static void op_unmap(struct generator *g, struct op *op)
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

static void op_grant_copy(struct generator *g, struct op *op)
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

static void op_swap(struct generator *g, struct op *op)
{
	op->index = reference(g);
	op->va = reference(g);
}

static void op_run(struct generator *g, struct op *op)
{
	op->sub = (u8)(one_in(g, 12) ? 0xff : rnd(g, 2) * 16 + rnd(g, MODEL_VCPUS));
}

/* How often each kind comes, and what makes one. */
static const struct {
	u8 weight;
	void (*make)(struct generator *g, struct op *op);
} kinds[OP_KINDS] = {
	[OP_RUN] = { 3, op_run },
	[OP_STORE] = { 14, op_store },
	[OP_MMU_UPDATE] = { 30, op_mmu_update },
	[OP_UPDATE_VA] = { 12, op_update_va },
	[OP_PTWR] = { 8, op_ptwr },
	[OP_PIN] = { 10, op_pin },
	[OP_UNPIN] = { 8, NULL },
	[OP_KERNEL_ROOT] = { 4, op_root },
	[OP_USER_ROOT] = { 3, op_root },
	[OP_FLUSH] = { 4, op_flush },
	[OP_CLEAR] = { 3, op_page },
	[OP_COPY] = { 3, op_page },
	[OP_SET_LDT] = { 3, op_descriptors },
	[OP_SET_GDT] = { 3, op_descriptors },
	[OP_DESCRIPTOR] = { 3, op_descriptor },
	[OP_RELEASE] = { 7, op_release },
	[OP_POPULATE] = { 7, NULL },
	[OP_GRANT] = { 2, NULL },
	[OP_GIVE] = { 12, op_give },
	[OP_MAP] = { 14, op_map },
	[OP_UNMAP] = { 8, op_unmap },
	[OP_REPLACE] = { 3, op_unmap },
	[OP_GRANT_COPY] = { 5, op_grant_copy },
	[OP_SWAP] = { 1, op_swap },
	[OP_INFO] = { 1, op_info },
	[OP_INITIALISE] = { 1, op_initialise },
	[OP_KILL] = { 1, NULL },
};

static u32 count_handles(const struct generator *g)
{
	u32 n = 0;

	for (u32 i = 0; i < MODEL_HANDLES; i++) {
		n += g->w->model.domain[g->who.domain].handle[i].owner != 0;
	}
	return n;
}

static void make(struct generator *g, struct op *op)
{
	static const u8 budgets[] = { 1, 1, 2, 3, 5, 17, 100, 255 };
	u64 total = 0, dice;

	for (u32 i = 0; i < OP_KINDS; i++) {
		total += kinds[i].weight;
	}
	dice = rnd(g, total);
	for (op->kind = 0; dice >= kinds[op->kind].weight; op->kind++) {
		dice -= kinds[op->kind].weight;
	}
	op->budget = one_in(g, 4) ? budgets[rnd(g, ARRAY_SIZE(budgets))] : 0;
	if (kinds[op->kind].make != NULL) {
		kinds[op->kind].make(g, op);
	} else if (op->kind == OP_UNPIN) {
		op->frame = one_in(g, 4) ? any_frame(g) : pinned_frame(g);
	} else if (op->kind == OP_POPULATE) {
		op->index = (u16)rnd(g, 1000);
	} else if (op->kind == OP_GRANT) {
		op->index = (u16)(one_in(g, 4) ? 63 + rnd(g, 4) : rnd(g, MODEL_SHARED));
	} else {
		op->sub = (u8)rnd(g, 2);
	}
	if (op->kind == OP_MAP && count_handles(g) >= MODEL_HANDLES - DRIVER_GROUP) {
		op->kind = OP_UNMAP; /* what the model has room for */
		op_unmap(g, op);
	}
	if (op->kind == OP_GRANT && op->index < 65) {
		op->index %= MODEL_SHARED; /* what the model has room for */
	}
	if (op->kind == OP_KILL && !one_in(g, 4)) {
		op->kind = OP_NONE;
	}
}

u32 driver_generate(struct driver *w, struct op_source *src, struct op *ops, u32 max)
{
	struct generator g = { .w = w, .src = src };
	u32 n = one_in(&g, 4) ? 2 + (u32)rnd(&g, DRIVER_GROUP - 1) : 1;
	u8 cpu = (u8)rnd(&g, MACHINE_CPUS), join = (u8)(1 + rnd(&g, 2));

	(void)model_look(&w->model, &g.view);
	if (!driver_who(w, cpu, &g.who)) {
		ops[0] = (struct op){ .kind = OP_RUN, .cpu = cpu };
		op_run(&g, &ops[0]);
		return 1;
	}
	n = n < max ? n : max;
	for (u32 i = 0; i < n; i++) {
		ops[i] = (struct op){ .cpu = cpu, .join = i == 0 ? OP_ALONE : join };
		make(&g, &ops[i]);
		/* A batch is of one kind: try to make more of the first. */
		for (u32 t = 0; i > 0 && join == OP_BATCH && t < 20 &&
				!driver_is_batch(ops[0].kind, ops[i].kind);
		     t++) {
			ops[i] = (struct op){ .cpu = cpu, .join = join };
			make(&g, &ops[i]);
		}
	}
	return driver_group(ops, n);
}
