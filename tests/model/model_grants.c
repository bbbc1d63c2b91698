/*
 * Grants on the model: facts are pins (uses of a grant), handles (what a domain has
 * mapped, by number) and which entries of its tables a grant made. See model.h.
 */
#include <string.h>

#include <parley/errno.h>
#include <parley/grant_table.h>
#include <parley/types.h>

#include "model.h"

#define PRESENT 0x001ULL
#define WRITE   0x002ULL
#define USER    0x004ULL
#define ADDRESS 0x000ffffffffff000ULL

static u16 id_of(const struct model *m, struct model_who who)
{
	return m->domain[who.domain].id;
}

static const struct model_domain *domain_of(const struct model *m, u16 id)
{
	for (u32 i = 0; i < MODEL_DOMAINS; i++) {
		if (id != 0 && m->domain[i].id == id) {
			return &m->domain[i];
		}
		if (id != 0 && m->late[i].id == id) {
			return &m->late[i];
		}
	}
	return NULL;
}

static bool is_alive(const struct model *m, u16 id)
{
	for (u32 i = 0; i < MODEL_DOMAINS; i++) {
		if (id != 0 && m->domain[i].id == id) {
			return true;
		}
	}
	return false;
}

bool model_grant_entry(const struct model *m, u16 id, u32 ref, u64 *frame, u32 *index)
{
	const struct model_domain *d = domain_of(m, id);

	/* the first shared frame is shared_info */
	if (d == NULL || ref / 512 + 1 >= d->shared_count) {
		return false;
	}
	*frame = d->shared[ref / 512 + 1];
	*index = ref % 512;
	return true;
}

/* ---- pins ---- */

static u32 count_pins(const struct model *m, u16 owner, u32 ref, bool writers)
{
	u32 n = 0;

	for (u32 i = 0; i < MODEL_PINS; i++) {
		const struct model_pin *p = &m->pin[i];

		n += p->owner == owner && p->ref == ref && (p->writable || !writers);
	}
	return n;
}

static const struct model_pin *any_pin(const struct model *m, u16 owner, u32 ref)
{
	for (u32 i = 0; i < MODEL_PINS; i++) {
		if (m->pin[i].owner == owner && m->pin[i].ref == ref) {
			return &m->pin[i];
		}
	}
	return NULL;
}

static void add_pin(struct model *m, struct model_pin pin)
{
	for (u32 i = 0; i < MODEL_PINS; i++) {
		if (m->pin[i].owner == 0) {
			m->pin[i] = pin;
			return;
		}
	}
}

/* The busy bits say what pins there are, but only a change of ours touches them. */
static void mark(struct model *m, u16 owner, u32 ref, u64 set, u64 clear)
{
	u64 frame;
	u32 index;

	if (model_grant_entry(m, owner, ref, &frame, &index)) {
		m->word[frame][index] = (m->word[frame][index] | set) & ~clear;
	}
}

static void unpin(struct model *m, u16 owner, u32 ref, bool writable)
{
	for (u32 i = 0; i < MODEL_PINS; i++) {
		struct model_pin *p = &m->pin[i];

		if (p->owner == owner && p->ref == ref && p->writable == writable) {
			memset(p, 0, sizeof(*p));
			break;
		}
	}
	if (writable && count_pins(m, owner, ref, true) == 0) {
		mark(m, owner, ref, 0, PV_GTF_writing);
	}
	if (count_pins(m, owner, ref, false) == 0) {
		mark(m, owner, ref, 0, PV_GTF_reading);
	}
}

static int pin(struct model *m, u16 owner, u32 ref, u16 by, bool writable, u32 times, u64 *frame)
{
	const struct model_pin *first = any_pin(m, owner, ref);
	bool claims = first == NULL || (writable && count_pins(m, owner, ref, true) == 0);
	u64 table, entry;
	u32 index;

	if (!model_grant_entry(m, owner, ref, &table, &index)) {
		return PV_GNTST_bad_gntref;
	}
	entry = m->word[table][index];
	if (first != NULL && first->by != by) {
		return PV_GNTST_general_error;
	}
	if (claims) {
		if ((entry & PV_GTF_type_mask) != PV_GTF_permit_access ||
		    (entry & PV_GTF_sub_page) || (writable && (entry & PV_GTF_readonly)) ||
		    ((entry >> 16) & 0xffff) != by) {
			return PV_GNTST_general_error;
		}
	}
	*frame = first == NULL ? entry >> 32 : first->frame;
	if (*frame >= MODEL_FRAMES || m->frame[*frame].owner != owner) {
		return PV_GNTST_bad_page;
	}
	model_add(m, owner, *frame, writable ? MODEL_WRITABLE : MODEL_PLAIN);
	if (!model_is_legal(m)) {
		return PV_GNTST_general_error;
	}
	for (u32 i = 0; i < times; i++) {
		add_pin(m, (struct model_pin){ owner, by, ref, *frame, writable });
	}
	if (claims) {
		mark(m, owner, ref, PV_GTF_reading | (writable ? PV_GTF_writing : 0), 0);
	}
	return PV_GNTST_okay;
}

