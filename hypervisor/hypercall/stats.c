/*
 * Parley's extension call stats: what was counted for the calling domain. The
 * counts are plain increments where they happen; this only reads them.
 */
#include <parley/errno.h>
#include <parley/stats.h>
#include <seam/cpu.h>

#include "domain/domain.h"
#include "hypercall/handlers.h"
#include "lib/string.h"
#include "mm/guest.h"

static void collect(const struct domain *d, struct pv_stats *s)
{
	memcpy(s->hypercalls, d->stats_hypercalls, sizeof(s->hypercalls));
	for (u32 i = 0; i < d->vcpu_count; i++) {
		for (u32 e = 0; e < PV_STATS_ENTRIES; e++) {
			s->entries[e] += d->vcpus[i]->stats_entries[e];
		}
	}
}

static long read_stats(const struct domain *d, u64 gva)
{
	struct pv_stats s = { .version = PV_STATS_VERSION, .size = sizeof(s) };
	u32 room;
	int rc = guest_read(&room, gva + offsetof(struct pv_stats, size), sizeof(room));

	if (rc != 0) {
		return rc;
	}
	if (room < offsetof(struct pv_stats, hypercalls)) {
		return -PV_EINVAL;
	}
	collect(d, &s);
	s.size = MIN(room, (u32)sizeof(s));
	return guest_write(gva, &s, s.size);
}

static long reset_stats(struct domain *d)
{
	memset(d->stats_hypercalls, 0, sizeof(d->stats_hypercalls));
	for (u32 i = 0; i < d->vcpu_count; i++) {
		memset(d->vcpus[i]->stats_entries, 0, sizeof(d->vcpus[i]->stats_entries));
	}
	return 0;
}

long hypercall_stats(u64 op, u64 gva, u64 a3, u64 a4, u64 a5, u64 a6)
{
	struct domain *d = current_vcpu()->domain;

	switch (op) {
	case PV_STATSOP_read:
		return read_stats(d, gva);
	case PV_STATSOP_reset:
		return reset_stats(d);
	default:
		return -PV_ENOSYS;
	}
}
