/*
 * The model's one judgement: model_look(). The operations on it are in
 * model_ops.c. See model.h.
 *
 * Constants of the architecture and of the ABI are written out here once more,
 * on purpose: the model must not agree with the hypervisor by sharing its errors.
 */
#include "model.h"

#define PRESENT      0x001ULL
#define WRITE        0x002ULL
#define USER         0x004ULL
#define REFUSED_L1   0x098ULL /* PWT, PCD, PAT */
#define REFUSED_LX   0x198ULL /* PWT, PCD, PSE, GLOBAL */
#define GLOBAL       0x100ULL
#define GUEST_KERNEL (1ULL << 52)
#define ADDRESS      0x000ffffffffff000ULL

u64 model_upper_form(u64 entry)
{
	return entry | USER;
}

/* Kernel pages of a guest are its user's neighbours in ring 3, but never global. */
u64 model_l1_form(u64 entry)
{
	bool kernel = (entry & USER) == 0 || (entry & GUEST_KERNEL) != 0;

	entry &= ~(GLOBAL | GUEST_KERNEL);
	return entry | USER | (kernel ? GUEST_KERNEL : GLOBAL);
}

bool model_descriptor_form(u64 *descriptor)
{
	u32 high = (u32)(*descriptor >> 32);
	bool present = (high >> 15) & 1, segment = (high >> 12) & 1, code = (high >> 11) & 1;
	bool is_64 = (high >> 21) & 1, is_32 = (high >> 22) & 1;
	u32 type = (high >> 8) & 0xf;

	if (!present) {
		return true;
	}
	if (!segment) {
		return type == 0;
	}
	if (code && is_64 && is_32) {
		return false;
	}
	high |= (3U << 13) | (1U << 8); /* privilege level 3, accessed */
	*descriptor = (u32)*descriptor | (u64)high << 32;
	return true;
}

static void use(const struct model *m, struct model_view *view, u16 owner, u64 frame,
		enum model_use how)
{
	if (frame >= MODEL_FRAMES || m->frame[frame].owner != owner) {
		view->why = "a frame of someone else's";
		return;
	}
	view->refs[frame]++;
	if (how != MODEL_PLAIN) {
		view->uses[frame]++;
		view->as[frame] |= (u8)(1U << how);
	}
}

static void look_at_vcpu(const struct model *m, struct model_view *view, u16 owner,
			 const struct model_vcpu *v)
{
	if (v->kernel_root != MODEL_NONE) {
		use(m, view, owner, v->kernel_root, MODEL_L4);
	}
	if (v->user_root != MODEL_NONE) {
		use(m, view, owner, v->user_root, MODEL_L4);
	}
	for (u32 i = 0; i < (v->gdt_entries + 511) / 512; i++) {
		use(m, view, owner, v->gdt[i], MODEL_SEGDESC);
	}
	for (u32 i = 0; i < (v->ldt_entries + 511) / 512; i++) {
		use(m, view, owner, v->ldt[i], MODEL_SEGDESC);
	}
	if (v->info != MODEL_NONE) {
		use(m, view, owner, v->info, MODEL_WRITABLE);
	}
}

/* All that is held, but by entries of tables. */
static void look_at_holds(const struct model *m, struct model_view *view)
{
	for (u64 f = 0; f < MODEL_FRAMES; f++) {
		if (m->frame[f].allocated) {
			use(m, view, m->frame[f].owner, f, MODEL_PLAIN);
		}
		if (m->frame[f].pinned) {
			use(m, view, m->frame[f].owner, f, (enum model_use)m->frame[f].pinned);
		}
	}
	for (u32 i = 0; i < MODEL_DOMAINS; i++) {
		const struct model_domain *d = &m->domain[i];

		for (u32 v = 0; d->id != 0 && v < MODEL_VCPUS; v++) {
			if (d->vcpu[v].exists) {
				look_at_vcpu(m, view, d->id, &d->vcpu[v]);
			}
		}
		for (u32 s = 0; d->id != 0 && s < d->shared_count; s++) {
			use(m, view, d->id, d->shared[s], MODEL_WRITABLE);
		}
	}
	for (u32 i = 0; i < MODEL_DOMAINS; i++) {
		for (u32 s = 0; s < m->late[i].shared_count; s++) {
			use(m, view, m->late[i].id, m->late[i].shared[s], MODEL_WRITABLE);
		}
	}
	for (u32 i = 0; i < MODEL_PINS; i++) {
		if (m->pin[i].owner != 0) {
			use(m, view, m->pin[i].owner, m->pin[i].frame,
			    m->pin[i].writable ? MODEL_WRITABLE : MODEL_PLAIN);
		}
	}
	for (u32 i = 0; i < m->extra_count; i++) {
		use(m, view, m->extra[i].owner, m->extra[i].frame, m->extra[i].use);
	}
}

