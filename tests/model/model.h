/*
 * The model: what the page-table rules of the ABI mean, written to be obviously
 * right and not to be fast. It keeps facts only: who owns a frame, what stands in
 * it, what is pinned, what each vCPU has loaded. There are no counts in it. How
 * often a frame is used, and as what, is found by looking at all facts anew
 * (model_look), and so is whether the state is legal:
 *
 *	every use is of a frame of the same domain, every entry of a table has a
 *	form that a guest may have, and no frame is used as two things.
 *
 * An operation is allowed if the state stays legal with what it adds, before
 * what it takes away is gone. A refused one changes nothing. A frame that
 * nothing refers to is free. That is all; the hypervisor's own code must come to
 * the same results by its counts.
 *
 * Read next: model.c, then driver.h.
 */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include "lib/types.h"

#define MODEL_FRAMES  160
#define MODEL_DOMAINS 2
#define MODEL_VCPUS   3
#define MODEL_GDT     14
#define MODEL_LDT     16
#define MODEL_SHARED  6
#define MODEL_EXTRA   (MODEL_LDT + 2)
#define MODEL_HANDLES 48
#define MODEL_PINS    (4 * MODEL_HANDLES)
#define MODEL_FOREIGN 128
#define MODEL_NOBODY  0xfffe /* owner of a free frame */
#define MODEL_HV      0xffff
#define MODEL_NONE    (~0ULL) /* no frame */

/* How a frame is used. The numbers of the first are the levels of tables. */
enum model_use {
	MODEL_PLAIN = 0, /* a reference that is no use as anything: mapped read-only, owned */
	MODEL_L1,
	MODEL_L2,
	MODEL_L3,
	MODEL_L4,
	MODEL_SEGDESC,
	MODEL_WRITABLE,
};

struct model_frame {
	u16 owner; /* a domain's id, or one of the above */
	bool allocated;
	u8 pinned; /* level, 0: not pinned */
};

struct model_vcpu {
	bool exists, initialised;
	u64 kernel_root, user_root; /* frames */
	u64 gdt[MODEL_GDT];
	u32 gdt_entries;
	u64 ldt[MODEL_LDT];
	u32 ldt_entries;
	u64 info; /* frame of a moved vcpu_info */
};

/* One use of a grant: a mapping, or one side of a copy. */
struct model_pin {
	u16 owner; /* id of the granter; 0: no pin */
	u16 by;    /* id of who uses it */
	u32 ref;
	u64 frame;
	bool writable;
};

/* What a domain has mapped, by the number that the machine gave it. */
struct model_handle {
	u16 owner; /* id; 0: not in use */
	u32 ref;
	u64 frame;
	bool host, device, writable;
};

/* An entry that a grant put into a table of another domain than the frame's. */
struct model_foreign {
	bool is_there;
	u64 table;
	u32 index;
};

struct model_domain {
	u16 id; /* 0: dead */
	u64 max_frames;
	struct model_vcpu vcpu[MODEL_VCPUS];
	u64 shared[MODEL_SHARED]; /* the hypervisor's frames that it may map: shared_info, grants */
	u32 shared_count;
	struct model_handle handle[MODEL_HANDLES];
};

struct model {
	struct model_frame frame[MODEL_FRAMES];
	u64 word[MODEL_FRAMES][512];
	u64 m2p[MODEL_FRAMES];
	struct model_domain domain[MODEL_DOMAINS];
	u64 hv_slot[16];
	struct model_pin pin[MODEL_PINS];
	struct model_foreign foreign[MODEL_FOREIGN];
	/* a dead domain whose grants are in use: what it shared with the hypervisor is there still */
	struct model_domain late[MODEL_DOMAINS];
	/* what an operation is about to add, while it is judged */
	struct {
		u16 owner;
		u64 frame;
		enum model_use use;
	} extra[MODEL_EXTRA];
	u32 extra_count;
	const char *why; /* the last refusal */
};

/* What follows from the facts. */
struct model_view {
	u32 refs[MODEL_FRAMES]; /* all references */
	u32 uses[MODEL_FRAMES]; /* those that are a use as something */
	u8 as[MODEL_FRAMES];    /* bit by enum model_use: as what */
	const char *why;        /* NULL: the state is legal */
};

/* True if the state is legal. */
bool model_look(const struct model *m, struct model_view *view);