/* ---- entries ---- */

static void set_foreign(struct model *m, u64 table, u32 index, bool is_there)
{
	for (u32 i = 0; i < MODEL_FOREIGN; i++) {
		struct model_foreign *e = &m->foreign[i];

		if (e->is_there && e->table == table && e->index == index) {
			e->is_there = false;
		}
	}
	for (u32 i = 0; is_there && i < MODEL_FOREIGN; i++) {
		if (!m->foreign[i].is_there) {
			m->foreign[i] = (struct model_foreign){ true, table, index };
			return;
		}
	}
}

static u64 entry_of(u64 frame, u32 flags)
{
	u64 e = frame << 12 | PRESENT | 0x060 | 1ULL << 63; /* accessed, dirty, not executable */

	e |= (flags & PV_GNTMAP_readonly) ? 0 : WRITE;
	e |= (flags & PV_GNTMAP_application_map) ? USER : 0;
	return model_l1_form(e | (u64)(flags >> 16 & 7) << 9);
}

/* ---- operations ---- */

int model_grant_map(struct model *m, struct model_who who, struct model_map *map)
{
	struct model_vcpu *v = &m->domain[who.domain].vcpu[who.vcpu];
	u16 me = id_of(m, who), owner = map->owner == PV_DOMID_SELF ? me : map->owner;
	bool host = map->flags & PV_GNTMAP_host_map, device = map->flags & PV_GNTMAP_device_map;
	bool writable = !(map->flags & PV_GNTMAP_readonly);
	u64 frame, table;
	u32 index;
	int status;

	if ((map->flags & 0xfff0) != 0 || (!host && !device)) {
		return PV_GNTST_bad_gntref;
	}
	if (!is_alive(m, owner)) {
		return PV_GNTST_bad_domain;
	}
	status = pin(m, owner, map->ref, me, writable, (u32)host + (u32)device, &frame);
	if (status != PV_GNTST_okay) {
		return status;
	}
	if (host && !model_find_l1(m, v->kernel_root, map->host_addr, &table, &index)) {
		for (u32 i = 0; i < (u32)host + (u32)device; i++) {
			unpin(m, owner, map->ref, writable);
		}
		return PV_GNTST_general_error;
	}
	map->bus_addr = frame << 12;
	m->domain[who.domain].handle[map->handle % MODEL_HANDLES] =
		(struct model_handle){ owner, map->ref, frame, host, device, writable };
	if (host) {
		m->word[table][index] = entry_of(frame, map->flags);
		set_foreign(m, table, index, owner != me);
	}
	model_settle(m);
	return PV_GNTST_okay;
}

/* Takes the mapping at an address away: false if it is not this one, or nothing can come in its place. */
static bool take_mapping(struct model *m, struct model_vcpu *v, const struct model_handle *h,
			 const struct model_unmap *unmap)
{
	u64 table, from = 0, entry;
	u32 index, at = 0;

	if (!model_find_l1(m, v->kernel_root, unmap->host_addr, &table, &index)) {
		return false;
	}
	entry = m->word[table][index];
	if (!(entry & PRESENT) || !!(entry & WRITE) != h->writable ||
	    (entry & ADDRESS) >> 12 != h->frame) {
		return false;
	}
	if (unmap->new_addr == 0) {
		m->word[table][index] = 0;
		set_foreign(m, table, index, false);
		return true;
	}
	if (!model_find_l1(m, v->kernel_root, unmap->new_addr, &from, &at) ||
	    (from == table && at == index)) {
		return false;
	}
	set_foreign(m, table, index, model_is_foreign(m, from, at));
	set_foreign(m, from, at, false);
	m->word[table][index] = m->word[from][at];
	m->word[from][at] = 0;
	return true;
}

int model_grant_unmap(struct model *m, struct model_who who, const struct model_unmap *unmap)
{
	struct model_domain *d = &m->domain[who.domain];
	struct model_handle *h = &d->handle[unmap->handle % MODEL_HANDLES];
	struct model_handle was = *h;

	if (unmap->handle >= MODEL_HANDLES || h->owner == 0) {
		return PV_GNTST_bad_handle;
	}
	if (unmap->bus_addr != 0 && h->device) {
		if (unmap->bus_addr != h->frame << 12) {
			return PV_GNTST_bad_dev_addr;
		}
		h->device = false;
	}
	if (unmap->host_addr != 0 && h->host) {
		if (!take_mapping(m, &d->vcpu[who.vcpu], h, unmap)) {
			*h = was;
			return PV_GNTST_general_error;
		}
		h->host = false;
	}
	for (u32 i = 0; i < (u32)(was.host - h->host) + (u32)(was.device - h->device); i++) {
		unpin(m, was.owner, was.ref, was.writable);
	}
	if (!h->host && !h->device) {
		memset(h, 0, sizeof(*h));
	}
	model_settle(m);
	model_bury(m);
	return PV_GNTST_okay;
}

