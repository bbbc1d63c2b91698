/*
 * What a domain's grant table consists of. Internal to the gnttab files and the
 * audit. Two parts that know nothing of each other:
 *
 *	as owner	frames	 the shared table, one 8-byte entry a grant, which the
 *				 guest writes as it likes
 *			active	 beside each entry what we know of it ourselves: the frame
 *				 that is in use, by whom, how often (its pins)
 *	as peer		handles	 what it has mapped of others (or of itself)
 *
 *   peer's handle { owner, ref, frame, rights, host? device? }
 *                      |    |
 *                      v    v
 *      owner's active[ref] { frame, who, pins, writers } --> references of the frame
 *      owner's entry[ref]  { READING, WRITING set while there are pins, writers }
 *
 * A pin is one mapping (host and device count apart) or one copy that is under way.
 * Everything of a domain's is under its own mm.lock, so the owner's half of an
 * operation and the peer's are done one after the other, never both locks at once:
 *
 *	map	pin (owner's lock), then handle and page-table entry (peer's); if that
 *		fails, unpin
 *	unmap	entry and handle (peer's), flush the peer's CPUs, then unpin (owner's)
 *
 * So a handle always has its pins, and a pin outlives every translation made of it.
 */
#ifndef CHANNEL_GNTTAB_TYPES_H
#define CHANNEL_GNTTAB_TYPES_H

#include <parley/grant_table.h>
#include <seam/directmap.h>

#include "channel/gnttab.h"

#define GNTTAB_FRAME_REFS   512U /* entries a frame */
#define GNTTAB_PAGE_ACTIVES 256U
#define GNTTAB_ACTIVE_PAGES (GNTTAB_FRAME_REFS / GNTTAB_PAGE_ACTIVES) /* for each frame */
#define GNTTAB_HANDLE_PAGES 256U
#define GNTTAB_PAGE_HANDLES 128U

/* Mappings that a domain may have of grants. */
#define GNTTAB_HANDLES_MAX (GNTTAB_HANDLE_PAGES * GNTTAB_PAGE_HANDLES)

/* How often an entry that its owner keeps changing is tried. */
#define GNTTAB_TRIES 5U

struct grant_active {
	u32 mfn;     /* valid while pins != 0, as is domid */
	u32 pins;    /* all */
	u32 writers; /* those that may write */
	u16 domid;   /* who has them: one domain at a time */
	u16 unused;
};

/* Three of the ABI's flags for a map, as they are. */
#define GRANT_DEVICE   PV_GNTMAP_device_map
#define GRANT_HOST     PV_GNTMAP_host_map /* there is a page-table entry */
#define GRANT_READONLY PV_GNTMAP_readonly
#define GRANT_FLAGS    (GRANT_DEVICE | GRANT_HOST | GRANT_READONLY)

/* GRANT_* of a mapping that may be written through. */
static inline bool grant_is_writable(u32 flags)
{
	return (flags & GRANT_READONLY) == 0;
}

/* How many pins the parts of a mapping are. */
static inline u32 grant_pins(u32 flags)
{
	return (flags & GRANT_DEVICE) + (flags & GRANT_HOST) / GRANT_HOST;
}

struct grant_handle {
	struct domain *owner; /* NULL: free. Stays while it is pinned (gnttab_is_held) */
	u32 ref;
	u32 mfn;   /* free: the next free one */
	u32 flags; /* GRANT_* */
	u32 unused[3];
};

_Static_assert(sizeof(struct grant_active) * GNTTAB_PAGE_ACTIVES == PAGE_SIZE, "whole pages");
_Static_assert(sizeof(struct grant_handle) * GNTTAB_PAGE_HANDLES == PAGE_SIZE, "whole pages");

#define GNTTAB_NO_HANDLE 0xffffffffU

struct grant_table {
	/* as owner */
	u32 count;                       /* frames, published last */
	mfn_t frames[GNTTAB_FRAMES_MAX]; /* those below count never change */
	struct grant_active *active[GNTTAB_FRAMES_MAX * GNTTAB_ACTIVE_PAGES];
	u64 pins; /* of all entries */
	/* as peer */
	u32 handles_made; /* below it each is in use or free */
	u32 handles_used;
	u32 free_handle;
	u32 release_next; /* gnttab_release_step() */
	struct grant_handle *handles[GNTTAB_HANDLE_PAGES];
};

/* The entry and its companion; ref is below the table's size. */
static inline struct pv_grant_entry_v1 *gnttab_entry(struct grant_table *t, u32 ref)
{
	struct pv_grant_entry_v1 *entries = mfn_to_virt(t->frames[ref / GNTTAB_FRAME_REFS]);

	return &entries[ref % GNTTAB_FRAME_REFS];
}

static inline struct grant_active *gnttab_active(struct grant_table *t, u32 ref)
{
	return &t->active[ref / GNTTAB_PAGE_ACTIVES][ref % GNTTAB_PAGE_ACTIVES];
}

/* ---- handles; under the peer's mm.lock ---- */

/* A page of new ones, behind those there are: false at the limit, or without memory. In gnttab_handle.c. */
bool gnttab_handle_page(struct grant_table *t) must_check;

/* Below handles_made: in use or not. */
static inline struct grant_handle *gnttab_handle_at(struct grant_table *t, u32 number)
{
	return &t->handles[number / GNTTAB_PAGE_HANDLES][number % GNTTAB_PAGE_HANDLES];
}

/* A handle, to be filled in at once; NULL: the limit is reached, or no memory. */
static inline struct grant_handle *gnttab_handle_new(struct grant_table *t, u32 *number)
{
	struct grant_handle *h;

	if (unlikely(t->free_handle == GNTTAB_NO_HANDLE) && !gnttab_handle_page(t)) {
		return NULL;
	}
	*number = t->free_handle;
	h = gnttab_handle_at(t, *number);
	t->free_handle = h->mfn;
	t->handles_used++;
	return h;
}

/* Nothing is mapped by it any more: its number may be given again. */
static inline void gnttab_handle_free(struct grant_table *t, struct grant_handle *h, u32 number)
{
	h->owner = NULL;
	h->mfn = t->free_handle;
	t->free_handle = number;
	t->handles_used--;
}

/* The handle of that number, NULL if none is in use. */
static inline struct grant_handle *gnttab_handle(struct grant_table *t, u32 number)
{
	struct grant_handle *h;

	if (unlikely(number >= t->handles_made)) {
		return NULL;
	}
	h = gnttab_handle_at(t, number);
	return likely(h->owner != NULL) ? h : NULL;
}

#endif
