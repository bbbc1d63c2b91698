/* Random operations on page tables, descriptors and other frames. See generate.h. */
#include "generate.h"

void generate_store(struct generator *g, struct op *op)
{
	op->frame = own_used_as(g, one_in(g, 3) ? MODEL_WRITABLE : MODEL_PLAIN);
	op->index = table_index(g);
	set_value(g, op, 1 + (u32)rnd(g, 4));
}

void generate_mmu_update(struct generator *g, struct op *op)
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

void generate_update_va(struct generator *g, struct op *op)
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

void generate_ptwr(struct generator *g, struct op *op)
{
	u64 root = g->w->model.domain[g->who.domain].vcpu[g->who.vcpu].kernel_root;

	generate_update_va(g, op);
	op->sub = 0;
	op->va &= PAGE_MASK;
	op->index = table_index(g);
	if (root != MODEL_NONE && !one_in(g, 8)) {
		(void)find_mapped_l1(g, root, 4, 0, &op->va);
	}
}

void generate_pin(struct generator *g, struct op *op)
{
	op->index = (u16)rnd(g, 4);
	op->frame = one_in(g, 3) ? own_used_as(g, (enum model_use)(op->index + 1)) :
		    one_in(g, 8) ? any_frame(g) :
				   own_used_as(g, MODEL_PLAIN);
}

void generate_root(struct generator *g, struct op *op)
{
	op->frame = one_in(g, 8) ? any_frame(g) :
		    one_in(g, 3) ? own_used_as(g, MODEL_PLAIN) :
				   own_used_as(g, MODEL_L4);
	if (op->kind == OP_USER_ROOT && one_in(g, 4)) {
		op->frame = EDGE(0);
	}
}

void generate_flush(struct generator *g, struct op *op)
{
	op->sub = (u8)(one_in(g, 4) ? 6 + rnd(g, 9) : rnd(g, 6));
	op->va = one_in(g, 8) ? rnd(g, 0) : small_va(g);
	op->bits = rnd(g, 256);
}

void generate_page(struct generator *g, struct op *op)
{
	op->frame = one_in(g, 4) ? any_frame(g) :
				   own_used_as(g, rnd(g, 2) ? MODEL_PLAIN : MODEL_WRITABLE);
	op->to = op->kind == OP_COPY ? any_frame(g) : 0;
	if (one_in(g, 4)) {
		op->frame = own_used_as(g, (enum model_use)(1 + rnd(g, 5)));
	}
}

void generate_descriptors(struct generator *g, struct op *op)
{
	static const u16 counts[] = { 0,    1,    2,    511,  512,  513,   1024,
				      1025, 7168, 7169, 8192, 8193, 0xffff };

	op->index = counts[rnd(g, one_in(g, 4) ? ARRAY_SIZE(counts) : 7)];
	op->va = small_va(g) & (one_in(g, 8) ? ~0UL : PAGE_MASK);
	op->frame = one_in(g, 3) ? own_used_as(g, MODEL_SEGDESC) : own_used_as(g, MODEL_PLAIN);
	op->to = one_in(g, 6) ? any_frame(g) : own_used_as(g, MODEL_PLAIN);
}

void generate_descriptor(struct generator *g, struct op *op)
{
	op->frame = one_in(g, 3) ? any_frame(g) : own_used_as(g, MODEL_SEGDESC);
	op->index = table_index(g);
	op->sub = (u8)(one_in(g, 12) ? rnd(g, 8) : 0);
	op->bits = word(g);
}

void generate_release(struct generator *g, struct op *op)
{
	op->frame = one_in(g, 2) ? any_frame(g) : own_used_as(g, (enum model_use)rnd(g, 7));
}

void generate_info(struct generator *g, struct op *op)
{
	static const u16 offsets[] = { 0, 8, 64, 4032, 4, 4040, 4096, 0xfff8 };

	op->frame = one_in(g, 3) ? any_frame(g) : own_used_as(g, MODEL_PLAIN);
	op->index = offsets[rnd(g, one_in(g, 3) ? ARRAY_SIZE(offsets) : 4)];
}

void generate_initialise(struct generator *g, struct op *op)
{
	generate_descriptors(g, op);
	op->frame = one_in(g, 4) ? any_frame(g) : own_used_as(g, MODEL_L4);
}
