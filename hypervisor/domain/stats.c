/* Adding up and telling what was counted for a domain; see stats.h. */
#include "domain/stats.h"

#include "domain/line.h"
#include "lib/string.h"

_Static_assert(sizeof(struct pv_stats) <= PV_LINE_PAYLOAD_MAX, "one frame");

void domain_stats_read(const struct domain *d, struct pv_stats *stats)
{
	u64 calls = 0;

	*stats = (struct pv_stats){ .version = PV_STATS_VERSION, .size = sizeof(*stats) };
	memcpy(stats->hypercalls, d->stats_hypercalls, sizeof(stats->hypercalls));
	memcpy(stats->work, d->mm.stats, sizeof(stats->work));
	for (u32 i = 0; i < d->vcpu_count; i++) {
		for (u32 e = 0; e < PV_STATS_ENTRIES; e++) {
			stats->entries[e] += d->vcpus[i]->stats_entries[e];
		}
	}
	for (u32 i = 0; i < PV_STATS_CALLS; i++) {
		calls += stats->hypercalls[i];
	}
	stats->entries[PV_STATS_ENTRY_hypercall] = calls - d->stats_batched;
}

void domain_stats_reset(struct domain *d)
{
	memset(d->stats_hypercalls, 0, sizeof(d->stats_hypercalls));
	memset(d->mm.stats, 0, sizeof(d->mm.stats));
	d->stats_batched = 0;
	for (u32 i = 0; i < d->vcpu_count; i++) {
		memset(d->vcpus[i]->stats_entries, 0, sizeof(d->vcpus[i]->stats_entries));
	}
}

void domain_stats_end(const struct domain *d)
{
	struct pv_stats stats;

	if (line_is_on()) {
		domain_stats_read(d, &stats);
		line_send(PV_LINE_STATS, d->id, &stats, sizeof(stats));
	}
}