static void look_at_entry(const struct model *m, struct model_view *view, u16 owner, u32 level,
			  u64 entry)
{
	if ((entry & PRESENT) == 0) {
		return;
	}
	if ((entry & (level == 1 ? REFUSED_L1 : REFUSED_LX)) != 0) {
		view->why = "an entry with refused bits";
	}
	if (level == 1) {
		use(m, view, owner, (entry & ADDRESS) >> 12,
		    (entry & WRITE) ? MODEL_WRITABLE : MODEL_PLAIN);
	} else {
		use(m, view, owner, (entry & ADDRESS) >> 12, (enum model_use)(level - 1));
	}
}

bool model_is_foreign(const struct model *m, u64 table, u32 index)
{
	for (u32 i = 0; i < MODEL_FOREIGN; i++) {
		const struct model_foreign *e = &m->foreign[i];

		if (e->is_there && e->table == table && e->index == index) {
			return true;
		}
	}
	return false;
}

static bool names_other(const struct model *m, u64 table, u64 entry)
{
	u64 f = (entry & ADDRESS) >> 12;

	return (entry & PRESENT) && f < MODEL_FRAMES && m->frame[f].owner != m->frame[table].owner;
}

static void look_at_tables(const struct model *m, struct model_view *view, u32 level)
{
	for (u64 f = 0; f < MODEL_FRAMES; f++) {
		if ((view->as[f] & (1U << level)) == 0) {
			continue;
		}
		for (u32 i = 0; i < 512; i++) {
			if (level == 1 && names_other(m, f, m->word[f][i]) &&
			    model_is_foreign(m, f, i)) {
				continue; /* the pin counts, not the entry */
			}
			if (level != 4 || i < 256 || i > 271) {
				look_at_entry(m, view, m->frame[f].owner, level, m->word[f][i]);
			}
		}
	}
}

static void look_at_descriptors(const struct model *m, struct model_view *view, u64 f)
{
	for (u32 i = 0; i < 512; i++) {
		u64 d = m->word[f][i];

		if (!model_descriptor_form(&d)) {
			view->why = "a descriptor that no guest may have";
		}
	}
}

bool model_look(const struct model *m, struct model_view *view)
{
	*view = (struct model_view){ 0 };
	look_at_holds(m, view);
	for (u32 level = 4; level >= 1; level--) {
		look_at_tables(m, view, level);
	}
	for (u64 f = 0; f < MODEL_FRAMES; f++) {
		if (view->as[f] & (1U << MODEL_SEGDESC)) {
			look_at_descriptors(m, view, f);
		}
		if ((view->as[f] & (view->as[f] - 1)) != 0) {
			view->why = "a frame used as two things";
		}
	}
	return view->why == NULL;
}

enum model_use model_used_as(const struct model_view *view, u64 frame)
{
	for (u32 how = MODEL_L1; how <= MODEL_WRITABLE; how++) {
		if (view->as[frame] & (1U << how)) {
			return (enum model_use)how;
		}
	}
	return MODEL_PLAIN;
}

u64 model_count_free(const struct model *m)
{
	u64 n = 0;

	for (u64 f = 0; f < MODEL_FRAMES; f++) {
		n += m->frame[f].owner == MODEL_NOBODY;
	}
	return n;
}

static bool is_shared(const struct model *m, u64 frame)
{
	for (u32 i = 0; i < MODEL_DOMAINS; i++) {
		for (u32 s = 0; s < m->late[i].shared_count; s++) {
			if (m->late[i].shared[s] == frame) {
				return true;
			}
		}
		for (u32 s = 0; s < m->domain[i].shared_count; s++) {
			if (m->domain[i].shared[s] == frame) {
				return true;
			}
		}
	}
	return false;
}

u64 model_count_owned(const struct model *m, u16 id)
{
	u64 n = 0;

	for (u64 f = 0; f < MODEL_FRAMES; f++) {
		n += m->frame[f].owner == id && !is_shared(m, f);
	}
	return n;
}

bool model_find_l1(const struct model *m, u64 root, u64 va, u64 *frame, u32 *index)
{
	u64 top = va >> 47;

	/* Canonical, and not in slots 256 to 271. */
	if ((top != 0 && top != 0x1ffff) || root == MODEL_NONE) {
		return false;
	}
	if (top != 0 && ((va >> 39) & 511) < 272) {
		return false;
	}
	*frame = root;
	for (u32 level = 4; level > 1; level--) {
		u64 e = m->word[*frame][(va >> (12 + 9 * (level - 1))) & 511];

		if ((e & PRESENT) == 0) {
			return false;
		}
		*frame = (e & ADDRESS) >> 12;
	}
	*index = (va >> 12) & 511;
	return true;
}
