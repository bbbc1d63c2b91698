/* What the generator's files share: see generate.c, and driver.h for what it is for. */
#ifndef MODEL_GENERATE_H
#define MODEL_GENERATE_H

#include "driver.h"

/* Entry bits in random use; the architecture's, written out once more. */
#define PRESENT 0x001UL
#define WRITE   0x002UL
#define USER    0x004UL

struct generator {
	struct driver *w;
	struct op_source *src;
	struct model_who who;
	struct model_view view; /* of the state before the group */
};

/* ---- choices: generate.c ---- */

/* One of so many numbers (0: of all); true once in n times. */
u64 rnd(struct generator *g, u64 below);
bool one_in(struct generator *g, u64 n);

/* Any frame's symbol; an own frame in that use (MODEL_PLAIN: in none), if one is found soon. */
u16 any_frame(struct generator *g);
u16 own_used_as(struct generator *g, enum model_use how);

/* An index into a table; an address near those that tables are for; a word of no entry's form. */
u16 table_index(struct generator *g);
u64 small_va(struct generator *g);
u64 word(struct generator *g);

/* What a table of that level might hold. */
void set_value(struct generator *g, struct op *op, u32 level);

/* ---- one operation of each kind, op->kind: generate_tables.c, generate_grants.c ---- */

void generate_store(struct generator *g, struct op *op);
void generate_mmu_update(struct generator *g, struct op *op);
void generate_update_va(struct generator *g, struct op *op);
void generate_ptwr(struct generator *g, struct op *op);
void generate_pin(struct generator *g, struct op *op);
void generate_root(struct generator *g, struct op *op);
void generate_flush(struct generator *g, struct op *op);
void generate_page(struct generator *g, struct op *op);
void generate_descriptors(struct generator *g, struct op *op);
void generate_descriptor(struct generator *g, struct op *op);
void generate_release(struct generator *g, struct op *op);
void generate_info(struct generator *g, struct op *op);
void generate_initialise(struct generator *g, struct op *op);

void generate_give(struct generator *g, struct op *op);
void generate_map(struct generator *g, struct op *op);
void generate_unmap(struct generator *g, struct op *op);
void generate_grant_copy(struct generator *g, struct op *op);
void generate_swap(struct generator *g, struct op *op);

#endif
