/* The clock of guests; what and why in pvclock.h. Read next: runstate.h. */
#include "domain/pvclock.h"

#include <parley/errno.h>

#include "domain/timer.h"
#include "drivers/rtc.h"
#include "drivers/tsc.h"
#include "lib/log.h"
#include "mm/guest.h"

#define NS_PER_S 1000000000UL

static u64 wall_ns; /* UTC since 1970 at hypervisor time 0 */

void pvclock_init(void)
{
	u64 seconds = rtc_read_utc();

	wall_ns = seconds * NS_PER_S - MIN(time_now_ns(), seconds * NS_PER_S);
	log_info("clock: started at %lu s UTC", (unsigned long)(wall_ns / NS_PER_S));
}

void pvclock_init_domain(struct domain *d)
{
	struct pv_shared_info *s = d->shared;
	u64 seconds = wall_ns / NS_PER_S;

	s->wc_sec = (u32)seconds;
	s->wc_sec_hi = (u32)(seconds >> 32);
	s->wc_nsec = (u32)(wall_ns % NS_PER_S);
	WRITE_ONCE(s->wc_version, 2);
}

static void fill(struct pv_vcpu_time_info *t)
{
	*t = (struct pv_vcpu_time_info){
		.version = 2,
		.tsc_timestamp = tsc_start,
		.system_time = 0,
		.tsc_to_system_mul = tsc_scale.mul,
		.tsc_shift = tsc_scale.shift,
		.flags = PV_TIME_TSC_STABLE,
	};
}

void pvclock_init_vcpu(struct vcpu *v)
{
	struct pv_vcpu_time_info t;
	u32 version = READ_ONCE(v->info->time.version);

	fill(&t);
	WRITE_ONCE(v->info->time.version, version | 1);
	barrier(); /* x86 keeps the order of stores; so must the compiler */
	t.version = version | 1;
	v->info->time = t;
	barrier();
	WRITE_ONCE(v->info->time.version, (version | 1) + 1);
}

int pvclock_register_area(struct vcpu *v, u64 gva)
{
	struct pv_vcpu_time_info t;
	int rc;

	if (gva == 0) {
		v->time_area = 0;
		return 0;
	}
	fill(&t);
	rc = guest_write(gva, &t, sizeof(t));
	if (rc == 0) {
		v->time_area = gva;
	}
	return rc;
}
