/*
 * Parley's extension call stats: what was counted for the calling domain.
 *
 * Read next: ../domain/stats.h.
 */
#include <parley/errno.h>
#include <parley/stats.h>
#include <seam/cpu.h>

#include "domain/stats.h"
#include "hypercall/handlers.h"
#include "mm/guest.h"

static long read_stats(const struct domain *d, u64 gva)
{
	struct pv_stats s;
	u32 room;
	int rc = guest_read(&room, gva + offsetof(struct pv_stats, size), sizeof(room));

	if (rc != 0) {
		return rc;
	}
	if (room < offsetof(struct pv_stats, hypercalls)) {
		return -PV_EINVAL;
	}
	domain_stats_read(d, &s);
	s.size = MIN(room, (u32)sizeof(s));
	return guest_write(gva, &s, s.size);
}

long hypercall_stats(u64 op, u64 gva, u64 a3, u64 a4, u64 a5, u64 a6)
{
	struct domain *d = current_vcpu()->domain;

	switch (op) {
	case PV_STATSOP_read:
		return read_stats(d, gva);
	case PV_STATSOP_reset:
		domain_stats_reset(d);
		return 0;
	default:
		return -PV_ENOSYS;
	}
}