/* The one thing that a frame is used as, MODEL_PLAIN if nothing. */
enum model_use model_used_as(const struct model_view *view, u64 frame);

/* The form in which an entry stands in a table that is in use. */
u64 model_l1_form(u64 entry);
u64 model_upper_form(u64 entry);

/* A descriptor as it stands in a table in use; false: it may not. */
bool model_descriptor_form(u64 *descriptor);

/* Frames of a domain that count against its limit, and free ones. */
u64 model_count_owned(const struct model *m, u16 id);
u64 model_count_free(const struct model *m);

/*
 * The operations, by a domain (an index) and one of its vCPUs: 0 or -PV_E*, as
 * the hypercalls return. What they need of the machine that is not theirs to
 * decide (which frame the allocator gives) is handed to them.
 */
struct model_who {
	u32 domain, vcpu;
};

int model_mmu_update(struct model *m, struct model_who who, u64 ptr, u64 val);
int model_update_va(struct model *m, struct model_who who, u64 va, u64 entry);
int model_replace_l1(struct model *m, struct model_who who, u64 frame, u32 index, u64 entry);
int model_pin(struct model *m, struct model_who who, u64 frame, u32 level);
int model_unpin(struct model *m, struct model_who who, u64 frame);
int model_kernel_root(struct model *m, struct model_who who, u64 frame);
int model_user_root(struct model *m, struct model_who who, u64 frame); /* 0: none */
int model_clear_page(struct model *m, struct model_who who, u64 to);
int model_copy_page(struct model *m, struct model_who who, u64 to, u64 from);
int model_set_gdt(struct model *m, struct model_who who, const u64 *frames, u64 entries);
int model_set_ldt(struct model *m, struct model_who who, u64 base, u32 entries);
int model_update_descriptor(struct model *m, struct model_who who, u64 address, u64 descriptor);
int model_release(struct model *m, struct model_who who, u64 frame);
bool model_may_populate(const struct model *m, struct model_who who);
int model_populate(struct model *m, struct model_who who, u64 given, u64 pfn);
int model_share(struct model *m, struct model_who who, u64 given);
int model_map_info(struct model *m, struct model_who who, u64 frame, u64 offset);
int model_initialise(struct model *m, struct model_who who, u64 root, const u64 *gdt, u64 entries);
void model_kill(struct model *m, u32 domain);

/* ---- model_grants.c: statuses of the ABI ---- */

/* As the hypercall's structures have it; what the machine chose is handed in. */
struct model_map {
	u64 host_addr;
	u32 flags, ref;
	u16 owner;
	u32 handle;   /* that the machine gave, if it did */
	u64 bus_addr; /* that it should have given */
};

struct model_unmap {
	u64 host_addr, bus_addr, new_addr;
	u32 handle;
};

struct model_copy_side {
	bool by_ref;
	u64 frame; /* or reference */
	u16 domain, offset;
};

int model_grant_map(struct model *m, struct model_who who, struct model_map *map);
int model_grant_unmap(struct model *m, struct model_who who, const struct model_unmap *unmap);
int model_grant_copy(struct model *m, struct model_who who, const struct model_copy_side *from,
		     const struct model_copy_side *to, u32 len);
int model_grant_swap(struct model *m, struct model_who who, u32 a, u32 b);

/* The frame of a domain's table in which a reference's entry stands: false if the table is shorter. */
bool model_grant_entry(const struct model *m, u16 id, u32 ref, u64 *frame, u32 *index);

/* Is the entry there one that a grant made? */
bool model_is_foreign(const struct model *m, u64 table, u32 index);

/* ---- model_settle.c, for the operations ---- */

/* What a change would add to what is there. */
void model_add(struct model *m, u16 owner, u64 frame, enum model_use how);

/* Is the state legal with what was added? The additions are forgotten. */
bool model_is_legal(struct model *m);

/* After a change: tables in use get their form, and what nothing refers to is free. */
void model_settle(struct model *m);

/* A domain's end: what it has pinned of others goes; dead domains of which nobody has anything are gone. */
void model_end_of_peer(struct model *m, u32 domain);
void model_bury(struct model *m);

/* A store by the guest itself: true if it may have the frame mapped writable. */
bool model_may_store(const struct model *m, struct model_who who, u64 frame);

/* Where the level-1 entry for an address is, in an address space: false if there is no table. */
bool model_find_l1(const struct model *m, u64 root, u64 va, u64 *frame, u32 *index);

#endif
