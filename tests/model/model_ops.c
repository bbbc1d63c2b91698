/*
 * The operations on the model. Each says what it adds, asks whether the state
 * is legal with that, and if so changes the facts. See model.h; how a change is judged and settled:
 * model_settle.c.
 */
#include <string.h>

#include <parley/errno.h>

#include "model.h"

#define PRESENT    0x001ULL
#define WRITE      0x002ULL
#define ACCESSED   0x020ULL
#define DIRTY      0x040ULL
#define REFUSED_L1 0x098ULL
#define REFUSED_LX 0x198ULL
#define ADDRESS    0x000ffffffffff000ULL

static struct model_view view; /* of the last look */

static struct model_vcpu *vcpu_of(struct model *m, struct model_who who)
{
	return &m->domain[who.domain].vcpu[who.vcpu];
}

static u16 id_of(const struct model *m, struct model_who who)
{
	return m->domain[who.domain].id;
}

static bool owns(const struct model *m, struct model_who who, u64 frame)
{
	return frame < MODEL_FRAMES && m->frame[frame].owner == id_of(m, who);
}

static void add(struct model *m, struct model_who who, u64 frame, enum model_use how)
{
	model_add(m, id_of(m, who), frame, how);
}

/* May the hypervisor store to the frame for the guest: could it be mapped writable? */
static bool is_storable(struct model *m, struct model_who who, u64 frame)
{
	if (!owns(m, who, frame)) {
		return false;
	}
	add(m, who, frame, MODEL_WRITABLE);
	return model_is_legal(m);
}

/* ---- entries ---- */

static void forget_entry(struct model *m, u64 table, u32 index)
{
	for (u32 i = 0; i < MODEL_FOREIGN; i++) {
		struct model_foreign *e = &m->foreign[i];

		e->is_there &= e->table != table || e->index != index;
	}
}

/* A new entry in a table in use; the old one's rights end after the new one's begin. */
static int write_entry(struct model *m, struct model_who who, u64 table, u32 index, u32 level,
		       u64 entry, bool preserve)
{
	u64 *word = &m->word[table][index];
	u64 old = *word;

	bool foreign = level == 1 && model_is_foreign(m, table, index);

	if (level == 4 && index >= 256 && index <= 271) {
		return entry == old ? 0 : -PV_EINVAL;
	}
	if (entry & PRESENT) {
		if (entry & (level == 1 ? REFUSED_L1 : REFUSED_LX)) {
			return -PV_EINVAL;
		}
		if (foreign && ((entry ^ old) & (PRESENT | WRITE | ADDRESS)) == 0) {
			/* only who may use it, and how */
		} else if (level > 1) {
			add(m, who, (entry & ADDRESS) >> 12, (enum model_use)(level - 1));
		} else {
			add(m, who, (entry & ADDRESS) >> 12,
			    (entry & WRITE) ? MODEL_WRITABLE : MODEL_PLAIN);
		}
		if (!model_is_legal(m)) {
			return -PV_EINVAL;
		}
		entry = level == 1 ? model_l1_form(entry) : model_upper_form(entry);
		if (preserve && (old & PRESENT)) {
			entry |= old & (ACCESSED | DIRTY);
		}
	}
	*word = entry;
	if (foreign && ((entry ^ old) & (PRESENT | WRITE | ADDRESS)) != 0) {
		forget_entry(m, table, index);
	}
	model_settle(m);
	return 0;
}

int model_mmu_update(struct model *m, struct model_who who, u64 ptr, u64 val)
{
	u64 frame = ptr >> 12;
	u32 kind = ptr & 3, index = (u32)(ptr & 0xfff) / 8;
	enum model_use how;

	if (kind == 1) {
		if (!owns(m, who, frame)) {
			return -PV_EINVAL;
		}
		m->m2p[frame] = val;
		return 0;
	}
	if ((ptr & 4) || !owns(m, who, frame)) {
		return -PV_EINVAL;
	}
	(void)model_look(m, &view);
	how = model_used_as(&view, frame);
	if (how >= MODEL_L1 && how <= MODEL_L4) {
		return write_entry(m, who, frame, index, (u32)how, val, kind == 2);
	}
	if (!is_storable(m, who, frame)) {
		return -PV_EINVAL;
	}
	m->word[frame][index] = val;
	return 0;
}

