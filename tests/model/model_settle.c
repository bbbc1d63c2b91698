/*
 * A change of the model: what it adds is judged by the whole state that it would make, and after it the
 * state settles. For model_ops.c and model_grants.c. See model.h.
 */
#include "model.h"

#define PRESENT 0x001ULL

static struct model_view view; /* of the last look */

void model_add(struct model *m, u16 owner, u64 frame, enum model_use how)
{
	m->extra[m->extra_count].owner = owner;
	m->extra[m->extra_count].frame = frame;
	m->extra[m->extra_count].use = how;
	m->extra_count++;
}

bool model_is_legal(struct model *m)
{
	bool legal = model_look(m, &view);

	m->extra_count = 0;
	m->why = view.why;
	return legal;
}

/* A grant's entry is one for as long as its table is a table, and the entry names the same with the same right. */
static void forget_foreign(struct model *m)
{
	for (u32 i = 0; i < MODEL_FOREIGN; i++) {
		struct model_foreign *e = &m->foreign[i];

		if (e->is_there && model_used_as(&view, e->table) != MODEL_L1) {
			e->is_there = false;
		}
	}
}

void model_settle(struct model *m)
{
	(void)model_look(m, &view);
	forget_foreign(m);
	for (u64 f = 0; f < MODEL_FRAMES; f++) {
		enum model_use how = model_used_as(&view, f);
		u16 owner = m->frame[f].owner;

		for (u32 i = 0; i < 512 && how >= MODEL_L1 && how <= MODEL_SEGDESC; i++) {
			u64 *word = &m->word[f][i];

			if (how == MODEL_SEGDESC) {
				(void)model_descriptor_form(word);
			} else if (how == MODEL_L4 && i >= 256 && i <= 271) {
				*word = m->hv_slot[i - 256];
			} else if (*word & PRESENT) {
				*word = how == MODEL_L1 ? model_l1_form(*word) :
							  model_upper_form(*word);
			}
		}
		if (owner != MODEL_NOBODY && owner != MODEL_HV && view.refs[f] == 0) {
			m->frame[f].owner = MODEL_NOBODY;
			m->m2p[f] = MODEL_NONE;
		}
	}
}
