/* What must be right on the small machine at any moment. See machine.h. */
#include "machine.h"

#include <string.h>

#include <parley/errno.h>
#include <parley/types.h>

#include "channel/gnttab_types.h"
#include "domain/audit.h"
#include "fake_points.h"
#include "machine_parts.h"

static struct grant_table *grants_of(u32 i)
{
	return machine_domains[i] == NULL ? NULL : machine_domains[i]->grants;
}

bool machine_is_pinned(u64 m, u16 by, bool writable)
{
	for (u32 i = 0; i < MACHINE_DOMAINS; i++) {
		struct grant_table *t = grants_of(i);

		for (u32 ref = 0; t != NULL && ref < t->count * GNTTAB_FRAME_REFS; ref++) {
			const struct grant_active *a = gnttab_active(t, ref);

			if (a->pins != 0 && a->mfn == m && a->domid == by &&
			    (a->writers != 0 || !writable)) {
				return true;
			}
		}
	}
	return false;
}

bool machine_is_domain_lock(const void *lock)
{
	const u8 *at = lock;

	for (u32 i = 0; i < MACHINE_DOMAINS; i++) {
		const u8 *d = (const u8 *)machine_domains[i];

		if (d != NULL && at >= d && at - d < (long)sizeof(struct domain)) {
			return true;
		}
	}
	return false;
}

#define COUNTED_REFS (GNTTAB_FRAME_REFS * 8)

/* Of each domain's grants: pins and writers that they have, less those that handles say. */
static s32 pins[MACHINE_DOMAINS][COUNTED_REFS], writers[MACHINE_DOMAINS][COUNTED_REFS];

static void take_off_handle(const struct grant_handle *h)
{
	s32 held = (s32)grant_pins(h->flags);

	for (u32 i = 0; i < MACHINE_DOMAINS; i++) {
		if (machine_domains[i] == h->owner && h->ref < COUNTED_REFS) {
			pins[i][h->ref] -= held;
			writers[i][h->ref] -= grant_is_writable(h->flags) ? held : 0;
		}
	}
}

static void count_grants(u32 i, struct grant_table *t)
{
	for (u32 n = 0; n < t->handles_made; n++) {
		const struct grant_handle *h = gnttab_handle(t, n);

		if (h != NULL) {
			take_off_handle(h);
		}
	}
	for (u32 ref = 0; ref < MIN(t->count * GNTTAB_FRAME_REFS, COUNTED_REFS); ref++) {
		pins[i][ref] += (s32)gnttab_active(t, ref)->pins;
		writers[i][ref] += (s32)gnttab_active(t, ref)->writers;
	}
}

/* As many pins as handles say, of each grant and of each right. */
static const char *check_pins(void)
{
	memset(pins, 0, sizeof(pins));
	memset(writers, 0, sizeof(writers));
	for (u32 i = 0; i < MACHINE_DOMAINS; i++) {
		struct grant_table *t = grants_of(i);

		if (t != NULL) {
			count_grants(i, t);
		}
	}
	for (u32 i = 0; i < MACHINE_DOMAINS; i++) {
		for (u32 ref = 0; ref < COUNTED_REFS; ref++) {
			if (pins[i][ref] != 0 || writers[i][ref] != 0) {
				return "a grant has other pins than handles say";
			}
		}
	}
	return NULL;
}

static const char *audit(void)
{
	u64 free_frames = 0;

	for (u32 i = 0; i < MACHINE_DOMAINS; i++) {
		s64 wrong = machine_domains[i] == NULL ? 0 : domain_audit(machine_domains[i]);

		/* It needs some memory itself. */
		if (wrong != 0 && !(wrong == -PV_ENOMEM && alloc_free_count() < 16)) {
			return "the audit finds wrong counts";
		}
	}
	for (u64 i = 0; i < frame_count; i++) {
		free_frames += frame_table[i].owner == FRAME_OWNER_FREE;
	}
	return free_frames == alloc_free_count() ? NULL : "the allocator lost frames";
}

const char *machine_check(void)
{
	const char *why;

	why = machine_check_hypervisor();
	if (why == NULL) {
		why = machine_check_cpus();
	}
	if (why != NULL) {
		return why;
	}
	if (fake_locks_held != 0) {
		return "a lock is held";
	}
	why = audit();
	return why != NULL ? why : check_pins();
}