int model_update_va(struct model *m, struct model_who who, u64 va, u64 entry)
{
	u64 frame;
	u32 index;

	if (!model_find_l1(m, vcpu_of(m, who)->kernel_root, va, &frame, &index)) {
		return -PV_EINVAL;
	}
	return write_entry(m, who, frame, index, 1, entry, false);
}

int model_replace_l1(struct model *m, struct model_who who, u64 frame, u32 index, u64 entry)
{
	return write_entry(m, who, frame, index, 1, entry, false);
}

/* ---- roots of trees ---- */

int model_pin(struct model *m, struct model_who who, u64 frame, u32 level)
{
	if (!owns(m, who, frame) || m->frame[frame].pinned) {
		return -PV_EINVAL;
	}
	add(m, who, frame, (enum model_use)level);
	if (!model_is_legal(m)) {
		return -PV_EINVAL;
	}
	m->frame[frame].pinned = (u8)level;
	model_settle(m);
	return 0;
}

int model_unpin(struct model *m, struct model_who who, u64 frame)
{
	if (!owns(m, who, frame) || !m->frame[frame].pinned) {
		return -PV_EINVAL;
	}
	m->frame[frame].pinned = 0;
	model_settle(m);
	return 0;
}

static int set_root(struct model *m, struct model_who who, u64 *root, u64 frame)
{
	add(m, who, frame, MODEL_L4);
	if (!model_is_legal(m)) {
		return -PV_EINVAL;
	}
	*root = frame;
	model_settle(m);
	return 0;
}

int model_kernel_root(struct model *m, struct model_who who, u64 frame)
{
	return set_root(m, who, &vcpu_of(m, who)->kernel_root, frame);
}

int model_user_root(struct model *m, struct model_who who, u64 frame)
{
	if (frame == 0) {
		vcpu_of(m, who)->user_root = MODEL_NONE;
		model_settle(m);
		return 0;
	}
	return set_root(m, who, &vcpu_of(m, who)->user_root, frame);
}

/* ---- pages ---- */

int model_clear_page(struct model *m, struct model_who who, u64 to)
{
	if (!is_storable(m, who, to)) {
		return -PV_EINVAL;
	}
	memset(m->word[to], 0, sizeof(m->word[to]));
	return 0;
}

int model_copy_page(struct model *m, struct model_who who, u64 to, u64 from)
{
	if (!owns(m, who, from) || !is_storable(m, who, to)) {
		return -PV_EINVAL;
	}
	memmove(m->word[to], m->word[from], sizeof(m->word[to]));
	return 0;
}

/* ---- descriptors ---- */

static int set_descriptors(struct model *m, struct model_who who, u64 *table, u32 *table_entries,
			   const u64 *frames, u32 entries)
{
	u32 count = (entries + 511) / 512;

	for (u32 i = 0; i < count; i++) {
		add(m, who, frames[i], MODEL_SEGDESC);
	}
	if (!model_is_legal(m)) {
		return -PV_EINVAL;
	}
	memcpy(table, frames, count * sizeof(*table));
	*table_entries = entries;
	model_settle(m);
	return 0;
}

int model_set_gdt(struct model *m, struct model_who who, const u64 *frames, u64 entries)
{
	struct model_vcpu *v = vcpu_of(m, who);

	if (entries > MODEL_GDT * 512) {
		return -PV_EINVAL;
	}
	return set_descriptors(m, who, v->gdt, &v->gdt_entries, frames, (u32)entries);
}

int model_set_ldt(struct model *m, struct model_who who, u64 base, u32 entries)
{
	struct model_vcpu *v = vcpu_of(m, who);
	u64 frames[MODEL_LDT];

	if (entries == 0 && v->ldt_entries == 0) {
		return 0;
	}
	if (entries > MODEL_LDT * 512 || (base & 0xfff) != 0) {
		return -PV_EINVAL;
	}
	for (u32 i = 0; i < (entries + 511) / 512; i++) {
		u64 table, last = base + 8 * (u64)entries - 1, entry;
		u32 index;

		/* all of it on one side of the addresses that are not the guest's */
		if (last < base || (base >> 47) != (last >> 47) ||
		    !model_find_l1(m, v->kernel_root, base + 4096 * (u64)i, &table, &index)) {
			return -PV_EINVAL;
		}
		entry = m->word[table][index];
		if ((entry & PRESENT) == 0) {
			return -PV_EINVAL;
		}
		frames[i] = (entry & ADDRESS) >> 12;
	}
	return set_descriptors(m, who, v->ldt, &v->ldt_entries, frames, entries);
}

