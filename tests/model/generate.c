/*
 * Random operations. Most make sense in the present state, since nonsense is
 * refused early and finds little; some are as odd as can be. What is chosen is
 * written down by symbols, so that it can be repeated. See driver.h.
 *
 * Here: what all kinds choose from, how often each kind comes, and groups. The kinds are in
 * generate_tables.c and generate_grants.c.
 */
#include "generate.h"

u64 rnd(struct generator *g, u64 below)
{
	return op_random(g->src, below);
}

bool one_in(struct generator *g, u64 n)
{
	return rnd(g, n) == 0;
}

static u32 own_count(const struct generator *g)
{
	return g->who.domain == 0 ? OP_OWN_FRAMES : OP_OTHER_FRAMES;
}

u16 own_used_as(struct generator *g, enum model_use how)
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

u16 any_frame(struct generator *g)
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

u16 table_index(struct generator *g)
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

u64 word(struct generator *g)
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

void set_value(struct generator *g, struct op *op, u32 level)
{
	if (one_in(g, 6)) {
		op->to = NO_FRAME;
		op->bits = word(g);
		return;
	}
	op->to = child_of(g, level);
	op->bits = entry_bits(g);
}

u64 small_va(struct generator *g)
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
	[OP_STORE] = { 14, generate_store },
	[OP_MMU_UPDATE] = { 30, generate_mmu_update },
	[OP_UPDATE_VA] = { 12, generate_update_va },
	[OP_PTWR] = { 8, generate_ptwr },
	[OP_PIN] = { 10, generate_pin },
	[OP_UNPIN] = { 8, NULL },
	[OP_KERNEL_ROOT] = { 4, generate_root },
	[OP_USER_ROOT] = { 3, generate_root },
	[OP_FLUSH] = { 4, generate_flush },
	[OP_CLEAR] = { 3, generate_page },
	[OP_COPY] = { 3, generate_page },
	[OP_SET_LDT] = { 3, generate_descriptors },
	[OP_SET_GDT] = { 3, generate_descriptors },
	[OP_DESCRIPTOR] = { 3, generate_descriptor },
	[OP_RELEASE] = { 7, generate_release },
	[OP_POPULATE] = { 7, NULL },
	[OP_GRANT] = { 2, NULL },
	[OP_GIVE] = { 12, generate_give },
	[OP_MAP] = { 14, generate_map },
	[OP_UNMAP] = { 8, generate_unmap },
	[OP_REPLACE] = { 3, generate_unmap },
	[OP_GRANT_COPY] = { 5, generate_grant_copy },
	[OP_SWAP] = { 1, generate_swap },
	[OP_INFO] = { 1, generate_info },
	[OP_INITIALISE] = { 1, generate_initialise },
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
		generate_unmap(g, op);
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