static u16 side_owner(const struct model *m, struct model_who who, const struct model_copy_side *s,
		      int *status)
{
	u16 me = id_of(m, who), owner = s->domain == PV_DOMID_SELF ? me : s->domain;

	if (!s->by_ref) {
		*status = s->domain == PV_DOMID_SELF ? PV_GNTST_okay : PV_GNTST_permission_denied;
	} else {
		*status = is_alive(m, owner) ? PV_GNTST_okay : PV_GNTST_bad_domain;
	}
	return owner;
}

static int side_hold(struct model *m, struct model_who who, const struct model_copy_side *s,
		     u16 owner, bool writable, u64 *frame)
{
	if (s->by_ref) {
		return pin(m, owner, (u32)s->frame, id_of(m, who), writable, 1, frame);
	}
	*frame = s->frame;
	if (*frame >= MODEL_FRAMES || m->frame[*frame].owner != owner) {
		return PV_GNTST_bad_page;
	}
	model_add(m, owner, *frame, writable ? MODEL_WRITABLE : MODEL_PLAIN);
	return model_is_legal(m) ? PV_GNTST_okay : PV_GNTST_general_error;
}

int model_grant_copy(struct model *m, struct model_who who, const struct model_copy_side *from,
		     const struct model_copy_side *to, u32 len)
{
	u64 source, dest;
	int status;
	u16 a = side_owner(m, who, from, &status), b;

	if (status != PV_GNTST_okay) {
		return status;
	}
	b = side_owner(m, who, to, &status);
	if (status == PV_GNTST_okay) {
		status = side_hold(m, who, from, a, false, &source);
	}
	if (status != PV_GNTST_okay) {
		return status;
	}
	status = side_hold(m, who, to, b, true, &dest);
	if (status == PV_GNTST_okay) {
		if (from->offset + len > 4096 || to->offset + len > 4096) {
			status = PV_GNTST_bad_copy_arg;
		} else {
			memmove((u8 *)m->word[dest] + to->offset,
				(u8 *)m->word[source] + from->offset, len);
		}
		if (to->by_ref) {
			unpin(m, b, (u32)to->frame, true);
		}
	}
	if (from->by_ref) {
		unpin(m, a, (u32)from->frame, false);
	}
	return status;
}

int model_grant_swap(struct model *m, struct model_who who, u32 a, u32 b)
{
	u16 me = id_of(m, who);
	u64 frame_a, frame_b, was;
	u32 index_a, index_b;

	if (!model_grant_entry(m, me, a, &frame_a, &index_a) ||
	    !model_grant_entry(m, me, b, &frame_b, &index_b)) {
		return PV_GNTST_bad_gntref;
	}
	if (a == b) {
		return PV_GNTST_okay;
	}
	if (any_pin(m, me, a) != NULL || any_pin(m, me, b) != NULL) {
		return PV_GNTST_eagain;
	}
	was = m->word[frame_a][index_a];
	m->word[frame_a][index_a] = m->word[frame_b][index_b];
	m->word[frame_b][index_b] = was;
	return PV_GNTST_okay;
}

/* ---- ends ---- */

void model_end_of_peer(struct model *m, u32 domain)
{
	for (u32 i = 0; i < MODEL_HANDLES; i++) {
		struct model_handle *h = &m->domain[domain].handle[i];

		for (u32 n = 0; h->owner != 0 && n < (u32)h->host + (u32)h->device; n++) {
			unpin(m, h->owner, h->ref, h->writable);
		}
		memset(h, 0, sizeof(*h));
	}
}

/* Of the dead that nobody holds any more even what was shared goes; its M2P stays what the guest made it. */
void model_bury(struct model *m)
{
	for (u32 i = 0; i < MODEL_DOMAINS; i++) {
		struct model_domain *d = &m->late[i];
		bool held = false;

		for (u32 p = 0; p < MODEL_PINS; p++) {
			held |= m->pin[p].owner != 0 && m->pin[p].owner == d->id;
		}
		for (u32 s = 0; !held && s < d->shared_count; s++) {
			m->frame[d->shared[s]] = (struct model_frame){ .owner = MODEL_NOBODY };
		}
		if (!held) {
			memset(d, 0, sizeof(*d));
		}
	}
}