int model_update_descriptor(struct model *m, struct model_who who, u64 address, u64 descriptor)
{
	u64 frame = address >> 12;

	if ((address & 7) || !model_descriptor_form(&descriptor) || !owns(m, who, frame)) {
		return -PV_EINVAL;
	}
	(void)model_look(m, &view);
	if (model_used_as(&view, frame) != MODEL_SEGDESC && !is_storable(m, who, frame)) {
		return -PV_EINVAL;
	}
	m->word[frame][(address & 0xfff) / 8] = descriptor;
	return 0;
}

/* ---- frames ---- */

int model_release(struct model *m, struct model_who who, u64 frame)
{
	if (!owns(m, who, frame) || !m->frame[frame].allocated || m->frame[frame].pinned) {
		return -PV_EINVAL;
	}
	m->frame[frame].allocated = false;
	model_settle(m);
	return 0;
}

bool model_may_populate(const struct model *m, struct model_who who)
{
	return model_count_free(m) != 0 &&
	       model_count_owned(m, id_of(m, who)) < m->domain[who.domain].max_frames;
}

/* A frame that was free, and is clean. */
static int give(struct model *m, struct model_who who, u64 given)
{
	if (given >= MODEL_FRAMES || m->frame[given].owner != MODEL_NOBODY) {
		return -PV_EFAULT; /* the allocator may not do this */
	}
	m->frame[given] = (struct model_frame){ .owner = id_of(m, who) };
	memset(m->word[given], 0, sizeof(m->word[given]));
	return 0;
}

int model_populate(struct model *m, struct model_who who, u64 given, u64 pfn)
{
	int rc = give(m, who, given);

	if (rc == 0) {
		m->frame[given].allocated = true;
		m->m2p[given] = pfn;
	}
	return rc;
}

int model_share(struct model *m, struct model_who who, u64 given)
{
	struct model_domain *d = &m->domain[who.domain];
	int rc = give(m, who, given);

	if (rc == 0) {
		d->shared[d->shared_count++] = given;
	}
	return rc;
}

int model_map_info(struct model *m, struct model_who who, u64 frame, u64 offset)
{
	struct model_vcpu *v = vcpu_of(m, who);

	if (offset % 8 != 0 || offset > 4096 - 64 || v->info != MODEL_NONE) {
		return -PV_EINVAL;
	}
	add(m, who, frame, MODEL_WRITABLE);
	if (!model_is_legal(m)) {
		return -PV_EINVAL;
	}
	v->info = frame;
	return 0;
}

/* A root and a GDT at once. */
int model_initialise(struct model *m, struct model_who who, u64 root, const u64 *gdt, u64 entries)
{
	struct model_vcpu *v = vcpu_of(m, who);

	if (entries > MODEL_GDT * 512) {
		return -PV_EINVAL;
	}
	if (v->initialised) {
		return -PV_EEXIST;
	}
	for (u32 i = 0; i < (entries + 511) / 512; i++) {
		add(m, who, gdt[i], MODEL_SEGDESC);
	}
	add(m, who, root, MODEL_L4);
	if (!model_is_legal(m)) {
		return -PV_EINVAL;
	}
	v->initialised = true;
	v->kernel_root = root;
	memcpy(v->gdt, gdt, (entries + 511) / 512 * sizeof(*gdt));
	v->gdt_entries = (u32)entries;
	model_settle(m);
	return 0;
}

/* The frames that nobody else has, and what was shared goes; the rest waits in .late. */
void model_kill(struct model *m, u32 domain)
{
	struct model_domain *d = &m->domain[domain];

	model_end_of_peer(m, domain);
	for (u64 f = 0; f < MODEL_FRAMES; f++) {
		if (m->frame[f].owner == d->id) {
			m->frame[f].allocated = false;
			m->frame[f].pinned = 0;
		}
	}
	memcpy(&m->late[domain], d, sizeof(*d));
	memset(d, 0, sizeof(*d));
	model_settle(m);
	model_bury(m);
}

bool model_may_store(const struct model *m, struct model_who who, u64 frame)
{
	enum model_use how;

	if (!owns(m, who, frame)) {
		return false;
	}
	(void)model_look(m, &view);
	how = model_used_as(&view, frame);
	return how == MODEL_PLAIN || how == MODEL_WRITABLE;
}
